//! `abide demo`: the whole thing on this machine, with the cable pulled. One ssh server, one relay,
//! plain ssh and abide side by side, one trial for each fault; everything is gone afterwards.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use abide_demo::playground::Playground;
use abide_demo::relay::Relay;
use abide_demo::report::Row;
use abide_demo::server::{Kind, Server, ServerError, Setup};
use abide_demo::trial::{self, Contestant, TrialError};
use abide_host::clock;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::complaint::Complaint;
use crate::demo::contestants::{ABIDE, Makings, free_udp_port};
use crate::demo::install::install;
use crate::demo::live::Live;
use crate::demo::report::Report;
use crate::demo::scenes::{SCENES, Scene, TIMING};
use crate::demo::sink::{Manner, Sink};
use crate::demo::table;
use crate::exit::Exit;
use crate::print;

/// Pictures of sessions that wait to be shown; at it, the trial leaves some out.
const EVENTS_MAX: usize = 64;
/// About how long it all takes, for those who wait.
const ABOUT: Duration = Duration::from_secs(65);

/// Runs it.
pub(crate) fn run(json: bool) -> Result<Exit, Complaint> {
    // Dropped last, whatever happens below: it ends what was started and removes what was written.
    let playground = Playground::new(&places()).map_err(|error| no_stage(&error))?;
    let sink = Sink::new(json);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        tokio::select! {
            signal = stopped() => Ok(Err(signal?)),
            played = play(&playground, &sink) => played.map(Ok),
        }
    });
    drop(runtime);
    drop(playground);
    let played = match outcome? {
        Ok(played) => played,
        Err(signal) => {
            let name = abide_host::signals::signal_name(signal).unwrap_or("signal");
            print::note(format_args!(
                "abide: the demo was stopped by SIG{name}; nothing is left of it"
            ));
            return Ok(Exit::of_signal(signal));
        }
    };
    let Played { kind, rows, took } = played;
    if json {
        let text = serde_json::to_string_pretty(&Report::new(kind, &rows, took));
        print::out(format!("{}\n", text.map_err(std::io::Error::from)?));
    }
    Ok(if rows.iter().filter(|row| row.tool == ABIDE).all(is_unharmed) {
        Exit::OK
    } else {
        Exit::NO
    })
}

fn is_unharmed(row: &Row) -> bool {
    row.survived && row.lines_lost + row.lines_doubled + row.keys_lost + row.keys_doubled == 0
}

/// What came of it.
struct Played {
    kind: Kind,
    rows: Vec<Row>,
    took: Duration,
}

/// Where the playground may be.
fn places() -> Vec<PathBuf> {
    vec![std::env::temp_dir(), "/tmp".into(), "/var/tmp".into(), abide_host::users::current().home]
}

/// The number of the first signal that asks this program to stop.
async fn stopped() -> Result<i32, Complaint> {
    let mut hang_up = signal(SignalKind::hangup())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(tokio::select! {
        _ = hang_up.recv() => SignalKind::hangup(),
        _ = interrupt.recv() => SignalKind::interrupt(),
        _ = terminate.recv() => SignalKind::terminate(),
    }
    .as_raw_value())
}

async fn play(playground: &Playground, sink: &Sink) -> Result<Played, Complaint> {
    let began = clock::now();
    sink.write(&table::title(sink));
    let environment = playground.environment();
    let setup = Setup { environment: environment.clone(), ..Setup::new(playground.dir()) };
    let server = Server::start(&setup).await.map_err(|error| no_stage(&error))?;
    let keeper_udp = Arc::new(AtomicU16::new(0));
    let relay = Relay::start(server.port(), keeper_udp.clone())
        .map_err(|error| Complaint::new("the demo has no network").because(error.to_string()))?;
    server.reach_through(relay.tcp_port()).map_err(|error| no_stage(&error))?;
    let makings = Makings {
        client_config: server.client_config(),
        relay_udp: relay.udp_port(),
        environment: &environment,
    };
    install(&makings.abide(free_udp_port()?)?).await?;
    sink.write(&table::subtitle(sink, server.kind(), ABOUT));
    if sink.manner() == Manner::Redrawn {
        sink.write(&table::head(sink));
    }

    let mut rows = Vec::new();
    for (number, scene) in SCENES.iter().enumerate() {
        let port = free_udp_port()?;
        keeper_udp.store(port, Ordering::Relaxed);
        let contestants = makings.contestants(port)?;
        let lived = hold(&contestants, number, scene, &relay, sink).await?;
        if sink.manner() == Manner::Redrawn {
            sink.write(&table::rows(sink, scene.name, &lived));
        }
        rows.push(lived);
    }
    if sink.manner() == Manner::Plain {
        sink.write(&format!("\n{}", table::head(sink)));
        for (scene, lived) in SCENES.iter().zip(&rows) {
            sink.write(&table::rows(sink, scene.name, lived));
        }
    }
    let (rows, took) = (rows.concat(), clock::now().since(began));
    sink.write(&table::foot(sink, &rows, took));
    Ok(Played { kind: server.kind(), rows, took })
}

/// One trial, with its view.
async fn hold(
    contestants: &[Contestant],
    number: usize,
    scene: &Scene,
    relay: &Relay,
    sink: &Sink,
) -> Result<Vec<Row>, Complaint> {
    let (events, mut seen) = mpsc::channel(EVENTS_MAX);
    let mut live = Live::begin(sink, number, scene);
    let watch = async {
        while let Some(event) = seen.recv().await {
            live.show(event);
        }
        live.end();
    };
    let trial = trial::hold(contestants, scene.fault, relay, TIMING, events);
    let (rows, ()) = tokio::join!(trial, watch);
    rows.map_err(|error| no_trial(&error))
}

fn no_stage(error: &ServerError) -> Complaint {
    let complaint = Complaint::new("the demo's ssh server cannot be started");
    let complaint = complaint.because(error.to_string());
    match error {
        ServerError::NoTool { .. } => complaint.try_this("apt install openssh-client"),
        ServerError::File { .. } | ServerError::Unquotable { .. } => {
            complaint.try_this("TMPDIR=/some/other/folder abide demo")
        }
        _ => complaint,
    }
}

fn no_trial(error: &TrialError) -> Complaint {
    Complaint::new("the demo could not go on")
        .because(error.to_string())
        .try_this("ABIDE_LOG=/tmp/abide.log abide demo, and look into the log")
}
