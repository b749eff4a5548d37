//! A magic cookie: whoever knows it may use the display.

use std::fmt;
use std::str::FromStr;

/// Bytes of a cookie.
pub const COOKIE_LEN: usize = 16;

/// The name of the protocol that takes cookies, in an X connection's first packet and for xauth.
pub const PROTOCOL: &str = "MIT-MAGIC-COOKIE-1";

/// A cookie. Never printed by `{:?}`.
#[derive(Clone, PartialEq, Eq)]
pub struct Cookie([u8; COOKIE_LEN]);

/// It is not 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoCookie;

impl Cookie {
    /// A cookie of these bytes.
    pub fn from_bytes(bytes: [u8; COOKIE_LEN]) -> Self {
        Cookie(bytes)
    }

    /// Its bytes: secret.
    pub fn as_bytes(&self) -> &[u8; COOKIE_LEN] {
        &self.0
    }

    /// As xauth reads it, 32 hexadecimal digits: secret.
    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whether these bytes are it. Takes equally long for all bytes of its length.
    pub fn is(&self, bytes: &[u8]) -> bool {
        let differ = self.0.iter().zip(bytes).fold(0, |differ, (ours, theirs)| {
            // Kept from being cut short.
            std::hint::black_box(differ | (ours ^ theirs))
        });
        bytes.len() == COOKIE_LEN && differ == 0
    }
}

impl fmt::Debug for Cookie {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Cookie(..)")
    }
}

impl FromStr for Cookie {
    type Err = NoCookie;

    fn from_str(text: &str) -> Result<Self, NoCookie> {
        let mut bytes = [0; COOKIE_LEN];
        if text.len() != 2 * COOKIE_LEN || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(NoCookie);
        }
        for (at, byte) in bytes.iter_mut().enumerate() {
            let digits = text.get(2 * at..2 * at + 2).ok_or(NoCookie)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| NoCookie)?;
        }
        Ok(Cookie(bytes))
    }
}

/// The first cookie in what `xauth list` printed: `display  protocol  hexadecimal digits`, line by line.
pub fn listed_cookie(printed: &str) -> Option<Cookie> {
    printed.lines().find_map(|line| {
        let mut words = line.split_whitespace().skip(1);
        let is_ours = words.next() == Some(PROTOCOL);
        words.next().filter(|_| is_ours)?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "00112233445566778899aAbBcCdDeEfF";

    #[test]
    fn hexadecimal_digits_are_read_and_written() {
        let cookie: Cookie = HEX.parse().expect("a cookie");
        assert_eq!(cookie.hex(), HEX.to_lowercase());
        assert!(cookie.is(cookie.as_bytes()) && !cookie.is(&[0; 16]) && !cookie.is(&[]));
        assert!(!format!("{cookie:?}").contains("11"));
        for odd in ["", "00", &HEX[1..], &HEX.replace('0', "g"), &"ä".repeat(16), &"+1".repeat(16)]
        {
            assert_eq!(odd.parse::<Cookie>(), Err(NoCookie), "{odd}");
        }
    }

    #[test]
    fn the_cookie_is_found_in_what_xauth_lists() {
        let printed =
            format!("h/unix:0  XDM-AUTHORIZATION-1  {HEX}\nh/unix:0  {PROTOCOL}  {HEX}\n");
        assert_eq!(listed_cookie(&printed), HEX.parse().ok());
        for none in ["", "h:0", "h:0 MIT-MAGIC-COOKIE-1", "h:0 MIT-MAGIC-COOKIE-1 12"] {
            assert_eq!(listed_cookie(none), None, "{none}");
        }
    }
}
