//! Replaces one file: the old one or the new one is there at every moment, whole. Not the journal.
//!
//! One gap remains, which no call of the kernel closes: who writes into the file between the last
//! look at it and the rename, microseconds later, is not seen.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use crate::likeness::{LikenessError, make_like};
use crate::{Original, OriginalError, Step, Watcher};

/// The mode of a file that was not there before: a user's own.
const NEW_MODE: u32 = 0o600;

/// Why a file was not replaced. It is as it was, save for [`ReplaceError::NotSynced`].
#[derive(Debug, thiserror::Error)]
pub enum ReplaceError {
    /// Somebody else changed it after it was read.
    #[error("{} was changed by somebody else meanwhile", .0.display())]
    Changed(PathBuf),
    /// Nobody may write it.
    #[error("{} is read-only (mode {mode:04o})", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It has other names, which would keep the old content.
    #[error("{} has {names} names (hard links), and a replacement would have one", path.display())]
    SeveralNames {
        /// The file.
        path: PathBuf,
        /// How many.
        names: u64,
    },
    /// The disk or the quota is full.
    #[error("no space is left for a new {}", .0.display())]
    Full(PathBuf),
    /// It can no longer be read.
    #[error(transparent)]
    Original(#[from] OriginalError),
    /// The new file cannot be made like the old one.
    #[error("a new {} would not be like the old one: {source}", path.display())]
    Likeness {
        /// The file.
        path: PathBuf,
        /// What would differ.
        source: LikenessError,
    },
    /// The new file cannot be made or put in place.
    #[error("cannot replace {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It was replaced, and whether a loss of power would undo that is not known.
    #[error("{} was replaced, but its folder could not be synced: {source}", path.display())]
    NotSynced {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Where the new file is made: beside the old one, named after `mark`, which must be the caller's
/// own (a leftover of the same mark is removed).
pub fn leftover(real: &Path, mark: &str) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(real.file_name().unwrap_or_default());
    name.push(".abide-");
    name.push(mark);
    real.with_file_name(name)
}

/// Replaces `original` by `bytes`, like the old file in owner, mode and attributes; 0600 where there
/// was none. Links stay: the file they lead to is replaced.
///
/// # Errors
/// See [`ReplaceError`].
pub fn replace(
    original: &Original,
    bytes: &[u8],
    mark: &str,
    watch: &mut Watcher<'_>,
) -> Result<(), ReplaceError> {
    may_be_replaced(original)?;
    let fresh = leftover(&original.real, mark);
    let _ = std::fs::remove_file(&fresh);
    let placed = write_fresh(original, &fresh, bytes, watch).and_then(|()| place(original, &fresh));
    if placed.is_err() {
        // The first error is the one to tell.
        let _ = std::fs::remove_file(&fresh);
    }
    placed?;
    watch(Step::Renamed);
    sync_folder(original)?;
    watch(Step::FolderSynced);
    Ok(())
}

/// Removes a file that an operation had made, if it is still what was read.
///
/// # Errors
/// See [`ReplaceError`].
pub fn remove(original: &Original, watch: &mut Watcher<'_>) -> Result<(), ReplaceError> {
    may_be_replaced(original)?;
    if !original.is_unchanged()? {
        return Err(ReplaceError::Changed(original.given.clone()));
    }
    std::fs::remove_file(&original.real).map_err(|error| refused(original, error))?;
    watch(Step::Renamed);
    sync_folder(original)?;
    watch(Step::FolderSynced);
    Ok(())
}

fn may_be_replaced(original: &Original) -> Result<(), ReplaceError> {
    let Some(data) = original.metadata() else { return Ok(()) };
    let path = || original.given.clone();
    let mode = data.mode() & 0o7777;
    // A rename would get past this, root past everything: but whoever took the right to write away
    // meant it.
    let writable = rustix::fs::access(&original.real, rustix::fs::Access::WRITE_OK);
    match writable {
        Err(Errno::ACCESS | Errno::ROFS | Errno::PERM) => {
            return Err(ReplaceError::ReadOnly { path: path(), mode });
        }
        _ if mode & 0o222 == 0 => return Err(ReplaceError::ReadOnly { path: path(), mode }),
        _ => {}
    }
    if data.nlink() > 1 {
        return Err(ReplaceError::SeveralNames { path: path(), names: data.nlink() });
    }
    Ok(())
}

fn write_fresh(
    original: &Original,
    fresh: &Path,
    bytes: &[u8],
    watch: &mut Watcher<'_>,
) -> Result<(), ReplaceError> {
    let failed = |error| refused(original, error);
    let mut options = OpenOptions::new();
    let mut file =
        options.write(true).create_new(true).mode(NEW_MODE).open(fresh).map_err(failed)?;
    watch(Step::FreshMade);
    file.write_all(bytes).map_err(failed)?;
    watch(Step::FreshWritten);
    if let Some(old) = &original.file {
        let path = original.given.clone();
        make_like(&file, old).map_err(|source| ReplaceError::Likeness { path, source })?;
    }
    watch(Step::FreshLike);
    file.sync_all().map_err(failed)?;
    watch(Step::FreshSynced);
    Ok(())
}

fn place(original: &Original, fresh: &Path) -> Result<(), ReplaceError> {
    if !original.is_unchanged()? {
        return Err(ReplaceError::Changed(original.given.clone()));
    }
    if original.file.is_some() {
        return std::fs::rename(fresh, &original.real).map_err(|error| refused(original, error));
    }
    match renameat_with(CWD, fresh, CWD, &original.real, RenameFlags::NOREPLACE) {
        Err(Errno::EXIST) => Err(ReplaceError::Changed(original.given.clone())),
        // Not every file system knows the flag; the look above has to do there.
        Err(Errno::INVAL | Errno::NOSYS) => {
            std::fs::rename(fresh, &original.real).map_err(|error| refused(original, error))
        }
        result => result.map_err(|errno| refused(original, errno.into())),
    }
}

fn sync_folder(original: &Original) -> Result<(), ReplaceError> {
    let synced = File::open(original.folder()).and_then(|folder| folder.sync_all());
    synced.map_err(|source| ReplaceError::NotSynced { path: original.given.clone(), source })
}

fn refused(original: &Original, source: io::Error) -> ReplaceError {
    let path = original.given.clone();
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ReplaceError::Full(path),
        io::ErrorKind::ReadOnlyFilesystem => {
            let mode = original.metadata().map_or(0, |data| data.mode() & 0o7777);
            ReplaceError::ReadOnly { path, mode }
        }
        _ => ReplaceError::Io { path, source },
    }
}
