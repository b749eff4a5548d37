//! Tells the text in terminal output from what only moves the cursor or paints over it. Not a
//! terminal model: it knows no screen, only where sequences begin and end.

/// A reader of terminal output, byte by byte.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Words {
    state: State,
    /// Between "save cursor" and "restore cursor": an overlay, not a part of the session's text.
    overlay: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
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

impl Words {
    /// Takes the next byte; true when it is text (line ends included) that belongs to the session.
    pub(super) fn is_text(&mut self, byte: u8) -> bool {
        self.state = match (self.state, byte) {
            (State::Quoted, 0x07) => State::Text,
            (State::Quoted, 0x1b) => State::QuotedEscape,
            (State::Quoted, _) => State::Quoted,
            (_, 0x1b) => State::Escape,
            (State::Text, _) => return !self.overlay,
            (State::Escape, _) => self.escape(byte),
            (State::Control, 0x40..=0x7e) => self.control(byte),
            (State::Control, _) => State::Control,
            (State::OneMore | State::QuotedEscape, _) => State::Text,
        };
        false
    }

    fn escape(&mut self, byte: u8) -> State {
        match byte {
            b'[' => State::Control,
            b']' | b'P' | b'X' | b'^' | b'_' => State::Quoted,
            b' ' | b'#' | b'%' | b'(' | b')' | b'*' | b'+' => State::OneMore,
            b'7' | b'8' => {
                self.overlay = byte == b'7';
                State::Text
            }
            _ => State::Text,
        }
    }

    fn control(&mut self, last: u8) -> State {
        if matches!(last, b's' | b'u') {
            self.overlay = last == b's';
        }
        State::Text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(output: &str) -> String {
        let mut words = Words::default();
        output.bytes().filter(|byte| words.is_text(*byte)).map(char::from).collect()
    }

    #[test]
    fn only_text_is_left() {
        assert_eq!(text("a\x1b[31;1mb\x1b[0mc\r\nd"), "abc\r\nd");
        assert_eq!(text("a\x1b]0;title\x07b\x1b]0;title\x1b\\c\x1b(0d"), "abcd");
        assert_eq!(text("a\x1b7\x1b[2;2Hover\x1b8b\x1b[sover\x1b[uc"), "abc");
    }
}
