//! Lines of text that were cut into rows: joined, and cut anew for another width.

use crate::cell::Cell;
use crate::row::{Marks, Row};

/// A line as it would be on a terminal of endless width.
#[derive(Debug, Default)]
pub(crate) struct Line {
    cells: Vec<Cell>,
    marks: Vec<(usize, Marks)>,
    /// Where each of the rows began that it was joined from.
    starts: Vec<usize>,
    /// Cells up to the last that is more than a blank in some colour.
    solid: usize,
}

/// A position in it, in cells from its beginning; may lie past its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offset(usize);

impl Line {
    /// Joins rows of `cols` columns, each but the last of which wraps into the next. The first
    /// `typed` columns of the last are text even where they are blank.
    pub(crate) fn join(rows: &[&Row], cols: usize, typed: usize) -> Self {
        let mut line = Self::default();
        for (at, row) in rows.iter().enumerate() {
            let len = match rows.get(at + 1) {
                Some(next) => cols - usize::from(row.gap && next.get(0).is_wide()),
                None => row.used().max(typed),
            };
            let start = line.cells.len();
            line.starts.push(start);
            line.cells.extend((0..len).map(|col| row.get(col)));
            let marks = row.all_marks().iter().filter(|(col, _)| usize::from(*col) < len);
            line.marks.extend(marks.map(|(col, marks)| (start + usize::from(*col), *marks)));
        }
        let blank = |cell: &Cell| cell.as_ascii() == Some(b' ') || cell.is_tail();
        let solid = line.cells.iter().rposition(|cell| !blank(cell));
        let solid = solid.map_or(0, |last| last + line.cells[last].width());
        let last = line.starts.last().copied().unwrap_or(0);
        line.solid = if typed > 0 { solid.max(last + typed) } else { solid };
        line
    }

    /// The position at `col` of the row number `row`.
    pub(crate) fn offset(&self, row: usize, col: usize) -> Offset {
        Offset(self.starts[row] + col)
    }

    /// Cuts it into rows; there is at least one. Coloured blanks at its end do not make a row.
    pub(crate) fn wrap(&self, cols: usize) -> Wrapped {
        let mut wrapped = Wrapped { rows: Vec::new(), starts: Vec::new(), len: 0, cols };
        let mut start = 0;
        loop {
            let mut end = (start + cols).min(self.cells.len());
            if end < self.cells.len() && self.cells[end].is_tail() {
                end -= 1;
            }
            let goes_on = end < self.solid;
            let mut row = self.cut(start, end);
            (row.wraps, row.gap) = (goes_on, end - start < cols);
            wrapped.rows.push(row);
            wrapped.starts.push(start);
            wrapped.len = end;
            if !goes_on {
                return wrapped;
            }
            start = end;
        }
    }

    fn cut(&self, start: usize, end: usize) -> Row {
        let marks = self.marks.iter().filter(|(at, _)| (start..end).contains(at));
        // Columns are below MAX_COLS.
        let marks = marks.map(|(at, marks)| ((at - start) as u16, *marks)).collect();
        Row::of(self.cells[start..end].to_vec(), marks)
    }
}

/// A line in rows.
#[derive(Debug)]
pub(crate) struct Wrapped {
    pub(crate) rows: Vec<Row>,
    starts: Vec<usize>,
    len: usize,
    cols: usize,
}

/// Where in a [`Wrapped`] line a position has come to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) row: usize,
    pub(crate) col: usize,
    /// Just past the last column.
    pub(crate) pending: bool,
}

impl Wrapped {
    pub(crate) fn place(&self, Offset(offset): Offset) -> Place {
        let row = self.starts.partition_point(|start| *start <= offset) - 1;
        let col = offset - self.starts[row];
        let pending = col == self.cols && offset == self.len;
        Place { row, col: col.min(self.cols - 1), pending }
    }
}
