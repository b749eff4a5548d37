//! The rows of one screen, shared with copies until they are written. No cursor, no scrollback.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use crate::cell::Cell;
use crate::links::LinkId;
use crate::row::Row;

/// Rows of a fixed number of columns.
#[derive(Clone, Debug)]
pub(crate) struct Grid {
    rows: VecDeque<Arc<Row>>,
    cols: usize,
}

impl Grid {
    pub(crate) fn new(rows: usize, cols: usize) -> Self {
        Self { rows: (0..rows).map(|_| Arc::default()).collect(), cols }
    }

    pub(crate) fn of(rows: VecDeque<Arc<Row>>, cols: usize) -> Self {
        Self { rows, cols }
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn cols(&self) -> usize {
        self.cols
    }

    pub(crate) fn row(&self, row: usize) -> &Row {
        &self.rows[row]
    }

    /// The row as it is shared: two that are the same allocation are equal.
    pub(crate) fn shared(&self, row: usize) -> &Arc<Row> {
        &self.rows[row]
    }

    /// Whether both are the very same rows.
    pub(crate) fn is_shared(&self, other: &Self) -> bool {
        let same = |(a, b): (&Arc<Row>, &Arc<Row>)| Arc::ptr_eq(a, b);
        self.rows() == other.rows() && self.rows.iter().zip(&other.rows).all(same)
    }

    #[inline]
    pub(crate) fn row_mut(&mut self, row: usize) -> &mut Row {
        Arc::make_mut(&mut self.rows[row])
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Row> + ExactSizeIterator {
        self.rows.iter().map(|row| &**row)
    }

    pub(crate) fn into_rows(self) -> VecDeque<Arc<Row>> {
        self.rows
    }

    /// Makes a row the same cell all over.
    pub(crate) fn clear_row(&mut self, row: usize, cell: Cell) {
        let cols = self.cols;
        match Arc::get_mut(&mut self.rows[row]) {
            Some(row) => row.clear(cell, cols),
            None => self.rows[row] = Arc::new(Row::filled(cell, cols)),
        }
    }

    /// Fills columns of a row with the same cell.
    pub(crate) fn fill(&mut self, row: usize, cols: Range<usize>, cell: Cell) {
        let width = self.cols;
        self.row_mut(row).fill(cols.start, cols.end, cell, width);
    }

    /// Moves the rows of `region` up by `n` and fills what comes in at the bottom.
    pub(crate) fn scroll_up(&mut self, region: Range<usize>, n: usize, cell: Cell) {
        let n = n.min(region.len());
        if region == (0..self.rows.len()) {
            self.rows.rotate_left(n);
        } else {
            for row in region.start..region.end - n {
                self.rows.swap(row, row + n);
            }
        }
        (region.end - n..region.end).for_each(|row| self.clear_row(row, cell));
    }

    /// Moves the rows of `region` down by `n` and fills what comes in at the top.
    pub(crate) fn scroll_down(&mut self, region: Range<usize>, n: usize, cell: Cell) {
        let n = n.min(region.len());
        for row in (region.start + n..region.end).rev() {
            self.rows.swap(row, row - n);
        }
        (region.start..region.start + n).for_each(|row| self.clear_row(row, cell));
    }

    /// Moves the columns `cols` of the rows of `region` up by `n`, for a region within margins.
    pub(crate) fn scroll_box_up(
        &mut self,
        region: Range<usize>,
        cols: Range<usize>,
        n: usize,
        cell: Cell,
    ) {
        let n = n.min(region.len());
        for row in region.start..region.end - n {
            self.copy_box(row + n, row, cols.clone());
        }
        (region.end - n..region.end).for_each(|row| self.fill(row, cols.clone(), cell));
    }

    /// Moves the columns `cols` of the rows of `region` down by `n`.
    pub(crate) fn scroll_box_down(
        &mut self,
        region: Range<usize>,
        cols: Range<usize>,
        n: usize,
        cell: Cell,
    ) {
        let n = n.min(region.len());
        for row in (region.start + n..region.end).rev() {
            self.copy_box(row - n, row, cols.clone());
        }
        (region.start..region.start + n).for_each(|row| self.fill(row, cols.clone(), cell));
    }

    fn copy_box(&mut self, from: usize, to: usize, cols: Range<usize>) {
        let from = self.rows[from].clone();
        let to_the_end = cols.end >= self.cols;
        let to = self.row_mut(to);
        to.copy_from(&from, cols.start, cols.end);
        to.wraps &= !to_the_end;
    }

    /// Rows up to the last one with anything to see.
    pub(crate) fn used(&self) -> usize {
        self.rows.iter().rposition(|row| !row.is_clear()).map_or(0, |last| last + 1)
    }

    /// Shortens or lengthens rows and adds or drops rows at the bottom, without wrapping.
    pub(crate) fn crop(&mut self, rows: usize, cols: usize) {
        self.rows.resize_with(rows, Arc::default);
        if cols != self.cols {
            self.cols = cols;
            self.rows.iter_mut().for_each(|row| Arc::make_mut(row).crop(cols));
        }
    }

    /// Adds a row at the top.
    pub(crate) fn push_top(&mut self, row: Row) {
        self.rows.push_front(Arc::new(row));
    }

    /// Takes rows off the top.
    pub(crate) fn pop_top(&mut self) -> Option<Arc<Row>> {
        self.rows.pop_front()
    }

    /// The links in use.
    pub(crate) fn links(&self) -> impl Iterator<Item = LinkId> {
        self.iter().flat_map(|row| row.cells().iter().map(|cell| cell.pen.link))
    }
}
