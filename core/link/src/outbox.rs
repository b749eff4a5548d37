//! The sending half of a stream: bytes that are not yet acknowledged, by offset.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use crate::carrier::CarrierKind;
use crate::limits::{JOIN_MAX, SEND_BUFFER_MAX, STREAMS_EACH_MAX};

/// Why bytes were not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// There is no room for all of them; nothing was taken.
    #[error("no room: too many bytes are not acknowledged yet (at most {SEND_BUFFER_MAX})")]
    Full,
    /// The stream was finished or abandoned before.
    #[error("the stream is finished")]
    Finished,
    /// It would be one stream too many; nothing was taken.
    #[error("{STREAMS_EACH_MAX} streams are open already")]
    TooManyStreams,
}

/// Unacknowledged bytes. Offsets: `acked <= … <= end`; the end of the stream counts as one more.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    pieces: VecDeque<(u64, Bytes)>,
    acked: u64,
    end: u64,
    limit: u64,
    finished: bool,
}

impl Outbox {
    pub(crate) fn new(limit: u64) -> Self {
        Outbox { limit, ..Outbox::default() }
    }

    /// Takes `bytes`, for which there must be room.
    pub(crate) fn write(&mut self, bytes: Bytes) -> Result<(), WriteError> {
        if self.finished {
            return Err(WriteError::Finished);
        }
        if bytes.is_empty() {
            return Ok(());
        }
        let start = self.end;
        self.end += bytes.len() as u64;
        match self.pieces.back_mut() {
            Some((_, last)) if last.len() + bytes.len() <= JOIN_MAX => {
                let mut joined = BytesMut::with_capacity(last.len() + bytes.len());
                joined.extend_from_slice(last);
                joined.extend_from_slice(&bytes);
                *last = joined.freeze();
            }
            _ => self.pieces.push_back((start, bytes)),
        }
        Ok(())
    }

    pub(crate) fn finish(&mut self) {
        self.finished = true;
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.finished
    }

    /// Bytes that the peer would take from the first unacknowledged one on.
    pub(crate) fn granted(&self) -> usize {
        usize::try_from(self.limit.saturating_sub(self.acked)).unwrap_or(usize::MAX)
    }

    /// Changes whenever there is more to send.
    pub(crate) fn sendable(&self) -> (u64, u64) {
        (self.end, self.sendable_end())
    }

    /// Bytes not acknowledged.
    pub(crate) fn buffered(&self) -> usize {
        (self.end - self.acked.min(self.end)) as usize
    }

    /// Everything written, and the end if there is one, was acknowledged.
    pub(crate) fn is_drained(&self) -> bool {
        self.acked == self.virtual_end()
    }

    pub(crate) fn acked(&self) -> u64 {
        self.acked
    }

    /// One past what there is to send: the end of the stream counts as one more.
    pub(crate) fn virtual_end(&self) -> u64 {
        self.end + u64::from(self.finished)
    }

    /// How far may be sent now, within the peer's window. The end needs no window.
    pub(crate) fn sendable_end(&self) -> u64 {
        if self.end <= self.limit { self.virtual_end() } else { self.limit }
    }

    /// Handles an acknowledgement; `Err` for bytes never sent. True when it told something new.
    pub(crate) fn handle_ack(&mut self, upto: u64, limit: u64) -> Result<bool, ()> {
        if upto > self.virtual_end() {
            return Err(());
        }
        let opened = limit > self.limit;
        self.limit = self.limit.max(limit);
        if upto <= self.acked {
            return Ok(opened);
        }
        self.acked = upto;
        while let Some((start, piece)) = self.pieces.front() {
            if start + piece.len() as u64 > upto {
                break;
            }
            self.pieces.pop_front();
        }
        Ok(true)
    }

    /// Up to `length_max` bytes from offset `from`, out of one piece, and whether the stream ends after them.
    /// `None` when there is nothing to send from there.
    pub(crate) fn slice(&self, from: u64, length_max: usize) -> Option<(Bytes, bool)> {
        debug_assert!(from >= self.acked, "acknowledged bytes are gone");
        let upto = self.end.min(self.limit);
        if from >= upto {
            let at_end = self.finished && from == self.end;
            return at_end.then(|| (Bytes::new(), true));
        }
        let index = self.pieces.partition_point(|(start, _)| *start <= from) - 1;
        let (start, piece) = &self.pieces[index];
        let begin = (from - start) as usize;
        let length = length_max.min(piece.len() - begin).min((upto - from) as usize);
        let fin = self.finished && from + length as u64 == self.end;
        Some((piece.slice(begin..begin + length), fin))
    }

    /// Something is unacknowledged, and all of it goes in one datagram of this kind of carrier.
    pub(crate) fn tail_fits(&self, kind: CarrierKind) -> bool {
        kind.tail_max().is_some_and(|max| self.buffered() <= max)
            && self.end <= self.limit
            && !self.is_drained()
    }

    /// The whole unacknowledged tail in one piece, if it fits.
    pub(crate) fn tail(&self, kind: CarrierKind) -> Option<(u64, Bytes, bool)> {
        if !self.tail_fits(kind) {
            return None;
        }
        let from = self.acked.min(self.end);
        let mut tail = BytesMut::with_capacity(self.buffered());
        for (start, piece) in &self.pieces {
            let skip = from.saturating_sub(*start) as usize;
            tail.extend_from_slice(&piece[skip.min(piece.len())..]);
        }
        Some((from, tail.freeze(), self.finished))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_stay_until_acknowledged() {
        let mut outbox = Outbox::new(1 << 20);
        outbox.write(Bytes::from_static(b"hello ")).expect("room");
        outbox.write(Bytes::from_static(b"world")).expect("room");
        assert_eq!(outbox.handle_ack(3, 0), Ok(true));
        assert_eq!(
            outbox.tail(CarrierKind::Quic { payload_max: 100 }),
            Some((3, Bytes::from_static(b"lo world"), false))
        );
        assert_eq!(outbox.tail(CarrierKind::Quic { payload_max: 31 }), None);
        assert_eq!(outbox.handle_ack(2, 0), Ok(false), "an old acknowledgement changes nothing");
        assert_eq!(outbox.handle_ack(12, 0), Err(()), "never sent");
        outbox.finish();
        assert_eq!(outbox.slice(11, 10), Some((Bytes::new(), true)));
        assert_eq!(outbox.handle_ack(12, 0), Ok(true));
        assert!(outbox.is_drained());
    }

    #[test]
    fn the_peers_window_bounds_what_is_sent() {
        let mut outbox = Outbox::new(4);
        outbox.write(Bytes::from_static(b"abcdef")).expect("room");
        outbox.finish();
        assert_eq!(outbox.slice(0, 100), Some((Bytes::from_static(b"abcd"), false)));
        assert_eq!(outbox.slice(4, 100), None);
        assert_eq!(outbox.write(Bytes::new()), Err(WriteError::Finished));
    }
}
