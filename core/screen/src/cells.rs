//! Rows of a screen as plain values, and a painter that writes them to a terminal.

use crate::pen::{self, Pen};

/// What stands in one column. A wide character takes two: its second column holds a glyph of
/// width 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Glyph {
    pub(crate) ch: char,
    /// Combining marks and other characters of no width.
    pub(crate) marks: Vec<char>,
    pub(crate) width: u8,
    pub(crate) pen: Pen,
}

impl Glyph {
    fn is_blank(&self) -> bool {
        self.ch == ' ' && self.marks.is_empty() && self.pen == Pen::default()
    }
}

/// One row of a screen, all columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) glyphs: Vec<Glyph>,
    /// The line goes on in the next row.
    pub(crate) wraps: bool,
    /// The last column is empty because a wide character did not fit.
    pub(crate) spacer: bool,
}

impl Row {
    /// Columns up to the last one that is not a default blank.
    pub(crate) fn used(&self) -> usize {
        self.glyphs.iter().rposition(|glyph| !glyph.is_blank()).map_or(0, |last| last + 1)
    }

    /// The column where the character begins that covers `col`.
    pub(crate) fn start(&self, col: usize) -> usize {
        if self.glyphs[col].width == 0 { col.saturating_sub(1) } else { col }
    }

    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for glyph in self.glyphs.iter().filter(|glyph| glyph.width > 0) {
            text.push(glyph.ch);
            text.extend(&glyph.marks);
        }
        text.truncate(text.trim_end().len());
        text
    }

    /// How many columns to print so that, with `next` printed after them, the terminal wraps by
    /// itself: all, but for the gap that it leaves before a wide character.
    pub(crate) fn wrap_len(&self, next: &Row) -> usize {
        let gap = self.spacer && next.glyphs[0].width == 2;
        self.glyphs.len() - usize::from(gap)
    }
}

/// A cursor: position and how it writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) line: usize,
    pub(crate) col: usize,
    /// The last column was written; the next character goes to the next row.
    pub(crate) pending_wrap: bool,
    pub(crate) pen: Pen,
    /// Which of G0..G3 hold line drawing instead of ASCII.
    pub(crate) drawing: [bool; 4],
}

/// Collects bytes for a terminal and knows the pen it left there.
#[derive(Default)]
pub(crate) struct Painter {
    pub(crate) out: Vec<u8>,
    pen: Pen,
}

impl Painter {
    pub(crate) fn put(&mut self, bytes: impl AsRef<[u8]>) {
        self.out.extend_from_slice(bytes.as_ref());
    }

    pub(crate) fn set_pen(&mut self, pen: &Pen) {
        if self.pen != *pen {
            pen::change(&mut self.out, &self.pen, pen);
            self.pen = pen.clone();
        }
    }

    /// Cursor to a position, 0-based.
    pub(crate) fn go(&mut self, line: usize, col: usize) {
        self.put(format!("\x1b[{};{}H", line + 1, col + 1));
    }

    pub(crate) fn glyph(&mut self, glyph: &Glyph) {
        if glyph.width == 0 {
            return;
        }
        self.set_pen(&glyph.pen);
        let mut utf8 = [0; 4];
        for c in [glyph.ch].iter().chain(&glyph.marks) {
            self.put(c.encode_utf8(&mut utf8).as_bytes());
        }
    }

    /// Prints rows one after the other from the first column of the current row, on rows that are
    /// blank; soft-wrapped ones wrap in that terminal too. Leaves the default pen.
    pub(crate) fn flow(&mut self, rows: impl Iterator<Item = Row>) {
        let mut rows = rows.peekable();
        let mut came_by_wrap = false;
        while let Some(row) = rows.next() {
            let next = rows.peek();
            if let Some(next) = next.filter(|_| row.wraps) {
                row.glyphs[..row.wrap_len(next)].iter().for_each(|glyph| self.glyph(glyph));
                came_by_wrap = true;
                continue;
            }
            // Only a printed character makes the terminal wrap, if need be a blank.
            let used = row.used().max(usize::from(came_by_wrap));
            row.glyphs[..used].iter().for_each(|glyph| self.glyph(glyph));
            self.set_pen(&Pen::default());
            if came_by_wrap && used < row.glyphs.len() {
                // A row scrolled in by a wrap is filled with the background of the pen then.
                self.put("\x1b[K");
            }
            if rows.peek().is_some() {
                self.put("\r\n");
            }
            came_by_wrap = false;
        }
    }
}
