//! Repairs of cells that the library leaves in a state no terminal shows.

use alacritty_terminal::grid::Dimensions;
use alacritty_terminal::grid::Row;
use alacritty_terminal::index::{Column, Point};
use alacritty_terminal::term::TermMode;
use alacritty_terminal::term::cell::{Cell, Flags};

use super::{Tap, has};
use crate::row::MAX_MARKS;
use crate::width::width;

impl Tap {
    /// Ends the wait to wrap, as every motion and all erasing does in xterm.
    pub(super) fn end_wait(&mut self) {
        self.term.grid_mut().cursor.input_needs_wrap = false;
    }

    pub(super) fn line_start_within(&mut self) {
        let cursor = &mut self.term.grid_mut().cursor;
        let row = usize::try_from(cursor.point.line.0).unwrap_or(0);
        if (self.region.top..self.region.bottom).contains(&row) {
            (cursor.point.column, cursor.input_needs_wrap) = (Column(0), false);
        }
    }

    /// A wide character that does not fit goes to the next row and leaves what stands in the last
    /// column; the library blanks it, and forgets to make room in insert mode.
    pub(super) fn wrap_before_wide(&mut self, c: char) {
        if self.is_before_last(c) && has(&self.term, TermMode::LINE_WRAP) {
            self.term.grid_mut().cursor.input_needs_wrap = true;
        }
    }

    /// Clears what inserting a character pushes out at the right end. The library mistakes half of a
    /// wide character there for one before the cursor.
    pub(super) fn drop_pushed_out(&mut self, c: char) {
        let Some(width) = width(c).filter(|width| *width > 0) else { return };
        let (col, cols) = (self.term.grid().cursor.point.column.0, self.term.columns());
        if col + width < cols {
            self.cut(cols - width - col);
            let line = self.term.grid().cursor.point.line;
            let row = &mut self.term.grid_mut()[line];
            (cols - width..cols).for_each(|col| row[Column(col)] = Cell::default());
        }
    }

    /// Without autowrap it is dropped; in the library the cursor then waits to wrap.
    pub(super) fn drops_wide(&self, c: char) -> bool {
        self.is_before_last(c) && !has(&self.term, TermMode::LINE_WRAP)
    }

    fn is_before_last(&self, c: char) -> bool {
        let cursor = &self.term.grid().cursor;
        width(c) == Some(2) && cursor.point.column.0 + 1 == self.term.columns()
    }

    /// Cuts the marks of the cell before the cursor to [`MAX_MARKS`].
    pub(super) fn bound_marks(&mut self) {
        let Point { line, column } = self.term.grid().cursor.point;
        for col in column.0.saturating_sub(2)..=column.0 {
            let cell = &mut self.term.grid_mut()[line][Column(col)];
            let Some(marks) = cell.zerowidth().filter(|marks| marks.len() > MAX_MARKS) else {
                continue;
            };
            let kept: Vec<char> = marks[..MAX_MARKS].to_vec();
            let (colour, link) = (cell.underline_color(), cell.hyperlink());
            cell.extra = None;
            cell.set_underline_color(colour);
            cell.set_hyperlink(link);
            kept.into_iter().for_each(|mark| cell.push_zerowidth(mark));
        }
    }

    /// Blanks the wide character, if any, that a cut before the column `right` of the cursor would
    /// halve: cells are about to be moved from there on.
    pub(super) fn cut(&mut self, right: usize) {
        let cursor = &self.term.grid().cursor;
        let (line, col) = (cursor.point.line, cursor.point.column + right);
        let row = &mut self.term.grid_mut()[line];
        if col.0 > 0 && col.0 < row.len() && row[col].flags.contains(Flags::WIDE_CHAR_SPACER) {
            row[col].flags.remove(Flags::WIDE_CHAR_SPACER);
            row[col - 1].clear_wide();
        }
    }

    /// Blanks halves of wide characters in the row of the cursor. The library leaves them behind
    /// and later mistakes a neighbour for the other half.
    pub(super) fn mend_row(&mut self) {
        let line = self.term.grid().cursor.point.line;
        mend(&mut self.term.grid_mut()[line]);
    }
}

/// Blanks halves of wide characters, and drops marks of a soft wrap that moved along with a cell.
pub(crate) fn mend(row: &mut Row<Cell>) {
    let (wide, spacer) = (Flags::WIDE_CHAR, Flags::WIDE_CHAR_SPACER);
    let cols = row.len();
    (0..cols - 1).for_each(|col| row[Column(col)].flags.remove(Flags::WRAPLINE));
    for col in 0..cols {
        let flags = row[Column(col)].flags;
        let next = (col + 1 < cols).then(|| row[Column(col + 1)].flags);
        if flags.contains(wide) && !next.is_some_and(|next| next.contains(spacer)) {
            row[Column(col)].clear_wide();
        } else if !flags.contains(wide) && next.is_some_and(|next| next.contains(spacer)) {
            row[Column(col + 1)].flags.remove(spacer);
        }
    }
    if row[Column(0)].flags.contains(spacer) {
        row[Column(0)].flags.remove(spacer);
    }
}
