//! Where the remote line puts a keeper, and what it does where it cannot: in a mount namespace of
//! its own with read-only, noexec, full and foreign places.

mod support;

use abide_openssh::FailReason::{Foreign, Full, NoExec, ReadOnly, WontRun};
use std::io::Write;
use std::process::Command;
use support::{Outcome, Running, Scratch, drive, fake_keeper, remote_line, unique_build};

const SIZE: usize = 300_000;

/// Covers the machine's shared directories, so that they are empty and stay untouched.
const COVER: &str = "set -e; for d in /var/tmp /tmp /dev/shm; do \
    mount -t tmpfs -o size=4m,mode=1777 abide-test $d; done; ";

/// `unshare` into a mount namespace; into a user namespace too where we are not root.
fn namespace() -> Command {
    let root = Command::new("id").arg("-u").output().expect("id").stdout == b"0\n";
    let mut command = Command::new("unshare");
    command.args(if root { &["-m"][..] } else { &["-r", "-m"] });
    command
}

/// Starts the line in a namespace prepared by `setup` (sh, as its root).
fn start(name: &str, home: &Scratch, setup: &str) -> Running {
    let line = remote_line(&unique_build(name));
    let mut command = namespace();
    let script = format!("{COVER}{setup}; set +e; exec \"$@\"");
    command.args(["sh", "-c", &script, "sh", "sh", "-c", line.as_str()]);
    command.env_clear().env("HOME", home.path()).env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    Running::start(&mut command)
}

fn run(name: &str, setup: &str) -> (Scratch, Outcome) {
    let home = Scratch::new(name);
    let outcome = drive(start(name, &home, setup), |_| Some(fake_keeper(SIZE)));
    (home, outcome)
}

/// That the keeper opened from `place`, whole.
fn assert_opened_at(outcome: &Outcome, place: &str) {
    let said = outcome.opened.as_deref().unwrap_or_default();
    assert!(said.starts_with(&format!("exe={place}/")), "{outcome:?}");
    assert!(said.contains(&format!(" size={SIZE} ")) && said.ends_with("\nping"), "{outcome:?}");
    assert_eq!(outcome.stderr, "");
}

/// The names under a directory, deep.
fn files(home: &Scratch) -> Vec<String> {
    let found = Command::new("find").arg(home.path()).args(["-type", "f"]).output();
    let found = String::from_utf8(found.expect("find").stdout).expect("names");
    found.lines().map(str::to_owned).collect()
}

#[test]
fn a_place_that_fills_up_is_drained_and_the_next_gets_a_whole_copy() {
    let (home, outcome) = run("full", "mount -t tmpfs -o size=64k abide-test $HOME");
    let (cache, own) = (format!("{}/.cache/abide", home.text()), format!("{}/.abide", home.text()));
    assert_eq!(outcome.failed, [(cache.clone(), Full), (own.clone(), Full)]);
    assert_eq!(outcome.needs.len(), 3, "{outcome:?}");
    assert_eq!(outcome.needs[..2], [cache, own]);
    assert_opened_at(&outcome, &outcome.needs[2]);
    assert!(outcome.needs[2].starts_with("/var/tmp/abide-"));
}

#[test]
fn a_place_that_is_full_already_is_not_asked_for() {
    let fill = "mount -t tmpfs -o size=16k abide-test $HOME; \
                mkdir $HOME/.cache; cat /dev/zero >$HOME/.cache/fill 2>/dev/null || true";
    let (home, outcome) = run("filled", fill);
    let place = |name: &str| (format!("{}/{name}", home.text()), Full);
    assert_eq!(outcome.failed, [place(".cache/abide"), place(".abide")]);
    assert_eq!(outcome.needs.len(), 1);
    assert_opened_at(&outcome, &outcome.needs[0]);
}

#[test]
fn a_noexec_home_is_passed_over() {
    let (home, outcome) = run("noexec", "mount -t tmpfs -o noexec abide-test $HOME");
    let place = |name: &str| (format!("{}/{name}", home.text()), NoExec);
    assert_eq!(outcome.failed, [place(".cache/abide"), place(".abide")]);
    assert_opened_at(&outcome, &outcome.needs[0]);
}

