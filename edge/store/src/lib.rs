//! Files changed whole or not at all, their backups, and the journal of operations. Knows nothing
//! of what the files say.
//!
//! An operation is written down before it is done ([`Journal::begin`]), then the file is replaced
//! ([`replace()`]), then it is written down that it is done ([`Operation::settle`]). Whoever is killed
//! in between leaves the old file or the new one; [`standing()`] tells which from the hashes.

mod digest;
mod journal;
mod likeness;
mod operation;
mod original;
mod record;
mod replace;
mod standing;
mod step;

pub use digest::Digest;
pub use journal::{Journal, JournalError, MAX_OPERATIONS};
pub use operation::Operation;
pub use original::{Content, MAX_CONTENT, Original, OriginalError, Owner};
pub use record::{OperationId, Outcome, Record};
pub use replace::{ReplaceError, leftover, remove, replace};
pub use standing::{Progress, Standing, standing};
pub use step::{Step, Watcher, unwatched};
