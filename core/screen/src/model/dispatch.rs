//! Which bytes ask for what. Questions (reports, device status) and clipboard access are left
//! alone: only the real terminal answers.

use super::{Model, sgr};
use crate::cell::Cell;
use crate::cursor::Charset;
use crate::osc;
use crate::params::Params;
use crate::parser::Actions;
use crate::width::width;

impl Actions for Model {
    #[inline]
    fn text(&mut self, ascii: &[u8]) {
        self.print_ascii(ascii);
    }

    fn character(&mut self, ch: char) {
        self.print(ch);
    }

    #[inline]
    fn control(&mut self, byte: u8) {
        self.last = None;
        match byte {
            0x08 => self.left(1),
            b'\t' => self.tab_forward(1),
            b'\n' | 0x0b | 0x0c => self.line_feed(),
            b'\r' => self.carriage_return(),
            0x0e => self.cursor.charsets.shift = 1,
            0x0f => self.cursor.charsets.shift = 0,
            _ => {}
        }
    }

    fn escape(&mut self, intermediate: u8, end: u8) {
        self.last = None;
        match (intermediate, end) {
            (0, _) => self.plain_escape(end),
            (b'(' | b')' | b'*' | b'+', _) => self.designate(intermediate - b'(', end),
            // 96-character sets have no line drawing.
            (b'-' | b'.' | b'/', _) => self.designate(intermediate - b'-' + 1, b'B'),
            (b'#', b'8') => self.align(),
            _ => {}
        }
    }

    fn sequence(&mut self, private: u8, intermediate: u8, end: u8, params: &Params) {
        let last = self.last.take();
        if params.has_subs() && end != b'm' {
            return;
        }
        match (private, intermediate, end) {
            (0, 0, b'm') => sgr::apply(&mut self.cursor.pen, params),
            (0, 0, b'b') => {
                if let Some(ch) = last {
                    self.repeat(ch, params.count(0));
                    self.last = None;
                }
            }
            (0, 0, _) => self.plain_sequence(end, params),
            (0, _, _) => self.marked_sequence(intermediate, end, params),
            (_, 0, _) => self.private_sequence(private, end, params),
            _ => {}
        }
    }

    fn osc(&mut self, payload: &[u8]) {
        self.last = None;
        osc::parse(payload, |osc| self.set(osc));
    }
}

impl Model {
    fn plain_escape(&mut self, end: u8) {
        match end {
            b'6' => self.back_index(),
            b'7' => self.save_cursor(),
            b'8' => self.restore_cursor(),
            b'9' => self.forward_index(),
            b'=' => self.settings_mut().keypad = true,
            b'>' => self.settings_mut().keypad = false,
            b'D' => self.index(),
            b'E' => {
                self.index();
                self.carriage_return();
            }
            b'H' => self.set_tab(),
            b'M' => self.reverse_index(),
            b'c' => self.reset(),
            b'n' => self.cursor.charsets.shift = 2,
            b'o' => self.cursor.charsets.shift = 3,
            _ => {}
        }
    }

    fn designate(&mut self, slot: u8, set: u8) {
        let charset = if set == b'0' { Charset::Drawing } else { Charset::Ascii };
        self.cursor.charsets.sets[usize::from(slot & 3)] = charset;
    }

    fn plain_sequence(&mut self, end: u8, params: &Params) {
        let n = params.count(0);
        match end {
            b'@' => self.insert_chars(n),
            b'A' => self.up(n),
            b'B' => self.down(n),
            b'C' => self.right(n),
            b'D' => self.left(n),
            b'E' => {
                self.down(n);
                self.carriage_return();
            }
            b'F' => {
                self.up(n);
                self.carriage_return();
            }
            b'G' | b'`' => self.go_col(n - 1),
            b'H' | b'f' => self.go(n - 1, params.count(1) - 1),
            b'I' => self.tab_forward(n),
            b'J' => self.erase_screen(params.get(0)),
            b'K' => self.erase_line(params.get(0)),
            b'L' => self.insert_lines(n),
            b'M' => self.delete_lines(n),
            b'P' => self.delete_chars(n),
            b'S' => self.scroll_up(self.margins.top, n),
            // With more numbers it is about mouse tracking.
            b'T' if params.all().len() > 1 => {}
            b'T' | b'^' => self.scroll_down(self.margins.top, n),
            b'X' => self.erase_chars(n),
            b'Z' => self.tab_back(n),
            b'a' => self.right_by(n),
            b'd' => self.go_row(n - 1),
            b'e' => self.down_by(n),
            b'g' => self.clear_tab(params.get(0)),
            b'h' | b'l' => params.all().iter().for_each(|mode| self.mode(*mode, end == b'h')),
            b'r' => self.set_rows(n, params.get(1)),
            b's' if self.sides => self.set_sides(n, params.get(1)),
            b's' => self.save_cursor(),
            b't' => self.window(params.get(0), params.get(1)),
            b'u' => self.restore_cursor(),
            _ => {}
        }
    }

    /// Sequences with an intermediate byte.
    fn marked_sequence(&mut self, intermediate: u8, end: u8, params: &Params) {
        let n = params.count(0);
        match (intermediate, end) {
            (b' ', b'q') => self.cursor_style(params.get(0)),
            (b' ', b'@') if self.is_within() => self.delete_columns(self.margins.left, n),
            (b' ', b'A') if self.is_within() => self.insert_columns(self.margins.left, n),
            (b'\'', b'}') if self.is_within() => self.insert_columns(self.cursor.col, n),
            (b'\'', b'~') if self.is_within() => self.delete_columns(self.cursor.col, n),
            (b'!', b'p') => self.soft_reset(),
            (b'$', b'x') => self.fill_with(params),
            (b'$', b'z') => {
                let corners = std::array::from_fn(|at| params.get(at));
                self.fill_area(corners, self.erased());
            }
            _ => {}
        }
    }

    /// DECFRA.
    fn fill_with(&mut self, params: &Params) {
        let Some(ch) = char::from_u32(params.get(0) as u32) else { return };
        if width(ch) == Some(1) {
            let corners = std::array::from_fn(|at| params.get(at + 1));
            self.fill_area(corners, Cell::narrow(ch, sgr::unlinked(self.cursor.pen)));
        }
    }

    /// Sequences with a private marker.
    fn private_sequence(&mut self, private: u8, end: u8, params: &Params) {
        let first = params.get(0);
        match (private, end) {
            (b'?', b'h' | b'l') => {
                params.all().iter().for_each(|mode| self.private_mode(*mode, end == b'h'));
            }
            // Selective erasing: nothing is protected from it, since DECSCA is not modelled.
            (b'?', b'J') => self.erase_screen(first),
            (b'?', b'K') => self.erase_line(first),
            (b'?', b'W') if first == 5 => self.reset_tabs(),
            (b'>' | b'<' | b'=', b'u') => self.keyboard(private, first, params.get(1)),
            (b'>', b'm') => self.modify_keys(first, params.get(1)),
            (b'>', b'n') => self.modify_keys(first, 0),
            _ => {}
        }
    }
}
