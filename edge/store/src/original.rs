//! A file as it was read: its bytes, and what a replacement must be like. Not its meaning.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::Digest;

/// The largest file that is changed. A configuration is a few kilobytes; a larger file is refused.
pub const MAX_CONTENT: u64 = 1024 * 1024;
/// How many links to links are followed; Linux follows as many.
const MAX_LINKS: usize = 40;

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// There is no file.
    Absent,
    /// These bytes.
    Present(Vec<u8>),
}

impl Content {
    /// The bytes, if there is a file.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Content::Absent => None,
            Content::Present(bytes) => Some(bytes),
        }
    }

    /// The name of the bytes, if there is a file.
    pub fn digest(&self) -> Option<Digest> {
        self.bytes().map(Digest::of)
    }
}

impl From<Option<Vec<u8>>> for Content {
    fn from(bytes: Option<Vec<u8>>) -> Self {
        bytes.map_or(Content::Absent, Content::Present)
    }
}

/// Whose a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The user's number.
    pub user: u32,
    /// The group's number.
    pub group: u32,
}

/// A file as it was read, and where it really is.
#[derive(Debug)]
pub struct Original {
    /// The path as given.
    pub given: PathBuf,
    /// The file that the path leads to when links are followed.
    pub real: PathBuf,
    /// What it held.
    pub content: Content,
    pub(crate) file: Option<File>,
}

/// Why a file cannot be read for a change.
#[derive(Debug, thiserror::Error)]
pub enum OriginalError {
    /// It cannot be opened or read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is a folder, a device, a pipe.
    #[error("{} is not a file", .0.display())]
    NotAFile(PathBuf),
    /// It is larger than [`MAX_CONTENT`].
    #[error("{} has {size} bytes, and at most {MAX_CONTENT} are changed", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        size: u64,
    },
    /// Links that lead nowhere but to each other.
    #[error("{} is a link that leads to itself", .0.display())]
    LinkLoop(PathBuf),
}

impl Original {
    /// Reads the file that `path` leads to. A missing file is an original without content; a link
    /// to a missing file stands for that file.
    ///
    /// # Errors
    /// See [`OriginalError`].
    pub fn read(path: &Path) -> Result<Self, OriginalError> {
        let failed = |source| OriginalError::Io { path: path.to_owned(), source };
        let given = path.to_owned();
        let real = follow(path)?;
        let mut options = OpenOptions::new();
        // A pipe in the file's place must not hold us up.
        std::os::unix::fs::OpenOptionsExt::custom_flags(
            options.read(true),
            rustix::fs::OFlags::NONBLOCK.bits().cast_signed(),
        );
        let mut file = match options.open(&real) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Original { given, real, content: Content::Absent, file: None });
            }
            Err(error) => return Err(failed(error)),
        };
        let data = file.metadata().map_err(failed)?;
        if !data.is_file() {
            return Err(OriginalError::NotAFile(given));
        }
        let mut bytes = Vec::new();
        (&mut file).take(MAX_CONTENT + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > MAX_CONTENT {
            return Err(OriginalError::TooLarge { path: given, size: data.len() });
        }
        Ok(Original { given, real, content: Content::Present(bytes), file: Some(file) })
    }

    /// Whether the same bytes are there still, in the same file, behind the same links.
    ///
    /// # Errors
    /// See [`OriginalError`].
    pub fn is_unchanged(&self) -> Result<bool, OriginalError> {
        let now = Original::read(&self.given)?;
        let same_file = match (self.metadata(), now.metadata()) {
            (Some(one), Some(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
            (one, other) => one.is_none() && other.is_none(),
        };
        Ok(same_file && self.real == now.real && self.content == now.content)
    }

    /// Whose it is; `None` if there is no file.
    pub fn owner(&self) -> Option<Owner> {
        self.metadata().map(|data| Owner { user: data.uid(), group: data.gid() })
    }

    pub(crate) fn metadata(&self) -> Option<Metadata> {
        self.file.as_ref().and_then(|file| file.metadata().ok())
    }

    /// The folder that the file is in.
    pub fn folder(&self) -> &Path {
        match self.real.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        }
    }
}

/// The end of a chain of links. Its last file may be missing; the folders may be links as well.
fn follow(path: &Path) -> Result<PathBuf, OriginalError> {
    let mut path_now = path.to_owned();
    for _ in 0..MAX_LINKS {
        match std::fs::read_link(&path_now) {
            // A relative link counts from the folder of the link.
            Ok(target) => path_now = path_now.parent().unwrap_or(Path::new("")).join(target),
            Err(error) if not_a_link(&error) => return Ok(path_now),
            Err(source) => return Err(OriginalError::Io { path: path.to_owned(), source }),
        }
    }
    Err(OriginalError::LinkLoop(path.to_owned()))
}

fn not_a_link(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::NotFound)
}
