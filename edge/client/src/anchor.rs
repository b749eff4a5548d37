//! Where the cursor stood when the session began. Without it the model of the terminal, which begins
//! with an empty page, would not know which row is which. The terminal is asked once, before the
//! first byte of output; its answer comes in among the typed bytes and is taken out of them.

/// Asks for the cursor's position (DSR 6, ECMA-48 8.3.35).
pub(crate) const ASK: &[u8] = b"\x1b[6n";
/// Output kept until the answer. More has scrolled past any page: then the model is right anyway.
const SHOWN_MAX: usize = 64 * 1024;
/// Longest beginning of an answer that is held back: `ESC [ row ; col`.
const HELD_MAX: usize = 12;

/// Waits for the one answer.
#[derive(Debug, Default)]
pub(crate) struct Anchor {
    shown: Vec<u8>,
    held: Vec<u8>,
    moot: bool,
}

/// What typed bytes came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Typed {
    /// No answer among them; these go to the session.
    Only(Vec<u8>),
    /// The answer was among them: row and column, counted from 1, and what else was typed.
    Answer { row: u16, col: u16, rest: Vec<u8> },
}

impl Anchor {
    /// Output that went to the terminal meanwhile.
    pub(crate) fn note(&mut self, bytes: &[u8]) {
        let room = SHOWN_MAX.saturating_sub(self.shown.len());
        self.shown.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// The whole page was drawn: where the cursor was matters no more, but the answer is still awaited.
    pub(crate) fn forget(&mut self) {
        self.moot = true;
    }

    /// All of it, unless it was too much.
    pub(crate) fn shown(&self) -> Option<&[u8]> {
        (self.shown.len() < SHOWN_MAX && !self.moot).then_some(&self.shown)
    }

    /// Looks for the answer.
    pub(crate) fn filter(&mut self, typed: &[u8]) -> Typed {
        let mut bytes = std::mem::take(&mut self.held);
        bytes.extend_from_slice(typed);
        for start in 0..bytes.len() {
            match answer(&bytes[start..]) {
                Scan::Answer { row, col, length } => {
                    bytes.drain(start..start + length);
                    return Typed::Answer { row, col, rest: bytes };
                }
                // A lone ESC is the key; from `ESC [` and a digit on it is most likely the answer.
                Scan::Begins if (3..=HELD_MAX).contains(&(bytes.len() - start)) => {
                    self.held = bytes.split_off(start);
                    return Typed::Only(bytes);
                }
                Scan::Begins | Scan::Other => {}
            }
        }
        Typed::Only(bytes)
    }
}

enum Scan {
    Answer { row: u16, col: u16, length: usize },
    Begins,
    Other,
}

/// `ESC [ row ; col R` at the front of `bytes`, or the beginning of one.
fn answer(bytes: &[u8]) -> Scan {
    let Some(rest) = bytes.strip_prefix(b"\x1b[") else { return Scan::Other };
    let body = rest.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b';').count();
    match rest.get(body) {
        None => Scan::Begins,
        Some(b'R') => {
            let text = String::from_utf8_lossy(&rest[..body]);
            let sides = text.split_once(';').map(|(row, col)| (row.parse(), col.parse()));
            match sides {
                Some((Ok(row), Ok(col))) => Scan::Answer { row, col, length: body + 3 },
                _ => Scan::Other,
            }
        }
        Some(_) => Scan::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_found_among_typed_bytes() {
        let found = Anchor::default().filter(b"ab\x1b[12;7Rcd");
        assert_eq!(found, Typed::Answer { row: 12, col: 7, rest: b"abcd".to_vec() });
    }

    #[test]
    fn it_may_come_in_pieces() {
        let mut anchor = Anchor::default();
        assert_eq!(anchor.filter(b"x\x1b[1"), Typed::Only(b"x".to_vec()));
        assert_eq!(anchor.filter(b"2;7"), Typed::Only(Vec::new()));
        assert_eq!(anchor.filter(b"Ry"), Typed::Answer { row: 12, col: 7, rest: b"y".to_vec() });
    }

    #[test]
    fn keys_pass() {
        for keys in [&b"\x1b"[..], b"\x1b[A", b"\x1bOP", b"\x1b[1;5C", b"plain"] {
            assert_eq!(Anchor::default().filter(keys), Typed::Only(keys.to_vec()));
        }
    }
}
