//! The operations, a folder for each: record, content before, content after. Not the changing of
//! files. At most [`MAX_OPERATIONS`] are kept; the oldest go first.

use std::fs::{File, OpenOptions};
use std::io;
use std::marker::PhantomData;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use abide_host::files::{self, PrivateDirError};
use rustix::fs::{FlockOperation, flock};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::operation::{AFTER, BEFORE, PRIVATE, RECORD, RUNNING, seconds_now, write_record};
use crate::{Content, Operation, OperationId, Outcome, Progress, Record, Step, Watcher};

/// How many operations are remembered. With contents of a few kilobytes that is under a megabyte.
pub const MAX_OPERATIONS: usize = 100;
/// The folder of the operations, and the lock that numbers are given under.
const OPERATIONS: &str = "operations";
const LOCK: &str = "lock";
/// A record is a few hundred bytes; more is not read.
const MAX_RECORD: u64 = 64 * 1024;

/// Why the journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Its folder is not private.
    #[error(transparent)]
    Folder(#[from] PrivateDirError),
    /// It cannot be read or written.
    #[error("cannot keep the journal at {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A record that is none.
    #[error("{} is not a record: {said}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        said: String,
    },
    /// There is no such operation.
    #[error("there is no operation {0}")]
    Missing(OperationId),
}

/// The journal in one folder. `A` is what its records say beside hashes.
#[derive(Debug)]
pub struct Journal<A> {
    operations: PathBuf,
    about: PhantomData<A>,
}

impl<A: Serialize + DeserializeOwned + Clone> Journal<A> {
    /// Opens the journal in `folder`, and makes it where it is not.
    ///
    /// # Errors
    /// See [`JournalError`].
    pub fn open(folder: &Path) -> Result<Self, JournalError> {
        files::private_dir(folder)?;
        let operations = folder.join(OPERATIONS);
        files::private_dir(&operations)?;
        Ok(Journal { operations, about: PhantomData })
    }

    /// Writes down that `file` is about to be changed from `before` to `after`, with both contents.
    /// When this returns, a loss of power leaves the record.
    ///
    /// # Errors
    /// See [`JournalError`]; nothing is written down then.
    pub fn begin(
        &self,
        file: &Path,
        before: &Content,
        after: &Content,
        about: A,
        watch: &mut Watcher<'_>,
    ) -> Result<Operation<A>, JournalError> {
        let _numbers = self.lock()?;
        let known = self.ids()?;
        let id = OperationId(known.iter().max().map_or(1, |id| id.0 + 1));
        self.forget(&known, MAX_OPERATIONS - 1);
        let folder = self.folder(id);
        files::private_dir(&folder)?;
        let running = hold(&folder)?;
        watch(Step::FolderMade);
        let record = Record {
            id,
            began: seconds_now(),
            ended: None,
            file: file.to_owned(),
            before: before.digest(),
            after: after.digest(),
            outcome: Outcome::Intended,
            about,
        };
        let kept = keep(&folder, before, after).and_then(|()| {
            watch(Step::BackupsKept);
            write_record(&folder, &record)?;
            sync(&self.operations)
        });
        if let Err(error) = kept {
            let _ = std::fs::remove_dir_all(&folder);
            return Err(error);
        }
        watch(Step::IntentWritten);
        Ok(Operation { folder, record, _running: running })
    }

    /// All operations, oldest first. What was never written down is left out; a damaged record is an
    /// error of its own entry.
    ///
    /// # Errors
    /// [`JournalError::Io`] when the folder cannot be read.
    pub fn list(&self) -> Result<Vec<Result<Record<A>, JournalError>>, JournalError> {
        let mut ids = self.ids()?;
        ids.sort_unstable();
        let written = |id: &OperationId| self.folder(*id).join(RECORD).exists();
        Ok(ids.iter().filter(|id| written(id)).map(|id| self.get(*id)).collect())
    }

