//! The packet with which an X program opens its connection (X Window System Protocol, "Connection
//! Setup"): byte order, version, the name of an authorisation protocol and its data. The cookie that the
//! program was given is exchanged for the display's own; a program that has another is refused.

use crate::cookie::{Cookie, PROTOCOL};

/// Longest first packet that is taken, in bytes: a cookie needs 48, Kerberos's tickets some hundreds. A
/// longer one is refused.
pub const SETUP_MAX: usize = 4096;

/// Bytes before the two variable parts.
const HEAD: usize = 12;

/// Bytes in, until the first packet is whole.
#[derive(Debug)]
pub struct Setup {
    fake: Cookie,
    real: Option<Cookie>,
    held: Vec<u8>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The packet is not whole.
    More,
    /// It is: these bytes go to the display, and all that follow as they are.
    Passed(Vec<u8>),
    /// It is not let through.
    Refused(Wrong),
}

/// Why a connection is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It begins with no byte order: no X program.
    ByteOrder(u8),
    /// It is longer than [`SETUP_MAX`].
    TooLong(usize),
    /// It asks to be let in by other means than a cookie.
    OtherProtocol,
    /// It has another cookie.
    OtherCookie,
}

/// In which order a program sends the bytes of a number.
#[derive(Clone, Copy)]
enum Order {
    Big,
    Little,
}

impl Order {
    fn read(self, bytes: [u8; 2]) -> usize {
        match self {
            Order::Big => u16::from_be_bytes(bytes).into(),
            Order::Little => u16::from_le_bytes(bytes).into(),
        }
    }

    fn write(self, value: usize) -> [u8; 2] {
        // Of a name and a cookie that are known: far below.
        let value = u16::try_from(value).unwrap_or(u16::MAX);
        match self {
            Order::Big => value.to_be_bytes(),
            Order::Little => value.to_le_bytes(),
        }
    }
}

impl Setup {
    /// `fake` is what the program must have, `real` what the display gets; without one it decides
    /// by other means whom it lets in.
    pub fn new(fake: Cookie, real: Option<Cookie>) -> Self {
        Setup { fake, real, held: Vec::new() }
    }

    /// Takes what came. After anything but `More` it must not be called again.
    pub fn handle_bytes(&mut self, bytes: &[u8]) -> Step {
        self.held.extend_from_slice(bytes);
        let order = match self.held.first() {
            None => return Step::More,
            Some(b'B') => Order::Big,
            Some(b'l') => Order::Little,
            Some(other) => return Step::Refused(Wrong::ByteOrder(*other)),
        };
        let Some([_, _, _, _, _, _, n0, n1, d0, d1, _, _]) = self.held.first_chunk::<HEAD>() else {
            return Step::More;
        };
        let (name, data) = (order.read([*n0, *n1]), order.read([*d0, *d1]));
        let length = HEAD + padded(name) + padded(data);
        if length > SETUP_MAX {
            return Step::Refused(Wrong::TooLong(length));
        }
        let Some((packet, rest)) = self.held.split_at_checked(length) else { return Step::More };
        let (head, parts) = packet.split_at(HEAD);
        let (named, given) = parts.split_at(padded(name));
        if &named[..name] != PROTOCOL.as_bytes() {
            return Step::Refused(Wrong::OtherProtocol);
        }
        if !self.fake.is(&given[..data]) {
            return Step::Refused(Wrong::OtherCookie);
        }
        Step::Passed([&self.with_real(head, order), rest].concat())
    }

    fn with_real(&self, head: &[u8], order: Order) -> Vec<u8> {
        let (name, data): (&[u8], &[u8]) = match &self.real {
            Some(real) => (PROTOCOL.as_bytes(), real.as_bytes()),
            None => (&[], &[]),
        };
        let mut packet = head[..6].to_vec();
        packet.extend(order.write(name.len()));
        packet.extend(order.write(data.len()));
        packet.extend(&head[10..]);
        for part in [name, data] {
            packet.extend(part);
            packet.resize(packet.len() + padded(part.len()) - part.len(), 0);
        }
        packet
    }
}

