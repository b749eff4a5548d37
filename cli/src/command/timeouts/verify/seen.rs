//! What a watch saw, as values. No judgement.

use std::time::Duration;

use abide_relay::{End, Recogniser};
use abide_terms::Moment;

/// The session ended while it was watched, by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ended {
    /// How long after the last packet of the login.
    pub(super) after: Duration,
    /// Who hung up first, if the relay saw it.
    pub(super) by: Option<End>,
    /// The last thing ssh said.
    pub(super) said: String,
}

/// One side after the cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Alone {
    /// When it last heard something.
    pub(super) heard: Moment,
    /// When it hung up, if it did.
    pub(super) gave_up: Option<Moment>,
    /// How long that was waited for, counted from `heard`.
    pub(super) waited: Duration,
    /// Packets that it sent into the dark.
    pub(super) sent: u32,
}

impl Alone {
    /// How long it stayed.
    pub(super) fn stayed(&self) -> Option<Duration> {
        self.gave_up.map(|at| at.since(self.heard))
    }
}

/// Both sides after the cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) client: Alone,
    pub(super) server: Alone,
}

/// A whole watch.
#[derive(Debug)]
pub(super) struct Seen {
    /// The server's first line.
    pub(super) banner: Option<String>,
    /// How long the session was watched while it was idle.
    pub(super) watched: Duration,
    /// When the watch ended.
    pub(super) until: Moment,
    /// Its packets.
    pub(super) packets: Recogniser,
    /// The session did not last.
    pub(super) ended: Option<Ended>,
    /// The line was cut.
    pub(super) cut: Option<Cut>,
}
