//! What the parser calls: passed on to the library's terminal, noted, or put right.

use alacritty_terminal::grid::Dimensions;
use alacritty_terminal::index::{Column, Line};
use alacritty_terminal::term::TermMode;
use alacritty_terminal::vte::ansi::{
    Attr, CharsetIndex, ClearMode, CursorShape, CursorStyle, Handler, KeyboardModes,
    KeyboardModesApplyBehavior, LineClearMode, Mode, ModifyOtherKeys, PrivateMode, StandardCharset,
    TabulationClearMode,
};

use super::{ALTERNATE_AND_CURSOR, BLINK, Region, SavedModes, Tap, has};
use crate::model::{MAX_TITLES, default_tabs};
use crate::modes::{Keyboard, ModeLog};
use crate::width::width;

macro_rules! pass_on {
    ($($name:ident($($arg:ident: $ty:ty),*);)*) => {
        $(fn $name(&mut self, $($arg: $ty),*) { Handler::$name(&mut self.term, $($arg),*); })*
    };
}

/// Questions (device status, reports) and clipboard access are left at their empty defaults:
/// only the real terminal answers.
impl Handler for Tap {
    pass_on! {
        goto(line: i32, col: usize);
        goto_line(line: i32);
        move_forward(cols: usize);
        move_backward(cols: usize);
        backspace();
        carriage_return();
        scroll_up(lines: usize);
        scroll_down(lines: usize);
        move_forward_tabs(count: u16);
        configure_charset(index: CharsetIndex, charset: StandardCharset);
    }

    /// At the right end a tab stays there; the library wraps.
    fn put_tab(&mut self, count: u16) {
        if !self.term.grid().cursor.input_needs_wrap {
            self.term.put_tab(count);
        }
    }

    fn reverse_index(&mut self) {
        self.term.reverse_index();
        self.end_wait();
    }

    /// IL and DL go to the first column; in the library they stay.
    fn insert_blank_lines(&mut self, lines: usize) {
        self.term.insert_blank_lines(lines);
        self.line_start_within();
    }

    fn delete_lines(&mut self, lines: usize) {
        self.term.delete_lines(lines);
        self.line_start_within();
    }

    fn input(&mut self, c: char) {
        if self.drops_wide(c) {
            return self.end_wait();
        }
        self.wrap_before_wide(c);
        // A mark makes no room for itself.
        let insert = has(&self.term, TermMode::INSERT) && width(c) != Some(0);
        if insert && !self.term.grid().cursor.input_needs_wrap {
            self.cut(0);
            self.drop_pushed_out(c);
        }
        if c.is_ascii() {
            self.term.input(c);
        } else {
            let before = self.position();
            self.term.input(c);
            if before == self.position() {
                self.bound_marks();
            }
        }
        if insert {
            self.mend_row();
        }
    }

    fn insert_blank(&mut self, count: usize) {
        self.end_wait();
        self.cut(0);
        self.term.insert_blank(count);
        self.mend_row();
    }

    fn erase_chars(&mut self, count: usize) {
        self.end_wait();
        self.term.erase_chars(count);
        self.mend_row();
    }

    /// With the wait to wrap ended, EL erases the last column; the library erases nothing then.
    fn clear_line(&mut self, mode: LineClearMode) {
        self.end_wait();
        self.term.clear_line(mode);
        self.mend_row();
    }

    fn save_cursor_position(&mut self) {
        self.term.save_cursor_position();
        self.saved = self.saved_modes();
    }

    fn restore_cursor_position(&mut self) {
        self.term.restore_cursor_position();
        self.restore_modes(self.saved);
    }

    fn goto_col(&mut self, col: usize) {
        self.column(col);
    }

    fn move_up(&mut self, lines: usize) {
        self.vertical(-(lines as i32));
    }

    fn move_down(&mut self, lines: usize) {
        self.vertical(lines as i32);
    }

    fn move_up_and_cr(&mut self, lines: usize) {
        self.vertical(-(lines as i32));
        self.column(0);
    }

    fn move_down_and_cr(&mut self, lines: usize) {
        self.vertical(lines as i32);
        self.column(0);
    }

    /// Without a stop to the left, the first column is one; in the library nothing moves.
    fn move_backward_tabs(&mut self, count: u16) {
        for _ in 0..count {
            let col = self.term.grid().cursor.point.column.0;
            self.column(self.tabs[..col].iter().rposition(|stop| *stop).unwrap_or(0));
        }
    }

    fn linefeed(&mut self) {
        self.term.linefeed();
        self.end_wait();
        if self.newline {
            self.term.carriage_return();
        }
    }

    fn delete_chars(&mut self, count: usize) {
        // The library clears cells before the cursor when asked for more than there are.
        let room = self.term.columns() - self.term.grid().cursor.point.column.0;
        let count = count.min(room);
        self.end_wait();
        self.cut(0);
        self.cut(count);
        self.term.delete_chars(count);
        self.mend_row();
    }

    fn clear_screen(&mut self, mode: ClearMode) {
        if matches!(mode, ClearMode::Saved) {
            // Scrollback is erased also while the alternate screen is shown.
            match &mut self.parked {
                Some(parked) => parked.grid.clear_history(),
                None => self.term.grid_mut().clear_history(),
            }
            return;
        }
        self.end_wait();
        // The library makes a line of scrollback of an empty screen without any.
        let mut rows = (0..self.term.screen_lines() as i32).map(Line);
        if matches!(mode, ClearMode::All) && rows.all(|row| self.term.grid()[row].is_clear()) {
            self.term.grid_mut().reset_region(..);
            return;
        }
        // The library forgets row 0 when the cursor is in row 1.
        if matches!(mode, ClearMode::Above) && self.term.grid().cursor.point.line == Line(1) {
            self.term.grid_mut().reset_region(..Line(1));
        }
        self.term.clear_screen(mode);
        self.mend_row();
    }

