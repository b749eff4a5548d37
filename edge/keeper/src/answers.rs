//! What a terminal says by itself, told apart from what a person types: answers to a program's
//! questions (device attributes, cursor position, colours, clipboard, kitty's flags) and news of
//! focus. A program asks once, all attached terminals answer; the program must hear one. Knows
//! sequences, nothing of clients.

/// Longest beginning of a CSI sequence that is waited on; none that terminals send is longer.
const CSI_MAX: usize = 64;

/// Takes answers out of one terminal's bytes, wherever they were torn.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    state: State,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Typing,
    /// The beginning of what may become an answer, with its last bytes still to come.
    Csi(Vec<u8>),
    /// Inside a string that is an answer; `true` after an ESC that may end it.
    String(bool),
}

impl Answers {
    /// What a person typed among these bytes.
    ///
    /// A lone ESC and what Alt makes of `[`, `]`, `P` and `_` are typed when nothing follows at
    /// once: real answers come in one piece, or at worst torn further on.
    pub(crate) fn without(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut typed = Vec::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            let state = std::mem::take(&mut self.state);
            rest = match state {
                State::Typing => self.type_on(rest, &mut typed),
                State::Csi(begun) => self.csi(begun, rest, &mut typed),
                State::String(escaped) => self.string(escaped, rest),
            };
        }
        typed
    }

    fn type_on<'a>(&mut self, bytes: &'a [u8], typed: &mut Vec<u8>) -> &'a [u8] {
        let escape = bytes.iter().position(|byte| *byte == 0x1b).unwrap_or(bytes.len());
        typed.extend_from_slice(&bytes[..escape]);
        let bytes = &bytes[escape..];
        match bytes {
            [0x1b, b'[', _, ..] => {
                self.state = State::Csi(bytes[..2].to_vec());
                &bytes[2..]
            }
            [0x1b, b']' | b'P' | b'_', _, ..] => {
                self.state = State::String(false);
                &bytes[2..]
            }
            [] => bytes,
            _ => {
                typed.push(bytes[0]);
                &bytes[1..]
            }
        }
    }

    fn csi<'a>(&mut self, mut begun: Vec<u8>, bytes: &'a [u8], typed: &mut Vec<u8>) -> &'a [u8] {
        for (at, byte) in bytes.iter().enumerate() {
            begun.push(*byte);
            match byte {
                0x40..=0x7e => {
                    if !is_answer(&begun[2..]) {
                        typed.extend_from_slice(&begun);
                    }
                    return &bytes[at + 1..];
                }
                0x20..=0x3f if begun.len() < CSI_MAX => {}
                _ => {
                    typed.extend_from_slice(&begun);
                    return &bytes[at + 1..];
                }
            }
        }
        self.state = State::Csi(begun);
        &[]
    }

    fn string<'a>(&mut self, mut escaped: bool, bytes: &'a [u8]) -> &'a [u8] {
        for (at, byte) in bytes.iter().enumerate() {
            match byte {
                0x07 => return &bytes[at + 1..],
                b'\\' if escaped => return &bytes[at + 1..],
                // No string holds it: somebody typed, and no answer was ever there.
                b'\r' | b'\n' | 0x03 => return &bytes[at..],
                byte => escaped = *byte == 0x1b,
            }
        }
        self.state = State::String(escaped);
        &[]
    }
}

/// Whether a CSI sequence, without its introducer, is what terminals answer or tell of focus. Keys
/// and the mouse are not: a person is behind them.
fn is_answer(sequence: &[u8]) -> bool {
    let Some((last, body)) = sequence.split_last() else { return false };
    let private = body.first().is_some_and(|byte| matches!(byte, b'?' | b'>' | b'='));
    match last {
        // Focus came or went.
        b'I' | b'O' => body.is_empty(),
        // Attributes, kitty's flags, graphics limits: their keys have no such prefix.
        b'c' | b'u' | b'S' | b'n' => private || (*last == b'n' && !body.is_empty()),
        // Where the cursor is. Shifted F3 looks alike (`1;2R`), and is taken for it.
        b'R' => body.contains(&b';'),
        b'y' => body.ends_with(b"$"),
        b't' | b'x' => !body.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWERS: [&str; 15] = [
        "\x1b[?62;4c",
        "\x1b[>84;0;0c",
        "\x1b[24;80R",
        "\x1b[0n",
        "\x1b[?0u",
        "\x1b[?2026;2$y",
        "\x1b[8;24;80t",
        "\x1b[I",
        "\x1b[O",
        "\x1b[?1;0;256S",
        "\x1b]11;rgb:0/0/0\x1b\\",
        "\x1b]52;c;aGk=\x07",
        "\x1bP>|x 1\x1b\\",
        "\x1bP1+r544e=78\x1b\\",
        "\x1b_Gi=1;OK\x1b\\",
    ];
    const KEYS: &str = "ls -l\r\x1b[A\x1bOP\x1b[15;2~\x1b[97;5u\x1b[<0;1;2M\x1b[M !!\x1b[200~x\x1b[201~\
                        \x1bx\x1b\x1b[Zü\x03\x1b";

    fn typed(pieces: &[&[u8]]) -> Vec<u8> {
        let mut answers = Answers::default();
        pieces.iter().flat_map(|piece| answers.without(piece)).collect()
    }

    #[test]
    fn keys_pass_and_answers_do_not() {
        let answers = ANSWERS.concat();
        assert_eq!(typed(&[answers.as_bytes()]), b"");
        assert_eq!(typed(&[KEYS.as_bytes()]), KEYS.as_bytes());
        let both = [&answers, "a", &answers, KEYS].concat();
        assert_eq!(typed(&[both.as_bytes()]), ["a", KEYS].concat().as_bytes());
    }

    #[test]
    fn answers_may_be_torn() {
        for answer in ANSWERS {
            for at in 3..answer.len() {
                let (front, back) = answer.as_bytes().split_at(at);
                // Not right behind an introducer: that is what Alt makes.
                if front.iter().rev().take(2).any(|byte| *byte == 0x1b) {
                    continue;
                }
                assert_eq!(typed(&[front, back, b"x"]), b"x", "{answer:?} at {at}");
            }
        }
    }

    #[test]
    fn what_alt_makes_is_typed() {
        for key in ["\x1b", "\x1b[", "\x1b]", "\x1bP", "\x1b_"] {
            assert_eq!(typed(&[key.as_bytes(), b"ls\r"]), [key, "ls\r"].concat().as_bytes());
        }
    }

    #[test]
    fn a_string_without_an_end_swallows_no_more_than_a_line() {
        assert_eq!(typed(&[b"\x1b]11;rgb:0", b"0/0\rls\r"]), b"\rls\r");
        assert_eq!(typed(&[&[b"\x1b[".as_slice(), &[b'1'; 200]].concat()]).len(), 202);
    }
}