    /// One operation.
    ///
    /// # Errors
    /// See [`JournalError`].
    pub fn get(&self, id: OperationId) -> Result<Record<A>, JournalError> {
        let path = self.folder(id).join(RECORD);
        let bytes = match read_bounded(&path, MAX_RECORD) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(JournalError::Missing(id));
            }
            Err(source) => return Err(JournalError::Io { path, source }),
            Ok(bytes) => bytes,
        };
        let damaged = |error: serde_json::Error| JournalError::Damaged {
            path: path.clone(),
            said: error.to_string(),
        };
        serde_json::from_slice(&bytes).map_err(damaged)
    }

    /// The contents before and after, as they were kept. Checked against the record's hashes.
    ///
    /// # Errors
    /// See [`JournalError`]; [`JournalError::Damaged`] when a content is not the recorded one.
    pub fn contents(&self, record: &Record<A>) -> Result<(Content, Content), JournalError> {
        let folder = self.folder(record.id);
        let read = |name: &str, expected| {
            let path = folder.join(name);
            let content = match read_bounded(&path, crate::MAX_CONTENT) {
                Ok(bytes) => Content::Present(bytes),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Content::Absent,
                Err(source) => return Err(JournalError::Io { path, source }),
            };
            if content.digest() != expected {
                let said = "its content is not the one that was recorded".to_owned();
                return Err(JournalError::Damaged { path, said });
            }
            Ok(content)
        };
        Ok((read(BEFORE, record.before)?, read(AFTER, record.after)?))
    }

    /// Whether a living process is at it.
    pub fn progress(&self, id: OperationId) -> Progress {
        let Ok(file) = File::open(self.folder(id).join(RUNNING)) else { return Progress::Over };
        match flock(&file, FlockOperation::NonBlockingLockShared) {
            Ok(()) => Progress::Over,
            Err(_) => Progress::Running,
        }
    }

    /// Writes down another outcome for an operation that is over.
    ///
    /// # Errors
    /// See [`JournalError`].
    pub fn amend(&self, id: OperationId, outcome: Outcome) -> Result<(), JournalError> {
        let record = Record { outcome, ended: Some(seconds_now()), ..self.get(id)? };
        write_record(&self.folder(id), &record)
    }

    fn folder(&self, id: OperationId) -> PathBuf {
        self.operations.join(format!("{:06}", id.0))
    }

    fn ids(&self) -> Result<Vec<OperationId>, JournalError> {
        let failed = |source| JournalError::Io { path: self.operations.clone(), source };
        let mut ids = Vec::new();
        for entry in std::fs::read_dir(&self.operations).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            ids.extend(name.to_str().and_then(|name| name.parse::<OperationId>().ok()));
        }
        Ok(ids)
    }

    /// Makes room. Operations that somebody is at stay; what cannot be removed is tried next time.
    fn forget(&self, known: &[OperationId], keep: usize) {
        let mut known = known.to_vec();
        known.sort_unstable();
        let surplus = known.len().saturating_sub(keep);
        for id in known.into_iter().take(surplus) {
            if self.progress(id) == Progress::Over {
                let _ = std::fs::remove_dir_all(self.folder(id));
            }
        }
    }

    /// Numbers are given by one process at a time; it holds this for milliseconds.
    fn lock(&self) -> Result<File, JournalError> {
        let path = self.operations.join(LOCK);
        let failed = |source| JournalError::Io { path: path.clone(), source };
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(false).mode(PRIVATE).open(&path);
        let file = file.map_err(failed)?;
        rustix::io::retry_on_intr(|| flock(&file, FlockOperation::LockExclusive))
            .map_err(|errno| failed(errno.into()))?;
        Ok(file)
    }
}

fn hold(folder: &Path) -> Result<File, JournalError> {
    let path = folder.join(RUNNING);
    let failed = |source| JournalError::Io { path: path.clone(), source };
    let file = File::create(&path).map_err(failed)?;
    flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|errno| failed(errno.into()))?;
    Ok(file)
}

fn keep(folder: &Path, before: &Content, after: &Content) -> Result<(), JournalError> {
    for (name, content) in [(BEFORE, before), (AFTER, after)] {
        let Some(bytes) = content.bytes() else { continue };
        let path = folder.join(name);
        let failed = |source| JournalError::Io { path: path.clone(), source };
        files::write_atomic(&path, bytes, PRIVATE).map_err(failed)?;
    }
    Ok(())
}

fn sync(folder: &Path) -> Result<(), JournalError> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|source| JournalError::Io { path: folder.to_owned(), source })
}

fn read_bounded(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut io::Read::take(File::open(path)?, max + 1), &mut bytes)?;
    if bytes.len() as u64 > max {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than was written"));
    }
    Ok(bytes)
}
