//! What the journal says of one operation. Not how it is kept.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Digest;

/// An operation's number: 1 is the first ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OperationId(pub u64);

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for OperationId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(OperationId)
    }
}

/// How an operation came out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Outcome {
    /// Written down, and not yet done as far as the journal knows.
    Intended,
    /// The file holds the new content.
    Done,
    /// The file was put back, or never changed: why.
    RolledBack {
        /// In words for the journal's reader.
        reason: String,
    },
    /// Another operation took it back.
    Undone {
        /// Which.
        by: OperationId,
    },
    /// Nobody knows which content the file holds: why.
    Unknown {
        /// In words for the journal's reader.
        reason: String,
    },
}

/// One operation. `A` is what the caller says about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record<A> {
    /// Its number.
    pub id: OperationId,
    /// When it began, seconds since 1970.
    pub began: u64,
    /// When it came out, seconds since 1970.
    pub ended: Option<u64>,
    /// The file that it changes, on whatever machine.
    pub file: PathBuf,
    /// The content before; `None` for no file.
    pub before: Option<Digest>,
    /// The content after; `None` for no file.
    pub after: Option<Digest>,
    /// How it came out.
    pub outcome: Outcome,
    /// What the caller says about it.
    pub about: A,
}
