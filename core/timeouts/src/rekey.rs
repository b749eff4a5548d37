//! `RekeyLimit`: after how many bytes and how long new keys are made. It ends nothing and
//! authenticates nobody again.

use abide_terms::parse_span;

use crate::Limit;

/// Its two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RekeyLimit {
    /// Bytes; `None` for the cipher's own (1 GiB for chacha20, 64 GiB for AES: packet.c:1056-1063).
    pub bytes: Option<u64>,
    /// Time; acts only where a packet went since the last keys (packet.c:1127).
    pub time: Limit,
}

/// Neither `default` nor a size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a rekey limit like `1G 1h`")]
pub struct RekeyError(String);

impl RekeyLimit {
    /// OpenSSH's own.
    pub const DEFAULT: RekeyLimit = RekeyLimit { bytes: None, time: Limit::Off };

    /// Reads `default none`, `1G 1h`, or `0 3600` as `-G` and `-T` print it.
    ///
    /// # Errors
    /// See [`RekeyError`].
    pub fn parse(value: &str) -> Result<Self, RekeyError> {
        let wrong = || RekeyError(value.to_owned());
        let mut words = value.split_whitespace();
        let bytes = match words.next().ok_or_else(wrong)? {
            "default" | "none" | "0" => None,
            text => Some(bytes(text).ok_or_else(wrong)?),
        };
        let time = match words.next() {
            None | Some("none") => Limit::Off,
            Some(text) => Limit::from_secs(parse_span(text).map_err(|_| wrong())?.as_secs()),
        };
        if words.next().is_some() { Err(wrong()) } else { Ok(RekeyLimit { bytes, time }) }
    }
}

fn bytes(text: &str) -> Option<u64> {
    let (number, shift) = match text.as_bytes().last()?.to_ascii_lowercase() {
        b'k' => (&text[..text.len() - 1], 10),
        b'm' => (&text[..text.len() - 1], 20),
        b'g' => (&text[..text.len() - 1], 30),
        _ => (text, 0),
    };
    number.parse::<u64>().ok()?.checked_mul(1 << shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_are_read() {
        let hourly = RekeyLimit { bytes: Some(1 << 30), time: Limit::from_secs(3_600) };
        for (text, expected) in [
            ("default none", Some(RekeyLimit::DEFAULT)),
            ("0 0", Some(RekeyLimit::DEFAULT)),
            ("1G 1h", Some(hourly)),
            ("1073741824 3600", Some(hourly)),
            ("1G", Some(RekeyLimit { time: Limit::Off, ..hourly })),
            ("", None),
            ("1T", None),
            ("1G 1h x", None),
            ("99999999999999G", None),
        ] {
            assert_eq!(RekeyLimit::parse(text).ok(), expected, "{text}");
        }
    }
}
