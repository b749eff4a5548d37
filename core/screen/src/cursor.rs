//! Where a terminal writes next and how, and what it saves of that.

use crate::pen::Pen;

/// What a character set makes of ASCII.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Charset {
    /// Nothing, also for national sets: they have no effect on a terminal that reads UTF-8.
    #[default]
    Ascii,
    /// DEC special graphics: lines in place of lower-case letters.
    Drawing,
}

impl Charset {
    pub(crate) fn map(self, byte: u8) -> char {
        /// From `_` on.
        const DRAWING: [char; 32] = [
            ' ', '◆', '▒', '␉', '␌', '␍', '␊', '°', '±', '␤', '␋', '┘', '┐', '┌', '└', '┼', '⎺',
            '⎻', '─', '⎼', '⎽', '├', '┤', '┴', '┬', '│', '≤', '≥', 'π', '≠', '£', '·',
        ];
        match (self, byte) {
            (Self::Drawing, b'_'..=b'~') => DRAWING[usize::from(byte - b'_')],
            _ => byte.into(),
        }
    }
}

/// The four designated character sets and the one in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Charsets {
    pub(crate) sets: [Charset; 4],
    /// Which of G0..G3 is in use.
    pub(crate) shift: u8,
}

impl Charsets {
    #[inline]
    pub(crate) fn current(self) -> Charset {
        self.sets[usize::from(self.shift & 3)]
    }
}

/// A position and how text is written there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) row: usize,
    pub(crate) col: usize,
    /// The last column was written; the next character goes to the next row.
    pub(crate) pending: bool,
    pub(crate) pen: Pen,
    pub(crate) charsets: Charsets,
}

/// What DECSC saves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Saved {
    pub(crate) cursor: Cursor,
    pub(crate) origin: bool,
}
