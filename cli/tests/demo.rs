//! `abide demo` as people run it: abide lives through every fault with nothing lost, and neither a
//! process nor a file is left, whether the demo came to its end or was stopped.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use abide_host::clock;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// The whole demo takes about 65 s; more on a loaded machine.
const LIMIT: Duration = Duration::from_secs(150);
/// How long the demo may take to clean up.
const CLEAN_UP: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(50);

/// A directory of the test's own, for TMPDIR and HOME: all that the demo's client could write to.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("abide-dt-{}-{name}", std::process::id()));
        fs::create_dir(&path).unwrap();
        fs::create_dir(path.join("tmp")).unwrap();
        fs::create_dir(path.join("home")).unwrap();
        Place(path)
    }

    fn demo(&self, args: &[&str]) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_abide"));
        command.arg("demo").args(args).env("NO_COLOR", "1");
        command.env("TMPDIR", self.0.join("tmp")).env("HOME", self.0.join("home"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Running(command.spawn().unwrap())
    }

    /// Files below, and processes that know the place by their command line or environment.
    fn left(&self) -> Vec<String> {
        let entries = ["tmp", "home"].map(|folder| fs::read_dir(self.0.join(folder)).unwrap());
        let files = entries.into_iter().flatten().map(|entry| entry.unwrap().path());
        let mut left: Vec<String> = files.map(|path| path.display().to_string()).collect();
        let processes = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
        left.extend(processes.filter_map(|process| self.knows(&process)));
        left
    }

    fn knows(&self, process: &Path) -> Option<String> {
        process.file_name()?.to_str()?.parse::<u32>().ok()?;
        let read = |name| fs::read(process.join(name)).unwrap_or_default();
        let words = String::from_utf8_lossy(&read("cmdline")).replace('\0', " ");
        let known = format!("{words} {}", String::from_utf8_lossy(&read("environ")));
        known.contains(self.0.to_str()?).then(|| format!("{}: {words}", process.display()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The demo; stopped, so that it cleans up, if the test fails.
struct Running(Child);

impl Running {
    fn stop(&self) {
        let pid = Pid::from_raw(self.0.id().cast_signed()).unwrap();
        let _ = kill_process(pid, Signal::TERM);
    }

    fn end_within(&mut self, limit: Duration) -> Option<ExitStatus> {
        let deadline = clock::now() + limit;
        loop {
            match self.0.try_wait().unwrap() {
                Some(status) => return Some(status),
                None if clock::now() >= deadline => return None,
                None => std::thread::sleep(LOOK),
            }
        }
    }

    fn said(&mut self) -> (String, String) {
        let (mut out, mut err) = (String::new(), String::new());
        self.0.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        self.0.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        (out, err)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
        if self.end_within(CLEAN_UP).is_none() {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
}

#[test]
fn abide_lives_through_every_fault_and_nothing_is_left() {
    let place = Place::new("whole");
    let mut demo = place.demo(&["--json"]);
    let status = demo.end_within(LIMIT).expect("an end in time");
    // Both fit a pipe, so that the demo never waited for its reader.
    let (out, err) = demo.said();
    let report: Value =
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}"));
    assert_eq!((report["schema"].as_u64(), err.as_str()), (Some(1), ""));
    let rows = report["rows"].as_array().unwrap();
    let of = |tool| rows.iter().filter(move |row| row["tool"] == tool);
    let faults: Vec<&str> = of("abide").map(|row| row["fault"].as_str().unwrap()).collect();
    assert_eq!(faults, ["cable", "address", "nat", "reset", "udp-blocked"]);
    for row in of("abide") {
        let harm = ["lines_lost", "lines_doubled", "keys_lost", "keys_doubled"];
        let harm = harm.map(|name| row[name].as_u64());
        assert_eq!((row["lived"].as_bool(), harm), (Some(true), [Some(0); 4]), "{report:#}");
        assert!(row["first_echo_seconds"].as_f64().unwrap() < 3.0, "{report:#}");
    }
    // The faults are real: they kill a plain ssh as they do elsewhere.
    let ssh: Vec<bool> = of("ssh").map(|row| row["lived"].as_bool().unwrap()).collect();
    assert_eq!(ssh, [true, false, false, false, true], "{report:#}");
    assert_eq!(status.code(), Some(0), "{report:#}");
    assert_eq!(place.left(), [""; 0]);
}

#[test]
fn a_demo_that_is_stopped_leaves_nothing() {
    let place = Place::new("stopped");
    let mut demo = place.demo(&[]);
    let mut out = BufReader::new(demo.0.stdout.take().unwrap()).lines();
    out.find(|line| line.as_ref().is_ok_and(|line| line.contains("the cable is out")))
        .unwrap()
        .unwrap();
    assert!(!place.left().is_empty(), "it runs");
    demo.stop();
    let status = demo.end_within(CLEAN_UP).expect("an end in time");
    assert_eq!(status.code(), Some(128 + 15));
    assert_eq!(place.left(), [""; 0]);
}
