//! SOCKS 4, 4a and 5 (RFC 1928) as a proxy on loopback hears them: bytes in, where to connect out. Only
//! CONNECT, and only without authentication, as ssh's own. No sockets.
//!
//! ```
//! use abide_socks::{Greeting, Step};
//! let mut greeting = Greeting::default();
//! // SOCKS 4: version, CONNECT, port 80, 127.0.0.1, an empty user
//! match greeting.handle_bytes(&[4, 1, 0, 80, 127, 0, 0, 1, 0]) {
//!     Step::Wanted(wanted) => assert_eq!((&wanted.host[..], wanted.port), ("127.0.0.1", 80)),
//!     other => panic!("{other:?}"),
//! }
//! ```

use std::net::{Ipv4Addr, Ipv6Addr};

/// Longest request taken, in bytes: a SOCKS 4a one with a name and a user of 255 each. At it, refused.
pub const REQUEST_MAX: usize = 1024;

/// Which version was spoken; it decides how the answer looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// SOCKS 4 or 4a.
    Four,
    /// SOCKS 5.
    Five,
}

/// Where a client wants to be connected to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// How to answer.
    pub version: Version,
    /// Name or address; names are looked up at the other end.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// What the client sent already after its request: the connection's first bytes.
    pub rest: Vec<u8>,
}

/// What came of some bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// More are needed.
    More,
    /// Send this; what follows may be there already: call again, with no bytes.
    Reply(&'static [u8]),
    /// The request is whole.
    Wanted(Wanted),
    /// Not what we do: send this, which may be empty, and close.
    Refused(&'static [u8]),
}

/// One client's greeting and request, as it comes in.
#[derive(Clone, Debug, Default)]
pub struct Greeting {
    buffer: Vec<u8>,
    /// SOCKS 5 methods were answered.
    greeted: bool,
}

/// SOCKS 5: no authentication.
const METHOD_NONE: &[u8] = &[5, 0];
const NO_METHOD: &[u8] = &[5, 0xff];
const REFUSED_4: &[u8] = &[0, 91, 0, 0, 0, 0, 0, 0];
const COMMAND_UNKNOWN: &[u8] = &[5, 7, 0, 1, 0, 0, 0, 0, 0, 0];
const ADDRESS_UNKNOWN: &[u8] = &[5, 8, 0, 1, 0, 0, 0, 0, 0, 0];

impl Greeting {
    /// Takes bytes from the client.
    pub fn handle_bytes(&mut self, bytes: &[u8]) -> Step {
        self.buffer.extend_from_slice(bytes);
        let step = match (self.buffer.first(), self.greeted) {
            (None, _) => Some(Step::More),
            (Some(4), false) => four(&self.buffer),
            (Some(5), false) => self.methods(),
            (Some(5), true) => five(&self.buffer),
            (Some(_), _) => Some(Step::Refused(b"")),
        };
        match step {
            Some(step) => step,
            None if self.buffer.len() > REQUEST_MAX => Step::Refused(b""),
            None => Step::More,
        }
    }

    fn methods(&mut self) -> Option<Step> {
        let count = usize::from(*self.buffer.get(1)?);
        let methods = self.buffer.get(2..2 + count)?;
        if !methods.contains(&0) {
            return Some(Step::Refused(NO_METHOD));
        }
        self.buffer.drain(..2 + count);
        self.greeted = true;
        Some(Step::Reply(METHOD_NONE))
    }
}

impl Wanted {
    /// What to send once connected.
    pub fn granted(&self) -> &'static [u8] {
        match self.version {
            Version::Four => &[0, 90, 0, 0, 0, 0, 0, 0],
            Version::Five => &[5, 0, 0, 1, 0, 0, 0, 0, 0, 0],
        }
    }

    /// What to send when there is no connection, before closing.
    pub fn failed(&self) -> &'static [u8] {
        match self.version {
            Version::Four => REFUSED_4,
            Version::Five => &[5, 1, 0, 1, 0, 0, 0, 0, 0, 0],
        }
    }
}

/// `None` while it is not whole.
fn four(bytes: &[u8]) -> Option<Step> {
    let [_, command, high, low, a, b, c, d, rest @ ..] = bytes else { return None };
    let (user, rest) = terminated(rest)?;
    let _unchecked = user;
    let (host, rest) = if [*a, *b, *c] == [0, 0, 0] && *d != 0 {
        let (name, rest) = terminated(rest)?;
        match host_name(name) {
            Some(host) => (host, rest),
            None => return Some(Step::Refused(REFUSED_4)),
        }
    } else {
        (Ipv4Addr::new(*a, *b, *c, *d).to_string(), rest)
    };
    if *command != 1 {
        return Some(Step::Refused(REFUSED_4));
    }
    let (port, rest) = (u16::from_be_bytes([*high, *low]), rest.to_vec());
    Some(Step::Wanted(Wanted { version: Version::Four, host, port, rest }))
}

