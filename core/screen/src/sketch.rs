//! Sketching on a copy of a screen: what it would look like if a keystroke did this or that. The copy
//! is shown by [`Screen::difference_from`] and taken off again by the difference back; nothing here
//! is what an application said.

use crate::Screen;
use crate::cell::Cell;
use crate::cursor::Charset;
use crate::links::LinkId;
use crate::pen::Pen;
use crate::width::width;

/// Columns that a character takes: 0 for marks, 1 or 2; none for control characters.
pub fn columns(ch: char) -> Option<u16> {
    // 2 at most.
    width(ch).map(|columns| columns as u16)
}

impl Screen {
    /// Whether a sketch can be shown now: no sequence is half received, and what is typed is written
    /// over what stands there, as ASCII, anywhere on the screen.
    pub fn takes_sketch(&self) -> bool {
        let model = &self.model;
        let plain = model.cursor.charsets.current() == Charset::Ascii;
        self.is_ground() && plain && !model.insert && !model.origin && !model.is_boxed()
    }

    /// Writes one character, looking as the application's next one would, or underlined. Outside of
    /// the screen, or too wide for its place, it is dropped.
    pub fn sketch(&mut self, (row, col): (u16, u16), ch: char, underlined: bool) {
        let (row, col) = (usize::from(row), usize::from(col));
        let Some(width) = width(ch).filter(|width| *width > 0) else { return };
        let model = &mut self.model;
        if row >= model.rows() || col + width > model.cols() {
            return;
        }
        let mut pen = Pen { link: LinkId::NONE, ..model.cursor.pen };
        if underlined {
            pen.underline = 1;
        }
        match width {
            1 => model.grid.row_mut(row).put(col, &[Cell::narrow(ch, pen)]),
            _ => model.grid.row_mut(row).put(col, &Cell::wide(ch, pen)),
        }
    }

    /// Makes room: what stands from `col` to before `end` moves right by `by` columns.
    pub fn sketch_room(&mut self, row: u16, col: u16, by: u16, end: u16) {
        let Some((row, col, end)) = self.span(row, col, end) else { return };
        self.model.grid.row_mut(row).insert(col, by.into(), end, Cell::BLANK);
    }

    /// Closes up: `by` columns at `col` go, and what stands right of them before `end` moves left.
    pub fn sketch_gap(&mut self, row: u16, col: u16, by: u16, end: u16) {
        let Some((row, col, end)) = self.span(row, col, end) else { return };
        self.model.grid.row_mut(row).delete(col, by.into(), end, Cell::BLANK);
    }

    /// Moves everything up by a row. What leaves at the top does not become scrollback.
    pub fn sketch_scroll(&mut self) {
        let rows = self.model.rows();
        self.model.grid.scroll_up(0..rows, 1, Cell::BLANK);
    }

    /// Puts the cursor somewhere, cut to the screen; after the last column it may wait to wrap.
    pub fn sketch_cursor(&mut self, row: u16, col: u16, pending_wrap: bool) {
        let model = &mut self.model;
        model.cursor.row = usize::from(row).min(model.rows() - 1);
        model.cursor.col = usize::from(col).min(model.cols() - 1);
        model.cursor.pending = pending_wrap && model.cursor.col + 1 == model.cols();
        model.forget_printed();
    }

    /// The text of a row before a column, blanks at its end included; empty outside of the screen.
    pub fn text_before(&self, row: u16, col: u16) -> String {
        let (row, col) = (usize::from(row), usize::from(col));
        if row >= self.model.rows() {
            return String::new();
        }
        let row = self.model.row(row);
        let cells = (0..col.min(self.model.cols())).map(|col| row.get(col));
        cells.filter(|cell| !cell.is_tail()).map(Cell::ch).collect()
    }

    /// Columns of a row up to the last one that shows something.
    pub fn used_columns(&self, row: u16) -> u16 {
        let row = usize::from(row);
        if row >= self.model.rows() {
            return 0;
        }
        let cells = self.model.row(row).cells();
        // At most MAX_COLS.
        cells.iter().rposition(|cell| !cell.is_clear()).map_or(0, |last| last as u16 + 1)
    }

    /// Line feeds since the beginning: how often the cursor was sent down.
    pub fn line_feeds(&self) -> u64 {
        self.model.line_feeds
    }

    /// Whether all of it was erased at some time with the cursor at home: from then on its rows are
    /// those of a terminal that was in an unknown state before.
    pub fn was_cleared(&self) -> bool {
        self.model.cleared
    }

    fn span(&self, row: u16, col: u16, end: u16) -> Option<(usize, usize, usize)> {
        let (row, col, end) = (usize::from(row), usize::from(col), usize::from(end));
        let end = end.min(self.model.cols());
        (row < self.model.rows() && col < end).then_some((row, col, end))
    }
}
