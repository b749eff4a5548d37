//! Names and numbers of sessions and links. Random bytes come from the caller.

use std::fmt;
use std::str::FromStr;

/// Why a text names no session.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not the shape of a session id.
    #[error("`{0}` is not a session id (eight of a-z and 2-7)")]
    NotASession(String),
    /// Not a name that a session may have.
    #[error("`{0}` cannot name a session: use 1 to {max} letters, digits, `-`, `_` or `.`", max = SessionName::LENGTH_MAX)]
    NotAName(String),
}

/// Names one session on one host: 40 bits, printed as eight letters of base 32. Not a secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId([u8; 5]);

const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

impl SessionId {
    /// From random bytes.
    pub const fn from_bytes(bytes: [u8; 5]) -> Self {
        SessionId(bytes)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = self.0.iter().fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
        for position in (0..8).rev() {
            let letter = ALPHABET[(bits >> (position * 5)) as usize & 31];
            write!(f, "{}", char::from(letter))?;
        }
        Ok(())
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({self})")
    }
}

impl FromStr for SessionId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let wrong = || IdError::NotASession(text.to_owned());
        if text.len() != 8 {
            return Err(wrong());
        }
        let mut bits = 0u64;
        for letter in text.bytes() {
            let value = ALPHABET.iter().position(|known| *known == letter).ok_or_else(wrong)?;
            bits = bits << 5 | value as u64;
        }
        let [_, _, _, bytes @ ..] = bits.to_be_bytes();
        Ok(SessionId(bytes))
    }
}

/// What a person called a session: 1 to 64 of letters, digits, `-`, `_`, `.`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SessionName(String);

impl SessionName {
    /// Longest name, in bytes.
    pub const LENGTH_MAX: usize = 64;

    /// The name's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SessionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for SessionName {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let fits = (1..=Self::LENGTH_MAX).contains(&text.len());
        if fits && text.chars().all(allowed) && !text.starts_with(['-', '.']) {
            Ok(SessionName(text.to_owned()))
        } else {
            Err(IdError::NotAName(text.to_owned()))
        }
    }
}

/// Names one link on the wire. Seeing it is worth nothing without the link's key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LinkId(pub [u8; 16]);

impl fmt::Debug for LinkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LinkId({self})")
    }
}

impl fmt::Display for LinkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0[..4].iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn session_ids_print_and_parse() {
        for bytes in [[0; 5], [255; 5], [1, 2, 3, 4, 5]] {
            let id = SessionId::from_bytes(bytes);
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        assert!("short".parse::<SessionId>().is_err());
        assert!("aaaaaaa1".parse::<SessionId>().is_err());
    }

    #[test]
    fn session_names_cannot_be_flags_or_paths() {
        assert!("build-7.x_1".parse::<SessionName>().is_ok());
        for text in ["", "-d", "..", "a/b", "a b", &"x".repeat(65)] {
            assert!(text.parse::<SessionName>().is_err(), "{text}");
        }
    }
}
