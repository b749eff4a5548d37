//! What lives inside forwards lives on: a PostgreSQL session (real server, real psql), an HTTP
//! download, a chat of small messages and an idle connection, each inside `-L`, `-R` and `-D` of one
//! program at once, through mixed faults in the lab. None may end, no byte may differ.
//!
//! `ABIDE_PROGRAM` names the program, else it is `abide` of this test's profile. `ABIDE_LAB_FULL=1`
//! downloads a gigabyte in each forward through 20 faults with half a minute of darkness, and puts
//! ssh and autossh through the same, which lose theirs: a table says which and when.
//! `ABIDE_LAB_ONLY=name` runs one of the three programs.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod carried;
mod chat;
mod database;
mod download;
mod fault;
mod idle;
mod queries;
mod service;
mod socks;
mod stage;
mod supplicant;
mod trial;

use std::time::Duration;

use abide_lab::Program;
use fault::Fault;
use supplicant::Supplicant;
use trial::{Amounts, Row};

/// Without a fault every program carries everything: what is judged below is the faults alone.
#[test]
fn ssh_carries_everything_while_nothing_happens() {
    let program = Program::copy().unwrap();
    let rows = trial::run(Supplicant::Ssh, &Amounts::only(Vec::new()), &program).unwrap();
    tell(&rows);
    assert!(rows.iter().all(|row| row.fate.is_ok()));
}

/// A supervisor that took an outage for a dead tunnel would end what lives in it.
#[test]
fn a_supervised_link_keeps_its_connections_through_darkness() {
    let program = Program::copy().unwrap();
    let amounts = Amounts::only(vec![Fault::Dark(Duration::from_secs(10))]);
    let rows = trial::run(Supplicant::Tunnel, &amounts, &program).unwrap();
    tell(&rows);
    assert!(rows.iter().all(|row| row.fate.is_ok()));
}

#[test]
fn what_lives_in_forwards_lives_through_faults() {
    let full = std::env::var_os("ABIDE_LAB_FULL").is_some_and(|it| it == "1");
    let only = std::env::var("ABIDE_LAB_ONLY").ok();
    let amounts = Amounts::new(full);
    let program = Program::copy().unwrap();
    let wanted = |it: &Supplicant| match &only {
        Some(only) => it.name() == only,
        None => full || *it == Supplicant::Abide,
    };
    let programs: Vec<Supplicant> = Supplicant::ALL.into_iter().filter(wanted).collect();
    let rows: Vec<Row> = std::thread::scope(|scope| {
        let (amounts, program) = (&amounts, &program);
        let run = |it: Supplicant| move || trial::run(it, amounts, program).unwrap();
        let runs: Vec<_> = programs.into_iter().map(|it| scope.spawn(run(it))).collect();
        runs.into_iter().flat_map(|run| run.join().unwrap()).collect()
    });
    tell(&rows);
    // What the others lose is shown, not judged.
    let lost = rows.iter().filter(|row| row.of == Supplicant::Abide && row.fate.is_err());
    assert_eq!(lost.count(), 0, "connections lost");
}

fn tell(rows: &[Row]) {
    eprintln!("\n{}", Row::HEAD);
    rows.iter().for_each(|row| eprintln!("{}", row.text()));
    for of in Supplicant::ALL {
        let its: Vec<&Row> = rows.iter().filter(|row| row.of == of).collect();
        let whole = its.iter().filter(|row| row.fate.is_ok()).count();
        if !its.is_empty() {
            eprintln!("{}: {whole} of {} whole", of.name(), its.len());
        }
    }
}