/// Parts are padded to multiples of four bytes.
fn padded(length: usize) -> usize {
    length.next_multiple_of(4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cookie(byte: u8) -> Cookie {
        Cookie::from_bytes([byte; 16])
    }

    fn packet(order: u8, name: &[u8], data: &[u8]) -> Vec<u8> {
        let two = |value: usize| {
            let value = value as u16;
            if order == b'B' { value.to_be_bytes() } else { value.to_le_bytes() }
        };
        let mut bytes = vec![order, 0];
        for value in [11, 0, name.len(), data.len(), 0] {
            bytes.extend(two(value));
        }
        for part in [name, data] {
            bytes.extend(part);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        bytes
    }

    fn good(order: u8, byte: u8) -> Vec<u8> {
        packet(order, PROTOCOL.as_bytes(), &[byte; 16])
    }

    fn setup() -> Setup {
        Setup::new(cookie(1), Some(cookie(2)))
    }

    #[test]
    fn the_cookie_is_exchanged_in_either_byte_order() {
        for order in *b"Bl" {
            let sent = [good(order, 1), b"more".to_vec()].concat();
            let passed = [good(order, 2), b"more".to_vec()].concat();
            assert_eq!(setup().handle_bytes(&sent), Step::Passed(passed));
            let bare = packet(order, b"", b"");
            let none = Setup::new(cookie(1), None).handle_bytes(&good(order, 1));
            assert_eq!(none, Step::Passed(bare));
        }
    }

    #[test]
    fn it_may_come_in_pieces() {
        let sent = good(b'l', 1);
        let mut setup = setup();
        let (last, front) = sent.split_last().expect("bytes");
        for byte in front {
            assert_eq!(setup.handle_bytes(&[*byte]), Step::More);
        }
        assert_eq!(setup.handle_bytes(&[*last]), Step::Passed(good(b'l', 2)));
    }

    #[test]
    fn what_is_wrong_is_refused() {
        let long = packet(b'B', PROTOCOL.as_bytes(), &[1; 60_000]);
        for (sent, wrong) in [
            (good(b'B', 3), Wrong::OtherCookie),
            (packet(b'l', PROTOCOL.as_bytes(), &[1; 15]), Wrong::OtherCookie),
            (packet(b'l', PROTOCOL.as_bytes(), &[]), Wrong::OtherCookie),
            (packet(b'l', b"", b""), Wrong::OtherProtocol),
            (packet(b'l', b"MIT-MAGIC-COOKIE-2", &[1; 16]), Wrong::OtherProtocol),
            (b"GET / HTTP/1.1".to_vec(), Wrong::ByteOrder(b'G')),
            (long, Wrong::TooLong(60_032)),
        ] {
            assert_eq!(setup().handle_bytes(&sent), Step::Refused(wrong));
        }
    }

    proptest! {
        #[test]
        fn nothing_but_the_cookie_gets_through(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            order in prop_oneof![Just(b'B'), Just(b'l')],
            cut in 0..48usize,
        ) {
            let begun = [&good(order, 1)[..cut], &bytes].concat();
            let whole = setup().handle_bytes(&begun);
            if let Step::Passed(passed) = &whole {
                prop_assert_eq!(&begun[12..48], &good(order, 1)[12..48]);
                prop_assert_eq!(&passed[12..48], &good(order, 2)[12..48]);
                prop_assert_eq!(&passed[48..], &begun[48..]);
            }
            let mut setup = setup();
            let mut last = Step::More;
            for (at, byte) in begun.iter().enumerate() {
                last = setup.handle_bytes(&[*byte]);
                if let Step::Passed(passed) = &mut last {
                    passed.extend(&begun[at + 1..]);
                }
                if last != Step::More {
                    break;
                }
            }
            prop_assert_eq!(last, whole);
        }
    }
}
