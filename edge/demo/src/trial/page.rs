//! What a person sees on the terminal of a trial: 24 rows, and all that has scrolled out above them.
//! It knows as much of terminals as the script, progress bars and a status line drawn over the
//! screen need; no colours, no alternate screen, no scrolling regions. It is deliberately not the
//! model that the client draws with, so that a wrong drawing shows.

use std::collections::VecDeque;

use abide_host::pty::Size;

/// The terminal's size.
pub(super) const SIZE: Size = Size { rows: ROWS as u16, cols: COLS as u16, xpixel: 0, ypixel: 0 };
const ROWS: usize = 24;
const COLS: usize = 80;
/// Rows kept above the screen, more than any trial prints; beyond it the oldest are dropped.
const MAX_ABOVE: usize = 20_000;
/// Parameters of one sequence that are kept; the demo's have two at most.
const MAX_PARAMETERS: usize = 16;
const BLANK: u8 = b' ';

type Row = [u8; COLS];

/// A screen with its past.
#[derive(Debug)]
pub(super) struct Page {
    rows: [Row; ROWS],
    above: VecDeque<Row>,
    /// Row and column; the column is `COLS` when the next letter wraps.
    cursor: (usize, usize),
    saved: (usize, usize),
    state: State,
    parameters: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Text,
    Escape,
    /// ESC and a byte that wants one more.
    OneMore,
    /// ESC `[` up to its final byte.
    Control,
    /// OSC, DCS and their like, up to BEL or ESC `\`.
    Quoted,
    QuotedEscape,
}

impl Default for Page {
    fn default() -> Self {
        Self {
            rows: [[BLANK; COLS]; ROWS],
            above: VecDeque::new(),
            cursor: (0, 0),
            saved: (0, 0),
            state: State::Text,
            parameters: Vec::new(),
        }
    }
}

impl Page {
    /// Takes the next byte of output. Returns the row that it ended, as it looks then.
    pub(super) fn take(&mut self, byte: u8) -> Option<String> {
        self.state = match (self.state, byte) {
            (State::Quoted, 0x07) => State::Text,
            (State::Quoted, 0x1b) => State::QuotedEscape,
            (State::Quoted, _) => State::Quoted,
            (_, 0x1b) => State::Escape,
            (State::Text, _) => return self.text(byte),
            (State::Escape, _) => self.escape(byte),
            (State::Control, 0x40..=0x7e) => {
                self.control(byte);
                State::Text
            }
            (State::Control, _) => {
                self.parameter(byte);
                State::Control
            }
            (State::OneMore | State::QuotedEscape, _) => State::Text,
        };
        None
    }

    /// Every row from the beginning, without the blanks at its end.
    pub(super) fn all(&self) -> impl Iterator<Item = String> {
        self.above.iter().chain(&self.rows).map(read)
    }

    fn text(&mut self, byte: u8) -> Option<String> {
        let (row, column) = self.cursor;
        match byte {
            b'\n' => {
                let ended = read(&self.rows[row]);
                self.line_feed();
                return Some(ended);
            }
            b'\r' => self.cursor.1 = 0,
            0x08 => self.cursor.1 = column.saturating_sub(1),
            // One column for each character; what it is does not matter to the script.
            0x20..=0x7e => self.put(byte),
            0xc0..=0xff => self.put(b'?'),
            _ => {}
        }
        None
    }

    fn put(&mut self, letter: u8) {
        if self.cursor.1 >= COLS {
            self.line_feed();
            self.cursor.1 = 0;
        }
        self.rows[self.cursor.0][self.cursor.1] = letter;
        self.cursor.1 += 1;
    }

    fn line_feed(&mut self) {
        if self.cursor.0 + 1 < ROWS {
            self.cursor.0 += 1;
            return;
        }
        if self.above.len() >= MAX_ABOVE {
            self.above.pop_front();
        }
        self.above.push_back(self.rows[0]);
        self.rows.rotate_left(1);
        self.rows[ROWS - 1] = [BLANK; COLS];
    }

    fn escape(&mut self, byte: u8) -> State {
        match byte {
            b'[' => {
                self.parameters = vec![0];
                return State::Control;
            }
            b']' | b'P' | b'X' | b'^' | b'_' => return State::Quoted,
            b' ' | b'#' | b'%' | b'(' | b')' | b'*' | b'+' => return State::OneMore,
            b'7' => self.saved = self.cursor,
            b'8' => self.cursor = self.saved,
            _ => {}
        }
        State::Text
    }

