//! A value that is known, with where it comes from, or not checked, with the reason. Never a guess.

use std::fmt;

/// One value of the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact<T> {
    /// Seen, and where.
    Known(T, Origin),
    /// Not seen, and why. Nothing is concluded from it.
    NotChecked(Reason),
}

/// Where a known value comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The program's own, as nothing sets it. Of which program and release, with a source.
    Default(&'static str),
    /// A line of a file, counted from 1.
    File {
        /// The file as the reader of it names it.
        path: String,
        /// Its line.
        line: u32,
    },
    /// The command line of ssh or sshd: the argument.
    CommandLine(String),
    /// A program said so, and not where it has it from: `sshd -T`, `ssh -G`.
    Program(String),
    /// A kernel setting: its file below /proc/sys.
    Kernel(String),
    /// The server's banner.
    Banner(String),
    /// Looked for in these places and found in none.
    Searched(String),
    /// The caller states it: a prediction for values that nobody has set.
    Stated,
}

/// Why a value was not seen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Nobody asked for it (`--local`).
    NotAsked,
    /// It takes a permission that we lack: which.
    NotPermitted(String),
    /// The way to it failed: what was said.
    Failed(String),
    /// Nothing here tells it: what would.
    NotTold(String),
    /// It is there and cannot be understood: its text.
    Unreadable(String),
    /// It follows from another value that was not checked: its name.
    Follows(&'static str),
}

impl<T> Fact<T> {
    /// The program's own value.
    pub const fn default_of(value: T, source: &'static str) -> Self {
        Fact::Known(value, Origin::Default(source))
    }

    /// A value that the caller states.
    pub const fn stated(value: T) -> Self {
        Fact::Known(value, Origin::Stated)
    }

    /// The value, if known.
    pub const fn known(&self) -> Option<&T> {
        match self {
            Fact::Known(value, _) => Some(value),
            Fact::NotChecked(_) => None,
        }
    }

    /// Where it comes from, if known.
    pub const fn origin(&self) -> Option<&Origin> {
        match self {
            Fact::Known(_, origin) => Some(origin),
            Fact::NotChecked(_) => None,
        }
    }

    /// Something that follows from the value alone.
    pub fn map<U>(&self, make: impl FnOnce(&T) -> U) -> Fact<U> {
        match self {
            Fact::Known(value, origin) => Fact::Known(make(value), origin.clone()),
            Fact::NotChecked(reason) => Fact::NotChecked(reason.clone()),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default(_) => f.write_str("default"),
            Origin::File { path, line } => write!(f, "{path}:{line}"),
            Origin::CommandLine(argument) => write!(f, "{argument}"),
            Origin::Program(program) => f.write_str(program),
            Origin::Kernel(_) => f.write_str("kernel"),
            Origin::Banner(_) => f.write_str("banner"),
            Origin::Searched(places) => write!(f, "not in {places}"),
            Origin::Stated => f.write_str("as asked"),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::NotAsked => f.write_str("not asked for"),
            Reason::NotPermitted(needs) => write!(f, "needs {needs}"),
            Reason::Failed(said) => f.write_str(said),
            Reason::NotTold(by) => write!(f, "{by} would tell it"),
            Reason::Unreadable(text) => write!(f, "`{text}` is not understood"),
            Reason::Follows(name) => write!(f, "{name} is not known"),
        }
    }
}
