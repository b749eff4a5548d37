//! Erasing, inserting, deleting, scrolling. Erased cells take the background of the pen on.

use super::Model;
use crate::cell::Cell;

impl Model {
    /// Moves the rows from `top` to the bottom margin up. Rows that leave the primary screen at its
    /// top become scrollback.
    pub(super) fn scroll_up(&mut self, top: usize, n: usize) {
        let n = n.min(self.margins.bottom - top);
        let region = top..self.margins.bottom;
        let erased = self.erased();
        if self.is_boxed() {
            return self.grid.scroll_box_up(region, self.margins.cols(), n, erased);
        }
        if top == 0 && self.parked.is_none() {
            for row in 0..n {
                self.history.push(self.grid.row(row), &self.links);
            }
        }
        self.grid.scroll_up(region, n, erased);
    }

    pub(super) fn scroll_down(&mut self, top: usize, n: usize) {
        let region = top..self.margins.bottom;
        let erased = self.erased();
        match self.is_boxed() {
            true => self.grid.scroll_box_down(region, self.margins.cols(), n, erased),
            false => self.grid.scroll_down(region, n, erased),
        }
    }

    /// IL.
    pub(super) fn insert_lines(&mut self, n: usize) {
        if self.is_within() {
            self.scroll_down(self.cursor.row, n);
            (self.cursor.col, self.cursor.pending) = (self.margins.left, false);
        }
    }

    /// DL.
    pub(super) fn delete_lines(&mut self, n: usize) {
        if self.is_within() {
            self.scroll_up(self.cursor.row, n);
            (self.cursor.col, self.cursor.pending) = (self.margins.left, false);
        }
    }

    /// ICH.
    pub(super) fn insert_chars(&mut self, n: usize) {
        self.cursor.pending = false;
        if self.is_between_sides() {
            let erased = self.erased();
            let row = self.grid.row_mut(self.cursor.row);
            row.insert(self.cursor.col, n, self.margins.right, erased);
        }
    }

    /// DCH.
    pub(super) fn delete_chars(&mut self, n: usize) {
        self.cursor.pending = false;
        if self.is_between_sides() {
            let erased = self.erased();
            let row = self.grid.row_mut(self.cursor.row);
            row.delete(self.cursor.col, n, self.margins.right, erased);
        }
    }

    /// DECIC, and SR from the left margin.
    pub(super) fn insert_columns(&mut self, col: usize, n: usize) {
        let erased = self.erased();
        for row in self.margins.rows() {
            self.grid.row_mut(row).insert(col, n, self.margins.right, erased);
        }
    }

    /// DECDC, and SL from the left margin.
    pub(super) fn delete_columns(&mut self, col: usize, n: usize) {
        let erased = self.erased();
        for row in self.margins.rows() {
            self.grid.row_mut(row).delete(col, n, self.margins.right, erased);
        }
    }

    /// ECH: not held by margins.
    pub(super) fn erase_chars(&mut self, n: usize) {
        let end = (self.cursor.col + n).min(self.cols());
        self.erase(self.cursor.row, self.cursor.col, end);
    }

    /// EL.
    pub(super) fn erase_line(&mut self, which: usize) {
        let (row, col, cols) = (self.cursor.row, self.cursor.col, self.cols());
        match which {
            0 => self.erase(row, col, cols),
            1 => self.erase(row, 0, col + 1),
            2 => self.erase(row, 0, cols),
            _ => {}
        }
    }

    /// ED. A whole primary screen that is erased becomes scrollback, as in VTE and others, so that
    /// nothing is lost.
    pub(super) fn erase_screen(&mut self, which: usize) {
        match which {
            0 => {
                self.erase_line(0);
                self.clear_rows(self.cursor.row + 1, self.rows());
            }
            1 => {
                self.clear_rows(0, self.cursor.row);
                self.erase_line(1);
            }
            2 => {
                self.keep_screen();
                self.cleared |= (self.cursor.row, self.cursor.col) == (0, 0);
                self.clear_rows(0, self.rows());
                self.cursor.pending = false;
            }
            3 => self.history.clear(),
            _ => {}
        }
    }

    fn keep_screen(&mut self) {
        if self.parked.is_none() {
            for row in 0..self.grid.used() {
                self.history.push(self.grid.row(row), &self.links);
            }
        }
    }

    fn erase(&mut self, row: usize, start: usize, end: usize) {
        self.cursor.pending = false;
        let erased = self.erased();
        self.grid.fill(row, start..end, erased);
    }

    fn clear_rows(&mut self, start: usize, end: usize) {
        let erased = self.erased();
        (start..end).for_each(|row| self.grid.clear_row(row, erased));
    }

    /// DECALN: a screen full of E.
    pub(super) fn align(&mut self) {
        self.reset_margins();
        self.go(0, 0);
        let cell = Cell::ascii(b'E', crate::pen::Pen::DEFAULT);
        (0..self.rows()).for_each(|row| self.grid.clear_row(row, cell));
    }

    /// DECFRA and DECERA: fills a rectangle, its corners as given (1-based, 0 for the default).
    pub(super) fn fill_area(&mut self, corners: [usize; 4], cell: Cell) {
        let (rows, cols) = match self.origin {
            true => (self.margins.rows(), self.margins.cols()),
            false => (0..self.rows(), 0..self.cols()),
        };
        let [top, left, bottom, right] = corners;
        let end = |given: usize, start: usize, end: usize| match given {
            0 => end,
            given => (start + given).min(end),
        };
        let (bottom, right) = (end(bottom, rows.start, rows.end), end(right, cols.start, cols.end));
        let (top, left) = (rows.start + top.max(1) - 1, cols.start + left.max(1) - 1);
        for row in top..bottom {
            self.grid.fill(row, left..right, cell);
        }
    }
}
