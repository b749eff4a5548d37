//! Supervised tunnels that tell the truth, over plain `ssh` or over a link, and autossh. Sees no link: one
//! is carried by another process of this program, which tells what happens to it.

mod alarm;
pub mod autossh;
mod cause;
mod command;
mod file;
mod forward;
mod heard;
mod link_news;
mod notify;
mod probe;
mod side;
mod socks;
pub mod status;
mod supervisor;
mod unit;
mod way;

pub use cause::{Cause, Class, Step};
pub use command::{Words, WordsError};
pub use file::{FileError, MAX_FILE, is_name, name_of, read as read_file};
pub use forward::{Forward, Kind, Listen, MAX_FORWARDS};
pub use link_news::{LinkNews, MAX_LINE};
pub use probe::{Answer, Unknown};
pub use supervisor::{
    Fleet, FleetError, ForwardReport, Limits, MAX_TUNNELS, News, Outcome, PROBE_EVERY, SCHEMA,
    State, StatusReport, Told, Tunnel, TunnelReport, run,
};
pub use unit::{Scope, Unit};
pub use way::{Carrier, LinkOptions, Way};
