//! What a session survives: the real program with a real sshd in the lab at 100 ms, through every
//! fault, over QUIC and again with UDP blocked. A counter prints through it all and keys are typed;
//! the same shell must answer, every line and key come exactly once, and the first echo come soon.
//!
//! `ABIDE_PROGRAM` names the program, else it is `abide` of this test's profile. `ABIDE_LAB_FULL=1`
//! gives faults their full length, `ABIDE_LAB_ONLY=text` runs what has the text in its name or
//! carrier, `ABIDE_LAB_JOBS` says how many labs are up at once, `ABIDE_LAB_LOGS=1` shows the logs of
//! all and not only of what failed.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod scenario;
mod session;
mod shown;
mod trial;

use std::sync::Mutex;

use abide_lab::{Lab, Profile, Program};
use scenario::{ALL, Carrier, Lengths, Scenario};
use session::Session;
use trial::Row;

/// Labs up at once: they mostly wait.
const JOBS: usize = 10;

#[test]
fn a_session_survives() {
    let program = Program::copy().unwrap();
    // Has the keeper uploaded once for all.
    drop(Session::open(Lab::up(Profile::Lan).unwrap(), &program).unwrap());
    let lengths = Lengths::new(std::env::var_os("ABIDE_LAB_FULL").is_some_and(|it| it == "1"));
    let mut rows = run_all(&program, &lengths);
    let place = |row: &Row| ALL.iter().position(|scenario| scenario.name == row.scenario);
    rows.sort_by_key(|row| (row.carrier.name(), place(row)));
    let failed: Vec<&Row> = rows.iter().filter(|row| !row.complaints.is_empty()).collect();
    for row in rows.iter().filter(|row| !row.logs.is_empty()) {
        eprintln!("\n######## {} over {}\n{}", row.scenario, row.carrier.name(), row.logs);
    }
    eprintln!("\n{}", Row::head());
    rows.iter().for_each(|row| eprintln!("{}", row.text()));
    for row in &failed {
        eprintln!("{} over {}: {}", row.scenario, row.carrier.name(), row.complaints.join("; "));
    }
    assert!(failed.is_empty(), "{} of {} failed", failed.len(), rows.len());
}

/// Runs every wanted trial, some at a time, the longest first.
fn run_all(program: &Program, lengths: &Lengths) -> Vec<Row> {
    let jobs = std::env::var("ABIDE_LAB_JOBS").ok().and_then(|jobs| jobs.parse().ok());
    let waiting = Mutex::new(wanted());
    let rows = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..jobs.unwrap_or(JOBS) {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().unwrap().pop();
                    let Some((scenario, carrier)) = next else { return };
                    let row = trial::run(scenario, carrier, lengths, program).unwrap();
                    eprintln!("{}", row.text());
                    rows.lock().unwrap().push(row);
                }
            });
        }
    });
    rows.into_inner().unwrap()
}

fn wanted() -> Vec<(&'static Scenario, Carrier)> {
    let only = std::env::var("ABIDE_LAB_ONLY").unwrap_or_default();
    let carriers = [Carrier::Quic, Carrier::Ssh];
    let all = ALL.iter().flat_map(|scenario| carriers.map(|carrier| (scenario, carrier)));
    // The last is taken first; the longest stand early in the list.
    let mut wanted: Vec<_> = all
        .filter(|(scenario, carrier)| {
            format!("{} {}", scenario.name, carrier.name()).contains(&only)
        })
        .collect();
    wanted.reverse();
    wanted
}
