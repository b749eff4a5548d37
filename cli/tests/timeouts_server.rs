//! `abide timeouts set` on a real, throw-away sshd: proved, rolled back by itself, undone; sessions
//! that were open before go on.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod door;

use std::io::{BufRead, BufReader};
use std::time::Duration;

use abide_host::clock;
use door::{
    Door, LIMIT, at_a_terminal, journal, refuses_what_changed_meanwhile, run, said, since, text,
    wait_until,
};

#[test]
fn a_good_change_is_proved_and_can_be_undone() {
    let door = Door::start();
    let before = door.text();
    let mut session = door.echo();
    let output = door.set(&["ClientAliveInterval=77", "MaxSessions=9"]).output().unwrap();
    let words = said(&output);
    assert!(output.status.success(), "{words}");
    assert!(
        words.contains("+ClientAliveInterval 77") && words.contains("the door opens"),
        "{words}"
    );
    assert!(door.text().contains("ClientAliveInterval 77"));
    session.echoes();
    assert!(door.opens() && door.log().contains("Received SIGHUP; restarting."), "{}", door.log());
    let entries = journal(&door.scratch);
    assert_eq!(entries[0]["outcome"]["is"], "done", "{entries:?}");
    assert_eq!(door.leftovers(), [""; 0]);

    let undo = run(&door.scratch, &["timeouts", "undo", "--yes"]);
    assert!(undo.status.success(), "{}", said(&undo));
    assert_eq!(door.text(), before);
    session.echoes();
    assert_eq!(journal(&door.scratch)[0]["outcome"]["is"], "undone");
}

#[test]
fn a_setting_that_locks_out_puts_itself_back() {
    for setting in ["MaxSessions=0", "PermitRootLogin=no"] {
        let door = Door::start();
        let before = door.text();
        let mut session = door.echo();
        let output = door.set(&[setting, "--confirm-within", "20s"]).output().unwrap();
        let words = said(&output);
        assert_eq!(output.status.code(), Some(255), "{words}");
        assert!(words.contains("sshd has the new settings"), "it really was in effect: {words}");
        assert!(words.contains("the change was put back"), "{words}");
        assert!(words.contains("a fresh login gets in again"), "{words}");
        assert_eq!(door.text(), before);
        assert!(door.opens());
        session.echoes();
        let outcome = &journal(&door.scratch)[0]["outcome"];
        assert_eq!(outcome["is"], "rolled_back", "{outcome}");
        assert_eq!(door.leftovers(), [""; 0]);
    }
}

