//! Whether a forward passes bytes: a connection through the user's own forward, from where its users
//! connect. Each answer is yes, no and why, or not known and why. Nothing is sent but the end of
//! input (and for `-D` a request): what is told comes from what the target does then.

use crate::cause::Cause;
use crate::forward::{Forward, Kind, Listen};
use crate::heard::Heard;
use crate::side::{FORBIDDEN, Side, Spoke};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

/// A target that refuses is heard of, and one that speaks first speaks, within this.
const SETTLE: Duration = Duration::from_millis(1_500);
/// After the end of input a target closes, or says something, within this.
const REACT: Duration = Duration::from_millis(2_500);
/// ssh may say why a moment after it closed the connection.
const WORDS: Duration = Duration::from_millis(300);
/// A port of the server's that nothing listens at as a rule: any answer proves the way there.
const DISCARD: u16 = 9;

/// What is known of a forward.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Answer {
    /// Bytes came through, or the target closed after we did.
    Yes,
    /// It does not work.
    No {
        /// Why.
        cause: Cause,
    },
    /// It could not be told.
    NotKnown {
        /// Why not.
        why: Unknown,
    },
}

/// Why it could not be told whether a forward works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unknown {
    /// Not probed yet.
    NotYet,
    /// Probes are switched off.
    Off,
    /// The target took the connection, and neither spoke nor closed; the way to the server works.
    TargetQuiet,
    /// The server allows no connection to its own port.
    NotAllowed,
    /// Only a program on the server could try a unix socket there.
    UnixSocketThere,
    /// The server chooses the port, and has not said which.
    NoPort,
    /// ssh's own options leave abide no way to open another channel.
    NoControl,
}

/// What a connection did.
enum Did {
    Spoke,
    Closed,
    Nothing,
}

/// Probes one forward.
pub(crate) async fn probe(forward: &Forward, side: &Side) -> Answer {
    match forward.kind {
        Kind::Local => local(forward, side).await,
        Kind::Dynamic => dynamic(forward).await,
        Kind::Remote => remote(forward, side).await,
    }
}

trait Both: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send {}
impl<T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send> Both for T {}

async fn connect(forward: &Forward) -> Option<Box<dyn Both>> {
    if let Listen::Path(path) = &forward.listen {
        return Some(Box::new(UnixStream::connect(path).await.ok()?));
    }
    for address in forward.listen.reached_at() {
        let to = (address.as_str(), forward.port()?);
        if let Ok(Ok(stream)) = timeout(SETTLE, TcpStream::connect(to)).await {
            return Some(Box::new(stream));
        }
    }
    None
}

async fn watch(stream: &mut Box<dyn Both>, within: Duration) -> Did {
    match timeout(within, stream.read(&mut [0; 64])).await {
        Ok(Ok(1..)) => Did::Spoke,
        Ok(Ok(0) | Err(_)) => Did::Closed,
        Err(_) => Did::Nothing,
    }
}

async fn local(forward: &Forward, side: &Side) -> Answer {
    let mark = side.mark();
    let flag = forward.flag();
    let Some(mut stream) = connect(forward).await else {
        return Answer::No { cause: Cause::ListenerGone { forward: flag } };
    };
    match watch(&mut stream, SETTLE).await {
        Did::Spoke => return Answer::Yes,
        Did::Closed => {
            let refused =
                side.wait_for(mark, WORDS, |heard| matches!(heard, Heard::OpenFailed { .. }));
            return match refused.await {
                Some(Heard::OpenFailed { reason }) => refusal(flag, reason),
                _ => Answer::Yes,
            };
        }
        Did::Nothing => {}
    }
    let _ = stream.shutdown().await;
    match watch(&mut stream, REACT).await {
        Did::Spoke | Did::Closed => Answer::Yes,
        Did::Nothing => quiet(flag, side).await,
    }
}

fn refusal(forward: String, reason: String) -> Answer {
    let cause = if reason.starts_with(FORBIDDEN) {
        Cause::ForwardForbidden { forward }
    } else {
        Cause::TargetRefused { forward, reason }
    };
    Answer::No { cause }
}

