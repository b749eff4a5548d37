//! The alternate screen, and saving the cursor.

use std::mem;
use std::sync::Arc;

use super::{Model, Parked};
use crate::cursor::{Cursor, Saved};
use crate::grid::Grid;

/// Entering by this mode saves the cursor and clears, leaving restores it.
const ALTERNATE_AND_CURSOR: u16 = 1049;

impl Model {
    /// Private modes 47, 1047 and 1049. The alternate screen is blank and its saved cursor home
    /// whenever it is entered: xterm keeps them, but nothing relies on it.
    pub(super) fn alternate(&mut self, on: bool, by: u16) {
        let with_cursor = by == ALTERNATE_AND_CURSOR;
        if on && with_cursor {
            self.save_cursor();
        }
        match (on, self.parked.take()) {
            (true, None) => self.enter_alternate(by),
            (true, parked) => {
                self.parked = parked;
                if with_cursor {
                    self.erase_screen(2);
                }
            }
            (false, Some(parked)) => {
                self.grid = parked.grid;
                self.saved = parked.saved;
                self.swap_keyboards();
            }
            (false, None) => {}
        }
        if !on && with_cursor {
            self.restore_cursor();
        }
    }

    fn enter_alternate(&mut self, by: u16) {
        let blank = Grid::new(self.rows(), self.cols());
        let grid = mem::replace(&mut self.grid, blank);
        let saved = mem::take(&mut self.saved);
        let cursor = Cursor { pending: self.waits_at_end(), ..self.cursor };
        self.parked = Some(Box::new(Parked { grid, cursor, saved, by }));
        let erased = self.erased();
        (0..self.rows()).for_each(|row| self.grid.clear_row(row, erased));
        // As clearing does, by which this mode alone differs.
        self.cursor.pending &= by != ALTERNATE_AND_CURSOR;
        self.swap_keyboards();
    }

    /// Each screen has keyboard flags of its own.
    fn swap_keyboards(&mut self) {
        let settings = Arc::make_mut(&mut self.settings);
        mem::swap(&mut settings.keyboard, &mut settings.other_keyboard);
    }

    /// DECSC. A wait to wrap at a right margin, not at the right end, is not saved: the margin may
    /// be gone when it is restored.
    pub(super) fn save_cursor(&mut self) {
        let cursor = Cursor { pending: self.waits_at_end(), ..self.cursor };
        self.saved = Saved { cursor, origin: self.origin };
    }

    fn waits_at_end(&self) -> bool {
        self.cursor.pending && self.cursor.col + 1 == self.cols()
    }

    /// DECRC. What was never saved is home.
    pub(super) fn restore_cursor(&mut self) {
        self.cursor = self.saved.cursor;
        self.origin = self.saved.origin;
        if self.origin {
            let (rows, cols) = (self.margins.rows(), self.margins.cols());
            self.cursor.row = self.cursor.row.clamp(rows.start, rows.end - 1);
            self.cursor.col = self.cursor.col.clamp(cols.start, cols.end - 1);
        }
        self.hold_wait();
    }
}
