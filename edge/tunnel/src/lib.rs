//! Supervised plain `ssh`: tunnels that tell the truth, and autossh. Needs no keeper, sees no link.

mod alarm;
pub mod autossh;
mod cause;
mod command;
mod file;
mod forward;
mod heard;
mod notify;
mod probe;
mod side;
pub mod status;
mod supervisor;
mod unit;

pub use cause::{Cause, Class, Step};
pub use command::{Words, WordsError};
pub use file::{FileError, MAX_FILE, is_name, name_of, read as read_file};
pub use forward::{Forward, Kind, Listen, MAX_FORWARDS};
pub use probe::{Answer, Unknown};
pub use supervisor::{
    Fleet, FleetError, ForwardReport, Limits, MAX_TUNNELS, News, Outcome, PROBE_EVERY, SCHEMA,
    State, StatusReport, Told, Tunnel, TunnelReport, run,
};
pub use unit::{Scope, Unit};
