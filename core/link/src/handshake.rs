//! How a new carrier proves that it belongs to a link. One machine for each end; no I/O.
//! Afterwards the carrier is handed to `Link::add_carrier`.
//!
//! ```text
//! client                          keeper
//!   HELLO link, nonce  ──────────▶  looks the link up
//!   checks the proof   ◀──────────  CHALLENGE nonce, proof
//!   PROOF              ──────────▶  checks the proof
//! ```
//!
//! Both proofs cover both nonces, the versions, the link's id and the carrier's binding (on QUIC
//! the TLS exporter), so that neither can be replayed or relayed to another carrier.

use abide_terms::{EndingCode, LinkId};

use crate::frame::{Frame, Nonce, Proof};
use crate::key::LinkKey;

/// The oldest version of the protocol spoken by this release.
pub const VERSION_MIN: u64 = 1;
/// The newest version.
pub const VERSION_MAX: u64 = 1;
/// Optional features of this release; none is defined yet.
pub const CAPABILITIES: u64 = 0;

/// What both ends agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// Version of the protocol.
    pub version: u64,
    /// Features that both know.
    pub capabilities: u64,
}

/// Why a handshake failed. What the peer is told is the code; the rest is for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    /// No link of that id.
    #[error("no link {0}")]
    UnknownLink(LinkId),
    /// The proof does not fit the key: a forgery, a replay, or a relay.
    #[error("the proof for link {0} is wrong")]
    WrongKey(LinkId),
    /// No version in common.
    #[error(
        "the peer speaks versions {peer_min} to {peer_max} of the link protocol, this release {VERSION_MIN} to {VERSION_MAX}"
    )]
    VersionMismatch {
        /// The peer's oldest.
        peer_min: u64,
        /// The peer's newest.
        peer_max: u64,
    },
    /// A frame that does not belong here.
    #[error("{0} is out of place in a handshake")]
    OutOfPlace(&'static str),
    /// The peer refused.
    #[error("the other end refused ({}): {evidence}", EndingCode::from_number(*.code).map_or("unknown", EndingCode::name))]
    Refused {
        /// Its code.
        code: u64,
        /// What it saw.
        evidence: String,
    },
}

impl HandshakeError {
    /// The code under which the peer is told.
    pub fn code(&self) -> EndingCode {
        match self {
            HandshakeError::UnknownLink(_) => EndingCode::UnknownLink,
            HandshakeError::WrongKey(_) => EndingCode::WrongKey,
            HandshakeError::VersionMismatch { .. } => EndingCode::VersionMismatch,
            HandshakeError::OutOfPlace(_) => EndingCode::ProtocolBroken,
            HandshakeError::Refused { code, .. } => {
                EndingCode::from_number(*code).unwrap_or(EndingCode::ProtocolBroken)
            }
        }
    }
}

/// The client's side.
pub struct Initiator {
    key: LinkKey,
    link: LinkId,
    nonce: Nonce,
    binding: Vec<u8>,
}

impl Initiator {
    /// Starts a handshake; send the frame first. `binding` is the carrier's own secret, or empty.
    pub fn new(key: LinkKey, link: LinkId, nonce: Nonce, binding: &[u8]) -> (Self, Frame) {
        let hello = Frame::Hello {
            version_min: VERSION_MIN,
            version_max: VERSION_MAX,
            capabilities: CAPABILITIES,
            link,
            nonce,
        };
        (Initiator { key, link, nonce, binding: binding.to_vec() }, hello)
    }

    /// Takes the keeper's answer; on success send the frame, then the carrier is the link's.
    pub fn handle_frame(self, frame: Frame) -> Result<(Agreed, Frame), HandshakeError> {
        let (version, capabilities, nonce, proof) = match frame {
            Frame::Challenge { version, capabilities, nonce, proof } => {
                (version, capabilities, nonce, proof)
            }
            Frame::Refuse { code, evidence } => {
                return Err(HandshakeError::Refused { code, evidence });
            }
            other => return Err(HandshakeError::OutOfPlace(name(&other))),
        };
        if !(VERSION_MIN..=VERSION_MAX).contains(&version) {
            return Err(HandshakeError::VersionMismatch { peer_min: version, peer_max: version });
        }
        let agreed = Agreed { version, capabilities: capabilities & CAPABILITIES };
        let transcript = Transcript {
            link: self.link,
            agreed,
            client: self.nonce,
            keeper: nonce,
            binding: &self.binding,
        };
        if !transcript.verify(&self.key, b"keeper", &proof) {
            return Err(HandshakeError::WrongKey(self.link));
        }
        Ok((agreed, Frame::Proof(transcript.prove(&self.key, b"client"))))
    }
}

/// What a HELLO asks for, before the keeper has looked the link up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hello {
    /// Which link.
    pub link: LinkId,
    agreed: Agreed,
    nonce: Nonce,
}

impl Hello {
    /// Reads a carrier's first frame.
    pub fn read(frame: &Frame) -> Result<Self, HandshakeError> {
        let Frame::Hello { version_min, version_max, capabilities, link, nonce } = frame else {
            return Err(HandshakeError::OutOfPlace(name(frame)));
        };
        let version = VERSION_MAX.min(*version_max);
        if version < VERSION_MIN || version < *version_min {
            return Err(HandshakeError::VersionMismatch {
                peer_min: *version_min,
                peer_max: *version_max,
            });
        }
        let agreed = Agreed { version, capabilities: capabilities & CAPABILITIES };
        Ok(Hello { link: *link, agreed, nonce: *nonce })
    }
}

