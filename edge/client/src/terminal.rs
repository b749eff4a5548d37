//! The person's terminal: raw mode, size, and a model of what is on it.

use std::io;

use abide_host::tty::{self, RawMode};
use abide_screen::{Screen, Size};
use abide_session::Terminal;

/// Lines of scrollback in the model: terminals pull some back down when they grow.
const SCROLLBACK_LINES: usize = 200;

/// The terminal of an interactive session.
pub(crate) struct Local {
    raw: Option<RawMode>,
    screen: Screen,
}

impl Local {
    /// Takes the terminal over, until dropped.
    pub(crate) fn take() -> io::Result<Self> {
        let raw = RawMode::enter(io::stdin())?;
        Ok(Local { raw: Some(raw), screen: Screen::new(model_size(&describe()), SCROLLBACK_LINES) })
    }

    pub(crate) fn screen(&self) -> &Screen {
        &self.screen
    }

    /// The same bytes as the terminal gets.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.screen.feed(bytes);
    }

    /// Reads the terminal's new size.
    pub(crate) fn resized(&mut self) -> Terminal {
        let terminal = describe();
        self.screen.resize(model_size(&terminal));
        terminal
    }

    /// Forgets what is on the terminal: a snapshot follows.
    pub(crate) fn forget(&mut self) {
        self.screen = Screen::new(self.screen.size(), SCROLLBACK_LINES);
    }

    /// Gives the terminal back for a while.
    pub(crate) fn release(&mut self) {
        self.raw = None;
    }

    /// Takes it again.
    pub(crate) fn retake(&mut self) -> io::Result<()> {
        self.raw = Some(RawMode::enter(io::stdin())?);
        Ok(())
    }

    /// Bytes that draw everything again on a terminal in any state.
    pub(crate) fn redraw(&self) -> Vec<u8> {
        let mut out = CLEAR.to_vec();
        out.extend(self.screen.replay());
        out
    }
}

/// Soft reset, home, clear.
pub(crate) const CLEAR: &[u8] = b"\x1b[!p\x1b[H\x1b[2J";

/// Modes that an application may have left on, put back as a shell expects them: for leaving a
/// session that goes on without us.
pub(crate) const LEAVE: &[u8] =
    b"\x1b[?1049l\x1b[?2004l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?1006l\x1b[?1l\x1b>\x1b[?25h\x1b[0m\x1b7\x1b[r\x1b8";

/// The terminal on stdin as the keeper needs to know it. `TERM` is read by the caller.
pub(crate) fn describe() -> Terminal {
    let size = tty::size(io::stdin()).unwrap_or_default();
    Terminal {
        kind: String::new(),
        rows: size.rows.into(),
        cols: size.cols.into(),
        width: size.xpixel.into(),
        height: size.ypixel.into(),
    }
}

fn model_size(terminal: &Terminal) -> Size {
    let side = |value: u32| u16::try_from(value).unwrap_or(u16::MAX).max(1);
    Size { rows: side(terminal.rows), cols: side(terminal.cols) }.clamped()
}
