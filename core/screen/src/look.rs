//! Reading a screen from outside: cursor, characters, modes that decide what a key does, scrollback.

use crate::Screen;
use crate::model::Buffer;
use crate::row::Row;

/// Where the cursor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Row, 0-based from the top.
    pub row: u16,
    /// Column, 0-based.
    pub col: u16,
    /// The last column was just written: the next character goes to the next row.
    pub pending_wrap: bool,
}

/// What stands in one column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glyph<'a> {
    /// The character; a blank in the second column of a wide one.
    pub ch: char,
    /// Characters of no width that belong to it.
    pub marks: &'a [char],
    /// Columns that it takes: 1 or 2, and 0 for the second column of a wide character.
    pub width: u8,
}

impl Screen {
    /// The cursor of the screen shown.
    pub fn cursor(&self) -> Position {
        let cursor = self.model.cursor(Buffer::Active);
        // Within MAX_ROWS and MAX_COLS, so the casts lose nothing.
        Position { row: cursor.row as u16, col: cursor.col as u16, pending_wrap: cursor.pending }
    }

    /// What the screen shows at a place, 0-based; none outside of it.
    pub fn glyph(&self, row: u16, col: u16) -> Option<Glyph<'_>> {
        let (row, col) = (usize::from(row), usize::from(col));
        if row >= self.model.rows() || col >= self.model.cols() {
            return None;
        }
        let row = self.model.row(row);
        let cell = row.get(col);
        Some(Glyph { ch: cell.ch(), marks: row.marks(col), width: cell.width() as u8 })
    }

    /// Whether text wraps at the right end (DECAWM); so at first.
    pub fn wraps(&self) -> bool {
        self.model.autowrap
    }

    /// Whether characters are inserted instead of written over (IRM).
    pub fn inserts(&self) -> bool {
        self.model.insert
    }

    /// Whether a private mode was last set (`CSI ? n h`): true, or reset: false. None for one of
    /// which nothing was said, or which is not kept.
    pub fn private_mode(&self, mode: u16) -> Option<bool> {
        self.model.settings.modes.last(mode)
    }

    /// Visible rows as text, from the top, without trailing blanks.
    pub fn lines(&self) -> Vec<String> {
        self.model.grid(Buffer::Active).iter().map(Row::text).collect()
    }

    /// Scrollback as text, from line number `from` (0 is the oldest), without trailing blanks. Each
    /// comes with whether it goes on in the next line.
    pub fn scrollback(&self, from: usize) -> impl Iterator<Item = (String, bool)> {
        self.model.history.rows(from).map(|kept| (kept.row.text(), kept.row.wraps))
    }

    /// Lines of scrollback held now.
    pub fn scrollback_len(&self) -> usize {
        self.model.history.len()
    }

    /// Lines that ever went into the scrollback, whether they are held still or not.
    pub fn scrolled(&self) -> u64 {
        self.model.history.total()
    }

    /// Bytes that the scrollback takes now.
    pub fn scrollback_bytes(&self) -> usize {
        self.model.history.bytes()
    }
}
