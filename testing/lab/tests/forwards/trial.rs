//! One program's trial: twelve connections through its forwards, the faults, and what came of each.

use std::time::Duration;

use abide_host::clock;
use abide_lab::{LinkSettings, PathSettings, Program, Trouble, wait_until};

use crate::carried::{Carried, Kind};
use crate::fault::Fault;
use crate::stage::{Stage, Way, connect};
use crate::supplicant::Supplicant;
use crate::{chat, download, idle, queries};

/// Answers after a fault by which a connection has shown that it goes on.
const STEPS: u64 = 3;
/// How long the last words of all may take once the downloads are over.
const LAST_LIMIT: Duration = Duration::from_secs(60);

/// How much is moved through how many faults.
pub(crate) struct Amounts {
    /// Of each download.
    bytes: u64,
    /// Bytes a second that each takes.
    pace: u64,
    rate: u64,
    faults: Vec<Fault>,
    /// How long connections may take to go on after a fault is over.
    patience: Duration,
    /// The same for programs that are not expected to.
    patience_with_others: Duration,
}

impl Amounts {
    pub(crate) fn new(full: bool) -> Amounts {
        let s = Duration::from_secs;
        if full {
            Amounts {
                bytes: 1_000_000_000,
                pace: 4_000_000,
                rate: 400_000_000,
                faults: Fault::series(20, s(30)).collect(),
                patience: s(90),
                patience_with_others: s(40),
            }
        } else {
            Amounts {
                bytes: 12_000_000,
                pace: 1_200_000,
                rate: 60_000_000,
                faults: Fault::series(5, s(4)).collect(),
                patience: s(45),
                patience_with_others: s(20),
            }
        }
    }

    /// These faults alone, and little moved.
    pub(crate) fn only(faults: Vec<Fault>) -> Amounts {
        Amounts { bytes: 2_000_000, faults, ..Amounts::new(false) }
    }

    /// 20 ms each way, at the rate.
    fn link(&self) -> LinkSettings {
        let queue = (self.rate / 8 / 5) as usize;
        let delay = Duration::from_millis(20);
        LinkSettings::symmetric(PathSettings::new(delay, Some(self.rate), queue))
    }
}

/// What came of a connection.
pub(crate) struct Row {
    pub(crate) of: Supplicant,
    way: Way,
    kind: Kind,
    steps: u64,
    faults: usize,
    pub(crate) fate: Result<(), String>,
}

impl Row {
    pub(crate) const HEAD: &str = "program  in  connection     answers, bytes  faults  fate";

    pub(crate) fn text(&self) -> String {
        let fate = self.fate.as_ref().map_or_else(String::as_str, |()| "whole");
        let (of, way, kind) = (self.of.name(), self.way.flag(), self.kind.name());
        format!("{of:8} {way:3} {kind:14} {:14} {:7}  {fate}", self.steps, self.faults)
    }
}

/// Runs one.
pub(crate) fn run(
    of: Supplicant,
    amounts: &Amounts,
    program: &Program,
) -> Result<Vec<Row>, Trouble> {
    let mut stage = Stage::new(amounts.link(), program)?;
    stage.carry(of)?;
    let all = start_all(&stage, amounts)?;
    let patience = if of.is_ours() { amounts.patience } else { amounts.patience_with_others };
    await_all(&all, 0, patience, "at the beginning");
    let mut faults = 0;
    for (number, fault) in (1..).zip(amounts.faults.iter().copied()) {
        let share = amounts.bytes * number / (amounts.faults.len() as u64 + 1);
        await_all(&all, share, patience, &format!("before {fault:?}"));
        if all.iter().all(|it| !it.lives()) {
            break;
        }
        let began = clock::now();
        fault.cause(&stage.lab, || stage.look_at(of))?;
        faults += 1;
        await_all(&all, 0, patience, &format!("after {fault:?}"));
        fault.relieve(&stage.lab);
        eprintln!(
            "{}: fault {faults}, {fault:?}: all go on after {:.1?}",
            of.name(),
            clock::now().since(began)
        );
    }
    finish_all(&all, patience.max(amounts.patience));
    let rows: Vec<Row> = all.iter().map(|it| row(of, it, faults)).collect();
    if of.is_ours() && rows.iter().any(|row| row.fate.is_err()) {
        eprintln!("{}", stage.logs());
    }
    Ok(rows)
}

fn start_all(stage: &Stage, amounts: &Amounts) -> Result<Vec<Carried>, Trouble> {
    let (bytes, pace) = (amounts.bytes, amounts.pace);
    let mut all = Vec::new();
    for way in Way::ALL {
        let (namespace, database, service) = stage.entrance(way);
        for kind in Kind::ALL {
            if kind == Kind::Queries {
                let command = queries::psql(namespace.command("psql"), database);
                all.push(Carried::start(way, kind, move |it| queries::ask(command, it)));
                continue;
            }
            let stream = connect(namespace, service)?;
            all.push(Carried::start(way, kind, move |it| match kind {
                Kind::Download => download::fetch(&stream, bytes, pace, it),
                Kind::Chat => chat::chat(&stream, it),
                Kind::Queries | Kind::Idle => idle::idle(&stream, it),
            }));
        }
    }
    Ok(all)
}

/// Waits until every living connection has gone on since now, and every download has come so far;
/// gives up those that do not.
fn await_all(all: &[Carried], share: u64, patience: Duration, when: &str) {
    let marks: Vec<u64> = all.iter().map(|it| it.progress.steps()).collect();
    let went_on = |(it, mark): (&Carried, &u64)| match it.kind {
        Kind::Idle => it.progress.steps() > 0,
        Kind::Download if share > 0 => it.progress.steps() >= share,
        Kind::Download => it.progress.steps() > *mark,
        Kind::Queries | Kind::Chat => it.progress.steps() >= mark + STEPS,
    };
    let waiting = || all.iter().zip(&marks).filter(|pair| pair.0.lives() && !went_on(*pair));
    // Whoever did not go on is told apart below.
    let _some_did_not = wait_until("going on", patience, || Ok(waiting().count() == 0));
    for (it, _) in waiting() {
        it.give_up(format!("silent for {patience:?} {when}"));
    }
}

/// Lets downloads come to their end and the others say their last.
fn finish_all(all: &[Carried], patience: Duration) {
    let mut steps = 0;
    let downloading = || all.iter().filter(|it| it.kind == Kind::Download && it.lives());
    // Patience is for silence, not for size.
    while downloading().count() > 0 {
        let moved = wait_until("downloads", patience, || {
            let now: u64 = downloading().map(|it| it.progress.steps()).sum();
            let moved = now != steps;
            steps = now;
            Ok(moved || downloading().count() == 0)
        });
        if moved.is_err() {
            break;
        }
    }
    all.iter().for_each(|it| it.progress.finish());
    let _some_did_not =
        wait_until("last words", LAST_LIMIT, || Ok(all.iter().all(|it| !it.lives())));
    for it in all.iter().filter(|it| it.lives()) {
        it.give_up("never came to its end".to_owned());
    }
}

fn row(of: Supplicant, it: &Carried, faults: usize) -> Row {
    let fate = it.progress.end().unwrap_or_else(|| Err("no end".to_owned()));
    Row { of, way: it.way, kind: it.kind, steps: it.progress.steps(), faults, fate }
}