#[test]
fn whoever_made_it_may_vanish_and_it_is_put_back_all_the_same() {
    let door = Door::start();
    let before = door.text();
    let mut session = door.echo();
    let mut child =
        door.set(&["ForceCommand=/bin/false", "--confirm-within", "6s"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let applied = lines.by_ref().map_while(Result::ok).any(|line| line.contains("new settings"));
    assert!(applied, "it was applied");
    let killed = clock::now();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_ne!(door.text(), before);
    assert!(!door.opens(), "nobody gets in now");
    session.echoes();
    wait_until("the old settings are back", LIMIT, || door.text() == before);
    wait_until("the door opens again", LIMIT, || door.opens());
    assert!(since(killed) < Duration::from_secs(15), "in time: {:?}", since(killed));
    session.echoes();
    assert_eq!(door.leftovers(), [""; 0]);
}

#[test]
fn what_sshd_refuses_changes_nothing() {
    let door = Door::start();
    let before = door.text();
    let output = door.set(&["Ciphers=nonsense"]).output().unwrap();
    let words = said(&output);
    assert!(!output.status.success(), "{words}");
    assert!(words.contains("error: sshd refuses the result"), "{words}");
    assert!(words.contains("nothing was changed"), "{words}");
    assert_eq!(door.text(), before);
    assert!(!door.log().contains("SIGHUP"), "{}", door.log());
    assert!(journal(&door.scratch).is_empty());
}

#[test]
fn a_file_changed_meanwhile_is_left_alone() {
    let door = Door::start();
    // The login that tries the door before the change is when somebody else edits.
    let command = door.set(&["ClientAliveInterval=77"]);
    refuses_what_changed_meanwhile(&door.scratch, command, "BatchMode=yes", &door.config);
    let now = door.text();
    assert!(now.ends_with("# theirs\n") && !now.contains("ClientAlive"), "{now}");
    assert!(!door.log().contains("SIGHUP"));
}

#[test]
fn a_reload_that_fails_puts_back() {
    let door = Door::start();
    let before = door.text();
    let output = door
        .set(&["ClientAliveInterval=77", "--reload-command", "echo broken >&2; false"])
        .output()
        .unwrap();
    let words = said(&output);
    assert!(!output.status.success(), "{words}");
    assert!(words.contains("could not be reloaded") && words.contains("broken"), "{words}");
    assert_eq!(door.text(), before);
}

#[test]
fn a_read_only_file_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let door = Door::start();
    let before = door.text();
    std::fs::set_permissions(&door.config, std::fs::Permissions::from_mode(0o444)).unwrap();
    let output = door.set(&["ClientAliveInterval=77"]).output().unwrap();
    let words = said(&output);
    assert!(!output.status.success() && words.contains("read-only"), "{words}");
    assert_eq!(door.text(), before);
}

#[test]
fn this_machines_sshd_is_changed_with_a_login_as_proof() {
    let door = Door::start();
    let config = text(&door.config);
    let proof = ["-F", text(&door.ssh_config), "door"];
    let line = ["timeouts", "set", "--server", "--yes", "--sshd-config", config];
    let line: Vec<&str> = line.into_iter().chain(proof).chain(["--dead-after", "5m"]).collect();
    let output = run(&door.scratch, &line);
    let words = said(&output);
    assert!(output.status.success(), "{words}");
    // Debian 12's sshd counts each interval twice: (4 + 1) x 30 s x 2.
    assert!(words.contains("ended after 5m"), "{words}");
    let line = ["timeouts", "set", "--server", "--yes", "--sshd-config", config];
    let line: Vec<&str> = line.into_iter().chain(["ClientAliveInterval=99"]).collect();
    let output = run(&door.scratch, &line);
    let words = said(&output);
    assert!(words.contains("nothing here can prove that the door still opens"), "{words}");
    assert!(!door.text().contains("ClientAliveInterval 99"));
}

#[test]
fn a_look_changes_nothing() {
    let door = Door::start();
    let before = door.text();
    let output = door.set(&["--profile", "stig", "--dry-run"]).output().unwrap();
    let words = said(&output);
    assert!(output.status.success(), "{words}");
    assert!(words.contains("ClientAliveInterval 600") && words.contains("nothing was changed"));
    assert_eq!(door.text(), before);
    assert!(journal(&door.scratch).is_empty());
}

#[test]
fn a_drop_in_is_made_checked_and_taken_away_again() {
    let door = Door::start_with("Include $dir/etc/conf.d/*.conf\n");
    std::fs::create_dir(door.scratch.join("etc/conf.d")).unwrap();
    let before = door.text();
    let drop_in = door.scratch.join("etc/conf.d/10-abide.conf");
    let output = door.set(&["--file", text(&drop_in), "--profile", "days"]).output().unwrap();
    let words = said(&output);
    assert!(output.status.success(), "{words}");
    let made = std::fs::read_to_string(&drop_in).unwrap();
    assert!(made.contains("ClientAliveCountMax 14"), "{made}");
    assert_eq!(door.text(), before);
    let undo = run(&door.scratch, &["timeouts", "undo", "--yes"]);
    assert!(undo.status.success(), "{}", said(&undo));
    assert!(!drop_in.exists() && door.opens());
    assert_eq!(std::fs::read_dir(door.scratch.join("etc/conf.d")).unwrap().count(), 0);

    // The same, locked out: the drop-in that was not there is not there again.
    let line = ["--file", text(&drop_in), "MaxSessions=0", "--confirm-within", "20s"];
    let words = said(&door.set(&line).output().unwrap());
    assert!(words.contains("the change was put back"), "{words}");
    assert!(!drop_in.exists() && door.opens());
}

#[test]
fn without_a_login_a_persons_word_keeps_it_and_silence_does_not() {
    let door = Door::start();
    let before = door.text();
    let config = text(&door.config);
    let line = ["timeouts", "set", "--server", "--sshd-config", config, "--confirm-within", "5s"];
    let line: Vec<&str> = line.into_iter().chain(["ClientAliveInterval=77"]).collect();
    let words = at_a_terminal(&door.scratch, &line, "y\n");
    assert!(
        words.contains("Does it work?") && words.contains("the change was put back"),
        "{words}"
    );
    assert_eq!(door.text(), before);
    let words = at_a_terminal(&door.scratch, &line, "y\nyes\n");
    assert!(words.contains("is changed (change 2)"), "{words}");
    assert!(door.text().contains("ClientAliveInterval 77") && door.opens());
}

#[test]
fn for_some_it_goes_into_a_match_block() {
    let door = Door::start();
    let line = ["--for", "User nobody", "ClientAliveInterval=55"];
    let words = said(&door.set(&line).output().unwrap());
    assert!(words.contains("the door opens"), "{words}");
    let effective = |user: &str| {
        let mut sshd = std::process::Command::new("/usr/sbin/sshd");
        sshd.args(["-T", "-f", text(&door.config), "-C", &format!("user={user},host=h,addr=::1")]);
        String::from_utf8(sshd.output().unwrap().stdout).unwrap()
    };
    assert!(effective("nobody").contains("clientaliveinterval 55"));
    assert!(effective("root").contains("clientaliveinterval 0"));
}

#[test]
fn a_disk_that_fills_up_meanwhile_does_not_keep_the_old_file_away() {
    let door = Door::start();
    let etc = door.config.parent().unwrap();
    let before = door.text();
    let mut mount = std::process::Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", "size=256k", "abide-test"]).arg(etc);
    if !mount.status().is_ok_and(|status| status.success()) {
        eprintln!("NOT TESTED: a full disk, as none can be mounted here");
        return;
    }
    std::fs::write(&door.config, &before).unwrap();
    let pid = door.scratch.join("sshd.pid");
    let fill = format!(
        "dd if=/dev/zero of={0}/filler bs=1k 2>/dev/null; kill -HUP $(cat {1})",
        text(etc),
        text(&pid)
    );
    let line = ["MaxSessions=0", "--confirm-within", "20s", "--reload-command", &fill];
    let words = said(&door.set(&line).output().unwrap());
    let now = door.text();
    let full = std::fs::write(etc.join("more"), [b'x'; 8192]).is_err();
    let opens = door.opens();
    let _ = std::process::Command::new("umount").arg(etc).status();
    assert!(full, "the disk was full");
    assert!(words.contains("the change was put back"), "{words}");
    assert_eq!(now, before);
    assert!(opens);
}