/// Nothing came back: is it the target, or the way to the server?
async fn quiet(forward: String, side: &Side) -> Answer {
    if side.is_link || !side.has_inside() {
        return Answer::NotKnown { why: Unknown::TargetQuiet };
    }
    match side.open("127.0.0.1", DISCARD, SETTLE, REACT).await {
        Spoke::Silent => Answer::No { cause: Cause::Silent { forward } },
        _ => Answer::NotKnown { why: Unknown::TargetQuiet },
    }
}

/// Asks for a connection to the server's own port 9: whatever becomes of it, it came from there.
async fn dynamic(forward: &Forward) -> Answer {
    let flag = forward.flag();
    let Some(mut stream) = connect(forward).await else {
        return Answer::No { cause: Cause::ListenerGone { forward: flag } };
    };
    let [high, low] = DISCARD.to_be_bytes();
    let hello = [5, 1, 0];
    let request = [5, 1, 0, 1, 127, 0, 0, 1, high, low];
    let mut reply = [0; 2];
    let greeted = stream.write_all(&hello).await.is_ok()
        && matches!(timeout(SETTLE, stream.read_exact(&mut reply)).await, Ok(Ok(_)))
        && reply == [5, 0]
        && stream.write_all(&request).await.is_ok();
    if !greeted {
        return Answer::No { cause: Cause::ListenerGone { forward: flag } };
    }
    // ssh answers the request at once by itself; what follows is the server's.
    let mut own = [0; 10];
    let _ = timeout(SETTLE, stream.read_exact(&mut own)).await;
    match watch(&mut stream, SETTLE + REACT).await {
        Did::Spoke | Did::Closed => Answer::Yes,
        Did::Nothing => Answer::No { cause: Cause::Silent { forward: flag } },
    }
}

/// Connects, on the server, to the port; ssh says when a connection comes to it.
async fn remote(forward: &Forward, side: &Side) -> Answer {
    let unknown = |why| Answer::NotKnown { why };
    if matches!(forward.listen, Listen::Path(_)) {
        return unknown(Unknown::UnixSocketThere);
    }
    let Some(port) = forward.port().or_else(|| side.allocated(&forward.target)) else {
        return unknown(Unknown::NoPort);
    };
    if !side.has_inside() {
        return unknown(Unknown::NoControl);
    }
    let mut last = unknown(Unknown::NotAllowed);
    for address in forward.listen.reached_at() {
        last = remote_at(forward, &address, port, side).await;
        if !matches!(last, Answer::No { cause: Cause::ListenerGone { .. } }) {
            break;
        }
    }
    last
}

async fn remote_at(forward: &Forward, address: &str, port: u16, side: &Side) -> Answer {
    let (flag, listen) = (forward.flag(), forward.listen.to_string());
    let mark = side.mark();
    let no = |cause| Answer::No { cause };
    let opened = side.open(address, port, SETTLE, REACT).await;
    let ours = |heard: &Heard| *heard == Heard::Forwarded { port };
    if side.wait_for(mark, WORDS, ours).await.is_some() {
        let failed = |heard: &Heard| matches!(heard, Heard::TargetFailed { .. });
        let refused = side.wait_for(mark, Duration::ZERO, failed).await;
        return match refused {
            Some(_) => no(Cause::TargetRefused {
                forward: flag,
                reason: "connection refused on this machine".into(),
            }),
            None => Answer::Yes,
        };
    }
    match opened {
        Spoke::Refused { forbidden: true } => Answer::NotKnown { why: Unknown::NotAllowed },
        Spoke::Refused { forbidden: false } => no(Cause::ListenerGone { forward: flag }),
        Spoke::Said { line } => no(Cause::RemotePortTaken { listen, says: Some(line) }),
        Spoke::Closed => no(Cause::RemotePortTaken { listen, says: None }),
        Spoke::Silent => match quiet(flag, side).await {
            Answer::NotKnown { .. } => no(Cause::RemoteListenerStale { listen }),
            silent => silent,
        },
    }
}
