//! An sshd's settings, on this machine or over ssh: one shell script, sent to `sh`, looks, checks,
//! applies and puts back, so that the server needs nothing of ours. Not the planning of edits.

mod apply;
mod asker;
mod change;
mod door;
mod look;
mod piece;
mod said;
mod shell;
mod way;

pub use apply::{Applied, ApplyError, Proof, Refusal, RolledBack, Word, apply, check};
pub use asker::{Asker, UnknownCriterion};
pub use change::{ServerError, change};
pub use door::{Person, opens};
pub use look::{Look, LookError, Reload, look};
pub use piece::{Sent, ServerPlace};
pub use said::Said;
pub use shell::{Shell, ShellError};
pub use way::{Login, Way};
