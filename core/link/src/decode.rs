//! Bytes of a carrier into frames. Accepts any split of the bytes; bounded; never panics.

use abide_terms::LinkId;
use bytes::{Buf, Bytes, BytesMut};

use crate::frame::{Frame, Received, kind};
use crate::limits::{EVIDENCE_MAX, PAYLOAD_MAX, RESUME_STREAMS_MAX, UNKNOWN_FRAME_MAX};
use crate::stream_id::StreamId;
use crate::varint;

/// What is wrong with the bytes of a carrier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A kind that may not be skipped and is not known.
    #[error("frame of unknown kind {0:#x}")]
    UnknownKind(u64),
    /// A length above its maximum.
    #[error("{what} of {found} bytes, at most {max} are allowed")]
    TooLong {
        /// Which field.
        what: &'static str,
        /// Its length.
        found: u64,
        /// The maximum.
        max: usize,
    },
    /// An ending's evidence that is not UTF-8.
    #[error("text that is not UTF-8")]
    NotText,
    /// A datagram that ends inside a frame.
    #[error("a datagram ends inside a frame")]
    Truncated,
}

/// Turns the bytes of one ordered lane into frames.
#[derive(Default, Debug)]
pub struct FrameDecoder {
    buffer: BytesMut,
}

impl FrameDecoder {
    /// Room to read into; at most one frame's bytes stay in it between reads.
    pub fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// The next whole frame, `None` when more bytes are needed. After an error the carrier is lost.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        loop {
            let mut cursor = Cursor { bytes: &self.buffer, taken: 0 };
            match parse(&mut cursor) {
                Ok(Parsed::Frame(frame)) => {
                    let taken = cursor.taken;
                    self.buffer.advance(taken);
                    return Ok(Some(frame));
                }
                Ok(Parsed::Data { stream, offset, length, fin }) => {
                    let head = cursor.taken;
                    if self.buffer.len() < head + length {
                        self.buffer.reserve(head + length - self.buffer.len());
                        return Ok(None);
                    }
                    self.buffer.advance(head);
                    let bytes = self.buffer.split_to(length).freeze();
                    return Ok(Some(Frame::Data { stream, offset, bytes, fin }));
                }
                Ok(Parsed::Skipped) => {
                    let taken = cursor.taken;
                    self.buffer.advance(taken);
                }
                Err(Stop::More) => return Ok(None),
                Err(Stop::Wrong(error)) => return Err(error),
            }
        }
    }
}

/// All frames of one datagram. A datagram holds whole frames only.
pub fn decode_datagram(datagram: Bytes) -> Result<Vec<Frame>, FrameError> {
    let mut decoder = FrameDecoder { buffer: BytesMut::from(datagram) };
    let mut frames = Vec::new();
    while let Some(frame) = decoder.next_frame()? {
        frames.push(frame);
    }
    if decoder.buffer.is_empty() { Ok(frames) } else { Err(FrameError::Truncated) }
}

enum Parsed {
    Frame(Frame),
    Data { stream: StreamId, offset: u64, length: usize, fin: bool },
    Skipped,
}

enum Stop {
    More,
    Wrong(FrameError),
}

/// Reads without taking from the buffer, so that an incomplete frame costs nothing.
struct Cursor<'a> {
    bytes: &'a [u8],
    taken: usize,
}

impl Cursor<'_> {
    fn number(&mut self) -> Result<u64, Stop> {
        let mut rest = &self.bytes[self.taken..];
        let before = rest.len();
        let value = varint::take(&mut rest).ok_or(Stop::More)?;
        self.taken += before - rest.len();
        Ok(value)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Stop> {
        let array = self.bytes[self.taken..].first_chunk::<N>().ok_or(Stop::More)?;
        self.taken += N;
        Ok(*array)
    }

    fn length(&mut self, what: &'static str, max: usize) -> Result<usize, Stop> {
        let found = self.number()?;
        match usize::try_from(found) {
            Ok(length) if length <= max => Ok(length),
            _ => Err(Stop::Wrong(FrameError::TooLong { what, found, max })),
        }
    }

    fn text(&mut self) -> Result<String, Stop> {
        let length = self.length("evidence", EVIDENCE_MAX)?;
        let bytes = self.bytes[self.taken..].get(..length).ok_or(Stop::More)?;
        let text = std::str::from_utf8(bytes).map_err(|_| Stop::Wrong(FrameError::NotText))?;
        self.taken += length;
        Ok(text.to_owned())
    }

    fn received(&mut self) -> Result<Received, Stop> {
        let stream = StreamId::from_number(self.number()?);
        Ok(Received { stream, upto: self.number()?, limit: self.number()? })
    }
}

