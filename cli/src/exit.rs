//! Exit statuses. A session's is the remote command's own; these are ours.

use std::process::ExitCode;

/// What the shell gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exit(u8);

impl Exit {
    /// All well.
    pub(crate) const OK: Exit = Exit(0);
    /// The answer is no: nothing of that name.
    pub(crate) const NO: Exit = Exit(1);
    /// The command line is wrong.
    pub(crate) const USAGE: Exit = Exit(2);
    /// Failed before or outside the remote command, as ssh has it.
    pub(crate) const FAILED: Exit = Exit(255);

    /// A remote command's own status.
    pub(crate) fn of_command(status: u32) -> Self {
        Exit(u8::try_from(status).unwrap_or(u8::MAX))
    }

    /// As a shell reports a signal.
    pub(crate) fn of_signal(number: i32) -> Self {
        Exit(128u8.saturating_add(u8::try_from(number).unwrap_or(127)))
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.0)
    }
}
