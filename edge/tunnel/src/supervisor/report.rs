//! What is known of tunnels, as values: for `status --json`, for the service manager, for words.

use crate::cause::Cause;
use crate::probe::Answer;
use crate::way::{Carrier, Way};
use serde::{Deserialize, Serialize};

/// Version of the JSON. Fields are added without a new one; nothing is renamed or removed.
pub const SCHEMA: u32 = 1;

/// Where a tunnel stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// ssh signs in.
    Starting,
    /// All forwards are there.
    Up,
    /// All forwards are there, and not all pass bytes.
    Degraded,
    /// A link whose other end does not answer: the connections inside wait, and live on.
    Outage,
    /// No ssh; the next try is set.
    Waiting,
    /// ssh was told to end.
    Stopping,
    /// It has ended.
    Ended,
}

/// One forward of a tunnel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForwardReport {
    /// As a flag of ssh's.
    pub forward: String,
    /// The last probe's answer.
    #[serde(flatten)]
    pub answer: Answer,
    /// Whole seconds since that probe.
    pub probed_seconds_ago: Option<u64>,
}

/// One tunnel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TunnelReport {
    /// Its name.
    pub name: String,
    /// The host, as it was given.
    pub host: String,
    /// Where it stands.
    pub state: State,
    /// Whole seconds in that state.
    pub state_seconds: u64,
    /// The way that is taken.
    #[serde(default)]
    pub way: Way,
    /// Why it is plain ssh, where a link was wanted.
    #[serde(default)]
    pub plain_because: Option<String>,
    /// What carries the link now.
    #[serde(default)]
    pub carrier: Option<Carrier>,
    /// Starts of ssh, or of the process that carries the link, so far.
    pub starts: u32,
    /// The process number of plain ssh, while there is one.
    pub ssh_pid: Option<u32>,
    /// That of the process that carries the link.
    #[serde(default)]
    pub link_pid: Option<u32>,
    /// What is wrong, or was when the last ssh ended.
    pub cause: Option<Cause>,
    /// Whole seconds to the next try, or probe.
    pub next_seconds: Option<u64>,
    /// Its forwards, once ssh was asked for them.
    pub forwards: Vec<ForwardReport>,
}

/// All tunnels of one process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusReport {
    /// [`SCHEMA`].
    pub schema: u32,
    /// abide's process number.
    pub pid: u32,
    /// Its tunnels.
    pub tunnels: Vec<TunnelReport>,
}

/// Something to tell people when it happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// ssh, or what carries the link, was started.
    Started {
        /// Which start it is.
        count: u32,
        /// Which way.
        way: Way,
    },
    /// No link can be had there: plain ssh follows.
    Unfit {
        /// Why.
        why: String,
    },
    /// The link's other end does not answer; its connections wait.
    Outage,
    /// It answers again.
    Back {
        /// Whole seconds that it did not.
        seconds: u64,
    },
    /// All forwards are there.
    Up,
    /// A probe's answer differs from the one before.
    Probed {
        /// The forward.
        forward: String,
        /// What is known now.
        answer: Answer,
    },
    /// Something is wrong.
    Wrong {
        /// What.
        cause: Cause,
        /// Whole seconds to the next try, when there is no ssh.
        next_seconds: Option<u64>,
    },
    /// A line of ssh's own for people.
    Said(String),
}
