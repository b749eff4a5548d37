//! Trials with plain `ssh`: without a fault it lives and loses nothing, and what kills it is seen
//! to kill it.
#![allow(clippy::unwrap_used)]

mod setup;

use std::sync::Arc;
use std::time::Duration;

use abide_demo::relay::Relay;
use abide_demo::report::Row;
use abide_demo::server::{HOST, Kind, Server};
use abide_demo::trial::{Contestant, Event, Fault, State, Timing, TrialError, hold};
use abide_host::command::ShellCommand;
use tokio::sync::mpsc;

const KIND: Kind = if cfg!(feature = "embedded-server") { Kind::Embedded } else { Kind::System };
const TIMING: Timing = Timing {
    calm: Duration::from_millis(1000),
    recovery: Duration::from_secs(2),
    settle: Duration::from_secs(1),
};

struct Stage {
    server: Server,
    relay: Relay,
}

impl Stage {
    async fn new() -> Self {
        let server = Server::start(&setup::setup(KIND)).await.unwrap();
        let relay = Relay::start(server.port(), Arc::default()).unwrap();
        server.reach_through(relay.tcp_port()).unwrap();
        Self { server, relay }
    }

    fn ssh(&self, host: &str) -> Contestant {
        let mut command = ShellCommand::new("ssh");
        command.args = vec!["-F".into(), self.server.client_config().into()];
        command.args.extend(["-t".into(), host.into()]);
        command.env =
            vec![("PATH".into(), "/usr/bin:/bin".into()), ("TERM".into(), "vt100".into())];
        Contestant { tool: "ssh".into(), command }
    }

    async fn hold(&self, fault: Fault) -> (Row, Vec<Event>) {
        let (events, mut seen) = mpsc::channel(1000);
        let mut rows = hold(&[self.ssh(HOST)], fault, &self.relay, TIMING, events).await.unwrap();
        let mut all = Vec::new();
        while let Ok(event) = seen.try_recv() {
            all.push(event);
        }
        (rows.remove(0), all)
    }
}

#[tokio::test]
async fn without_a_fault_nothing_is_lost() {
    let stage = Stage::new().await;
    let (row, events) = stage.hold(Fault::None).await;
    assert!(row.survived, "{row:?}");
    assert!(row.first_echo.unwrap() < Duration::from_secs(1), "{row:?}");
    let bad = (row.lines_lost, row.lines_doubled, row.keys_lost, row.keys_doubled);
    assert_eq!(bad, (0, 0, 0, 0), "{row:?}");
    assert!(events.iter().any(|event| event.state == State::Live && event.lines > 3));
}

#[tokio::test]
async fn a_short_cut_is_survived_in_silence() {
    let stage = Stage::new().await;
    let (row, events) = stage.hold(Fault::Cable(Duration::from_secs(2))).await;
    assert!(row.survived, "{row:?}");
    assert_eq!((row.lines_lost, row.keys_lost), (0, 0), "{row:?}");
    assert!(events.iter().any(|event| event.state == State::Silent), "{events:?}");
}

#[tokio::test]
async fn a_reset_kills_ssh() {
    let stage = Stage::new().await;
    let (row, events) = stage.hold(Fault::Reset).await;
    assert_eq!((row.survived, row.first_echo), (false, None), "{row:?}");
    assert!(row.keys_lost > 0, "{row:?}");
    assert_eq!(row.fault, "reset");
    assert_eq!(events.last().unwrap().state, State::Ended);
}

#[tokio::test]
async fn a_new_address_leaves_ssh_hanging() {
    let stage = Stage::new().await;
    let (row, events) = stage.hold(Fault::Address).await;
    assert!(!row.survived, "{row:?}");
    assert!(row.keys_lost > 0, "{row:?}");
    assert!(events.iter().any(|event| event.state == State::Silent), "{events:?}");
}

#[tokio::test]
async fn a_tool_that_gives_no_session_says_why() {
    let stage = Stage::new().await;
    let (events, _seen) = mpsc::channel(1);
    let contestant = stage.ssh("no-such-host.invalid");
    let error = hold(&[contestant], Fault::None, &stage.relay, TIMING, events).await.unwrap_err();
    let TrialError::NotReady { tool, said, .. } = error else { panic!("{error}") };
    assert_eq!(tool, "ssh");
    assert!(said.contains("no-such-host"), "{said}");
}
