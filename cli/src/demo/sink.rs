//! Where the demo's words go, and in which manner: redrawn and coloured on a terminal, plain lines
//! elsewhere, nowhere where only JSON is wanted.

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::os::fd::BorrowedFd;

/// Columns that the view needs to stay on its lines.
pub(crate) const COLUMNS: u16 = 80;

/// How words are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Some lines are written over.
    Redrawn,
    /// Every line stays.
    Plain,
    /// Nothing is shown.
    Silent,
}

/// What a colour says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Doubtful,
    Bad,
    Heading,
    Aside,
}

/// An output with a manner.
#[derive(Debug)]
pub(crate) struct Sink {
    to_stderr: bool,
    manner: Manner,
    coloured: bool,
}

impl Sink {
    /// For people: stdout, or with `json`, where stdout is taken, stderr if somebody sits there.
    pub(crate) fn new(json: bool) -> Self {
        use std::os::fd::AsFd;
        let (stdout, stderr) = (std::io::stdout(), std::io::stderr());
        let fd = if json { stderr.as_fd() } else { stdout.as_fd() };
        let is_terminal = fd.is_terminal();
        let manner = match is_terminal && can_redraw(fd) {
            true => Manner::Redrawn,
            false if json && !is_terminal => Manner::Silent,
            false => Manner::Plain,
        };
        let coloured = manner == Manner::Redrawn && wants_colour(std::env::var_os("NO_COLOR"));
        Sink { to_stderr: json, manner, coloured }
    }

    /// Without colours, wherever the tests run.
    #[cfg(test)]
    pub(crate) fn plain() -> Self {
        Sink { to_stderr: true, manner: Manner::Plain, coloured: false }
    }

    pub(crate) fn manner(&self) -> Manner {
        self.manner
    }

    /// Writes `text` as it is. A reader that went away is no error of ours.
    pub(crate) fn write(&self, text: &str) {
        if self.manner == Manner::Silent {
            return;
        }
        if self.to_stderr {
            let _ = std::io::stderr().write_all(text.as_bytes());
        } else {
            crate::print::out(text);
        }
    }

    /// `text` in a colour, where colours are wanted.
    pub(crate) fn paint(&self, tone: Tone, text: &str) -> String {
        if !self.coloured {
            return text.to_owned();
        }
        let code = match tone {
            Tone::Good => "32",
            Tone::Doubtful => "33",
            Tone::Bad => "31",
            Tone::Heading => "1",
            Tone::Aside => "2",
        };
        format!("\x1b[{code}m{text}\x1b[m")
    }
}

fn can_redraw(fd: BorrowedFd<'_>) -> bool {
    let knows_nothing =
        std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    // A terminal that does not know its size is taken for a usual one.
    let columns = abide_host::tty::size(fd).map_or(0, |size| size.cols);
    !knows_nothing && (columns == 0 || columns >= COLUMNS)
}

/// no-color.org: any value but an empty one.
fn wants_colour(no_color: Option<OsString>) -> bool {
    no_color.is_none_or(|value| value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_color_is_honoured() {
        assert!(wants_colour(None) && wants_colour(Some("".into())));
        assert!(!wants_colour(Some("1".into())));
        let mut sink = Sink { to_stderr: false, manner: Manner::Redrawn, coloured: true };
        assert_eq!(sink.paint(Tone::Bad, "no"), "\x1b[31mno\x1b[m");
        sink.coloured = false;
        assert_eq!(sink.paint(Tone::Bad, "no"), "no");
    }
}
