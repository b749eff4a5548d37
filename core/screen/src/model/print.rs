//! Writing text at the cursor.

use super::Model;
use crate::cell::Cell;
use crate::cursor::Charset;
use crate::width::width;

/// A repeat is written in runs of this many characters.
const REPEAT_RUN: usize = 256;

impl Model {
    /// Printable ASCII, at least one byte.
    #[inline]
    pub(super) fn print_ascii(&mut self, text: &[u8]) {
        self.last = text.last().map(|&byte| byte.into());
        let charset = self.cursor.charsets.current();
        if self.insert || charset != Charset::Ascii {
            for &byte in text {
                self.put(charset.map(byte), 1);
            }
            return;
        }
        let mut rest = text;
        while !rest.is_empty() {
            self.wrap_if_pending();
            let (col, edge) = (self.cursor.col, self.edge());
            let (now, later) = rest.split_at(rest.len().min(edge - col));
            let cols = self.cols();
            let row = self.grid.row_mut(self.cursor.row);
            row.put_ascii(col, now, self.cursor.pen);
            row.wraps &= col + now.len() < cols;
            self.advance(now.len(), edge);
            rest = later;
        }
    }

    /// A character beyond ASCII.
    pub(super) fn print(&mut self, ch: char) {
        match width(ch) {
            None => {}
            Some(0) => self.mark(ch),
            Some(width) => {
                self.last = Some(ch);
                self.put(ch, width);
            }
        }
    }

    /// REP.
    pub(super) fn repeat(&mut self, ch: char, mut count: usize) {
        if !ch.is_ascii() {
            return (0..count).for_each(|_| self.print(ch));
        }
        let run = [ch as u8; REPEAT_RUN];
        while count > 0 {
            let now = count.min(REPEAT_RUN);
            self.print_ascii(&run[..now]);
            count -= now;
        }
    }

    /// Writes a character of one or two columns.
    fn put(&mut self, ch: char, width: usize) {
        self.wrap_if_pending();
        if self.cursor.col + width > self.edge() {
            // A wide character before the last column: what stands there stays.
            self.cursor.pending = false;
            if self.autowrap && self.cursor.col > self.margins.left {
                self.wrap(true);
            }
            if self.cursor.col + width > self.edge() {
                // There is no room for it: dropped.
                self.last = None;
                return;
            }
        }
        let (col, edge, cols) = (self.cursor.col, self.edge(), self.cols());
        let pen = self.cursor.pen;
        let erased = self.erased();
        let row = self.grid.row_mut(self.cursor.row);
        if self.insert && col + width < edge {
            row.insert(col, width, edge, erased);
        }
        match width {
            1 => row.put(col, &[Cell::narrow(ch, pen)]),
            _ => row.put(col, &Cell::wide(ch, pen)),
        }
        row.wraps &= col + width < cols;
        self.advance(width, edge);
    }

    /// Adds a character of no width to the one before the cursor.
    fn mark(&mut self, ch: char) {
        let back = usize::from(!self.cursor.pending);
        let col = self.cursor.col.saturating_sub(back);
        let row = self.grid.row_mut(self.cursor.row);
        row.mark(row.start(col), ch);
    }

    #[inline]
    fn advance(&mut self, width: usize, edge: usize) {
        self.cursor.col += width;
        if self.cursor.col >= edge {
            self.cursor.col = edge - 1;
            self.cursor.pending = true;
        }
    }

    #[inline]
    fn wrap_if_pending(&mut self) {
        if self.cursor.pending {
            self.cursor.pending = false;
            if self.autowrap {
                self.wrap(false);
            }
        }
    }

    /// Goes to the next row. `gap`: the last column was left out.
    fn wrap(&mut self, gap: bool) {
        if !self.is_boxed() {
            let last = self.cols() - 1;
            let row = self.grid.row_mut(self.cursor.row);
            // What is left of an older wide character there is part of the line.
            (row.wraps, row.gap) = (true, gap && !row.get(last).is_tail());
        }
        self.index();
        self.cursor.col = self.margins.left;
    }
}
