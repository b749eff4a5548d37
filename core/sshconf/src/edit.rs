//! What somebody wants changed, what will be written, and why it may be refused. `plan` makes the
//! one of the other; nobody here writes files.

use std::path::PathBuf;

use crate::{Doubt, Keyword, Setting, Trouble};

/// What somebody wants to be so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// Which setting.
    pub keyword: Keyword,
    /// Set it, or take it away.
    pub change: Change,
    /// For whom.
    pub scope: Scope,
    /// Where the line shall stand.
    pub target: Target,
}

/// Set or take away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Set to this value, written as in a file (`90`, `1h30m`, `yes`, `session:*=5m`).
    Set(String),
    /// Take the lines away that set it in this scope.
    Remove,
}

/// For whom a setting shall hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// For everybody: lines outside of blocks or in `Host *` and `Match all`. Blocks for fewer keep
    /// their own values: for the client a new line goes to the end.
    All,
    /// For the hosts of a `Host` line with these patterns (client).
    Host(String),
    /// Under a `Match` line with these criteria.
    Match(String),
}

/// Where a new line shall stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The line that already decides, if changing it is enough and the first root leads to its file;
    /// else the first root.
    Best,
    /// This file and no other: a root or one that is included.
    File(PathBuf),
    /// This drop-in, made if it does not exist; an Include must reach it before what would win.
    DropIn(PathBuf),
}

/// One file, before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Which file.
    pub file: PathBuf,
    /// Its bytes now; `None` if it does not exist yet.
    pub before: Option<Vec<u8>>,
    /// Its bytes afterwards.
    pub after: Vec<u8>,
    /// The effective value before, in the given context.
    pub was: Option<Setting>,
    /// The effective value after, as resolving the changed files gives it.
    pub will_be: Option<Setting>,
}

/// Why nothing may be changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditRefusal {
    /// The configuration is broken already, or would be broken by this value.
    #[error("{0}")]
    Trouble(Box<Trouble>),
    /// The keyword does not take this value.
    #[error("`{value}` is not a value that {keyword} takes")]
    BadValue {
        /// The keyword.
        keyword: Keyword,
        /// The value.
        value: String,
    },
    /// The keyword is not one of this language.
    #[error("{0} is not a keyword of this file")]
    UnknownKeyword(Keyword),
    /// The keyword may not stand in a Match block.
    #[error("{0} may not stand in a Match block")]
    NotInMatch(Keyword),
    /// The scope does not cover the connection in whose context the edit is planned, or was not
    /// decided for it.
    #[error("`{0}` does not apply to this connection")]
    ScopeDoesNotApply(String),
    /// The command line wins over every file.
    #[error("the command line sets {0}, which no file can change")]
    CommandLine(Keyword),
    /// Another line would still win.
    #[error("{} would still win with `{}`", .0.origin, .0.value)]
    StillWins(Box<Setting>),
    /// A Match line above that was not decided would win if it applied.
    #[error("{} would win with `{}` if `{}` applies, which was not checked", .0.setting.origin, .0.setting.value, .0.criterion)]
    Undecided(Box<Doubt>),
    /// The file is not one that OpenSSH reads for this connection.
    #[error("{} is not read for this connection", .0.display())]
    NotRead(PathBuf),
    /// The file is included from a block, so that a line in it is not for everybody.
    #[error("{} is included from a Host or Match block: a line in it is not for everybody", .0.display())]
    NotForEverybody(PathBuf),
    /// Nothing to take away: no line of this scope sets it.
    #[error("no line of this scope sets {0}")]
    NotSet(Keyword),
    /// The keyword collects values, so that setting one is not a change of one line.
    #[error("{0} collects values: edit its lines by hand")]
    Collects(Keyword),
}
