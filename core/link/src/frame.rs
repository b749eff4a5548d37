//! Frames: what travels on a carrier, and how each is written. Reading is in `decode`.
//! The wire format is specified in docs/link-protocol.md.

use abide_terms::{EndingCode, LinkId};
use bytes::{BufMut, Bytes, BytesMut};

use crate::limits::EVIDENCE_MAX;
use crate::stream_id::StreamId;
use crate::varint;

/// Random bytes that make a handshake unique.
pub type Nonce = [u8; 16];
/// HMAC-SHA-256 over a handshake.
pub type Proof = [u8; 32];

/// Numbers of the frame kinds. Kinds from `SKIPPABLE` on carry their length and may be skipped.
pub(crate) mod kind {
    pub(crate) const HELLO: u64 = 0x01;
    pub(crate) const CHALLENGE: u64 = 0x02;
    pub(crate) const PROOF: u64 = 0x03;
    pub(crate) const RESUME: u64 = 0x04;
    pub(crate) const REFUSE: u64 = 0x05;
    pub(crate) const DATA: u64 = 0x10;
    pub(crate) const DATA_FIN: u64 = 0x11;
    pub(crate) const ACK: u64 = 0x12;
    pub(crate) const PING: u64 = 0x20;
    pub(crate) const PONG: u64 = 0x21;
    pub(crate) const KEEPALIVE: u64 = 0x22;
    pub(crate) const CLOSE: u64 = 0x30;
    pub(crate) const SKIPPABLE: u64 = 0x40;
    /// Known to everybody as something to skip.
    pub(crate) const PADDING: u64 = SKIPPABLE;
}

/// What one end has received of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// Which stream.
    pub stream: StreamId,
    /// Everything below this offset arrived in order (one more once the end arrived too).
    pub upto: u64,
    /// The peer may send up to this offset.
    pub limit: u64,
}

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Opens a handshake: the client names the link.
    Hello {
        /// Lowest version of the protocol that the sender speaks.
        version_min: u64,
        /// Highest version.
        version_max: u64,
        /// Bits of optional features; none is defined yet.
        capabilities: u64,
        /// Which link.
        link: LinkId,
        /// The client's part of the handshake's uniqueness.
        nonce: Nonce,
    },
    /// The keeper's answer, with its own proof.
    Challenge {
        /// The version that both will speak.
        version: u64,
        /// Features that both will use.
        capabilities: u64,
        /// The keeper's part of the handshake's uniqueness.
        nonce: Nonce,
        /// Proof that the keeper has the key.
        proof: Proof,
    },
    /// Proof that the client has the key.
    Proof(Proof),
    /// All that the sender has received, stream by stream: the other side goes on from there.
    Resume(Vec<Received>),
    /// The carrier is refused.
    Refuse {
        /// Why.
        code: u64,
        /// What was seen.
        evidence: String,
    },
    /// Bytes of a stream.
    Data {
        /// Which stream.
        stream: StreamId,
        /// Offset of the first byte.
        offset: u64,
        /// The bytes.
        bytes: Bytes,
        /// Whether the stream ends after them.
        fin: bool,
    },
    /// What arrived of one stream.
    Ack(Received),
    /// Asks for a PONG on the same carrier.
    Ping(u64),
    /// Answers a PING.
    Pong(u64),
    /// Keeps a mapping alive; not answered here (QUIC acknowledges it).
    Keepalive,
    /// The link is over.
    Close {
        /// Why: a number of `EndingCode`, or one of a later release.
        code: u64,
        /// What was seen.
        evidence: String,
    },
}

impl Frame {
    /// A REFUSE frame.
    pub fn refuse(code: EndingCode, evidence: impl Into<String>) -> Self {
        Frame::Refuse { code: code.number(), evidence: evidence.into() }
    }

    /// Writes the frame whole.
    pub fn encode(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(64);
        match self {
            Frame::Data { stream, offset, bytes, fin } => {
                out = BytesMut::from(&data_head(*stream, *offset, bytes.len(), *fin)[..]);
                out.put_slice(bytes);
            }
            other => other.put(&mut out),
        }
        out.freeze()
    }

    fn put(&self, out: &mut BytesMut) {
        match self {
            Frame::Hello { version_min, version_max, capabilities, link, nonce } => {
                put_all(out, &[kind::HELLO, *version_min, *version_max, *capabilities]);
                out.put_slice(&link.0);
                out.put_slice(nonce);
            }
            Frame::Challenge { version, capabilities, nonce, proof } => {
                put_all(out, &[kind::CHALLENGE, *version, *capabilities]);
                out.put_slice(nonce);
                out.put_slice(proof);
            }
            Frame::Proof(proof) => {
                varint::put(out, kind::PROOF);
                out.put_slice(proof);
            }
            Frame::Resume(streams) => {
                put_all(out, &[kind::RESUME, streams.len() as u64]);
                streams.iter().for_each(|received| put_received(out, received));
            }
            Frame::Refuse { code, evidence } => put_ending(out, kind::REFUSE, *code, evidence),
            Frame::Close { code, evidence } => put_ending(out, kind::CLOSE, *code, evidence),
            Frame::Ack(received) => {
                varint::put(out, kind::ACK);
                put_received(out, received);
            }
            Frame::Ping(token) => put_all(out, &[kind::PING, *token]),
            Frame::Pong(token) => put_all(out, &[kind::PONG, *token]),
            Frame::Keepalive => varint::put(out, kind::KEEPALIVE),
            Frame::Data { stream, offset, bytes, fin } => {
                out.put_slice(&data_head(*stream, *offset, bytes.len(), *fin));
                out.put_slice(bytes);
            }
        }
    }
}

/// A frame of `length` bytes, 68 to 16,000, that says nothing.
pub fn padding(length: usize) -> Bytes {
    // Lengths from 64 on, and below 16,384, are written in two bytes, as the kind is.
    const HEAD: usize = 4;
    let length = length.clamp(HEAD + 64, 16_000);
    let mut out = BytesMut::with_capacity(length);
    put_all(&mut out, &[kind::PADDING, (length - HEAD) as u64]);
    out.resize(length, 0);
    out.freeze()
}

/// The part of a DATA frame before its bytes, so that these need not be copied.
pub(crate) fn data_head(stream: StreamId, offset: u64, length: usize, fin: bool) -> Bytes {
    let mut out = BytesMut::with_capacity(24);
    let kind = if fin { kind::DATA_FIN } else { kind::DATA };
    put_all(&mut out, &[kind, stream.number(), offset, length as u64]);
    out.freeze()
}

fn put_all(out: &mut BytesMut, values: &[u64]) {
    values.iter().for_each(|value| varint::put(out, *value));
}

fn put_received(out: &mut BytesMut, received: &Received) {
    put_all(out, &[received.stream.number(), received.upto, received.limit]);
}

fn put_ending(out: &mut BytesMut, kind: u64, code: u64, evidence: &str) {
    let longest = EVIDENCE_MAX.min(evidence.len());
    let cut = (0..=longest).rev().find(|end| evidence.is_char_boundary(*end)).unwrap_or(0);
    put_all(out, &[kind, code, cut as u64]);
    out.put_slice(&evidence.as_bytes()[..cut]);
}
