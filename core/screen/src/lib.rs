//! A terminal model: fed with the bytes a terminal is fed with, it can say what that terminal shows.
//!
//! It serves these moments: bringing a fresh terminal to the state of a running session
//! ([`Screen::replay`]), going on after output was skipped ([`Screen::difference_from`]), and drawing
//! over an application's screen and removing that without a trace ([`Screen::overlay_prelude`],
//! [`Screen::repaint_row`], [`Screen::settle`]). It is not a renderer, answers no queries, holds no
//! images, reads no clock and does no I/O; the bytes on their way to a person's terminal never pass
//! through it, they are only copied to it.
//!
//! What sequences mean is as in xterm's control sequences document and, where that is silent, in
//! xterm. Sequences that are not modelled are skipped whole: protected characters (DECSCA), lines of
//! double width or height, single shifts, copying and attributes of rectangles, reverse wrap, column
//! mode, locking, status lines, graphics.
//!
//! The way of a byte: `parser` (grammar) → `model::dispatch` (meaning) → `model` and its parts →
//! `grid`, `row`, `cell`; what scrolls off goes through `encode` to `history`. The way back to a
//! terminal: `paint`, used by `replay`, `overlay`, `difference` and `change`.

mod cell;
mod change;
mod cursor;
mod difference;
mod encode;
mod grid;
mod history;
mod jump;
mod links;
mod listing;
mod look;
mod model;
mod modes;
mod osc;
mod overlay;
mod paint;
mod params;
mod parser;
mod pen;
mod replay;
mod row;
mod size;
mod sketch;
#[cfg(test)]
mod tests;
mod utf8;
mod width;
mod wrap;

pub use crate::difference::Seam;
pub use crate::history::{MAX_SCROLLBACK_LINES, MIN_SCROLLBACK_BYTES, SCROLLBACK_BYTES_PER_LINE};
pub use crate::listing::Looks;
pub use crate::look::{Glyph, Position};
pub use crate::size::{MAX_COLS, MAX_ROWS, MIN_COLS, MIN_ROWS, Size};
pub use crate::sketch::columns;

use crate::model::Model;
use crate::parser::Parser;

/// The state of one terminal, built from the bytes it was fed.
///
/// Memory is bounded by [`MAX_ROWS`], [`MAX_COLS`], [`MAX_SCROLLBACK_LINES`] and
/// [`SCROLLBACK_BYTES_PER_LINE`], whatever the bytes are; scrollback is allocated as it fills.
///
/// A clone is a snapshot: it shares all rows and all scrollback with what it was taken from, and
/// costs about a microsecond.
#[derive(Clone, Debug)]
pub struct Screen {
    parser: Parser,
    model: Model,
}

impl Screen {
    /// A freshly reset terminal. `scrollback_lines_max` is cut to [`MAX_SCROLLBACK_LINES`]. The
    /// oldest lines go at that number, and earlier where they take more bytes than
    /// [`SCROLLBACK_BYTES_PER_LINE`] for each on average ([`MIN_SCROLLBACK_BYTES`] at least).
    pub fn new(size: Size, scrollback_lines_max: usize) -> Self {
        Self { parser: Parser::default(), model: Model::new(size.clamped(), scrollback_lines_max) }
    }

    /// Takes output of the application, in pieces of any length. Never fails: what is unknown or
    /// malformed is skipped as a terminal would skip it.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.parser.feed(bytes, &mut self.model);
    }

    /// Changes the size; soft-wrapped lines of the primary screen are wrapped anew. Terminals
    /// differ in what they do here, so right after a resize the model is a good guess until the
    /// application has repainted.
    pub fn resize(&mut self, size: Size) {
        self.model.resize(size.clamped());
    }

    /// The size in use, after clamping.
    pub fn size(&self) -> Size {
        self.model.size()
    }

    /// Window title as last set by the application (OSC 0 or 2), without control characters.
    pub fn title(&self) -> Option<&str> {
        self.model.settings.title.as_deref()
    }

    /// Whether the alternate screen (full-screen programs) is shown.
    pub fn is_alternate(&self) -> bool {
        self.model.is_alternate()
    }

    /// Bytes that bring a freshly reset terminal of the same size to this state: scrollback,
    /// screens, cursor, pen and modes. Everything below the cursor of that terminal is cleared,
    /// everything above it is left and scrolls away.
    pub fn replay(&self) -> Vec<u8> {
        self.replay_last(usize::MAX)
    }

    /// [`Screen::replay`] with at most the last `scrollback_lines` lines of scrollback.
    pub fn replay_last(&self, scrollback_lines: usize) -> Vec<u8> {
        replay::replay(&self.model, scrollback_lines)
    }

    /// Bytes that bring a terminal which shows `from` to this state: for going on after what lies
    /// between was skipped. They scroll what scrolled and write only what differs; `seam` says how
    /// the scrollback of this goes on from what `from` shows. `from` is another model of the same
    /// size, an earlier clone or not. Both must be at [`Screen::is_ground`].
    pub fn difference_from(&self, from: &Screen, seam: Seam<'_>) -> Vec<u8> {
        difference::difference(&from.model, &self.model, seam)
    }

    /// Bytes that repaint one row (0-based) as the application left it, for removing an overlay.
    /// They begin with [`Screen::overlay_prelude`] and want [`Screen::settle`] after them. Empty
    /// for a row outside the screen.
    pub fn repaint_row(&self, row: u16) -> Vec<u8> {
        overlay::repaint_row(&self.model, row.into())
    }

    /// Bytes that make it safe to place the cursor absolutely and write plain text: origin mode,
    /// autowrap and insert mode off, ASCII, default pen.
    ///
    /// Draw as: `overlay_prelude()`, CUP to the row, text that fits the row, `settle()`; only while
    /// [`Screen::is_ground`]. The saved cursor (DECSC) of the application is never touched.
    pub fn overlay_prelude(&self) -> Vec<u8> {
        overlay::prelude(&self.model)
    }

    /// Bytes that bring cursor, pending wrap, pen, character sets, origin, autowrap and insert mode
    /// back to the application's, after an overlay was drawn or removed.
    pub fn settle(&self) -> Vec<u8> {
        overlay::settle(&self.model)
    }

    /// True when no escape sequence and no multi-byte character is half received: only then may
    /// foreign bytes be written to the terminal. Output that ends in a broken character or an
    /// unterminated string keeps this false until more output comes.
    pub fn is_ground(&self) -> bool {
        self.parser.is_ground()
    }

    /// How many of the bytes fed last belong to a sequence or character that is half received: 0 at
    /// [`Screen::is_ground`]. A terminal brought to this state by other means goes on with them.
    pub fn unfinished(&self) -> usize {
        self.parser.unfinished()
    }
}
