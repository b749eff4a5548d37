//! Writes to stdout and stderr without dying of a closed pipe.

use std::io::{IsTerminal, Write};

/// Writes to stdout. A reader that went away is no error of ours.
pub(crate) fn out(text: impl AsRef<[u8]>) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(text.as_ref()).and_then(|()| stdout.flush());
}

/// Writes a line to stderr.
pub(crate) fn note(line: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Whether stderr is a terminal, where lines may be written over.
pub(crate) fn stderr_is_terminal() -> bool {
    std::io::stderr().is_terminal()
}
