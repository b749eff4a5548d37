//! What is wrong with a configuration, as values with file and line.

use std::fmt;
use std::path::PathBuf;

use crate::{Place, ReadError};

/// Something wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The line; for a root that cannot be read, its path and line 0.
    pub place: Place,
    /// What.
    pub kind: TroubleKind,
    /// Whether OpenSSH refuses to run for it.
    pub fatal: bool,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.kind)
    }
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TroubleKind {
    /// OpenSSH does not know the keyword.
    #[error("`{0}` is not a keyword that this OpenSSH knows")]
    UnknownKeyword(String),
    /// A keyword that stands alone.
    #[error("`{0}` has no value")]
    NoValue(String),
    /// A value that the keyword does not take.
    #[error("`{value}` is not a value that {keyword} takes")]
    BadValue {
        /// The keyword.
        keyword: String,
        /// The value.
        value: String,
    },
    /// More words than the keyword takes.
    #[error("`{0}` is one word too many")]
    ExtraWord(String),
    /// A quote that is not closed.
    #[error("a quote is not closed")]
    OpenQuote,
    /// A keyword that may not stand in a Match block.
    #[error("{0} may not stand in a Match block")]
    NotInMatch(String),
    /// A Match line that OpenSSH does not understand.
    #[error("`{0}` is not a Match condition that this OpenSSH knows")]
    BadMatch(String),
    /// A file that should be read and cannot.
    #[error("{} is to be read, but {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: ReadError,
    },
    /// Includes nested deeper than OpenSSH goes (16).
    #[error("includes are nested deeper than 16")]
    TooDeep,
    /// More files or lines than this library reads; the rest is not looked at.
    #[error("more than {0} lines: the rest is not looked at")]
    TooMuch(usize),
    /// A keyword that OpenSSH reads and ignores.
    #[error("{0} is obsolete and ignored")]
    Obsolete(String),
    /// A condition that was not decided; its block is taken not to apply.
    #[error("`{0}` was not checked")]
    NotChecked(String),
}
