//! How an operation stands now, from what the journal says and what the file holds. Pure.

use crate::{Digest, Outcome, Record};

/// Whether somebody is at it right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// A living process holds the operation.
    Running,
    /// Nobody does.
    Over,
}

/// How an operation stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is being done.
    Running,
    /// Done, and the file is as it left it.
    Done,
    /// The file holds the new content; who did it was killed before writing that down.
    DoneUnrecorded,
    /// The file holds the old content; who began it was killed before.
    NotDone,
    /// Taken back or put back.
    Over,
    /// Done, and the file has been changed since.
    ChangedSince,
    /// Killed on the way, and the file holds neither content: somebody changed it since.
    ChangedSinceUnrecorded,
    /// The file was not looked at.
    NotChecked,
}

/// From the record, whether somebody is at it, and the file's present content: `None` when nobody
/// looked, `Some(None)` when there is no file.
pub fn standing<A>(
    record: &Record<A>,
    progress: Progress,
    present: Option<Option<Digest>>,
) -> Standing {
    match (&record.outcome, progress) {
        (Outcome::RolledBack { .. } | Outcome::Undone { .. }, _) => return Standing::Over,
        (_, Progress::Running) => return Standing::Running,
        _ => {}
    }
    let recorded = record.outcome == Outcome::Done;
    match present {
        None => Standing::NotChecked,
        Some(present) if present == record.after && recorded => Standing::Done,
        Some(present) if present == record.after => Standing::DoneUnrecorded,
        Some(present) if present == record.before && !recorded => Standing::NotDone,
        Some(_) if recorded => Standing::ChangedSince,
        Some(_) => Standing::ChangedSinceUnrecorded,
    }
}
