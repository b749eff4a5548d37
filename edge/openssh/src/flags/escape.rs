//! ssh's escape character: how `-e` spells it and how `ssh -G` prints it.

/// The escape character at the start of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escape {
    /// This byte.
    Byte(u8),
    /// None: the line is transparent.
    None,
}

impl Escape {
    /// What ssh uses unless told: `~`.
    pub const DEFAULT: Escape = Escape::Byte(b'~');

    /// As `-e` and `EscapeChar` take it: one character, `^` and a character, `none`.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        match text {
            b"none" => Some(Escape::None),
            [b'^', letter @ 64..=127] => Some(Escape::Byte(letter & 31)),
            [byte] => Some(Escape::Byte(*byte)),
            _ => None,
        }
    }

    /// As `ssh -G` prints it: `\^]` for control characters, `\040` for a blank, `\\`.
    pub(crate) fn parse_printed(text: &[u8]) -> Option<Self> {
        match text {
            b"\\\\" => Some(Escape::Byte(b'\\')),
            b"\\^?" => Some(Escape::Byte(127)),
            [b'\\', b'^', letter] => Some(Escape::Byte(letter & 31)),
            [b'\\', octal @ ..] if octal.len() == 3 => {
                let digits = std::str::from_utf8(octal).ok()?;
                u8::from_str_radix(digits, 8).ok().map(Escape::Byte)
            }
            other => Escape::parse(other),
        }
    }
}
