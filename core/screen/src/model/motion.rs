//! Where the cursor goes. Every motion, even in vain, ends the wait to wrap.

use super::{Margins, Model};
use crate::cursor::Cursor;

impl Model {
    /// CUP: 0-based, from the margins in origin mode.
    pub(super) fn go(&mut self, row: usize, col: usize) {
        let (rows, cols) = match self.origin {
            true => (self.margins.rows(), self.margins.cols()),
            false => (0..self.rows(), 0..self.cols()),
        };
        self.cursor.row = (rows.start + row).min(rows.end - 1);
        self.cursor.col = (cols.start + col).min(cols.end - 1);
        self.cursor.pending = false;
    }

    /// CHA.
    pub(super) fn go_col(&mut self, col: usize) {
        self.go(self.row_in_origin(), col);
    }

    /// VPA.
    pub(super) fn go_row(&mut self, row: usize) {
        self.go(row, self.col_in_origin());
    }

    /// HPR: not stopped by margins, but in origin mode.
    pub(super) fn right_by(&mut self, n: usize) {
        self.go(self.row_in_origin(), self.col_in_origin() + n);
    }

    /// VPR: not stopped by margins, but in origin mode.
    pub(super) fn down_by(&mut self, n: usize) {
        self.go(self.row_in_origin() + n, self.col_in_origin());
    }

    fn row_in_origin(&self) -> usize {
        let top = if self.origin { self.margins.top } else { 0 };
        self.cursor.row.saturating_sub(top)
    }

    fn col_in_origin(&self) -> usize {
        let left = if self.origin { self.margins.left } else { 0 };
        self.cursor.col.saturating_sub(left)
    }

    /// The margins stop the cursor if it was within them.
    pub(super) fn up(&mut self, n: usize) {
        let top = if self.cursor.row >= self.margins.top { self.margins.top } else { 0 };
        self.cursor.row = self.cursor.row.saturating_sub(n).max(top);
        self.cursor.pending = false;
    }

    pub(super) fn down(&mut self, n: usize) {
        let within = self.cursor.row < self.margins.bottom;
        let end = if within { self.margins.bottom } else { self.rows() };
        self.cursor.row = (self.cursor.row + n).min(end - 1);
        self.cursor.pending = false;
    }

    pub(super) fn left(&mut self, n: usize) {
        let left = if self.cursor.col >= self.margins.left { self.margins.left } else { 0 };
        self.cursor.col = self.cursor.col.saturating_sub(n).max(left);
        self.cursor.pending = false;
    }

    pub(super) fn right(&mut self, n: usize) {
        self.cursor.col = (self.cursor.col + n).min(self.edge() - 1);
        self.cursor.pending = false;
    }

    /// Where text that begins at the cursor must wrap, the end excluded. A cursor right of the
    /// margin is not held by it.
    #[inline]
    pub(super) fn edge(&self) -> usize {
        self.edge_from(self.cursor.col)
    }

    #[inline]
    fn edge_from(&self, col: usize) -> usize {
        if col < self.margins.right { self.margins.right } else { self.cols() }
    }

    pub(super) fn carriage_return(&mut self) {
        let within = self.origin || self.cursor.col >= self.margins.left;
        self.cursor.col = if within { self.margins.left } else { 0 };
        self.cursor.pending = false;
    }

    pub(super) fn line_feed(&mut self) {
        self.line_feeds += 1;
        self.index();
        if self.newline {
            self.carriage_return();
        }
    }

    /// Down by one row; scrolls at the bottom margin.
    #[inline]
    pub(super) fn index(&mut self) {
        if self.cursor.row + 1 == self.margins.bottom && self.is_between_sides() {
            self.scroll_up(self.margins.top, 1);
            self.cursor.pending = false;
        } else {
            self.down(1);
        }
    }

    /// Up by one row; scrolls at the top margin.
    pub(super) fn reverse_index(&mut self) {
        if self.cursor.row == self.margins.top && self.is_between_sides() {
            self.scroll_down(self.margins.top, 1);
            self.cursor.pending = false;
        } else {
            self.up(1);
        }
    }

    /// DECFI: right by one column; what is between the margins moves left at the right one.
    pub(super) fn forward_index(&mut self) {
        if self.cursor.col + 1 == self.margins.right && self.is_within() {
            self.delete_columns(self.margins.left, 1);
        } else {
            self.right(1);
        }
    }

    /// DECBI.
    pub(super) fn back_index(&mut self) {
        if self.cursor.col == self.margins.left && self.is_within() {
            self.insert_columns(self.margins.left, 1);
        } else {
            self.left(1);
        }
    }

    #[inline]
    pub(super) fn is_between_sides(&self) -> bool {
        self.margins.cols().contains(&self.cursor.col)
    }

    /// Whether the cursor is between all four margins.
    pub(super) fn is_within(&self) -> bool {
        self.is_between_sides() && self.margins.rows().contains(&self.cursor.row)
    }

    /// DECSTBM, with the numbers as given: a region is at least two rows.
    pub(super) fn set_rows(&mut self, top: usize, bottom: usize) {
        let rows = self.rows();
        let bottom = if bottom == 0 { rows } else { bottom.min(rows) };
        if top < bottom || rows == 1 {
            (self.margins.top, self.margins.bottom) = ((top - 1).min(rows - 1), bottom);
            self.go(0, 0);
        }
    }

    /// DECSLRM, with the numbers as given.
    pub(super) fn set_sides(&mut self, left: usize, right: usize) {
        let cols = self.cols();
        let right = if right == 0 { cols } else { right.min(cols) };
        if left < right {
            (self.margins.left, self.margins.right) = (left - 1, right);
            self.go(0, 0);
        }
    }

    pub(super) fn reset_sides(&mut self) {
        (self.margins.left, self.margins.right) = (0, self.cols());
        self.hold_wait();
    }

    pub(super) fn reset_margins(&mut self) {
        self.margins = Margins::whole(self.rows(), self.cols());
        self.hold_wait();
    }

    /// Only where the character under it would have made it wait may the cursor wait to wrap.
    pub(super) fn hold_wait(&mut self) {
        let Cursor { row, col, .. } = self.cursor;
        self.cursor.pending &= col + 1 == self.edge_from(self.grid.row(row).start(col));
    }
}
