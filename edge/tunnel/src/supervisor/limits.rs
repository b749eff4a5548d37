//! What somebody set for a tunnel, and how it ended. Values only.

use crate::cause::Cause;
use std::time::Duration;

/// What somebody set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// So many starts of ssh at most.
    pub max_starts: Option<u32>,
    /// The tunnel ends after it.
    pub max_lifetime: Option<Duration>,
    /// Between two probes of each forward; `None`: none.
    pub probe_every: Option<Duration>,
    /// Goes on even where only a person can help: under a service manager, or beside other tunnels.
    pub keep_trying: bool,
}

/// Between two probes, unless said otherwise.
pub const PROBE_EVERY: Duration = Duration::from_secs(60);

impl Default for Limits {
    fn default() -> Self {
        let probe_every = Some(PROBE_EVERY);
        Limits { max_starts: None, max_lifetime: None, probe_every, keep_trying: false }
    }
}

/// How a tunnel ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Somebody asked for it.
    Stopped,
    /// `max_lifetime` is over.
    Lifetime,
    /// `max_starts` is used up.
    Starts {
        /// What was wrong last.
        last: Option<Cause>,
    },
    /// No further try would help.
    GaveUp(Cause),
}
