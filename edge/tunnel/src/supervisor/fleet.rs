//! Several tunnels in one process: what they share, what the world tells them, how they end. Each
//! goes its own way; one that gives up does not end the others.

use super::drive::{Driver, Files, Wishes};
use super::report::{ForwardReport, News, SCHEMA, State, StatusReport, TunnelReport};
use super::session_name::Place;
use super::{Outcome, Tunnel};
use crate::alarm::{self, Alarm};
use crate::notify::Notifier;
use crate::status::{self, Door};
use abide_host::{clock, network};
use abide_terms::Moment;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, watch};

/// At most so many tunnels in one process; more are refused.
pub const MAX_TUNNELS: usize = 64;

/// Hears what happens to tunnels.
pub type Told = Box<dyn Fn(&str, &News) + Send + Sync>;

/// What to run, and how.
pub struct Fleet {
    /// The tunnels, each with a name of its own.
    pub tunnels: Vec<Tunnel>,
    /// The ssh to run.
    pub ssh: OsString,
    /// Where control sockets and the status socket are made: private to the user.
    pub directory: PathBuf,
    /// NOTIFY_SOCKET of a service manager.
    pub notify_socket: Option<OsString>,
    /// WATCHDOG_USEC of a service manager.
    pub watchdog: Option<Duration>,
    /// Hears what happens.
    pub told: Told,
}

/// Why no tunnel could even be tried.
#[derive(Debug, thiserror::Error)]
pub enum FleetError {
    /// More than there may be.
    #[error("{0} tunnels are more than the {MAX_TUNNELS} that one abide keeps")]
    TooMany(usize),
    /// Two tunnels of one name.
    #[error("two tunnels are called `{0}`")]
    SameName(String),
    /// Another abide keeps a tunnel of that name.
    #[error("a tunnel called `{name}` is kept already, by process {pid}")]
    Kept {
        /// The name.
        name: String,
        /// Whose it is.
        pid: u32,
    },
    /// The system refused something.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// What all drivers share.
pub(crate) struct Shared {
    pub(crate) ssh: OsString,
    place: Place,
    told: Told,
    known: Mutex<Vec<Known>>,
    changed: Notify,
}

/// A report, with moments in place of the seconds that pass meanwhile.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) report: TunnelReport,
    pub(crate) forwards: Vec<(ForwardReport, Option<Moment>)>,
    pub(crate) since: Moment,
    pub(crate) due: Option<Moment>,
}

impl Shared {
    pub(crate) fn tell(&self, name: &str, news: &News) {
        (self.told)(name, news);
    }

    /// What a tunnel's session is called on its server.
    pub(crate) fn session_name(&self, tunnel: &str) -> String {
        self.place.session_name(tunnel)
    }

    /// Takes note of where a tunnel stands.
    pub(crate) fn keep(&self, known: Known) {
        let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match all.iter_mut().find(|it| it.report.name == known.report.name) {
            Some(old) => *old = known,
            None => all.push(known),
        }
        drop(all);
        self.changed.notify_one();
    }

    /// What is known now.
    pub(crate) fn report(&self) -> StatusReport {
        let now = clock::now();
        let all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let tunnels = all.iter().map(|known| known.at(now)).collect();
        StatusReport { schema: SCHEMA, pid: std::process::id(), tunnels }
    }
}

impl Known {
    fn at(&self, now: Moment) -> TunnelReport {
        let mut report = self.report.clone();
        report.state_seconds = now.since(self.since).as_secs();
        report.next_seconds = self.due.map(|due| due.since(now).as_secs());
        let probed = |(forward, probed): &(ForwardReport, Option<Moment>)| ForwardReport {
            probed_seconds_ago: probed.map(|probed| now.since(probed).as_secs()),
            ..forward.clone()
        };
        report.forwards = self.forwards.iter().map(probed).collect();
        report
    }
}

/// Keeps the tunnels up until each has ended; gives how each ended, in their order. The caller is a
/// process of its own: signals are caught. TERM and INT end all, USR1 gives each another ssh, HUP and
/// USR2 end every wait.
///
/// # Errors
/// See [`FleetError`].
pub fn run(fleet: Fleet) -> Result<Vec<(String, Outcome)>, FleetError> {
    check(&fleet)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(keep(fleet))
}

fn check(fleet: &Fleet) -> Result<(), FleetError> {
    if fleet.tunnels.len() > MAX_TUNNELS {
        return Err(FleetError::TooMany(fleet.tunnels.len()));
    }
    let names: Vec<&String> = fleet.tunnels.iter().map(|tunnel| &tunnel.name).collect();
    for (index, name) in names.iter().enumerate() {
        if names[..index].contains(name) {
            return Err(FleetError::SameName((*name).clone()));
        }
    }
    for report in status::all(std::slice::from_ref(&fleet.directory)) {
        let taken = report.names().find(|kept| names.iter().any(|name| name == kept));
        if let Some(name) = taken {
            return Err(FleetError::Kept { name: name.to_owned(), pid: report.pid });
        }
    }
    Ok(())
}

