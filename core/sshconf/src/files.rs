//! Where configuration comes from: a caller's answer to "what is in this file". Not a file system.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::expand_glob;
use crate::glob::sort_paths;

/// Why a file's bytes cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// There is no such file.
    #[error("it does not exist")]
    Missing,
    /// It is there, but it cannot be read; the operating system's words.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// `ssh` refuses it: somebody else owns it or may write it.
    #[error("its owner or permissions are refused by ssh")]
    Unsafe,
}

/// What a question to the world was answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It holds.
    Yes,
    /// It does not hold.
    No,
    /// Nobody looked.
    NotChecked,
}

/// The world as configuration sees it.
pub trait Files {
    /// The bytes of a file. Paths are absolute. For the client, return [`ReadError::Unsafe`] where
    /// `ssh` would say `Bad owner or permissions` (not for a file given with `-F`). A folder reads as
    /// an empty file: that is how OpenSSH takes it.
    fn read(&self, path: &Path) -> Result<Vec<u8>, ReadError>;

    /// The paths that glob(3) finds for an absolute pattern, sorted as it sorts (bytes in the C
    /// locale); none is no error. A leading `~/` has been replaced before. [`expand_glob`] does the
    /// matching for whoever can list folders.
    fn glob(&self, pattern: &str) -> Result<Vec<PathBuf>, ReadError>;

    /// Whether a shell command of `Match exec` (tokens expanded) succeeds. Nobody runs it by default.
    fn exec(&self, _command: &str) -> Answer {
        Answer::NotChecked
    }
}

/// Files in memory, for tests and for trying edits out.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    files: BTreeMap<PathBuf, Vec<u8>>,
}

impl Tree {
    /// No files at all.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds or replaces a file.
    pub fn insert(&mut self, path: impl Into<PathBuf>, bytes: impl Into<Vec<u8>>) {
        self.files.insert(path.into(), bytes.into());
    }

    fn names_in(&self, folder: &Path) -> Vec<String> {
        let inside = self.files.keys().filter_map(|path| path.strip_prefix(folder).ok());
        let names = inside.filter_map(|path| path.iter().next());
        let mut names: Vec<String> =
            names.map(|name| name.to_string_lossy().into_owned()).collect();
        names.dedup();
        names
    }
}

impl Files for Tree {
    fn read(&self, path: &Path) -> Result<Vec<u8>, ReadError> {
        self.files.get(path).cloned().ok_or(ReadError::Missing)
    }

    fn glob(&self, pattern: &str) -> Result<Vec<PathBuf>, ReadError> {
        let mut list = |folder: &Path| self.names_in(folder);
        let mut exists = |path: &Path| self.files.contains_key(path);
        Ok(expand_glob(pattern, &mut list, &mut exists))
    }
}

/// Other files with some replaced or added: what the world would be after an edit.
pub struct Overlay<'a> {
    below: &'a dyn Files,
    changed: Tree,
}

impl<'a> Overlay<'a> {
    /// Nothing changed yet.
    pub fn new(below: &'a dyn Files) -> Self {
        Self { below, changed: Tree::new() }
    }

    /// From now on the file at `path` holds `bytes`.
    pub fn replace(&mut self, path: impl Into<PathBuf>, bytes: impl Into<Vec<u8>>) {
        self.changed.insert(path, bytes);
    }
}

impl Files for Overlay<'_> {
    fn read(&self, path: &Path) -> Result<Vec<u8>, ReadError> {
        self.changed.read(path).or_else(|_| self.below.read(path))
    }

    fn glob(&self, pattern: &str) -> Result<Vec<PathBuf>, ReadError> {
        let mut paths = self.below.glob(pattern)?;
        let added = self.changed.glob(pattern)?;
        paths.extend(added.into_iter().filter(|path| self.below.read(path).is_err()));
        sort_paths(&mut paths);
        paths.dedup();
        Ok(paths)
    }

    fn exec(&self, command: &str) -> Answer {
        self.below.exec(command)
    }
}
