//! What autossh logs, as values with autossh's own words: people search their logs for these.

use super::environment::Level;

/// Something worth a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Note {
    #[error("port set to 0, monitoring disabled")]
    MonitorOff,
    #[error("short poll time: adjusting net timeouts to {0}")]
    ShortPoll(u128),
    #[error("starting ssh (count {0})")]
    Starting(u32),
    #[error("starting ssh (count {0} of {1})")]
    StartingOf(u32, u32),
    #[error("ssh child pid is {0}")]
    Child(u32),
    #[error("max start count reached; exiting")]
    MaxStarts,
    #[error("exceeded maximum time to live, shutting down")]
    Lifetime,
    #[error("checking for grace period, tries = {0}")]
    Tries(u32),
    #[error("sleeping for grace time {0} secs")]
    Grace(u64),
    #[error("signalled to exit")]
    SignalledToExit,
    #[error("received signal to exit ({0})")]
    ExitSignal(i32),
    #[error("signalled to kill and restart ssh")]
    RestartSignal,
    #[error("port down, restarting ssh")]
    PortDown,
    #[error("connection ok")]
    PortUp,
    #[error("{0}")]
    PortFault(String),
    #[error("ssh exited on signal {0}, restarting ssh")]
    KilledBy(i32),
    #[error("ssh exited prematurely with status {0}; autossh exiting")]
    Premature(u8),
    #[error("ssh exited with error status {0}; restarting ssh")]
    ErrorStatus(u8),
    #[error("ssh exited with status {0}; autossh exiting")]
    Status(u8),
    #[error("ssh does not end on SIGTERM: killing it")]
    Stuck,
    #[error("{path}: {reason}")]
    NoProgram { path: String, reason: String },
    #[error("{0}")]
    Fatal(String),
}

impl Note {
    /// How grave it is.
    pub(super) fn level(&self) -> Level {
        match self {
            Note::Premature(_)
            | Note::SignalledToExit
            | Note::NoProgram { .. }
            | Note::Fatal(_) => Level::Error,
            Note::Stuck => Level::Warning,
            Note::Tries(_) | Note::Grace(_) | Note::PortUp => Level::Debug,
            _ => Level::Info,
        }
    }
}
