//! The Host or Match block that a line stands in.

use std::fmt;

/// The block that a line stands in: from its header to the next header or the end of its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The kind of header.
    pub kind: BlockKind,
    /// What stands after the header's keyword, without a trailing comment.
    pub condition: String,
    /// The header's line, 1 for the first, in the same file.
    pub line: usize,
}

/// The kind of a block's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockKind {
    /// `Host patterns`, client only.
    Host,
    /// `Match criteria`.
    Match,
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keyword = match self.kind {
            BlockKind::Host => "Host",
            BlockKind::Match => "Match",
        };
        write!(f, "{keyword} {}", self.condition)
    }
}
