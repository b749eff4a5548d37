//! Nothing of a lab is left behind, however its owner ends.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod echo;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use abide_host::clock;
use abide_lab::{Lab, Profile};
use echo::lab;

const LIMIT: Duration = Duration::from_secs(10);
/// Tells this test program, started again by itself, to be an owner that dies.
const DIE: &str = "ABIDE_LAB_DIES_BY";

/// Namespaces and directories of labs that the process owns.
fn left_of(owner: u32) -> Vec<PathBuf> {
    let prefix = format!("abl-{owner}-");
    let places = [PathBuf::from("/run/netns"), std::env::temp_dir()];
    let entries = places.iter().filter_map(|place| fs::read_dir(place).ok()).flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    paths.filter(|path| path.to_string_lossy().contains(&prefix)).collect()
}

#[test]
fn dropping_a_lab_ends_its_processes_and_removes_its_names() {
    let lab = lab(Profile::Lan);
    let directory = lab.directory().to_owned();
    let namespace = PathBuf::from("/run/netns").join(lab.server().name());
    assert!(directory.exists() && namespace.exists());
    let mut stubborn = lab.server().command("sh");
    stubborn.args(["-c", "trap '' TERM HUP; echo in; while :; do sleep 1; done"]);
    let mut child = stubborn.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "in\n");
    let start = clock::now();
    drop(lab);
    assert!(!directory.exists() && !namespace.exists());
    assert!(!child.wait().unwrap().success());
    assert!(clock::now().since(start) < Duration::from_secs(5));
}

#[test]
fn an_owner_that_panics_or_is_killed_leaves_nothing() {
    if let Ok(way) = std::env::var(DIE) {
        own_and_die(&way);
    }
    for way in ["panic", "kill"] {
        let mut owner = Command::new(std::env::current_exe().unwrap());
        owner.args(["--exact", "an_owner_that_panics_or_is_killed_leaves_nothing"]).env(DIE, way);
        let mut owner = owner.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let pid = owner.id();
        assert!(!owner.wait().unwrap().success(), "{way}");
        let deadline = clock::now() + LIMIT;
        while !left_of(pid).is_empty() {
            assert!(clock::now() < deadline, "{way} left {:?}", left_of(pid));
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// The inner half of the test above, in a process of its own.
fn own_and_die(way: &str) -> ! {
    let lab = Lab::up(Profile::Lan).unwrap();
    assert_eq!(left_of(std::process::id()).len(), 5);
    if way == "kill" {
        let own = rustix::process::getpid();
        rustix::process::kill_process(own, rustix::process::Signal::KILL).unwrap();
    }
    panic!("as asked, with {} up", lab.client().name());
}

#[test]
fn sweeping_removes_dead_labs_only() {
    let lab = lab(Profile::Lan);
    let mut dead = Command::new("true").spawn().unwrap();
    let pid = dead.id();
    dead.wait().unwrap();
    let name = format!("abl-{pid}-1-client");
    assert!(Command::new("ip").args(["netns", "add", &name]).status().unwrap().success());
    assert_eq!(left_of(pid).len(), 1);
    let swept = Lab::sweep().unwrap();
    assert!(swept.contains(&format!("abl-{pid}-1")), "{swept:?}");
    assert!(left_of(pid).is_empty());
    assert!(lab.directory().exists());
    assert!(lab.client().command("true").status().unwrap().success());
}