    fn decaln(&mut self) {
        self.set_scrolling_region(1, None);
        self.term.decaln();
    }

    fn set_horizontal_tabstop(&mut self) {
        let col = self.term.grid().cursor.point.column.0;
        self.tabs[col] = true;
        self.term.set_horizontal_tabstop();
    }

    fn clear_tabs(&mut self, mode: TabulationClearMode) {
        match mode {
            TabulationClearMode::Current => {
                let col = self.term.grid().cursor.point.column.0;
                self.tabs[col] = false;
            }
            TabulationClearMode::All => self.tabs.fill(false),
        }
        self.term.clear_tabs(mode);
    }

    fn set_tabs(&mut self, interval: u16) {
        let here = self.term.grid().cursor.point.column;
        self.clear_tabs(TabulationClearMode::All);
        for col in (0..self.term.columns()).step_by(usize::from(interval.max(1))) {
            self.term.grid_mut().cursor.point.column = Column(col);
            self.set_horizontal_tabstop();
        }
        self.term.grid_mut().cursor.point.column = here;
    }

    fn reset_state(&mut self) {
        self.alternate(false, ALTERNATE_AND_CURSOR);
        self.term.reset_state();
        self.saved = SavedModes::default();
        let (rows, cols) = (self.term.screen_lines(), self.term.columns());
        self.region = Region { top: 0, bottom: rows };
        self.tabs = default_tabs(0, cols);
        self.shift = CharsetIndex::G0;
        (self.title, self.titles) = (None, Vec::new());
        self.modes = ModeLog::default();
        (self.keypad, self.newline) = (false, false);
        self.modify_other_keys = 0;
        (self.keyboard, self.other_keyboard) = (Keyboard::default(), Keyboard::default());
        self.cursor_style = 0;
        self.colours.clear();
    }

    fn terminal_attribute(&mut self, attr: Attr) {
        let flags = &mut self.term.grid_mut().cursor.template.flags;
        match attr {
            Attr::BlinkSlow | Attr::BlinkFast => flags.insert(BLINK),
            Attr::CancelBlink => flags.remove(BLINK),
            // 21 is double underline everywhere but in the library.
            Attr::CancelBold => self.term.terminal_attribute(Attr::DoubleUnderline),
            _ => self.term.terminal_attribute(attr),
        }
    }

    fn set_mode(&mut self, mode: Mode) {
        self.newline |= mode.raw() == 20;
        self.term.set_mode(mode);
    }

    fn unset_mode(&mut self, mode: Mode) {
        self.newline &= mode.raw() != 20;
        self.term.unset_mode(mode);
    }

    fn set_private_mode(&mut self, mode: PrivateMode) {
        self.private_mode(mode, true);
    }

    fn unset_private_mode(&mut self, mode: PrivateMode) {
        self.private_mode(mode, false);
    }

    fn set_scrolling_region(&mut self, top: usize, bottom: Option<usize>) {
        let rows = self.term.screen_lines();
        let bottom = bottom.unwrap_or(rows).min(rows);
        // A region is at least two rows; a screen of one row has just itself.
        if top < bottom || rows == 1 {
            self.region = Region { top: (top - 1).min(rows - 1), bottom };
            self.term.set_scrolling_region(self.region.top + 1, Some(bottom));
        }
    }

    fn set_keypad_application_mode(&mut self) {
        self.keypad = true;
    }

    fn unset_keypad_application_mode(&mut self) {
        self.keypad = false;
    }

    fn set_active_charset(&mut self, index: CharsetIndex) {
        self.shift = index;
        self.term.set_active_charset(index);
    }

    fn set_cursor_style(&mut self, style: Option<CursorStyle>) {
        self.cursor_style = style.map_or(0, |style| {
            let steady = match style.shape {
                CursorShape::Underline => 4,
                CursorShape::Beam => 6,
                _ => 2,
            };
            steady - u8::from(style.blinking)
        });
    }

    fn push_title(&mut self) {
        if self.titles.len() == MAX_TITLES {
            self.titles.remove(0);
        }
        self.titles.push(self.title.clone());
    }

    fn pop_title(&mut self) {
        if let Some(title) = self.titles.pop() {
            self.title = title;
        }
    }

    fn push_keyboard_mode(&mut self, mode: KeyboardModes) {
        self.keyboard.push(mode.bits());
    }

    fn pop_keyboard_modes(&mut self, count: u16) {
        self.keyboard.pop(usize::from(count));
    }

    fn set_keyboard_mode(&mut self, mode: KeyboardModes, how: KeyboardModesApplyBehavior) {
        let bits = mode.bits();
        self.keyboard.set(|flags| match how {
            KeyboardModesApplyBehavior::Replace => bits,
            KeyboardModesApplyBehavior::Union => flags | bits,
            KeyboardModesApplyBehavior::Difference => flags & !bits,
        });
    }

    fn set_modify_other_keys(&mut self, mode: ModifyOtherKeys) {
        self.modify_other_keys = match mode {
            ModifyOtherKeys::Reset => 0,
            ModifyOtherKeys::EnableExceptWellDefined => 1,
            ModifyOtherKeys::EnableAll => 2,
        };
    }
}
