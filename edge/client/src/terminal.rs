//! The person's terminal: raw mode, size, and a model of what is on it.

use std::io;

use abide_host::tty::{self, RawMode};
use abide_screen::{Screen, Seam, Size};
use abide_session::{OutputBegins, OutputRestarts, Terminal};
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
    place: Place,
}

/// Where in the session's lines the top of the screen is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// The session's number of a line that scrolled off here, less our own.
    Known(i64),
    /// Sizes changed: terminals differ in what scrolls off then.
    Unknown,
}

impl Local {
    /// Takes the terminal over, until dropped.
    pub(crate) fn take() -> io::Result<Self> {
        let raw = RawMode::enter(io::stdin())?;
        let screen = Screen::new(model_size(&describe()), SCROLLBACK_LINES);
        Ok(Local {
            raw: Some(raw),
            screen,
            anchor: None,
            shown: tty::is_tty(io::stdout()),
            place: Place::Known(0),
        })
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
                    if let Place::Known(ahead) = &mut self.place {
                        *ahead -= i64::from(row) - 1;
                    }
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
        self.place = Place::Unknown;
        terminal
    }

    /// The session's own size changed.
    pub(crate) fn lose_place(&mut self) {
        self.place = Place::Unknown;
    }

    /// The output begins with the state of a session that is under way.
    pub(crate) fn handle_begins(&mut self, begins: &OutputBegins) {
        if let Place::Known(ahead) = &mut self.place {
            *ahead += begins.scrolled as i64 - begins.lines as i64;
        }
    }

    /// How many lines scrolled off in the session since what is shown here; none if nobody knows.
    pub(crate) fn missed(&self, restarts: &OutputRestarts) -> Option<u64> {
        let Place::Known(ahead) = self.place else { return None };
        let here = self.screen.scrolled() as i64 + ahead;
        Some(u64::try_from(restarts.scrolled as i64 - here).unwrap_or(0))
    }

    /// Takes over the state that output restarts with. Returns what to write to the terminal.
    pub(crate) fn jump(
        &mut self,
        state: &[u8],
        seam: Seam<'_>,
        restarts: &OutputRestarts,
    ) -> Vec<u8> {
        let out = self.screen.jump(state, seam);
        if let Some(anchor) = &mut self.anchor {
            anchor.forget();
        }
        self.place = Place::Known(restarts.scrolled as i64 - self.screen.scrolled() as i64);
        out
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