fn parse(cursor: &mut Cursor<'_>) -> Result<Parsed, Stop> {
    let kind = cursor.number()?;
    let frame = match kind {
        kind::DATA | kind::DATA_FIN => {
            let stream = StreamId::from_number(cursor.number()?);
            let offset = cursor.number()?;
            let length = cursor.length("payload", PAYLOAD_MAX)?;
            return Ok(Parsed::Data { stream, offset, length, fin: kind == kind::DATA_FIN });
        }
        kind::HELLO => Frame::Hello {
            version_min: cursor.number()?,
            version_max: cursor.number()?,
            capabilities: cursor.number()?,
            link: LinkId(cursor.array()?),
            nonce: cursor.array()?,
        },
        kind::CHALLENGE => Frame::Challenge {
            version: cursor.number()?,
            capabilities: cursor.number()?,
            nonce: cursor.array()?,
            proof: cursor.array()?,
        },
        kind::PROOF => Frame::Proof(cursor.array()?),
        kind::RESUME => {
            let count = cursor.length("resume list", RESUME_STREAMS_MAX)?;
            Frame::Resume((0..count).map(|_| cursor.received()).collect::<Result<_, _>>()?)
        }
        kind::REFUSE => Frame::Refuse { code: cursor.number()?, evidence: cursor.text()? },
        kind::CLOSE => Frame::Close { code: cursor.number()?, evidence: cursor.text()? },
        kind::ACK => Frame::Ack(cursor.received()?),
        kind::PING => Frame::Ping(cursor.number()?),
        kind::PONG => Frame::Pong(cursor.number()?),
        kind::KEEPALIVE => Frame::Keepalive,
        kind::SKIPPABLE.. => {
            let length = cursor.length("unknown frame", UNKNOWN_FRAME_MAX)?;
            if cursor.bytes.len() - cursor.taken < length {
                return Err(Stop::More);
            }
            cursor.taken += length;
            return Ok(Parsed::Skipped);
        }
        unknown => return Err(Stop::Wrong(FrameError::UnknownKind(unknown))),
    };
    Ok(Parsed::Frame(frame))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples() -> Vec<Frame> {
        let received =
            Received { stream: StreamId::from_number(5), upto: 1 << 40, limit: u64::MAX >> 2 };
        vec![
            Frame::Hello {
                version_min: 1,
                version_max: 2,
                capabilities: 0,
                link: LinkId([7; 16]),
                nonce: [8; 16],
            },
            Frame::Challenge { version: 1, capabilities: 0, nonce: [1; 16], proof: [2; 32] },
            Frame::Proof([3; 32]),
            Frame::Resume(vec![received; 3]),
            Frame::Refuse { code: 17, evidence: "é".into() },
            Frame::Data {
                stream: StreamId::CONTROL,
                offset: 70_000,
                bytes: Bytes::from_static(b"hello"),
                fin: true,
            },
            Frame::Ack(received),
            Frame::Ping(1),
            Frame::Pong(2),
            Frame::Keepalive,
            Frame::Close { code: 0, evidence: String::new() },
        ]
    }

    #[test]
    fn frames_survive_any_split() {
        let bytes: Vec<u8> = samples().iter().flat_map(|frame| frame.encode().to_vec()).collect();
        for step in 1..bytes.len() {
            let mut decoder = FrameDecoder::default();
            let mut frames = Vec::new();
            for piece in bytes.chunks(step) {
                decoder.buffer().extend_from_slice(piece);
                while let Some(frame) = decoder.next_frame().expect("valid bytes") {
                    frames.push(frame);
                }
            }
            assert_eq!(frames, samples(), "split every {step} bytes");
        }
    }

    #[test]
    fn later_kinds_are_skipped_and_wrong_ones_refused() {
        let mut decoder = FrameDecoder::default();
        decoder.buffer().extend_from_slice(&[0x40, 0x41, 3, 1, 2, 3, 0x22]);
        assert_eq!(decoder.next_frame(), Ok(Some(Frame::Keepalive)));
        decoder.buffer().extend_from_slice(&[0x3f]);
        assert_eq!(decoder.next_frame(), Err(FrameError::UnknownKind(0x3f)));
        assert_eq!(decode_datagram(Bytes::from_static(&[0x20])), Err(FrameError::Truncated));
    }

    #[test]
    fn padding_says_nothing() {
        for length in [0, 68, 1150, 100_000] {
            assert_eq!(decode_datagram(crate::frame::padding(length)), Ok(Vec::new()), "{length}");
        }
        assert_eq!(crate::frame::padding(1150).len(), 1150);
    }

    #[test]
    fn oversized_fields_are_refused_before_they_are_buffered() {
        let mut decoder = FrameDecoder::default();
        let head = crate::frame::data_head(StreamId::CONTROL, 0, PAYLOAD_MAX + 1, false);
        decoder.buffer().extend_from_slice(&head);
        assert!(matches!(decoder.next_frame(), Err(FrameError::TooLong { what: "payload", .. })));
    }
}
