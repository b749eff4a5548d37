//! What one session lived through, as values. No words for people: they are the command's.

use std::time::Duration;

/// One line of the table: what became of one tool's session under one fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The tool, as the contestant was called.
    pub tool: String,
    /// The fault's stable code, from [`crate::trial::Fault::code`].
    pub fault: &'static str,
    /// The same remote shell answered a key that was typed after the fault, and the session went on.
    pub survived: bool,
    /// From the end of the fault to the first such answer.
    pub first_echo: Option<Duration>,
    /// The tool's own process ended before the trial did; without this, a session that did not
    /// survive hung.
    pub ended: bool,
    /// The longest time without output, from the fault on. The counter prints ten lines a second.
    pub longest_pause: Duration,
    /// Numbered lines that were passed over: a later one was shown, these never. Of a session that
    /// did not survive, nobody can tell how many more were printed.
    pub lines_lost: u64,
    /// Numbered lines shown again after they had been shown.
    pub lines_doubled: u64,
    /// Typed tokens that the remote side never answered.
    pub keys_lost: u64,
    /// Answers beyond the first to a typed token.
    pub keys_doubled: u64,
}
