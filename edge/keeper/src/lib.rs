//! The far end: one process for each session, of the user, detached from the login. It owns the
//! program's terminal or pipes, keeps a terminal model, and serves any number of links to clients.
//! Never sees the client; they meet in the link and in `abide_session`'s messages.

mod answers;
mod attachment;
mod backlog;
mod bridge;
mod connection;
mod display;
mod door;
mod drain;
mod environment;
mod flow;
mod keeper;
mod lingering;
mod login;
mod outlet;
mod output;
mod presence;
mod program;
mod refusals;
mod replace;
mod requests;
mod restrictions;
mod run;
mod scope;
mod silent;
mod start;
mod subsystem;
mod tidying;
mod witness;

pub use bridge::{bridge, open_session};
pub use connection::destination;
pub use display::display_ports;
pub use replace::replace;
pub use requests::{ANSWER_WITHIN, Found, Lookup, RequestError, ask, describe_all, find, read_log};
pub use restrictions::terminal_is_doubtful;
pub use run::{RunError, run};
pub use start::{StartError, start};
