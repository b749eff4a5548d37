//! What is wrong with a setup, as data: a stable code, how bad, the evidence, what helps. Which
//! rule finds what is in `advice`; words for people are the command line's.

mod code;
mod problem;

use crate::{Origin, Side, Version};

pub use code::FindingCode;
pub use problem::Problem;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Sessions end, or the setting does the opposite of what it says.
    Wrong,
    /// It bites in some situations.
    Risk,
    /// Worth knowing.
    Note,
}

/// A value that a finding rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The keyword or setting.
    pub name: &'static str,
    /// Its value as text.
    pub value: String,
    /// Where it is from.
    pub origin: Origin,
}

/// What helps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Set a keyword at a side.
    Set {
        /// Whose file.
        side: Side,
        /// Which.
        keyword: &'static str,
        /// To what.
        value: String,
    },
    /// Take a line out, or make it the winning one.
    Remove(Origin),
    /// A newer release.
    Upgrade {
        /// Whose.
        side: Side,
        /// The first that is right.
        to: Version,
    },
    /// sshd reads its files again; open sessions stay, with what they had.
    Reload,
    /// Nothing that can be set.
    None,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// What.
    pub problem: Problem,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
    /// What helps.
    pub remedy: Remedy,
}

impl Finding {
    /// Its stable code.
    pub fn code(&self) -> FindingCode {
        self.problem.code()
    }
}

impl Severity {
    /// Its stable name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Severity::Wrong => "wrong",
            Severity::Risk => "risk",
            Severity::Note => "note",
        }
    }
}
