//! What a configuration amounts to for one connection: values, where they come from, what never
//! takes effect, what is wrong, and what was not checked.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::{Block, Dialect, Keyword, Trouble};

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, as it was opened.
    pub file: PathBuf,
    /// The line, 1 for the first.
    pub line: usize,
    /// The innermost Host or Match block of this file that it stands in.
    pub block: Option<Block>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A line of a file.
    Line(Place),
    /// The command line (`-o`, `-p`, `-l`, `user@`).
    CommandLine,
    /// Nobody set it: OpenSSH's own default (Debian's where it differs).
    Default,
}

impl Origin {
    /// The line, unless the value comes from elsewhere.
    pub fn place(&self) -> Option<&Place> {
        match self {
            Origin::Line(place) => Some(place),
            Origin::CommandLine | Origin::Default => None,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Line(place) => place.fmt(f),
            Origin::CommandLine => f.write_str("command line"),
            Origin::Default => f.write_str("default"),
        }
    }
}

/// An effective value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Which setting.
    pub keyword: Keyword,
    /// The value as `ssh -G` or `sshd -T` prints it (times in seconds, flags as `yes` and `no`);
    /// what the line says, unquoted, for keywords that are not modelled.
    pub value: String,
    /// What the line says after its keyword, without a trailing comment; empty for a default.
    pub raw: String,
    /// Where it comes from.
    pub origin: Origin,
}

impl Setting {
    /// The value as a time, where it is one: `none` and other words are no time.
    pub fn seconds(&self) -> Option<Duration> {
        self.value.parse().ok().map(Duration::from_secs)
    }

    /// The value as a number, where it is one.
    pub fn number(&self) -> Option<i64> {
        self.value.parse().ok()
    }

    /// The value as a flag, where it is `yes` or `no`.
    pub fn flag(&self) -> Option<bool> {
        match self.value.as_str() {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        }
    }
}

/// A line that sets something for this connection and yet has no effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shadowed {
    /// The line without effect: its value in printed form.
    pub setting: Setting,
    /// The line, command line or quirk that wins instead.
    pub winner: Setting,
    /// By which rule.
    pub why: Why,
}

/// By which rule a line has no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The first value obtained wins.
    EarlierWins,
    /// The last value obtained wins (a few keywords of the server).
    LaterWins,
    /// A matching Match block wins over the global part, wherever it stands (server).
    MatchWins,
    /// `ServerAliveInterval none` and its kin leave the keyword unset: a later line sets it.
    NoneLeavesUnset,
}

/// A value that would win if a block that could not be decided applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// What would be set.
    pub setting: Setting,
    /// What could not be decided, in words: `exec "test -f x"` or `group wheel`.
    pub criterion: String,
}

/// What a configuration amounts to for one connection.
#[derive(Debug, Clone)]
pub struct Resolved {
    pub(crate) dialect: Dialect,
    pub(crate) settings: Vec<Setting>,
    pub(crate) shadowed: Vec<Shadowed>,
    pub(crate) doubts: Vec<Doubt>,
    pub(crate) troubles: Vec<Trouble>,
    pub(crate) files: Vec<PathBuf>,
}

impl Resolved {
    /// The language that was read.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The effective value. `None` only if nothing sets it and OpenSSH has no default for it (or it
    /// is not modelled). For keywords that accumulate, the first; see [`Resolved::all`].
    pub fn get(&self, keyword: Keyword) -> Option<&Setting> {
        self.all(keyword).next()
    }

    /// Every value of a keyword that accumulates (`Port` of the server, `SendEnv`, forwards).
    pub fn all(&self, keyword: Keyword) -> impl Iterator<Item = &Setting> {
        self.settings.iter().filter(move |setting| setting.keyword == keyword)
    }

    /// Every setting: those of lines first, in the order in which they took effect, then defaults.
    pub fn settings(&self) -> &[Setting] {
        &self.settings
    }

    /// Lines that set something for this connection and have no effect.
    pub fn shadowed(&self) -> &[Shadowed] {
        &self.shadowed
    }

    /// Values that would win if an undecided block applied.
    pub fn doubts(&self) -> &[Doubt] {
        &self.doubts
    }

    /// What is wrong, in the order of reading.
    pub fn troubles(&self) -> &[Trouble] {
        &self.troubles
    }

    /// Whether OpenSSH would refuse to run with these files: the values are then what would be if it
    /// passed over the bad lines.
    pub fn refused(&self) -> bool {
        self.troubles.iter().any(|trouble| trouble.fatal)
    }

    /// Every file that was read, in order, each once.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }
}
