//! Soft and hard reset.

use std::sync::Arc;

use super::{Model, Settings};
use crate::cursor::{Cursor, Saved};
use crate::links::Links;

impl Model {
    /// DECSTR, as xterm does it: autowrap comes on, the cursor stays.
    pub(super) fn soft_reset(&mut self) {
        self.reset_margins();
        self.sides = false;
        (self.origin, self.autowrap, self.insert) = (false, true, false);
        let Cursor { row, col, pending, .. } = self.cursor;
        self.cursor = Cursor { row, col, pending, ..Cursor::default() };
        self.saved = Saved::default();
        let settings = self.settings_mut();
        settings.modes.note(25, true);
        settings.modes.note(1, false);
        settings.keypad = false;
        settings.modify_other_keys = 0;
        settings.cursor_style = 0;
    }

    /// RIS.
    pub(super) fn reset(&mut self) {
        self.parked = None;
        self.history.clear();
        self.cursor = Cursor::default();
        self.saved = Saved::default();
        (self.origin, self.autowrap, self.insert) = (false, true, false);
        (self.sides, self.newline) = (false, false);
        self.reset_margins();
        self.reset_tabs();
        self.settings = Arc::new(Settings::default());
        let erased = self.erased();
        (0..self.rows()).for_each(|row| self.grid.clear_row(row, erased));
        self.links = Arc::new(Links::default());
    }
}
