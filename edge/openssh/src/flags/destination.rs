//! The destination word of ssh: `host`, `user@host`, `ssh://user@host:port`. Not the host name
//! that the configuration makes of it.

use super::FlagError;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// Whom to connect to, as the user wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The word itself.
    pub given: OsString,
    /// The user in it, if any (`-l` before it wins; `ssh -G` knows).
    pub user: Option<OsString>,
    /// The host or alias in it: what `Host` patterns match.
    pub host: OsString,
    /// The port of an `ssh://` address.
    pub port: Option<u16>,
}

impl Destination {
    pub(super) fn parse(word: &OsStr) -> Result<Self, FlagError> {
        let bad = || FlagError::BadDestination(word.to_string_lossy().into_owned());
        match word.as_bytes().strip_prefix(b"ssh://") {
            Some(address) => Self::from_uri(word, address).ok_or_else(bad),
            None => Self::from_word(word).ok_or_else(bad),
        }
    }

    fn from_word(word: &OsStr) -> Option<Self> {
        let bytes = word.as_bytes();
        let (user, host) = match bytes.iter().rposition(|b| *b == b'@') {
            Some(0) => return None,
            Some(at) => (Some(owned(&bytes[..at])), &bytes[at + 1..]),
            None => (None, bytes),
        };
        Some(Destination { given: word.to_owned(), user, host: owned(host), port: None })
    }

    fn from_uri(word: &OsStr, address: &[u8]) -> Option<Self> {
        let (user, place) = match address.iter().position(|b| *b == b'@') {
            Some(at) => (Some(uri_user(&address[..at])?), &address[at + 1..]),
            None => (None, address),
        };
        let (host, port) = uri_place(place)?;
        Some(Destination { given: word.to_owned(), user, host: owned(host), port })
    }
}

/// The user, without connection parameters (`user;fingerprint=...`), percent-decoded.
fn uri_user(text: &[u8]) -> Option<OsString> {
    let user = text.split(|b| *b == b';').next().filter(|user| !user.is_empty())?;
    let mut decoded = Vec::with_capacity(user.len());
    let mut bytes = user.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => decoded.push(b' '),
            b'%' => decoded.push(hex(*bytes.next()?)? << 4 | hex(*bytes.next()?)?),
            plain => decoded.push(*plain),
        }
    }
    Some(OsString::from_vec(decoded))
}

/// `host`, `host:port`, `[v6]:port`, with an empty path at most.
fn uri_place(text: &[u8]) -> Option<(&[u8], Option<u16>)> {
    let text = text.strip_suffix(b"/").unwrap_or(text);
    let (host, tail) = if let Some(inner) = text.strip_prefix(b"[") {
        let end = inner.iter().position(|b| *b == b']')?;
        (&inner[..end], &inner[end + 1..])
    } else {
        let end = text.iter().position(|b| *b == b':').unwrap_or(text.len());
        text.split_at(end)
    };
    if host.is_empty() || host.contains(&b'/') {
        return None;
    }
    match tail {
        b"" | b":" => Some((host, None)),
        [b':', digits @ ..] => {
            let port = std::str::from_utf8(digits).ok()?.parse().ok().filter(|p| *p != 0)?;
            Some((host, Some(port)))
        }
        _ => None,
    }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

fn owned(bytes: &[u8]) -> OsString {
    OsStr::from_bytes(bytes).to_owned()
}