    fn parameter(&mut self, byte: u8) {
        let count = self.parameters.len();
        match (byte, self.parameters.last_mut()) {
            (b'0'..=b'9', Some(last)) => {
                *last = last.saturating_mul(10).saturating_add(usize::from(byte - b'0'));
            }
            (b';', _) if count < MAX_PARAMETERS => self.parameters.push(0),
            _ => {}
        }
    }

    fn control(&mut self, last: u8) {
        let given = |place: usize| self.parameters.get(place).copied().unwrap_or(0);
        let (row, column) = (self.cursor.0, self.cursor.1.min(COLS - 1));
        let (count, row_end, column_end) = (given(0).max(1), ROWS - 1, COLS - 1);
        match last {
            b'H' | b'f' => {
                let second = given(1).max(1);
                self.cursor = ((count - 1).min(row_end), (second - 1).min(column_end));
            }
            b'A' => self.cursor = (row.saturating_sub(count), column),
            b'B' => self.cursor = (row.saturating_add(count).min(row_end), column),
            b'C' => self.cursor = (row, column.saturating_add(count).min(column_end)),
            b'D' => self.cursor = (row, column.saturating_sub(count)),
            b'G' => self.cursor = (row, (count - 1).min(column_end)),
            b'd' => self.cursor = ((count - 1).min(row_end), column),
            b's' => self.saved = self.cursor,
            b'u' => self.cursor = self.saved,
            b'K' => match given(0) {
                0 => self.rows[row][column..].fill(BLANK),
                1 => self.rows[row][..=column].fill(BLANK),
                _ => self.rows[row].fill(BLANK),
            },
            b'J' => match given(0) {
                0 => {
                    self.rows[row][column..].fill(BLANK);
                    self.rows[row + 1..].fill([BLANK; COLS]);
                }
                1 => {
                    self.rows[row][..=column].fill(BLANK);
                    self.rows[..row].fill([BLANK; COLS]);
                }
                _ => self.rows.fill([BLANK; COLS]),
            },
            _ => {}
        }
    }
}

fn read(row: &Row) -> String {
    String::from_utf8_lossy(row).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(output: &str) -> Vec<String> {
        let mut page = Page::default();
        output.bytes().for_each(|byte| drop(page.take(byte)));
        let mut all: Vec<String> = page.all().collect();
        let used = all.iter().rposition(|row| !row.is_empty()).map_or(0, |last| last + 1);
        all.truncate(used);
        all
    }

    #[test]
    fn only_text_is_seen() {
        assert_eq!(shown("a\x1b[31;1mb\x1b[0mc\r\nd\u{e9}\x08e"), ["abc", "de"]);
        assert_eq!(shown("a\x1b]0;title\x07b\x1b]0;title\x1b\\c\x1b(0d"), ["abcd"]);
        assert_eq!(shown("10%\r20%\r\x1b[Kdone"), ["done"]);
    }

    #[test]
    fn rows_scroll_out_and_are_kept() {
        let output: String = (1..=100).map(|number| format!("n {number}\r\n")).collect();
        let wanted: Vec<String> = (1..=100).map(|number| format!("n {number}")).collect();
        assert_eq!(shown(&output), wanted);
        assert_eq!(shown(&"x".repeat(100)), ["x".repeat(80), "x".repeat(20)]);
    }

    #[test]
    fn a_line_drawn_over_the_screen_is_seen_until_it_is_removed() {
        let drawn = "a\r\nb\x1b7\x1b[24;1H\x1b[7m no answer\x1b[m\x1b[K\x1b8";
        assert_eq!(shown(drawn).last().unwrap(), " no answer");
        assert_eq!(shown(&format!("{drawn}\x1b[24;1H\x1b[2K\x1b[2;2Hc")), ["a", "bc"]);
    }

    #[test]
    fn no_sequence_leads_off_the_page() {
        for sequence in ["999;999H", "999A", "999B", "999C", "999D", "999G", "999d", "J", "1J", "K"]
        {
            let long = "9".repeat(40);
            let mut page = Page::default();
            let output = format!("{}\x1b[{sequence}x\x1b[{long}Cx\x1b[1K", "y".repeat(80));
            output.bytes().for_each(|byte| drop(page.take(byte)));
        }
    }
}