#[test]
fn every_hindrance_is_named_and_then_nothing_is_left() {
    // As root the shared directory belongs to somebody else for real; else it is a link.
    let setup = "mount -t tmpfs -o ro abide-test $HOME; u=$(id -u); \
        mkdir /var/tmp/elsewhere; ln -s /var/tmp/elsewhere /var/tmp/abide-$u; \
        mkdir /tmp/abide-$u; chown 12345 /tmp/abide-$u 2>/dev/null || \
        { rmdir /tmp/abide-$u; ln -s /var/tmp/elsewhere /tmp/abide-$u; }; \
        mount -o remount,ro /dev/shm";
    let (home, outcome) = run("nowhere", setup);
    let reasons: Vec<_> = outcome.failed.iter().map(|(_, reason)| *reason).collect();
    assert_eq!(reasons, [ReadOnly, ReadOnly, Foreign, Foreign, ReadOnly], "{outcome:?}");
    assert!(outcome.failed[0].0.starts_with(home.text()));
    assert!(outcome.nowhere && outcome.opened.is_none() && outcome.needs.is_empty());
    assert_eq!((outcome.stderr.as_str(), outcome.status.code()), ("", Some(255)));
}

#[test]
fn a_keeper_in_a_foreign_place_is_never_run() {
    let build = unique_build("planted");
    let plant = format!(
        "u=$(id -u); mkdir -p /var/tmp/evil/{build}; ln -s /var/tmp/evil /var/tmp/abide-$u; \
         printf '#!/bin/sh\\necho planted\\n' >/var/tmp/evil/{build}/abide; \
         chmod 755 /var/tmp/evil/{build}/abide"
    );
    let (home, outcome) = run("planted", &plant);
    assert!(!outcome.noise.contains("planted"), "{outcome:?}");
    assert_opened_at(&outcome, &format!("{}/.cache/abide", home.text()));
}

#[test]
fn a_keeper_that_does_not_run_leaves_nothing_behind() {
    let home = Scratch::new("wontrun");
    let running = start("wontrun", &home, "true");
    let broken = b"#!/bin/sh\nexit 1\n".to_vec();
    let outcome = drive(running, |count| (count == 1).then(|| broken.clone()));
    assert_eq!(outcome.failed, [(format!("{}/.cache/abide", home.text()), WontRun)]);
    assert_eq!((outcome.needs.len(), outcome.status.code()), (2, Some(255)));
    assert_eq!(files(&home), [""; 0]);
}

#[test]
fn without_a_keeper_for_that_machine_the_script_goes_away() {
    let home = Scratch::new("none");
    let outcome = drive(start("none", &home, "true"), |_| None);
    assert_eq!((outcome.needs.len(), outcome.status.code()), (1, Some(255)));
    assert!(outcome.failed.is_empty() && outcome.opened.is_none() && outcome.stderr.is_empty());
    assert_eq!(files(&home), [""; 0]);
}

#[test]
fn half_an_upload_is_never_installed() {
    let home = Scratch::new("half");
    let mut running = start("half", &home, "true");
    let stdin = running.stdin.as_mut().expect("piped");
    stdin.write_all(format!("{SIZE}\n").as_bytes()).expect("a reader");
    stdin.write_all(&fake_keeper(SIZE)[..SIZE / 2]).expect("a reader");
    let (said, _, status) = running.finish();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(said.contains(" NEED ") && !said.contains(" OPEN"), "{said}");
    assert_eq!(status.code(), Some(255));
    assert_eq!(files(&home), [""; 0]);
}

#[test]
fn a_broken_installed_keeper_is_replaced() {
    let home = Scratch::new("broken");
    let place = home.path().join(".cache/abide").join(unique_build("broken").as_str());
    std::fs::create_dir_all(&place).expect("a place");
    std::fs::write(place.join("abide"), "\x7fELF cut off").expect("a broken keeper");
    let chmod = format!("chmod 755 '{}/abide'", place.display());
    let outcome = drive(start("broken", &home, &chmod), |_| Some(fake_keeper(SIZE)));
    assert_eq!(outcome.needs.len(), 1, "{outcome:?}");
    assert_opened_at(&outcome, &format!("{}/.cache/abide", home.text()));
}

#[test]
fn without_a_home_the_shared_directories_serve() {
    let home = Scratch::new("homeless");
    let mut line = remote_line(&unique_build("homeless")).as_str().to_owned();
    line = format!("unset HOME; {line}");
    let mut command = namespace();
    let script = format!("{COVER} set +e; exec sh -c \"$1\"");
    command.args(["sh", "-c", &script, "sh", &line]);
    command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").current_dir(home.path());
    let outcome = drive(Running::start(&mut command), |_| Some(fake_keeper(SIZE)));
    assert!(outcome.failed.is_empty(), "{outcome:?}");
    assert_opened_at(&outcome, "/var/tmp/abide-0");
}
