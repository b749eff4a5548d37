//! What the parser calls: passed on to the library's terminal, noted, or put right.

use alacritty_terminal::grid::Dimensions;
use alacritty_terminal::index::{Column, Line};
use alacritty_terminal::term::TermMode;
use alacritty_terminal::vte::ansi::{
    Attr, CharsetIndex, ClearMode, CursorShape, CursorStyle, Handler, KeyboardModes,
    KeyboardModesApplyBehavior, LineClearMode, Mode, ModifyOtherKeys, PrivateMode, StandardCharset,
    TabulationClearMode,
};

use super::{ALTERNATE_AND_CURSOR, BLINK, MAX_TITLES, Region, SavedModes, Tap, default_tabs, has};
use crate::modes::{Keyboard, ModeLog};

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
        put_tab(count: u16);
        backspace();
        carriage_return();
        scroll_up(lines: usize);
        scroll_down(lines: usize);
        insert_blank_lines(lines: usize);
        delete_lines(lines: usize);
        move_forward_tabs(count: u16);
        reverse_index();
        configure_charset(index: CharsetIndex, charset: StandardCharset);
    }

    #[inline]
    fn input(&mut self, c: char) {
        let insert = has(&self.term, TermMode::INSERT);
        if insert && !self.term.grid().cursor.input_needs_wrap {
            self.cut(0);
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
        self.printed = Some(self.position());
    }

    fn insert_blank(&mut self, count: usize) {
        self.cut(0);
        self.term.insert_blank(count);
        self.mend_row();
    }

    fn erase_chars(&mut self, count: usize) {
        self.term.erase_chars(count);
        self.mend_row();
    }

    fn clear_line(&mut self, mode: LineClearMode) {
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

    fn move_backward_tabs(&mut self, count: u16) {
        self.term.move_backward_tabs(count);
        self.term.grid_mut().cursor.input_needs_wrap = false;
    }

    fn linefeed(&mut self) {
        self.term.linefeed();
        if self.newline {
            self.term.carriage_return();
        }
    }

    fn delete_chars(&mut self, count: usize) {
        // The library clears cells before the cursor when asked for more than there are.
        let room = self.term.columns() - self.term.grid().cursor.point.column.0;
        let count = count.min(room);
        self.cut(0);
        self.cut(count);
        self.term.delete_chars(count);
        self.mend_row();
    }

    fn clear_screen(&mut self, mode: ClearMode) {
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
        self.printed = None;
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
