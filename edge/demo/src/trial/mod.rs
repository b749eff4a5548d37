//! A trial: several sessions side by side on one relay, one fault that strikes them all, and a row
//! for each about what it lived through. It knows nothing of the tools but their command lines.

mod count;
mod driver;
mod fault;
mod page;
mod script;

use std::io;
use std::time::Duration;

use abide_host::clock;
use abide_host::command::ShellCommand;
use abide_terms::Moment;
use thiserror::Error;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinSet};

use crate::relay::Relay;
use crate::report::Row;
use driver::{Driver, Stage};
pub use fault::Fault;

/// A tool and how to reach the server with it.
#[derive(Clone, Debug)]
pub struct Contestant {
    /// Its name in rows and events.
    pub tool: String,
    /// Its command line up to and including the host, with a forced terminal (`ssh -F config -t
    /// demo`); what the remote side runs is put behind.
    pub command: ShellCommand,
}

/// How long the parts of a trial take.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// From the first prompt of the slowest contestant to the fault, and from its first answer
    /// after the fault to the end.
    pub calm: Duration,
    /// How long after the fault a session may take to answer before it counts as dead.
    pub recovery: Duration,
    /// How long the last answers may take once typing has stopped.
    pub settle: Duration,
}

impl Default for Timing {
    /// 1.5 s of calm, 15 s to recover, 3 s to settle.
    fn default() -> Self {
        Self {
            calm: Duration::from_millis(1500),
            recovery: Duration::from_secs(15),
            settle: Duration::from_secs(3),
        }
    }
}

/// What a session looks like from outside just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing from the remote side yet.
    Connecting,
    /// Output comes.
    Live,
    /// No output for a second or more.
    Silent,
    /// The tool's process has ended.
    Ended,
}

/// Which part of a trial is on, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The sessions come up, then a moment of calm.
    Before,
    /// The fault is on.
    Fault,
    /// The fault is over; sessions recover or do not.
    After,
    /// Typing has stopped; the last answers come in.
    Closing,
}

/// A picture of one session, several times a second, for a live view.
#[derive(Clone, Debug)]
pub struct Event {
    /// Whose.
    pub tool: String,
    /// Since the trial began.
    pub elapsed: Duration,
    /// Where the trial stands.
    pub part: Part,
    /// For how long it has stood there.
    pub part_for: Duration,
    /// Its state.
    pub state: State,
    /// How long no output has come.
    pub quiet: Duration,
    /// Numbered lines shown so far.
    pub lines: u64,
    /// Typed tokens answered so far.
    pub answers: u64,
}

/// Why a trial could not be held. What a fault does to a session is no error.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrialError {
    /// A tool could not be started on a terminal.
    #[error("cannot start {tool}: {source}")]
    Start {
        /// Which.
        tool: String,
        /// What the system answered.
        source: io::Error,
    },
    /// A session did not come up, before any fault.
    #[error("{tool} gave no session within {} s{}", limit.as_secs(), because(said))]
    NotReady {
        /// Which.
        tool: String,
        /// How long it was given.
        limit: Duration,
        /// The end of what it printed instead.
        said: String,
    },
    /// A driver's task died of a defect.
    #[error("a trial's task failed: {0}")]
    Task(#[from] JoinError),
}

fn because(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!("; it said: {said}") }
}

/// How long a session may take to come up, uploads included.
const READY_LIMIT: Duration = Duration::from_secs(60);

/// Where a trial stands, and since when; the drivers act on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Phase {
    part: Part,
    since: Moment,
}

impl Phase {
    fn begin(part: Part) -> Self {
        Self { part, since: clock::now() }
    }
}

/// Runs all contestants through one fault. Rows come in the order of the contestants. Events are
/// dropped when `events` is full. Needs a tokio runtime with I/O and time.
pub async fn hold(
    contestants: &[Contestant],
    fault: Fault,
    relay: &Relay,
    timing: Timing,
    events: mpsc::Sender<Event>,
) -> Result<Vec<Row>, TrialError> {
    let began = clock::now();
    let (phase, _) = watch::channel(Phase::begin(Part::Before));
    let mut stages = Vec::new();
    let mut drivers = JoinSet::new();
    for (place, contestant) in contestants.iter().enumerate() {
        let (stage, seen) = watch::channel(Stage::Connecting);
        let driver = Driver::start(contestant, began, phase.subscribe(), stage, events.clone())?;
        drivers.spawn(async move { (place, driver.run(fault.code(), timing.settle).await) });
        stages.push((contestant.tool.clone(), seen));
    }
    for (tool, stage) in &mut stages {
        ready(tool, stage).await?;
    }
    tokio::time::sleep(timing.calm).await;
    phase.send_replace(Phase::begin(Part::Fault));
    fault.strike(relay).await;
    phase.send_replace(Phase::begin(Part::After));
    let recovered = async {
        for (_, stage) in &mut stages {
            // Fails when the driver is gone, and then there is nothing to wait for.
            let _ = stage.wait_for(Stage::is_settled).await;
        }
    };
    if tokio::time::timeout(timing.recovery, recovered).await.is_ok() {
        tokio::time::sleep(timing.calm).await;
    }
    phase.send_replace(Phase::begin(Part::Closing));

    let mut rows = Vec::new();
    while let Some(row) = drivers.join_next().await {
        rows.push(row?);
    }
    rows.sort_by_key(|(place, _)| *place);
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

async fn ready(tool: &str, stage: &mut watch::Receiver<Stage>) -> Result<(), TrialError> {
    let not_ready = |said| TrialError::NotReady { tool: tool.into(), limit: READY_LIMIT, said };
    let up = stage.wait_for(|stage| *stage != Stage::Connecting);
    match tokio::time::timeout(READY_LIMIT, up).await {
        Ok(Ok(stage)) => match &*stage {
            Stage::Ended { said } => Err(not_ready(said.clone())),
            _ => Ok(()),
        },
        _ => Err(not_ready(String::new())),
    }
}
