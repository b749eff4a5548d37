//! The random word that marks one bootstrap's lines among whatever a login shell prints. Not a
//! key: who can read the connection's output sees it.

use std::fmt;

/// 128 random bits, written as 32 lower-case hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token([u8; 16]);

/// Not a token's text.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a bootstrap token of 32 hex digits")]
pub struct TokenError(pub String);

impl Token {
    /// A token of random bytes that the caller drew.
    pub fn new(random: [u8; 16]) -> Self {
        Token(random)
    }

    /// Reads back what `Display` wrote.
    ///
    /// # Errors
    /// Anything but 32 lower-case hex digits.
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        let refuse = || TokenError(text.chars().take(64).collect());
        if text.len() != 32 || !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(refuse());
        }
        u128::from_str_radix(text, 16).map(|n| Token(n.to_be_bytes())).map_err(|_| refuse())
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes_and_nothing_else() {
        let token = Token::new([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255]);
        assert_eq!(token.to_string(), "000102030405060708090a0b0c0d0eff");
        assert_eq!(Token::parse(&token.to_string()), Ok(token));
        let upper = token.to_string().to_uppercase();
        for bad in ["", "00", "+00102030405060708090a0b0c0d0eff", upper.as_str()] {
            assert_eq!(Token::parse(bad), Err(TokenError(bad.into())));
        }
    }
}
