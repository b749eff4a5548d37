//! One operation in progress: intended, not yet come out. Not its file's replacement.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use abide_host::{clock, files};
use serde::Serialize;

use crate::journal::JournalError;
use crate::{OperationId, Outcome, Record, Step, Watcher};

/// Names in an operation's folder.
pub(crate) const RECORD: &str = "record.json";
pub(crate) const BEFORE: &str = "before";
pub(crate) const AFTER: &str = "after";
pub(crate) const RUNNING: &str = "running";
/// Only the owner reads what was in a file.
pub(crate) const PRIVATE: u32 = 0o600;

/// An operation that was written down as intended. While this value lives, others see it as running;
/// dropped without [`Operation::settle`] it stays intended.
#[derive(Debug)]
pub struct Operation<A> {
    pub(crate) folder: PathBuf,
    pub(crate) record: Record<A>,
    /// Its lock goes with the process, however that ends.
    pub(crate) _running: File,
}

impl<A: Serialize> Operation<A> {
    /// Its number.
    pub fn id(&self) -> OperationId {
        self.record.id
    }

    /// What is written down of it.
    pub fn record(&self) -> &Record<A> {
        &self.record
    }

    /// A mark for the file that is made beside the changed one.
    pub fn mark(&self) -> String {
        self.record.id.to_string()
    }

    /// The folder of its own, for what must be kept along.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes down how it came out.
    ///
    /// # Errors
    /// [`JournalError::Io`]; the operation then stays intended, and hashes tell the rest.
    pub fn settle(mut self, outcome: Outcome, watch: &mut Watcher<'_>) -> Result<(), JournalError> {
        self.record.outcome = outcome;
        self.record.ended = Some(seconds_now());
        write_record(&self.folder, &self.record)?;
        watch(Step::OutcomeWritten);
        Ok(())
    }
}

pub(crate) fn write_record<A: Serialize>(
    folder: &Path,
    record: &Record<A>,
) -> Result<(), JournalError> {
    let path = folder.join(RECORD);
    let failed = |source: io::Error| JournalError::Io { path: path.clone(), source };
    let text = serde_json::to_vec_pretty(record).map_err(|error| failed(error.into()))?;
    files::write_atomic(&path, &text, PRIVATE).map_err(failed)
}

/// Wall time, as journals have it.
pub(crate) fn seconds_now() -> u64 {
    let since = clock::wall().duration_since(std::time::SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
