//! When the person wants predictions.

use std::fmt;
use std::str::FromStr;

/// When to show predictions; mosh's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wish {
    /// Where the path is slow, and as long as they come true.
    #[default]
    Adaptive,
    /// On fast paths, too.
    Always,
    /// Never; nothing is even computed.
    Never,
}

/// A word that is none of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoWish;

impl Wish {
    /// All of them, as people write them.
    pub const WORDS: [&str; 3] = ["adaptive", "always", "never"];
}

impl FromStr for Wish {
    type Err = NoWish;

    fn from_str(word: &str) -> Result<Self, NoWish> {
        match word {
            "adaptive" => Ok(Wish::Adaptive),
            "always" => Ok(Wish::Always),
            "never" => Ok(Wish::Never),
            _ => Err(NoWish),
        }
    }
}

impl fmt::Display for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Wish::Adaptive => "adaptive",
            Wish::Always => "always",
            Wish::Never => "never",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_are_written() {
        for word in Wish::WORDS {
            assert_eq!(word.parse::<Wish>().map(|wish| wish.to_string()).as_deref(), Ok(word));
        }
        assert_eq!("experimental".parse::<Wish>(), Err(NoWish));
    }
}
