//! The keeper as a process: sets up its socket and its event loop, then serves.

use std::io;
use std::path::Path;

use abide_carrier::quic::DoorKeys;
use abide_host::readiness::Readiness;
use abide_host::syslog::SystemLog;
use abide_session::{Refused, Start};
use abide_terms::SessionId;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::connection;
use crate::display::Display;
use crate::door;
use crate::keeper::{Inlets, Keeper, Made, Outlets};
use crate::lingering::{self, Logout};
use crate::scope;
use crate::start::refusal_line;

/// Carrier events that wait; at it, carriers are read no faster than they are handled.
const EVENTS_MAX: usize = 64;
/// Visits that wait; at it, the door takes in no more.
const VISITS_MAX: usize = 16;
/// Carriers by QUIC, and refused ones, that wait; at it, further ones are dropped.
const ARRIVALS_MAX: usize = 256;

/// Why a keeper could not serve.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The runtime directory cannot be used.
    #[error(transparent)]
    Directory(#[from] abide_host::files::PrivateDirError),
    /// The system refused something.
    #[error("{what}: {error}")]
    System {
        /// What was tried.
        what: &'static str,
        /// The system's words.
        error: io::Error,
    },
    /// What the session was to be is not to be had.
    #[error("{}", .0.evidence)]
    Refused(Refused),
}

fn system(what: &'static str) -> impl Fn(io::Error) -> RunError {
    move |error| RunError::System { what, error }
}

/// Serves one session until it is over. Tells the process that started it when it is ready.
pub fn run(id: SessionId, start: Start, log: &SystemLog) -> Result<(), RunError> {
    abide_host::memory::set_up();
    abide_host::signals::ignore_sigpipe();
    let mut readiness = Readiness::from_environment().map_err(system("readiness"))?;
    let result = set_up(id, start, log, &mut readiness);
    if let (Err(error), Some(readiness)) = (&result, readiness) {
        let line = match error {
            RunError::Refused(refusal) => refusal_line(refusal),
            _ => error.to_string(),
        };
        // Said here, and not only in the log, which may be nowhere.
        let _ = readiness.announce(&line);
    }
    result
}

fn set_up(
    id: SessionId,
    start: Start,
    log: &SystemLog,
    readiness: &mut Option<Readiness>,
) -> Result<(), RunError> {
    let path = abide_host::local::runtime_dir()?.join(format!("{id}.sock"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(system("event loop"))?;
    let served = runtime.block_on(async {
        let connection = connection::open(&start, log).await.map_err(RunError::Refused)?;
        let mut made = Made { connection, ..Made::default() };
        if let Some(wish) = &start.display {
            match Display::open(wish).await {
                Ok(display) => made.display = Some(display),
                // A session without its display is better than none.
                Err(error) => made.shortcoming = Some(format!("X11 is not forwarded: {error}")),
            }
        }
        serve(id, start, made, &path, readiness).await
    });
    // The socket may be gone already; a stale one is only looked at, never trusted.
    let _ = std::fs::remove_file(&path);
    served
}

async fn serve(
    id: SessionId,
    start: Start,
    made: Made,
    path: &Path,
    readiness: &mut Option<Readiness>,
) -> Result<(), RunError> {
    let listener = abide_host::local::listen(path).map_err(system("the session's socket"))?;
    let keys = DoorKeys::default();
    let (visits, visits_in) = mpsc::channel(VISITS_MAX);
    let (carriers, carriers_in) = mpsc::channel(EVENTS_MAX);
    let (arrivals, arrivals_in) = mpsc::channel(ARRIVALS_MAX);
    let (stop, stop_in) = mpsc::channel(1);
    let (forwards, forwards_in) = mpsc::unbounded_channel();
    watch_signals(stop).map_err(system("signals"))?;
    tokio::spawn(door::serve(listener, keys.clone(), visits));
    if lingering::logout(&abide_host::users::current()) == Logout::KillsScope {
        tokio::spawn(scope::leave_login(id));
    }
    if let Some(readiness) = readiness.take() {
        readiness.announce("ready").map_err(system("readiness"))?;
    }
    let outlets = Outlets { carriers, arrivals, forwards };
    let keeper = Keeper::new(id, start, made, keys, outlets);
    let inlets = Inlets {
        visits: visits_in,
        carriers: carriers_in,
        arrivals: arrivals_in,
        stop: stop_in,
        forwards: forwards_in,
    };
    keeper.serve(inlets).await.map_err(system("event loop"))
}

/// SIGTERM and SIGINT stop the keeper in order. SIGHUP is for terminals, which a keeper has none of.
fn watch_signals(stop: mpsc::Sender<&'static str>) -> io::Result<()> {
    let mut hang_up = signal(SignalKind::hangup())?;
    tokio::spawn(async move { while hang_up.recv().await.is_some() {} });
    for (kind, name) in [(SignalKind::terminate(), "SIGTERM"), (SignalKind::interrupt(), "SIGINT")]
    {
        let (mut signals, stop) = (signal(kind)?, stop.clone());
        tokio::spawn(async move {
            signals.recv().await;
            let _ = stop.send(name).await;
        });
    }
    Ok(())
}
