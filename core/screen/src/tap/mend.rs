//! Repairs of cells that the library leaves in a state no terminal shows.

use alacritty_terminal::grid::Row;
use alacritty_terminal::index::{Column, Point};
use alacritty_terminal::term::cell::{Cell, Flags};

use super::{MAX_MARKS, Tap};

impl Tap {
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

/// Blanks halves of wide characters.
pub(crate) fn mend(row: &mut Row<Cell>) {
    let (wide, spacer) = (Flags::WIDE_CHAR, Flags::WIDE_CHAR_SPACER);
    let cols = row.len();
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