/// The keeper's side, once it knows the link's key.
pub struct Responder {
    key: LinkKey,
    hello: Hello,
    nonce: Nonce,
    binding: Vec<u8>,
}

impl Responder {
    /// Answers a HELLO; send the frame.
    pub fn new(key: LinkKey, hello: Hello, nonce: Nonce, binding: &[u8]) -> (Self, Frame) {
        let responder = Responder { key, hello, nonce, binding: binding.to_vec() };
        let proof = responder.transcript().prove(&responder.key, b"keeper");
        let Agreed { version, capabilities } = hello.agreed;
        (responder, Frame::Challenge { version, capabilities, nonce, proof })
    }

    /// Takes the client's proof; on success the carrier is the link's.
    pub fn handle_frame(self, frame: Frame) -> Result<Agreed, HandshakeError> {
        let Frame::Proof(proof) = frame else {
            return Err(HandshakeError::OutOfPlace(name(&frame)));
        };
        if self.transcript().verify(&self.key, b"client", &proof) {
            Ok(self.hello.agreed)
        } else {
            Err(HandshakeError::WrongKey(self.hello.link))
        }
    }

    fn transcript(&self) -> Transcript<'_> {
        let Hello { link, agreed, nonce: client } = self.hello;
        Transcript { link, agreed, client, keeper: self.nonce, binding: &self.binding }
    }
}

/// Everything that both proofs cover.
struct Transcript<'a> {
    link: LinkId,
    agreed: Agreed,
    client: Nonce,
    keeper: Nonce,
    binding: &'a [u8],
}

impl Transcript<'_> {
    fn prove(&self, key: &LinkKey, who: &[u8]) -> Proof {
        let Agreed { version, capabilities } = self.agreed;
        key.prove(&[
            b"abide link handshake",
            who,
            &self.link.0,
            &version.to_be_bytes(),
            &capabilities.to_be_bytes(),
            &self.client,
            &self.keeper,
            self.binding,
        ])
    }

    fn verify(&self, key: &LinkKey, who: &[u8], proof: &Proof) -> bool {
        let Agreed { version, capabilities } = self.agreed;
        key.verify(
            &[
                b"abide link handshake",
                who,
                &self.link.0,
                &version.to_be_bytes(),
                &capabilities.to_be_bytes(),
                &self.client,
                &self.keeper,
                self.binding,
            ],
            proof,
        )
    }
}

fn name(frame: &Frame) -> &'static str {
    match frame {
        Frame::Hello { .. } => "HELLO",
        Frame::Challenge { .. } => "CHALLENGE",
        Frame::Proof(_) => "PROOF",
        Frame::Resume(_) => "RESUME",
        Frame::Refuse { .. } => "REFUSE",
        Frame::Data { .. } => "DATA",
        Frame::Ack(_) => "ACK",
        Frame::Ping(_) => "PING",
        Frame::Pong(_) => "PONG",
        Frame::Keepalive => "KEEPALIVE",
        Frame::Close { .. } => "CLOSE",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: LinkId = LinkId([9; 16]);

    fn key(byte: u8) -> LinkKey {
        LinkKey::from_bytes([byte; 32])
    }

    /// Runs a handshake and returns what each side made of it.
    fn run(client_key: LinkKey, keeper_key: LinkKey, bindings: [&[u8]; 2]) -> (bool, bool) {
        let (initiator, hello) = Initiator::new(client_key, LINK, [1; 16], bindings[0]);
        let hello = Hello::read(&hello).expect("own HELLO");
        let (responder, challenge) = Responder::new(keeper_key, hello, [2; 16], bindings[1]);
        match initiator.handle_frame(challenge) {
            Ok((_, proof)) => (true, responder.handle_frame(proof).is_ok()),
            Err(_) => (false, responder.handle_frame(Frame::Proof([0; 32])).is_ok()),
        }
    }

    #[test]
    fn only_both_keys_and_one_binding_agree() {
        assert_eq!(run(key(1), key(1), [b"tls", b"tls"]), (true, true));
        assert_eq!(run(key(1), key(2), [b"tls", b"tls"]), (false, false));
        assert_eq!(run(key(1), key(1), [b"tls", b"relayed"]), (false, false));
    }

    #[test]
    fn a_replayed_proof_is_refused() {
        let (initiator, hello) = Initiator::new(key(1), LINK, [1; 16], b"");
        let hello = Hello::read(&hello).expect("own HELLO");
        let (_, challenge) = Responder::new(key(1), hello, [2; 16], b"");
        let (_, proof) = initiator.handle_frame(challenge).expect("right key");
        let (later, _) = Responder::new(key(1), hello, [3; 16], b"");
        assert_eq!(later.handle_frame(proof), Err(HandshakeError::WrongKey(LINK)));
    }

    #[test]
    fn versions_must_overlap() {
        let hello = |version_min, version_max| Frame::Hello {
            version_min,
            version_max,
            capabilities: 3,
            link: LINK,
            nonce: [0; 16],
        };
        assert!(Hello::read(&hello(1, 7)).is_ok(), "a later release that still speaks ours");
        assert!(matches!(Hello::read(&hello(2, 7)), Err(HandshakeError::VersionMismatch { .. })));
        assert!(matches!(Hello::read(&hello(0, 0)), Err(HandshakeError::VersionMismatch { .. })));
        assert_eq!(Hello::read(&Frame::Keepalive), Err(HandshakeError::OutOfPlace("KEEPALIVE")));
    }
}
