//! The person's terminal: raw mode, size, and a model of what is on it.

use std::io;

use abide_host::tty::{self, RawMode};
use abide_screen::{Screen, Size};
use abide_session::Terminal;
use bytes::Bytes;

use crate::anchor::{ASK, Anchor, Typed};

/// Lines of scrollback in the model: terminals pull some back down when they grow.
const SCROLLBACK_LINES: usize = 200;

/// The terminal of an interactive session.
pub(crate) struct Local {
    raw: Option<RawMode>,
    screen: Screen,
    /// The terminal was asked where its cursor is, and has not answered.
    anchor: Option<Anchor>,
    /// Output goes to a terminal: only there may a line be drawn over it.
    shown: bool,
}

impl Local {
    /// Takes the terminal over, until dropped.
    pub(crate) fn take() -> io::Result<Self> {
        let raw = RawMode::enter(io::stdin())?;
        let screen = Screen::new(model_size(&describe()), SCROLLBACK_LINES);
        Ok(Local { raw: Some(raw), screen, anchor: None, shown: tty::is_tty(io::stdout()) })
    }

    /// What to write first: it asks where the cursor is. Nothing when stdout is no terminal.
    pub(crate) fn ask(&mut self) -> &'static [u8] {
        if !self.shown {
            return b"";
        }
        self.anchor = Some(Anchor::default());
        ASK
    }

    /// Whether a line may be drawn over the output.
    pub(crate) fn is_shown(&self) -> bool {
        self.shown
    }

    /// Whether the rows of the model are known to be the terminal's.
    pub(crate) fn is_placed(&self) -> bool {
        self.anchor.is_none() || self.screen.is_alternate() || self.screen.was_cleared()
    }

    /// Takes the terminal's answer out of what was typed, and puts the model where the cursor was.
    pub(crate) fn take_answer(&mut self, typed: Bytes) -> Bytes {
        let Some(anchor) = &mut self.anchor else { return typed };
        match anchor.filter(&typed) {
            Typed::Only(rest) => Bytes::from(rest),
            Typed::Answer { row, col, rest } => {
                if let Some(shown) = self.anchor.take().as_ref().and_then(Anchor::shown) {
                    self.screen = Screen::new(self.screen.size(), SCROLLBACK_LINES);
                    self.screen.feed(format!("\x1b[{row};{col}H").as_bytes());
                    self.screen.feed(shown);
                }
                Bytes::from(rest)
            }
        }
    }

    pub(crate) fn screen(&self) -> &Screen {
        &self.screen
    }

    /// The same bytes as the terminal gets.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        if let Some(anchor) = &mut self.anchor {
            anchor.note(bytes);
        }
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
        self.screen.feed(CLEAR);
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

    /// Bytes that draw the screen again on a terminal in any state; its scrollback stays as it is.
    pub(crate) fn redraw(&self) -> Vec<u8> {
        let mut out = CLEAR.to_vec();
        out.extend(self.screen.replay_last(0));
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
        modes: Vec::new(),
    }
}

fn model_size(terminal: &Terminal) -> Size {
    let side = |value: u32| u16::try_from(value).unwrap_or(u16::MAX).max(1);
    Size { rows: side(terminal.rows), cols: side(terminal.cols) }.clamped()
}
