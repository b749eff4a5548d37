//! The receiving half of a stream: delivers each offset once, in order.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use abide_terms::Moment;
use bytes::{Bytes, BytesMut};

use crate::limits::{JOIN_MAX, PIECES_MAX, WINDOW_FIRST};
use crate::stream_id::StreamId;
use crate::window::Window;

/// What reading a stream gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    /// The next bytes.
    Bytes(Bytes),
    /// All was read and the peer finished the stream.
    End,
    /// Nothing now.
    Nothing,
}

/// What a peer did that it may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trespass {
    /// Sent beyond its window.
    #[error("bytes up to {end} where {limit} is the limit")]
    Window {
        /// Where its bytes end.
        end: u64,
        /// What we allowed.
        limit: u64,
    },
    /// Gave a stream two ends, or bytes beyond its end.
    #[error("a stream that ends at {0} and elsewhere")]
    TwoEnds(u64),
}

/// Bytes received. `arrived` is the first offset that is missing.
#[derive(Debug)]
pub(crate) struct Inbox {
    ready: VecDeque<Bytes>,
    pieces: BTreeMap<u64, Bytes>,
    /// Bytes in `pieces`, which may overlap.
    held: u64,
    arrived: u64,
    read: u64,
    end: Option<u64>,
    announced: u64,
    window: Window,
    end_was_read: bool,
}

impl Inbox {
    pub(crate) fn new(stream: StreamId) -> Self {
        let window = Window::new(stream);
        Inbox {
            ready: VecDeque::new(),
            pieces: BTreeMap::new(),
            held: 0,
            arrived: 0,
            read: 0,
            end: None,
            announced: window.size(),
            window,
            end_was_read: false,
        }
    }

    /// Handles bytes at `offset`. True when something new can be read.
    pub(crate) fn handle_data(
        &mut self,
        offset: u64,
        bytes: Bytes,
        fin: bool,
    ) -> Result<bool, Trespass> {
        let end = offset.saturating_add(bytes.len() as u64);
        if end > self.announced {
            return Err(Trespass::Window { end, limit: self.announced });
        }
        let before = self.upto();
        match self.end {
            Some(known) if end > known || (fin && end != known) => {
                return Err(Trespass::TwoEnds(known));
            }
            None if fin && end < self.highest() => return Err(Trespass::TwoEnds(end)),
            None if fin => self.end = Some(end),
            _ => {}
        }
        self.insert(offset, bytes);
        self.advance();
        self.shed();
        Ok(self.upto() > before)
    }

    fn highest(&self) -> u64 {
        let ends = self.pieces.iter().map(|(start, piece)| start + piece.len() as u64);
        ends.max().unwrap_or(self.arrived)
    }

    fn insert(&mut self, offset: u64, mut bytes: Bytes) {
        let skip = self.arrived.saturating_sub(offset).min(bytes.len() as u64) as usize;
        bytes = bytes.slice(skip..);
        let offset = offset + skip as u64;
        if bytes.is_empty() {
            return;
        }
        if offset == self.arrived {
            return self.make_ready(bytes);
        }
        let known = self.pieces.get(&offset).map(Bytes::len);
        if known.map_or(self.pieces.len() < PIECES_MAX, |known| known < bytes.len()) {
            self.held += (bytes.len() - known.unwrap_or(0)) as u64;
            self.pieces.insert(offset, bytes);
        }
    }

    fn make_ready(&mut self, mut bytes: Bytes) {
        self.arrived += bytes.len() as u64;
        if self.window.size() <= WINDOW_FIRST {
            // It may wait long, with thousands like it: not in the large buffer that it came in.
            bytes = Bytes::copy_from_slice(&bytes);
        }
        match self.ready.back_mut() {
            Some(last) if last.len() + bytes.len() <= JOIN_MAX => {
                let mut joined = BytesMut::with_capacity(last.len() + bytes.len());
                joined.extend_from_slice(last);
                joined.extend_from_slice(&bytes);
                *last = joined.freeze();
            }
            _ => self.ready.push_back(bytes),
        }
    }

    /// Overlapping pieces may add up to more than the window: the farthest go.
    fn shed(&mut self) {
        while self.buffered() > self.window.size()
            && let Some((_, piece)) = self.pieces.pop_last()
        {
            self.held -= piece.len() as u64;
        }
    }

    /// Moves what became contiguous from `pieces` to `ready`.
    fn advance(&mut self) {
        while let Some(entry) = self.pieces.first_entry() {
            if *entry.key() > self.arrived {
                break;
            }
            let (start, piece) = entry.remove_entry();
            self.held -= piece.len() as u64;
            let skip = (self.arrived - start).min(piece.len() as u64) as usize;
            if skip < piece.len() {
                self.make_ready(piece.slice(skip..));
            }
        }
    }

    pub(crate) fn read(&mut self) -> Read {
        match self.ready.pop_front() {
            Some(bytes) => {
                self.read += bytes.len() as u64;
                Read::Bytes(bytes)
            }
            None if self.end == Some(self.read) => {
                self.end_was_read = true;
                Read::End
            }
            None => Read::Nothing,
        }
    }