/// `None` while it is not whole.
fn five(bytes: &[u8]) -> Option<Step> {
    let [_, command, _, kind, rest @ ..] = bytes else { return None };
    if *command != 1 {
        return Some(Step::Refused(COMMAND_UNKNOWN));
    }
    let (host, rest) = match kind {
        1 => {
            let (address, rest) = rest.split_first_chunk::<4>()?;
            (Some(Ipv4Addr::from(*address).to_string()), rest)
        }
        3 => {
            let (length, rest) = rest.split_first()?;
            let (name, rest) = rest.split_at_checked(usize::from(*length))?;
            (host_name(name), rest)
        }
        4 => {
            let (address, rest) = rest.split_first_chunk::<16>()?;
            (Some(Ipv6Addr::from(*address).to_string()), rest)
        }
        _ => return Some(Step::Refused(ADDRESS_UNKNOWN)),
    };
    let (port, rest) = rest.split_first_chunk::<2>()?;
    let Some(host) = host else { return Some(Step::Refused(ADDRESS_UNKNOWN)) };
    let (port, rest) = (u16::from_be_bytes(*port), rest.to_vec());
    Some(Step::Wanted(Wanted { version: Version::Five, host, port, rest }))
}

/// Up to the next 0, and what follows it.
fn terminated(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == 0)?;
    Some((&bytes[..end], &bytes[end + 1..]))
}

/// A name that a resolver can be asked for.
fn host_name(bytes: &[u8]) -> Option<String> {
    let is_fit = (1..=255).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic);
    is_fit.then(|| String::from_utf8_lossy(bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whole, and byte by byte: the same.
    fn last(parts: &[&[u8]]) -> Step {
        let (mut whole, mut split) = (Greeting::default(), Greeting::default());
        let mut ends = (Step::More, Step::More);
        for part in parts {
            ends.0 = whole.handle_bytes(part);
            for byte in *part {
                ends.1 = split.handle_bytes(&[*byte]);
            }
        }
        assert_eq!(ends.0, ends.1, "splitting changes nothing");
        ends.0
    }

    fn wanted(step: Step) -> (Version, String, u16) {
        let Step::Wanted(wanted) = step else { panic!("{step:?}") };
        (wanted.version, wanted.host, wanted.port)
    }

    #[test]
    fn every_version_says_where() {
        let four = last(&[b"\x04\x01\x00\x50\x7f\x00\x00\x01me\0"]);
        assert_eq!(wanted(four), (Version::Four, "127.0.0.1".into(), 80));
        let four_a = last(&[b"\x04\x01\x00\x50\x00\x00\x00\x01\0db.local\0"]);
        assert_eq!(wanted(four_a), (Version::Four, "db.local".into(), 80));
        let name = last(&[b"\x05\x02\x00\x02", b"\x05\x01\x00\x03\x02db\x15\x38"]);
        assert_eq!(wanted(name), (Version::Five, "db".into(), 5432));
        let six = [&[5, 1, 0, 4][..], &Ipv6Addr::LOCALHOST.octets(), &[0, 80]].concat();
        assert_eq!(wanted(last(&[b"\x05\x01\x00", &six])), (Version::Five, "::1".into(), 80));
    }

    #[test]
    fn what_follows_the_request_is_the_connections() {
        let step = Greeting::default().handle_bytes(b"\x04\x01\x00\x50\x7f\x00\x00\x01\0GET /");
        let Step::Wanted(wanted) = step else { panic!("{step:?}") };
        assert_eq!(wanted.rest, b"GET /");
    }

    #[test]
    fn what_is_not_done_is_refused() {
        assert_eq!(last(&[b"GET / HTTP/1.0\r\n"]), Step::Refused(b""));
        assert_eq!(last(&[b"\x05\x01\x02"]), Step::Refused(NO_METHOD));
        assert_eq!(last(&[b"\x05\x01\x00", b"\x05\x02\x00\x01"]), Step::Refused(COMMAND_UNKNOWN));
        let mut greeting = Greeting::default();
        let endless = [&[4, 1, 0, 80, 127, 0, 0, 1][..], &[b'u'; REQUEST_MAX]].concat();
        assert_eq!(greeting.handle_bytes(&endless), Step::Refused(b""));
        let odd = last(&[b"\x05\x01\x00", b"\x05\x01\x00\x03\x02a \x00\x50"]);
        assert_eq!(odd, Step::Refused(ADDRESS_UNKNOWN));
    }
}
