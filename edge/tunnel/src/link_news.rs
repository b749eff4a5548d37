//! What the process that carries a tunnel over a link tells its supervisor: one line of JSON each, on its
//! stdout. Both are always of one build.

use crate::cause::Cause;
use crate::heard::Heard;
use crate::way::Carrier;
use serde::{Deserialize, Serialize};

/// A line longer than this is cut off by its reader, bytes; writers keep below it.
pub const MAX_LINE: usize = 4096;

/// Something happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "news", rename_all = "kebab-case")]
pub enum LinkNews {
    /// The keeper is being sent.
    Sending {
        /// So much of it is, percent.
        percent: u64,
    },
    /// The keeper answered.
    Reached,
    /// All forwards are there.
    Ready,
    /// No carrier can be trusted.
    Silent,
    /// One answers again.
    Heard,
    /// The link is on this carrier.
    On {
        /// Which.
        carrier: Carrier,
    },
    /// ssh was run for a new carrier, and failed.
    SshFailed {
        /// Why.
        cause: Cause,
    },
    /// A connection was not made there.
    NotOpened {
        /// sshd's words, or the keeper's.
        why: String,
    },
    /// A connection that came from the server was not made here.
    NotDialled {
        /// Where it was to lead.
        target: String,
    },
    /// A connection came from the server, to this port of it.
    Incoming {
        /// The port.
        port: u16,
    },
    /// The server chose a port.
    Allocated {
        /// Which.
        port: u16,
        /// Where it leads.
        target: String,
    },
    /// The server does not listen there.
    RemoteFailed {
        /// The port or path.
        listen: String,
    },
    /// Somebody else has this address here.
    LocalTaken {
        /// The address and port, or the path.
        listen: String,
        /// The system's words.
        reason: String,
    },
    /// Something for people.
    Said {
        /// A line.
        line: String,
    },
    /// No keeper can run there, or what is asked for does not go over a link. The process ends.
    Unfit {
        /// Why.
        why: String,
    },
    /// The process ends.
    Over {
        /// Why.
        cause: Cause,
    },
}

impl LinkNews {
    /// The same as ssh would have said it, where ssh says such.
    pub(crate) fn as_heard(&self) -> Option<Heard> {
        Some(match self.clone() {
            LinkNews::Reached => Heard::Authenticated,
            LinkNews::Ready => Heard::Session,
            LinkNews::NotOpened { why } => Heard::OpenFailed { reason: why },
            LinkNews::NotDialled { target } => Heard::TargetFailed { target },
            LinkNews::Incoming { port } => Heard::Forwarded { port },
            LinkNews::Allocated { port, target } => Heard::Allocated { port, target },
            LinkNews::RemoteFailed { listen } => Heard::RemoteFailed { listen },
            LinkNews::LocalTaken { listen, reason } => Heard::LocalTaken { listen, reason },
            LinkNews::Said { .. } => Heard::Said,
            _ => return None,
        })
    }
}
