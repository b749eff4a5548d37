//! Where a tunnel stands and what is to be done for it. Values only; the machine has the rules.

use super::limits::Outcome;
use crate::cause::Cause;
use abide_terms::Moment;
use std::time::Duration;

/// What the driver has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Start,
    /// SIGTERM to ssh.
    Stop,
    /// SIGKILL to ssh.
    Kill,
    /// Let a link try again at once, whatever it waits for.
    Prod,
    /// Probe every forward.
    Probe,
    /// Find out what holds this port on the server.
    Ask {
        listen: String,
    },
    Finish(Outcome),
}

/// Where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// No ssh; the next one at `until`.
    Waiting {
        until: Moment,
    },
    /// ssh signs in.
    Starting {
        since: Moment,
    },
    /// All forwards are there.
    Up {
        since: Moment,
        probe_at: Option<Moment>,
        probing: bool,
        /// Nothing answers: only a link is up all the same.
        quiet: Option<Quiet>,
    },
    /// No ssh: the server is being asked what holds a port.
    Asking {
        lived: Duration,
    },
    /// ssh was told to end.
    Stopping {
        next: Next,
        until: Moment,
        killed: bool,
    },
    Over,
}

/// A link in an outage: its connections wait. No probe is made, and nothing is ended for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Quiet {
    pub(crate) since: Moment,
    /// When it is worth telling; nothing once it was told.
    pub(crate) tell_at: Option<Moment>,
    /// When to prod a link that waits for a person.
    pub(crate) prod_at: Option<Moment>,
}

/// After an ssh that was told to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Another one, because of this; it had been up for so long.
    Retry {
        cause: Cause,
        lived: Duration,
    },
    /// Another one at once.
    Restart,
    Finish(Outcome),
}
