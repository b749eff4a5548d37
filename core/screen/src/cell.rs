//! One column of a screen, in twenty bytes.

use crate::links::LinkId;
use crate::pen::Pen;

/// The second column of a wide character.
const TAIL: u32 = 1 << 31;
/// The first column of a wide character.
const WIDE: u32 = 1 << 30;
/// Characters of no width follow, which the row keeps.
const MARKED: u32 = 1 << 29;

/// What stands in one column. A wide character takes two: the second is a tail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    code: u32,
    pub(crate) pen: Pen,
}

impl Cell {
    /// What a cleared screen is made of.
    pub(crate) const BLANK: Self = Self { code: b' ' as u32, pen: Pen::DEFAULT };

    #[inline]
    pub(crate) fn ascii(byte: u8, pen: Pen) -> Self {
        Self { code: byte.into(), pen }
    }

    #[inline]
    pub(crate) fn narrow(ch: char, pen: Pen) -> Self {
        Self { code: ch.into(), pen }
    }

    /// Both columns of a wide character.
    pub(crate) fn wide(ch: char, pen: Pen) -> [Self; 2] {
        [Self { code: u32::from(ch) | WIDE, pen }, Self { code: u32::from(b' ') | TAIL, pen }]
    }

    pub(crate) fn erased(pen: Pen) -> Self {
        Self { code: b' '.into(), pen: pen.erased() }
    }

    #[inline]
    pub(crate) fn is_tail(self) -> bool {
        self.code & TAIL != 0
    }

    #[inline]
    pub(crate) fn is_wide(self) -> bool {
        self.code & WIDE != 0
    }

    #[inline]
    pub(crate) fn is_marked(self) -> bool {
        self.code & MARKED != 0
    }

    #[inline]
    pub(crate) fn with_marks(self) -> Self {
        Self { code: self.code | MARKED, ..self }
    }

    #[inline]
    pub(crate) fn unmarked(self) -> Self {
        Self { code: self.code & !MARKED, ..self }
    }

    /// A blank that looks as this cell did: what is left of a wide character when half of it goes.
    #[inline]
    pub(crate) fn blanked(self) -> Self {
        Self { code: b' '.into(), pen: self.pen }
    }

    #[inline]
    pub(crate) fn ch(self) -> char {
        // Only chars and flags above them are ever stored.
        char::from_u32(self.code & !(TAIL | WIDE | MARKED)).unwrap_or(char::REPLACEMENT_CHARACTER)
    }

    /// The character, where it is a single byte without anything to it but its pen.
    #[inline]
    pub(crate) fn as_ascii(self) -> Option<u8> {
        u8::try_from(self.code).ok().filter(u8::is_ascii)
    }

    /// Columns: 0 for a tail, else 1 or 2.
    pub(crate) fn width(self) -> usize {
        match (self.is_tail(), self.is_wide()) {
            (true, _) => 0,
            (_, true) => 2,
            _ => 1,
        }
    }

    /// Whether both are the same but for the numbers of their links, which are good in one book.
    pub(crate) fn is_like(self, other: Self) -> bool {
        let unlinked = |pen: Pen| Pen { link: LinkId::NONE, ..pen };
        self.code == other.code && unlinked(self.pen) == unlinked(other.pen)
    }

    /// Whether it shows as nothing.
    pub(crate) fn is_clear(self) -> bool {
        self.code == u32::from(b' ') && self.pen.hides_blanks()
    }
}