    /// What to acknowledge: the end counts as one more.
    pub(crate) fn upto(&self) -> u64 {
        self.arrived + u64::from(self.end == Some(self.arrived))
    }

    /// Moves the window and returns its new limit.
    pub(crate) fn announce(&mut self) -> u64 {
        self.announced = self.announced.max(self.read + self.window.size());
        self.announced
    }

    /// The window's size now.
    pub(crate) fn window(&self) -> u64 {
        self.window.size()
    }

    /// Something was read: the window may grow, by no more than `spare`.
    pub(crate) fn review_window(&mut self, now: Moment, rtt: Duration, spare: u64) {
        self.window.handle_read(now, self.read, rtt, spare);
    }

    pub(crate) fn end_was_read(&self) -> bool {
        self.end_was_read
    }

    /// The peer should be told that its window moved.
    pub(crate) fn wants_announcement(&self) -> bool {
        let window = self.window.size();
        self.end.is_none() && (self.read + window).saturating_sub(self.announced) >= window / 4
    }

    /// Bytes held for the application and out of order.
    pub(crate) fn buffered(&self) -> u64 {
        self.arrived - self.read + self.held
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::RECEIVE_WINDOW;

    fn all(inbox: &mut Inbox) -> Vec<u8> {
        let mut out = Vec::new();
        while let Read::Bytes(bytes) = inbox.read() {
            out.extend_from_slice(&bytes);
        }
        out
    }

    #[test]
    fn pieces_in_any_order_and_number_are_delivered_once() {
        let mut inbox = Inbox::new(StreamId::CONTROL);
        let text = b"the quick brown fox";
        let mut deliver = |from: usize, to: usize| {
            let bytes = Bytes::copy_from_slice(&text[from..to]);
            inbox.handle_data(from as u64, bytes, to == text.len()).expect("within the window")
        };
        assert!(!deliver(4, 9));
        assert!(!deliver(6, 15));
        assert!(!deliver(10, 12));
        assert!(!deliver(14, 19));
        assert!(deliver(0, 5));
        assert!(!deliver(0, 19));
        assert_eq!(all(&mut inbox), text);
        assert_eq!((inbox.read(), inbox.upto()), (Read::End, 20));
    }

    #[test]
    fn trespasses_are_refused() {
        let mut inbox = Inbox::new(StreamId::CONTROL);
        let far = inbox.handle_data(RECEIVE_WINDOW, Bytes::from_static(b"x"), false);
        assert!(matches!(far, Err(Trespass::Window { .. })));
        inbox.handle_data(0, Bytes::from_static(b"abc"), true).expect("fits");
        assert_eq!(
            inbox.handle_data(3, Bytes::from_static(b"d"), false),
            Err(Trespass::TwoEnds(3))
        );
        assert_eq!(
            inbox.handle_data(0, Bytes::from_static(b"ab"), true),
            Err(Trespass::TwoEnds(3))
        );
    }

    #[test]
    fn many_tiny_gaps_stay_bounded() {
        let mut inbox = Inbox::new(StreamId::CONTROL);
        for position in 1..10_000u64 {
            let fresh = inbox.handle_data(position * 2, Bytes::from_static(b"x"), false);
            assert_eq!(fresh, Ok(false));
        }
        assert_eq!(inbox.pieces.len(), PIECES_MAX);
    }

    #[test]
    fn overlapping_pieces_and_tiny_ones_stay_bounded() {
        let mut inbox = Inbox::new(StreamId::CONTROL);
        let big = Bytes::from(vec![0; 60_000]);
        for offset in 1..PIECES_MAX as u64 {
            inbox.handle_data(offset, big.clone(), false).expect("within the window");
            assert!(inbox.buffered() <= RECEIVE_WINDOW);
        }
        inbox.handle_data(0, big, false).expect("within the window");
        assert!(inbox.pieces.is_empty() || inbox.buffered() <= RECEIVE_WINDOW);
        let mut tiny = Inbox::new(StreamId::CONTROL);
        for offset in 0..100_000 {
            tiny.handle_data(offset, Bytes::from_static(b"x"), false).expect("within the window");
        }
        assert!(tiny.ready.len() <= 100_000 / (JOIN_MAX / 2));
    }

    #[test]
    fn an_end_without_bytes_is_news() {
        let mut inbox = Inbox::new(StreamId::CONTROL);
        assert_eq!(inbox.handle_data(0, Bytes::from_static(b"abc"), false), Ok(true));
        assert_eq!(all(&mut inbox), b"abc");
        assert_eq!(inbox.handle_data(3, Bytes::new(), true), Ok(true), "the reader must be told");
        assert_eq!(inbox.read(), Read::End);
        assert_eq!(inbox.handle_data(3, Bytes::new(), true), Ok(false));
    }

    #[test]
    fn an_end_before_known_bytes_is_refused_wherever_these_are() {
        let mut inbox = Inbox::new(StreamId::CONTROL);
        inbox.handle_data(5, Bytes::from(vec![0; 15]), false).expect("fits");
        inbox.handle_data(6, Bytes::from(vec![0; 2]), false).expect("fits");
        let early = inbox.handle_data(0, Bytes::from(vec![0; 10]), true);
        assert_eq!(early, Err(Trespass::TwoEnds(10)));
    }
}
