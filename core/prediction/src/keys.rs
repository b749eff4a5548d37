//! Typed bytes as keys. Only those whose effect can be guessed are told apart.

/// Longest escape sequence or character that is put together, in bytes; a longer one is cut there.
const HELD_MAX: usize = 32;

/// A key, as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// A printable character.
    Char(char),
    /// Erases the character before the cursor.
    Backspace,
    /// Cursor left by one.
    Left,
    /// Cursor right by one.
    Right,
    /// Ends the line.
    Enter,
    /// Escape by itself.
    Escape,
    /// Edits the line or moves in it, in ways that are not guessed: tab, up, home, the word left.
    Edit,
    /// Anything else.
    Other,
}

/// Puts bytes together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys {
    held: Vec<u8>,
}

impl Keys {
    /// Calls `take` with every key and with how many of `bytes` were used up by its end.
    pub(crate) fn read(&mut self, bytes: &[u8], mut take: impl FnMut(Key, usize)) {
        for (at, byte) in bytes.iter().enumerate() {
            let (key, used) = match self.step(*byte) {
                Step::More => continue,
                Step::Key(key) => (Some(key), true),
                Step::Broken => (Some(Key::Other), false),
            };
            if let Some(key) = key {
                take(key, if used { at + 1 } else { at });
            }
            if !used && let Step::Key(key) = self.step(*byte) {
                take(key, at + 1);
            }
        }
        // A lone ESC is the key: what follows it later is most likely no part of it. A string is an
        // answer of the terminal, and comes whole.
        let key = match &self.held[..] {
            [0x1b] => Key::Escape,
            [0x1b, opener, ..] if opens_string(*opener) => Key::Edit,
            _ => return,
        };
        self.held.clear();
        take(key, bytes.len());
    }

    fn step(&mut self, byte: u8) -> Step {
        match self.held.first() {
            None => self.begin(byte),
            Some(0x1b) => self.escape(byte),
            Some(_) => self.character(byte),
        }
    }

    fn begin(&mut self, byte: u8) -> Step {
        match byte {
            0x1b | 0xc2..=0xf4 => {
                self.held.push(byte);
                Step::More
            }
            b' '..=b'~' => Step::Key(Key::Char(byte.into())),
            0x7f | 0x08 => Step::Key(Key::Backspace),
            b'\r' | b'\n' => Step::Key(Key::Enter),
            // Tab, and Ctrl with A, B, E, F, K, L, N, P, U, W, Y or _.
            0x09 | 0x01 | 0x02 | 0x05 | 0x06 | 0x0b | 0x0c | 0x0e | 0x10 | 0x15 | 0x17 | 0x19
            | 0x1f => Step::Key(Key::Edit),
            _ => Step::Key(Key::Other),
        }
    }

    fn escape(&mut self, byte: u8) -> Step {
        self.held.push(byte);
        let is_over = match (&self.held[..], byte) {
            ([_, b'[' | b'O'] | [_, 0x1b], _) => false,
            ([_, b'[', ..], 0x40..=0x7e) => true,
            ([_, b'[', ..], 0x20..=0x3f) => self.held.len() >= HELD_MAX,
            ([_, opener, ..], _) if opens_string(*opener) => {
                byte == 0x07 || self.held.ends_with(b"\x1b\\")
            }
            _ => true,
        };
        if !is_over && self.held.len() > HELD_MAX {
            // Of a string only its end matters.
            self.held.remove(2);
        }
        if !is_over {
            return Step::More;
        }
        let key = match &self.held[..] {
            b"\x1b[D" | b"\x1bOD" => Key::Left,
            b"\x1b[C" | b"\x1bOC" => Key::Right,
            _ => Key::Edit,
        };
        self.held.clear();
        Step::Key(key)
    }

    fn character(&mut self, byte: u8) -> Step {
        if !(0x80..0xc0).contains(&byte) {
            self.held.clear();
            return Step::Broken;
        }
        self.held.push(byte);
        let length = match self.held[0] {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            _ => 4,
        };
        if self.held.len() < length {
            return Step::More;
        }
        let ch = std::str::from_utf8(&self.held).ok().and_then(|text| text.chars().next());
        self.held.clear();
        Step::Key(ch.filter(|ch| !ch.is_control()).map_or(Key::Other, Key::Char))
    }
}

/// OSC, DCS, APC, PM and SOS, in their forms of two bytes.
fn opens_string(byte: u8) -> bool {
    matches!(byte, b']' | b'P' | b'_' | b'^' | b'X')
}

enum Step {
    More,
    Key(Key),
    /// What was held is no character; the byte has yet to be read.
    Broken,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(pieces: &[&[u8]]) -> Vec<(Key, usize)> {
        let (mut keys, mut found) = (Keys::default(), Vec::new());
        for piece in pieces {
            keys.read(piece, |key, used| found.push((key, used)));
        }
        found
    }

    #[test]
    fn characters_and_cursor_keys() {
        let found = keys(&["aé漢\x7f\x1b[D\x1bOC\r\t".as_bytes()]);
        let expected = [
            (Key::Char('a'), 1),
            (Key::Char('é'), 3),
            (Key::Char('漢'), 6),
            (Key::Backspace, 7),
            (Key::Left, 10),
            (Key::Right, 13),
            (Key::Enter, 14),
            (Key::Edit, 15),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn sequences_are_one_key_and_escape_is_one() {
        assert_eq!(keys(&[b"\x1b[1;5Dx"]), [(Key::Edit, 6), (Key::Char('x'), 7)]);
        assert_eq!(keys(&[b"\x1b", b"x"]), [(Key::Escape, 1), (Key::Char('x'), 1)]);
        assert_eq!(keys(&[b"\x1bb"]), [(Key::Edit, 2)]);
        assert_eq!(keys(&[b"\x1b[200~"]), [(Key::Edit, 6)]);
    }

    #[test]
    fn an_answer_of_the_terminal_is_one_key() {
        let answer = b"\x1b]11;rgb:1234/5678/9abc-and-more-than-is-held\x1b\\x";
        let length = answer.len();
        assert_eq!(keys(&[answer]), [(Key::Edit, length - 1), (Key::Char('x'), length)]);
        assert_eq!(keys(&[b"\x1bP", b"x"]), [(Key::Edit, 2), (Key::Char('x'), 1)]);
    }

    #[test]
    fn a_character_may_come_in_pieces_or_broken() {
        assert_eq!(keys(&[b"\xe6\xbc", b"\xa2"]), [(Key::Char('漢'), 1)]);
        assert_eq!(keys(&[b"\xe6x"]), [(Key::Other, 1), (Key::Char('x'), 2)]);
        assert_eq!(keys(&[b"\xe6\x1b[C"]), [(Key::Other, 1), (Key::Right, 4)]);
    }

    #[test]
    fn a_sequence_without_end_is_cut() {
        let mut bytes = b"\x1b[".to_vec();
        bytes.extend([b'1'; 100]);
        let mut keys = Keys::default();
        keys.read(&bytes, |_, _| {});
        assert!(keys.held.len() <= HELD_MAX);
    }
}
