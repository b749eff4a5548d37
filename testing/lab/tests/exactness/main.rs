//! What goes through the program arrives exactly, whatever the network does meanwhile: rsync, scp,
//! sftp, git and plain pipes with a real sshd in the lab, through faults, without a restart by
//! hand; and commands behave as under ssh itself, which answers beside it.
//!
//! `ABIDE_PROGRAM` names the program, else it is `abide` of this test's profile. `ABIDE_LAB_FULL=1`
//! moves a gigabyte instead of some tens of megabytes, `ABIDE_LAB_ONLY=text` runs what has the text in
//! its name, `ABIDE_LAB_JOBS` says how many labs are up at once.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod commands;
mod fault;
mod files;
mod place;
mod transfers;
mod trial;

use std::sync::Mutex;

use abide_lab::Program;
use transfers::{ALL, Amounts, Transfer};
use trial::Row;

/// Labs up at once: they mostly wait for their links.
const JOBS: usize = 5;

#[test]
fn transfers_through_faults_are_exact() {
    let program = Program::copy().unwrap();
    let amounts = Amounts::new(std::env::var_os("ABIDE_LAB_FULL").is_some_and(|it| it == "1"));
    let rows = run_all(&program, &amounts);
    let failed: Vec<&Row> = rows.iter().filter(|row| row.trouble.is_some()).collect();
    for row in &failed {
        eprintln!("\n######## {}\n{}", row.name, row.logs);
    }
    eprintln!("\n{}", Row::HEAD);
    rows.iter().for_each(|row| eprintln!("{}", row.text()));
    assert!(failed.is_empty(), "{} of {} failed", failed.len(), rows.len());
}

#[test]
fn commands_behave_as_under_ssh() {
    let program = Program::copy().unwrap();
    let complaints = commands::run(&program).unwrap();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// Runs every wanted transfer, some at a time, in the order of the list.
fn run_all(program: &Program, amounts: &Amounts) -> Vec<Row> {
    let only = std::env::var("ABIDE_LAB_ONLY").unwrap_or_default();
    let wanted: Vec<&Transfer> = ALL.iter().filter(|it| it.name.contains(&only)).rev().collect();
    let jobs = std::env::var("ABIDE_LAB_JOBS").ok().and_then(|jobs| jobs.parse().ok());
    let (waiting, rows) = (Mutex::new(wanted), Mutex::new(Vec::new()));
    transfers::bring_the_keeper(program).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..jobs.unwrap_or(JOBS) {
            scope.spawn(|| {
                loop {
                    let Some(transfer) = waiting.lock().unwrap().pop() else { return };
                    let row = trial::run(transfer, amounts, program);
                    eprintln!("{}", row.text());
                    rows.lock().unwrap().push(row);
                }
            });
        }
    });
    rows.into_inner().unwrap()
}