async fn keep(fleet: Fleet) -> Result<Vec<(String, Outcome)>, FleetError> {
    let Fleet { tunnels, ssh, directory, notify_socket, watchdog, told } = fleet;
    super::orphans::end_all(&ssh, &directory).await;
    let place = Place::here(&directory);
    let known = Mutex::new(Vec::new());
    let shared = Arc::new(Shared { ssh, place, told, known, changed: Notify::new() });
    let (wishes, wish) = watch::channel(Wishes::default());
    let wishes = Arc::new(wishes);
    listen_to_signals(&wishes)?;
    tokio::spawn(listen_to_network(Arc::clone(&wishes)));
    let door = Door::open(&directory)?;
    tokio::spawn(door.serve(Arc::clone(&shared)));
    let notifier = Notifier::new(notify_socket);
    if let Some(watchdog) = watchdog {
        tokio::spawn(feed(notifier.clone(), watchdog));
    }
    tokio::spawn(tell_manager(notifier.clone(), Arc::clone(&shared), tunnels.len()));
    let mut running = Vec::new();
    for (index, tunnel) in tunnels.into_iter().enumerate() {
        let name = tunnel.name.clone();
        let files = Files::new(&directory, index);
        let driver = Driver::new(tunnel, Arc::clone(&shared), files);
        running.push((name, tokio::spawn(driver.run(wish.clone()))));
    }
    let mut outcomes = Vec::new();
    for (name, driver) in running {
        // A driver that panicked is a fault of ours: the others go on, and it counts as stopped.
        outcomes.push((name, driver.await.unwrap_or(Outcome::Stopped)));
    }
    notifier.send("STOPPING=1");
    Ok(outcomes)
}

fn listen_to_signals(wishes: &Arc<watch::Sender<Wishes>>) -> std::io::Result<()> {
    type Change = fn(&mut Wishes);
    let stop: Change = |wishes| wishes.stop = true;
    let prod: Change = |wishes| wishes.network += 1;
    let restart: Change = |wishes| wishes.restarts += 1;
    for (kind, change) in [
        (SignalKind::terminate(), stop),
        (SignalKind::interrupt(), stop),
        (SignalKind::quit(), stop),
        (SignalKind::user_defined1(), restart),
        (SignalKind::user_defined2(), prod),
        (SignalKind::hangup(), prod),
    ] {
        let mut stream = signal(kind)?;
        let wishes = Arc::clone(wishes);
        tokio::spawn(async move {
            while stream.recv().await.is_some() {
                wishes.send_modify(change);
            }
        });
    }
    Ok(())
}

/// Without word from the kernel (a sandbox may forbid it) tunnels are tried at their times alone.
async fn listen_to_network(wishes: Arc<watch::Sender<Wishes>>) {
    let Ok(mut monitor) = network::Monitor::open() else { return };
    let Ok(socket) = std::os::fd::AsFd::as_fd(&monitor).try_clone_to_owned() else { return };
    let Ok(readable) = alarm::watch(socket) else { return };
    loop {
        let Ok(mut ready) = readable.readable().await else { return };
        ready.clear_ready();
        match monitor.drain() {
            Ok(true) => wishes.send_modify(|wishes| wishes.network += 1),
            Ok(false) => {}
            Err(_) => return,
        }
    }
}

/// Tells the service manager's watchdog that the event loop turns, twice in each of its periods.
async fn feed(notifier: Notifier, period: Duration) {
    let Ok(mut alarm) = Alarm::new() else { return };
    loop {
        notifier.send("WATCHDOG=1");
        if alarm.until(Some(clock::now() + period / 2)).await.is_err() {
            return;
        }
    }
}

/// READY once every tunnel has been up and was probed, STATUS whenever something changes.
async fn tell_manager(notifier: Notifier, shared: Arc<Shared>, count: usize) {
    let mut is_ready = false;
    let mut last = String::new();
    loop {
        shared.changed.notified().await;
        let report = shared.report();
        let is_up = |tunnel: &TunnelReport| tunnel.state == State::Up;
        let up = report.tunnels.iter().filter(|tunnel| is_up(tunnel)).count();
        let usable = |tunnel: &TunnelReport| matches!(tunnel.state, State::Up | State::Degraded);
        let usable = report.tunnels.iter().filter(|tunnel| usable(tunnel)).count();
        if !is_ready && usable == count {
            is_ready = true;
            notifier.send("READY=1");
        }
        let wrong = report.tunnels.iter().filter_map(|tunnel| {
            let cause = serde_json::to_value(tunnel.cause.as_ref()?).ok()?;
            Some(format!("; {}: {}", tunnel.name, cause["code"].as_str()?))
        });
        let status = format!("STATUS={up} of {count} up{}", wrong.collect::<String>());
        if status != last {
            notifier.send(&status);
            last = status;
        }
    }
}
