//! Keeps tunnels up: one machine and one driver for each, side by side.

mod ask;
mod backoff;
mod drive;
mod fleet;
mod limits;
mod login;
mod machine;
mod orphans;
mod phase;
mod report;
mod session_name;

pub(crate) use fleet::Shared;
pub use fleet::{Fleet, FleetError, MAX_TUNNELS, Told, run};
pub use limits::{Limits, Outcome, PROBE_EVERY};
pub use report::{ForwardReport, News, SCHEMA, State, StatusReport, TunnelReport};

use crate::command::Words;
use crate::way::{LinkOptions, Way};

/// One tunnel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tunnel {
    /// What it is called: in listings, logs, and files.
    pub name: String,
    /// ssh's flags and the host.
    pub words: Words,
    /// What somebody set.
    pub limits: Limits,
    /// The way that is wanted. A link gives way to plain ssh where no keeper can run.
    pub way: Way,
    /// What a link may use.
    pub link: LinkOptions,
}
