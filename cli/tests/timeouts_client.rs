//! `abide timeouts set`, `log`, `diff` and `undo` for ssh on this machine, with the real `ssh -G`.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod door;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use abide_host::clock;
use door::{
    LIMIT, Scratch, abide, at_a_terminal, journal, meddling_ssh, refuses_what_changed_meanwhile,
    run, said, since, text, wait_until,
};

const CONFIG: &str =
    "# Mine\nHost other\n\tServerAliveInterval 5\n\nHost web\n  HostName 192.0.2.1\n";

/// Kills of the whole program at a random moment.
const KILLS: u32 = 40;

struct Mine {
    scratch: Scratch,
    config: PathBuf,
}

impl Mine {
    fn new() -> Self {
        let scratch = Scratch::new();
        let config = scratch.join("config");
        fs::write(&config, CONFIG).unwrap();
        fs::set_permissions(&config, Permissions::from_mode(0o640)).unwrap();
        Mine { scratch, config }
    }

    fn words<'a>(&'a self, rest: &[&'a str]) -> Vec<&'a str> {
        let mut all = vec!["timeouts", "set", "--yes", "-F", text(&self.config)];
        all.extend(rest);
        all
    }

    fn set(&self, rest: &[&str]) -> String {
        said(&run(&self.scratch, &self.words(rest)))
    }

    fn now(&self) -> String {
        fs::read_to_string(&self.config).unwrap()
    }

    fn effective(&self, host: &str, name: &str) -> String {
        let output = Command::new("ssh").args(["-G", "-F", text(&self.config), host]).output();
        let printed = String::from_utf8(output.unwrap().stdout).unwrap();
        let found = printed.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
        found.unwrap().to_owned()
    }
}

#[test]
fn a_change_takes_effect_for_its_host_and_is_undone_to_the_byte() {
    let mine = Mine::new();
    let words = mine.set(&["web", "--dead-after", "25m"]);
    assert!(words.contains("+") && words.contains("ServerAliveInterval 60"), "{words}");
    assert!(
        words.contains("by TCP, which gives up first"),
        "TCP gives up before 25 minutes, and that is said: {words}"
    );
    assert!(words.contains("Warning: on a dead path the connection does not last 25m"), "{words}");
    assert_eq!(mine.effective("web", "serveraliveinterval"), "60");
    assert_eq!(mine.effective("web", "serveralivecountmax"), "24");
    assert_eq!(mine.effective("other", "serveraliveinterval"), "5");
    assert_eq!(fs::metadata(&mine.config).unwrap().permissions().mode() & 0o777, 0o640);

    let log = said(&run(&mine.scratch, &["timeouts", "log"]));
    assert!(log.contains("in effect") && log.contains("ServerAliveInterval 60"), "{log}");
    let diff = said(&run(&mine.scratch, &["timeouts", "diff"]));
    assert!(diff.contains("+  ServerAliveInterval 60"), "{diff}");

    let undo = run(&mine.scratch, &["timeouts", "undo", "--yes"]);
    assert!(undo.status.success(), "{}", said(&undo));
    assert_eq!(mine.now(), CONFIG);
    let again = said(&run(&mine.scratch, &["timeouts", "undo", "1", "--yes"]));
    assert!(again.contains("undone by 2"), "{again}");
}

#[test]
fn undo_refuses_what_somebody_changed_since() {
    let mine = Mine::new();
    mine.set(&["web", "--keepalive", "30s"]);
    let theirs = mine.now() + "# theirs\n";
    fs::write(&mine.config, &theirs).unwrap();
    let undo = run(&mine.scratch, &["timeouts", "undo", "--yes"]);
    let words = said(&undo);
    assert_eq!(undo.status.code(), Some(1), "{words}");
    assert!(words.contains("cannot be taken back") && words.contains("changed since"), "{words}");
    assert_eq!(mine.now(), theirs);
}

#[test]
fn for_a_pattern_and_for_all() {
    let mine = Mine::new();
    mine.set(&["--for", "*.example.org", "--keepalive", "20s"]);
    assert_eq!(mine.effective("a.example.org", "serveraliveinterval"), "20");
    assert_eq!(mine.effective("web", "serveraliveinterval"), "0");
    mine.set(&["--all", "ServerAliveCountMax=7"]);
    assert_eq!(mine.effective("web", "serveralivecountmax"), "7");
    assert_eq!(mine.effective("a.example.org", "serveraliveinterval"), "20");
}

#[test]
fn nobody_is_asked_and_nothing_happens_without_a_yes() {
    let mine = Mine::new();
    for (words, expected) in [
        (
            vec!["timeouts", "set", "-F", text(&mine.config), "web", "--keepalive", "9"],
            "nobody is there",
        ),
        (mine.words(&["web", "--keepalive", "9", "--dry-run"]), "nothing was changed"),
        (mine.words(&["web"]), "nothing to set"),
        (mine.words(&["web", "--profile", "cis"]), "about servers"),
        (mine.words(&["web", "ServerAliveInterval=soon"]), "soon"),
        (mine.words(&["web", "NoSuchThing=1"]), "NoSuchThing"),
    ] {
        let words = said(&run(&mine.scratch, &words));
        assert!(words.contains(expected), "{expected}: {words}");
        assert_eq!(mine.now(), CONFIG);
    }
    assert!(journal(&mine.scratch).is_empty());
    mine.set(&["other", "ServerAliveInterval=5"]);
    assert_eq!(mine.now(), CONFIG, "it was so already");
}

#[test]
fn at_a_terminal_the_answer_counts() {
    let mine = Mine::new();
    let line = ["timeouts", "set", "-F", text(&mine.config), "web", "--keepalive", "30s"];
    let words = at_a_terminal(&mine.scratch, &line, "n\n");
    assert!(words.contains("[y/N]") && words.contains("nothing was changed"), "{words}");
    assert_eq!(mine.now(), CONFIG);
    let words = at_a_terminal(&mine.scratch, &line, "y\n");
    assert!(words.contains("is changed (change 1)"), "{words}");
    assert_eq!(mine.effective("web", "serveraliveinterval"), "30");
}

#[test]
fn what_ssh_refuses_changes_nothing() {
    let mine = Mine::new();
    let words = mine.set(&["web", "Ciphers=nonsense"]);
    assert!(words.contains("error: ssh refuses the result"), "{words}");
    assert!(words.contains("nothing was changed") && words.contains("nonsense"), "{words}");
    assert_eq!(mine.now(), CONFIG);
    assert_eq!(journal(&mine.scratch)[0]["outcome"]["is"], "rolled_back");
}

#[test]
fn a_file_changed_meanwhile_is_left_alone() {
    let mine = Mine::new();
    // ssh is asked about the new file just before it would take the old one's place.
    let command = abide(&mine.scratch, &mine.words(&["web", "--keepalive", "30s"]));
    refuses_what_changed_meanwhile(&mine.scratch, command, "candidate", &mine.config);
    assert_eq!(mine.now(), format!("{CONFIG}# theirs\n"));
}

#[test]
fn an_undecided_match_is_neither_believed_nor_lost_to() {
    let mine = Mine::new();
    let config =
        "Match exec \"true\"\n  ServerAliveInterval 5\n\nHost *\n  ServerAliveInterval 10\n";
    fs::write(&mine.config, config).unwrap();
    let words = mine.set(&["--all", "--keepalive", "30s"]);
    assert!(words.contains("is not known") && words.contains("exec true"), "{words}");
    assert!(words.contains("config:2") && !words.contains("+++"), "{words}");
    assert_eq!(mine.now(), config);
    let words = mine.set(&["web", "--keepalive", "30s"]);
    assert!(words.contains("ServerAliveInterval: 5 (origin not known) -> 30"), "{words}");
    assert_eq!(mine.effective("web", "serveraliveinterval"), "30");
    assert_eq!(mine.effective("other", "serveraliveinterval"), "5");
}

#[test]
fn what_cannot_be_read_is_refused_before_anything_is_shown() {
    let mine = Mine::new();
    let folder = mine.scratch.join("folder");
    fs::create_dir(&folder).unwrap();
    let around = mine.scratch.join("around");
    std::os::unix::fs::symlink(&around, &around).unwrap();
    let large = mine.scratch.join("large");
    fs::write(&large, "#\n".repeat(4 << 20)).unwrap();
    let pipe = mine.scratch.join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for (file, why) in [
        (&folder, "is not a regular file"),
        (&around, "leads to itself"),
        (&large, "8388608 bytes"),
        (&pipe, "is not a regular file"),
    ] {
        let line = ["timeouts", "set", "-F", text(file), "web", "--keepalive", "30s"];
        let words = said(&run(&mine.scratch, &line));
        assert!(words.contains(why) && words.contains(text(file)), "{words}");
        assert!(words.contains("try:") && !words.contains("/dev/null"), "{words}");
    }
    let show = ["timeouts", "show", "--local", "-F", text(&pipe), "web"];
    let words = said(&run(&mine.scratch, &show));
    assert!(words.contains("is a pipe"), "{words}");
}

#[test]
fn a_wish_is_answered_with_what_was_not_checked() {
    let mine = Mine::new();
    let words = mine.set(&["web", "--survive-idle", "8h"]);
    assert!(words.contains("survives 8h") && words.contains("Not checked:"), "{words}");
    let words = mine.set(&["web", "--survive-idle", "8h"]);
    assert!(words.contains("survives 8h") && words.contains("is so already"), "{words}");
}

#[test]
fn what_does_not_act_is_put_back() {
    let mine = Mine::new();
    // An ssh that never prints the interval: as if something else won.
    let deaf = "case \"$*\" in *-G*) ssh \"$@\" | sed 's/^serveraliveinterval .*/serveraliveinterval 0/'; exit; esac";
    let ssh = meddling_ssh(&mine.scratch, deaf);
    let mut command = abide(&mine.scratch, &mine.words(&["web", "--keepalive", "30s"]));
    let words = said(&command.env("ABIDE_SSH", ssh).output().unwrap());
    assert!(
        words.contains("would not take effect") && words.contains("the old file is back"),
        "{words}"
    );
    assert_eq!(mine.now(), CONFIG);
}

#[test]
fn a_read_only_file_and_a_full_disk_change_nothing() {
    let mine = Mine::new();
    fs::set_permissions(&mine.config, Permissions::from_mode(0o444)).unwrap();
    let words = mine.set(&["web", "--keepalive", "30s"]);
    assert!(words.contains("is read-only") && words.contains("nothing was changed"), "{words}");
    assert_eq!(mine.now(), CONFIG);

    let disk = mine.scratch.join("disk");
    fs::create_dir(&disk).unwrap();
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", "size=32k", "abide-test"]).arg(&disk);
    if !mount.status().is_ok_and(|status| status.success()) {
        eprintln!("NOT TESTED: a full disk, as none can be mounted here");
        return;
    }
    let config = disk.join("config");
    fs::write(&config, CONFIG.repeat(100)).unwrap();
    // Fills it up: what fits of this stays.
    let _ = fs::write(disk.join("filler"), vec![b'x'; 64 * 1024]);
    let line = ["timeouts", "set", "--yes", "-F", text(&config), "web", "--keepalive", "30s"];
    let words = said(&run(&mine.scratch, &line));
    let now = fs::read_to_string(&config).unwrap();
    let left = fs::read_dir(&disk).unwrap().count();
    let _ = Command::new("umount").arg(&disk).status();
    assert!(words.contains("no space is left") && words.contains("nothing was changed"), "{words}");
    assert_eq!(now, CONFIG.repeat(100));
    assert_eq!(left, 2, "no part of the new file is left");
}

#[test]
fn killed_at_any_moment_it_leaves_the_old_file_or_the_new_one() {
    let mine = Mine::new();
    let begun = clock::now();
    mine.set(&["web", "--keepalive", "30s"]);
    let whole = since(begun);
    let new = mine.now();
    let undo = run(&mine.scratch, &["timeouts", "undo", "--yes"]);
    assert!(undo.status.success());
    let (mut olds, mut news) = (0, 0);
    for round in 0..KILLS {
        fs::write(&mine.config, CONFIG).unwrap();
        let known = journal(&mine.scratch).len();
        let mut child =
            abide(&mine.scratch, &mine.words(&["web", "--keepalive", "30s"])).spawn().unwrap();
        let moment = whole * (round + 1) / KILLS;
        let begun = clock::now();
        while since(begun) < moment {
            std::hint::spin_loop();
        }
        let _ = child.kill();
        child.wait().unwrap();
        let now = mine.now();
        assert!(now == CONFIG || now == new, "round {round}: a mixture: {now}");
        // What it was about to start may live for a moment longer, and hold what it held.
        let mut entries = journal(&mine.scratch);
        wait_until("nobody is at it", LIMIT, || {
            entries = journal(&mine.scratch);
            entries.last().is_none_or(|it| it["standing"] != "running")
        });
        let (is_new, standing) = (now == new, entries.last().map(|it| it["standing"].clone()));
        match (entries.len() > known, is_new) {
            (false, true) => panic!("round {round}: changed, and the journal does not know"),
            (true, true) => assert_eq!(standing.unwrap(), "done", "round {round}"),
            (true, false) => assert_eq!(standing.unwrap(), "over", "round {round}"),
            (false, false) => {}
        }
        let left = fs::read_dir(&mine.scratch.0).unwrap().count();
        assert_eq!(left, 2, "round {round}: nothing is left beside the file");
        if is_new { news += 1 } else { olds += 1 }
    }
    eprintln!("{KILLS} kills over {whole:?}: {olds} old, {news} new");
    assert!(olds > 0);
}
