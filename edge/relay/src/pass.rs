//! The word by which a relay knows the connection that is meant for it: every user of the machine
//! can reach a port on loopback. It guards the way through the relay and nothing else.

use std::fmt;
use std::str::FromStr;

/// Length of a pass, bytes.
pub(crate) const PASS_BYTES: usize = 16;

/// A random word for one relay. As text it is 32 hex digits.
#[derive(Clone, PartialEq, Eq)]
pub struct Pass([u8; PASS_BYTES]);

/// A text that is no pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a pass has 32 hex digits, and this text of {length} characters is none")]
pub struct PassError {
    /// How long the text is; the text itself may be close to a secret.
    pub length: usize,
}

impl Pass {
    /// A new one.
    pub(crate) fn fresh() -> Self {
        Pass(abide_host::random::bytes())
    }

    pub(crate) const fn bytes(&self) -> &[u8; PASS_BYTES] {
        &self.0
    }

    /// Whether these bytes are the pass. Looks at all of them, so that the time tells nothing.
    pub(crate) fn admits(&self, bytes: &[u8]) -> bool {
        let differ = |(a, b): (&u8, &u8)| a ^ b;
        bytes.len() == PASS_BYTES
            && self.0.iter().zip(bytes).map(differ).fold(0, |all, one| all | one) == 0
    }
}

impl fmt::Debug for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pass(..)")
    }
}

impl fmt::Display for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Pass {
    type Err = PassError;

    fn from_str(text: &str) -> Result<Self, PassError> {
        let wrong = PassError { length: text.len() };
        if text.len() != 2 * PASS_BYTES || !text.is_ascii() {
            return Err(wrong);
        }
        let mut bytes = [0; PASS_BYTES];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).map_err(|_| wrong)?;
        }
        Ok(Pass(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_survives_being_text_and_admits_itself_alone() {
        let (one, other) = (Pass::fresh(), Pass::fresh());
        assert_eq!(one.to_string().parse(), Ok(one.clone()));
        assert!(one.admits(one.bytes()) && !one.admits(other.bytes()) && !one.admits(&[]));
        assert!(!format!("{one:?}").contains(&one.to_string()));
        for wrong in
            ["", "00", "zz0102030405060708090a0b0c0d0e0f", "é00000000000000000000000000000"]
        {
            assert!(wrong.parse::<Pass>().is_err(), "{wrong}");
        }
    }
}
