//! A knock: one small authenticated datagram that asks "can you hear me here?", and its answer.
//! Outside QUIC, on the same UDP port: a fresh knock from a fresh socket finds out whether a path
//! works without waiting for QUIC's back-off. Answers are no longer than knocks, so that nobody
//! can use them to amplify.

use abide_terms::LinkId;

use crate::key::LinkKey;

/// Length of a knock and of its answer, in bytes.
pub const LENGTH: usize = 1 + 16 + 8 + 16;
/// First byte of a knock. QUIC packets have bit 6 set (RFC 9000, 17.2 and 17.3), these have not.
const KNOCK: u8 = 0x01;
/// First byte of an answer.
const ANSWER: u8 = 0x02;

/// What a datagram outside QUIC claims to be, before its proof is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Which link.
    pub link: LinkId,
    number: u64,
    proof: [u8; 16],
    kind: u8,
}

/// A knock with its number, which the answer repeats.
pub fn knock(key: &LinkKey, link: LinkId, number: u64) -> [u8; LENGTH] {
    write(KNOCK, key, link, number)
}

/// Reads a datagram; `None` for everything that is no knock and no answer.
pub fn read(datagram: &[u8]) -> Option<Claim> {
    let datagram: &[u8; LENGTH] = datagram.try_into().ok()?;
    let kind = datagram[0];
    if kind != KNOCK && kind != ANSWER {
        return None;
    }
    Some(Claim {
        kind,
        link: LinkId(*datagram[1..].first_chunk()?),
        number: u64::from_be_bytes(*datagram[17..].first_chunk()?),
        proof: *datagram[25..].first_chunk()?,
    })
}

impl Claim {
    /// The keeper's answer to a knock whose proof is right; `None` otherwise.
    pub fn answer(&self, key: &LinkKey) -> Option<[u8; LENGTH]> {
        let right = self.kind == KNOCK && self.is_proved(key);
        right.then(|| write(ANSWER, key, self.link, self.number))
    }

    /// The number of the knock that this answers, if it is an answer and its proof is right.
    pub fn answered(&self, key: &LinkKey) -> Option<u64> {
        (self.kind == ANSWER && self.is_proved(key)).then_some(self.number)
    }

    fn is_proved(&self, key: &LinkKey) -> bool {
        key.verify(&parts(&[self.kind], &self.link, &self.number.to_be_bytes()), &self.proof)
    }
}

fn parts<'a>(kind: &'a [u8], link: &'a LinkId, number: &'a [u8]) -> [&'a [u8]; 4] {
    [b"abide knock", kind, &link.0, number]
}

fn write(kind: u8, key: &LinkKey, link: LinkId, number: u64) -> [u8; LENGTH] {
    let proof = key.prove(&parts(&[kind], &link, &number.to_be_bytes()));
    let mut out = [0; LENGTH];
    out[0] = kind;
    out[1..17].copy_from_slice(&link.0);
    out[17..25].copy_from_slice(&number.to_be_bytes());
    out[25..].copy_from_slice(&proof[..16]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_key_gets_an_answer() {
        let (key, link) = (LinkKey::from_bytes([5; 32]), LinkId([6; 16]));
        let claim = read(&knock(&key, link, 77)).expect("a knock");
        assert_eq!(claim.link, link);
        assert_eq!(claim.answer(&LinkKey::from_bytes([4; 32])), None);
        let answer = claim.answer(&key).expect("right key");
        let answer = read(&answer).expect("an answer");
        assert_eq!(answer.answered(&key), Some(77));
        assert_eq!(answer.answer(&key), None, "answers are not answered");
        assert_eq!(claim.answered(&key), None, "a reflected knock is no answer");
    }

    #[test]
    fn quic_and_noise_are_not_knocks() {
        for first in 0x40..=0xff {
            assert_eq!(read(&[first; LENGTH]), None);
        }
        assert_eq!(read(&[KNOCK; LENGTH - 1]), None);
        assert_eq!(read(&[]), None);
    }
}
