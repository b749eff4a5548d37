//! How the relay reaches the server: told by the door, after `ssh` has filled in its tokens. Text in
//! and out; connecting is `far`'s.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// Longest way on the wire, bytes: a command line of the system may be longer, and none that a
/// person writes into a configuration is.
pub const MAX_WAY: usize = 32 * 1024;

/// A way to the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// A TCP connection of the relay's own.
    Direct {
        /// Name or address, as `ssh`'s `%h`.
        host: String,
        /// As `ssh`'s `%p`.
        port: u16,
    },
    /// The user's own `ProxyCommand`, tokens filled in, for `sh -c`.
    Through(OsString),
}

/// A way that cannot be told or understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WayError {
    /// Longer than [`MAX_WAY`].
    #[error("a ProxyCommand of {length} bytes is longer than {MAX_WAY}")]
    TooLong {
        /// Its length.
        length: usize,
    },
    /// Not what a door sends.
    #[error("the door said something that is no way to a server")]
    Garbled,
}

const DIRECT: u8 = b'd';
const THROUGH: u8 = b't';

impl Way {
    /// As bytes: a letter, then the port in text, a blank and the host, or the command.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, WayError> {
        let (kind, text) = match self {
            Way::Direct { host, port } => (DIRECT, format!("{port} {host}").into_bytes()),
            Way::Through(command) => (THROUGH, command.as_bytes().to_vec()),
        };
        if text.len() >= MAX_WAY {
            return Err(WayError::TooLong { length: text.len() });
        }
        Ok([&[kind], &text[..]].concat())
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, WayError> {
        match bytes {
            [DIRECT, text @ ..] => {
                let text = std::str::from_utf8(text).map_err(|_| WayError::Garbled)?;
                let (port, host) = text.split_once(' ').ok_or(WayError::Garbled)?;
                let port = port.parse().map_err(|_| WayError::Garbled)?;
                Ok(Way::Direct { host: host.to_owned(), port })
            }
            [THROUGH, command @ ..] if !command.is_empty() => {
                Ok(Way::Through(OsString::from_vec(command.to_vec())))
            }
            _ => Err(WayError::Garbled),
        }
    }

    /// What a person would call it.
    pub fn name(&self) -> String {
        match self {
            Way::Direct { host, port } => format!("{host} port {port}"),
            Way::Through(command) => OsStr::to_string_lossy(command).into_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_survive_the_wire() {
        let ways = [
            Way::Direct { host: "2001:db8::1".into(), port: 22 },
            Way::Direct { host: "a host that resolves to nothing".into(), port: 65_535 },
            Way::Through("ssh -W '[h]:22' jump\nsecond line".into()),
        ];
        for way in ways {
            assert_eq!(Way::decode(&way.encode().unwrap()), Ok(way));
        }
        let long = Way::Through("x".repeat(MAX_WAY).into());
        assert_eq!(long.encode(), Err(WayError::TooLong { length: MAX_WAY }));
    }

    #[test]
    fn noise_is_no_way() {
        for noise in [&b""[..], b"d", b"d22", b"d99999 h", b"d22 \xff", b"t", b"x22 h"] {
            assert_eq!(Way::decode(noise), Err(WayError::Garbled), "{noise:?}");
        }
    }
}
