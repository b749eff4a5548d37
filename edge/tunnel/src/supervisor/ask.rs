//! Asks the server what holds a port that it would not listen at: by another ssh, without forwards,
//! that connects to the port from the server's side.

use crate::cause::Cause;
use crate::command::Words;
use crate::forward::Forward;
use crate::side::{Spoke, open};
use std::ffi::OsString;
use std::time::Duration;

/// For the sign-in, and for whoever has the port to speak first.
const SETTLE: Duration = Duration::from_secs(6);
/// For its reaction to the end of input.
const REACT: Duration = Duration::from_secs(4);

/// What holds `listen`, one of `forwards`.
pub(super) async fn ask(
    ssh: OsString,
    words: Words,
    forwards: Vec<Forward>,
    listen: String,
) -> Cause {
    let is_it = |forward: &&Forward| forward.port().is_some_and(|port| port.to_string() == listen);
    let Some(forward) = forwards.iter().find(is_it) else {
        return Cause::RemoteForwardRefused { listen };
    };
    let mut argv = words.as_given().to_vec();
    argv.extend(["-o", "BatchMode=yes", "-o", "ConnectTimeout=5"].map(OsString::from));
    argv.extend(["-o", "ControlMaster=no", "-o", "ControlPath=none"].map(OsString::from));
    let port = forward.port().unwrap_or_default();
    for address in forward.listen.reached_at() {
        let listen = listen.clone();
        match open(&ssh, argv.clone(), &address, port, SETTLE, REACT).await {
            Spoke::Said { line } => return Cause::RemotePortTaken { listen, says: Some(line) },
            Spoke::Closed => return Cause::RemotePortTaken { listen, says: None },
            Spoke::Silent => return Cause::RemoteListenerStale { listen },
            Spoke::Refused { .. } => {}
        }
    }
    Cause::RemoteForwardRefused { listen }
}
