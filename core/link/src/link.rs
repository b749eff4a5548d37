//! The link itself: its state and what the application does with it. What comes in from carriers
//! is handled in `incoming`, what goes out is decided in `outgoing`, what is due in `clockwork`.

use std::collections::VecDeque;
use std::time::Duration;

use abide_terms::{Blame, Ending, EndingCode, Moment};
use bytes::Bytes;

use crate::carrier::{Carrier, CarrierId, CarrierKind, Question};
use crate::frame::Frame;
use crate::inbox::Read;
use crate::incoming::Misbehaviour;
use crate::limits::{CARRIERS_MAX, RESETS_MAX, STREAMS_EACH_ACCEPTED, STREAMS_EACH_MAX};
use crate::outbox::WriteError;
use crate::rtt::Rtt;
use crate::stream_id::{Role, StreamId};
use crate::streams::{Stream, Streams};

/// What a link tells its application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkEvent {
    /// A stream has something to read: read until `Nothing` or `End`.
    Readable(StreamId),
    /// Bytes were acknowledged: there is room to write again.
    Writable(StreamId),
    /// No carrier can be trusted: nothing that needs an answer got one in time.
    Silent,
    /// A carrier answered after `Silent`.
    Heard,
    /// A carrier fell into doubt; others may still be trusted.
    Doubt(CarrierId),
    /// The peer closed the link.
    Closed(Ending),
}

/// Which lane of a carrier a frame goes on. A pipe has one lane for all three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Unreliable and at once.
    Datagram,
    /// Reliable, for frames of no stream.
    Control,
    /// Reliable and ordered, one for each stream.
    Ordered(StreamId),
}

/// Something to send now: `head` then `body`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// On which carrier.
    pub carrier: CarrierId,
    /// On which of its lanes.
    pub lane: Lane,
    /// The frame, or its part before the payload.
    pub head: Bytes,
    /// The payload; may be empty.
    pub body: Bytes,
}

/// Why a carrier was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CarrierRefused {
    /// [`CARRIERS_MAX`] are there.
    #[error("the link has {CARRIERS_MAX} carriers already")]
    TooMany,
    /// The link is closed.
    #[error("the link is closed")]
    Closed,
}

/// One end of a resumable connection. See the crate's documentation for the drain contract.
#[derive(Debug)]
pub struct Link {
    pub(crate) role: Role,
    pub(crate) streams: Streams,
    /// Abandoned streams whose lanes are to be reset.
    resets: VecDeque<StreamId>,
    pub(crate) carriers: Vec<Carrier>,
    pub(crate) events: VecDeque<LinkEvent>,
    /// Whether `Silent` was told last.
    pub(crate) silent: Option<Moment>,
    pub(crate) ending: Option<Ending>,
    /// Makes the moments that PINGs carry mean nothing to others.
    pub(crate) seed: u64,
    pub(crate) turn: StreamId,
    /// The best carrier when bulk was last looked through.
    pub(crate) bulk_on: Option<CarrierId>,
}

impl Link {
    /// A link with its control stream and no carrier. `seed` varies pings' tokens and keepalives' jitter.
    pub fn new(role: Role, seed: u64) -> Self {
        Link {
            role,
            streams: Streams::new(),
            resets: VecDeque::new(),
            carriers: Vec::new(),
            events: VecDeque::new(),
            silent: None,
            ending: None,
            seed: seed & crate::varint::MAX,
            turn: StreamId::CONTROL,
            bulk_on: None,
        }
    }

    // What is so.

    /// The ending, once the link is closed by either side.
    pub fn ending(&self) -> Option<&Ending> {
        self.ending.as_ref()
    }

    /// When the peer was last heard, on carriers that are left.
    pub fn heard_at(&self) -> Option<Moment> {
        self.carriers.iter().map(|carrier| carrier.last_heard).max()
    }

    /// Since when no carrier can be trusted; `None` while one can.
    pub fn silent_since(&self) -> Option<Moment> {
        self.silent
    }

    /// The carrier that bulk goes on and interactive bytes prefer.
    pub fn best(&self) -> Option<CarrierId> {
        self.carriers.iter().min_by_key(|carrier| carrier.preference()).map(|carrier| carrier.id)
    }

    /// Round trips of a carrier.
    pub fn rtt(&self, id: CarrierId) -> Option<Rtt> {
        self.carriers.iter().find(|carrier| carrier.id == id).map(|carrier| carrier.rtt)
    }

    /// The share of packets that a datagram carrier loses, as far as its transport can tell; and the
    /// bytes that repeats have cost to mask that.
    pub fn masking(&self, id: CarrierId) -> Option<(f64, u64)> {
        let carrier = self.carriers.iter().find(|carrier| carrier.id == id)?;
        Some((carrier.masking.loss(), carrier.masking.repeated()))
    }

    /// Whether a carrier is in doubt, or not there.
    pub fn in_doubt(&self, id: CarrierId) -> bool {
        self.carriers
            .iter()
            .find(|carrier| carrier.id == id)
            .is_none_or(|carrier| carrier.doubt.is_some())
    }

    /// Bytes that `write` takes now.
    pub fn room(&self, stream: StreamId) -> usize {
        self.streams.room(stream)
    }

    /// Bytes of a stream that the peer has not acknowledged.
    pub fn unacknowledged(&self, stream: StreamId) -> usize {
        self.streams.get(stream).map_or(0, |stream| stream.outbox.buffered())
    }

    /// All that was written to a stream, and its end, was acknowledged.
    pub fn is_drained(&self, stream: StreamId) -> bool {
        self.streams.get(stream).is_none_or(|stream| stream.outbox.is_drained())
    }

    /// Most bytes any stream holds, and bytes that all growing streams hold, both directions: for
    /// checkers.
    pub fn most_buffered(&self) -> (u64, u64) {
        let each = |stream: &Stream| stream.outbox.buffered() as u64 + stream.inbox.buffered();
        let growing = self.streams.iter().filter(|(id, _)| id.grows());
        let most = self.streams.iter().map(|(_, stream)| each(stream)).max().unwrap_or(0);
        (most, growing.map(|(_, stream)| each(stream)).sum())
    }

    /// A stream is over here, or was abandoned.
    pub fn is_gone(&self, stream: StreamId) -> bool {
        self.streams.is_gone(stream)
    }

    // What the application does.

    /// Appends `bytes` to a stream, opening it if need be. All are taken or none. They are kept as they
    /// are until acknowledged: a slice of a large buffer keeps all of that.
    pub fn write(&mut self, stream: StreamId, bytes: Bytes) -> Result<(), WriteError> {
        if self.ending.is_some() || self.streams.is_gone(stream) {
            return Err(WriteError::Finished);
        }
        if !self.may_open(stream) {
            return Err(WriteError::TooManyStreams);
        }
        self.streams.open(stream);
        let room = self.streams.room(stream);
        let write = |stream: &mut Stream| match bytes.len() <= room {
            _ if stream.outbox.is_finished() => Err(WriteError::Finished),
            true => stream.outbox.write(bytes),
            false => Err(WriteError::Full),
        };
        self.streams.change(stream, write).unwrap_or(Err(WriteError::Finished))
    }

    /// Ends our half of a stream; the peer reads `End` after the last byte. Once both halves are
    /// finished, delivered and read, the stream retires by itself: it counts no more, and its number
    /// is not used again.
    pub fn finish(&mut self, stream: StreamId) {
        if !self.streams.is_gone(stream) && self.may_open(stream) {
            self.streams.open(stream);
            self.streams.change(stream, |stream| stream.outbox.finish());
        }
    }

    /// Takes what arrived of a stream.
    pub fn read(&mut self, now: Moment, id: StreamId) -> Read {
        if self.streams.retired(id).is_some() {
            return Read::End;
        }
        let spare = self.streams.spare_growth();
        let rtt = self.best().and_then(|best| self.rtt(best)?.smoothed()).unwrap_or_default();
        let read = self.streams.change(id, |stream| {
            let read = stream.inbox.read();
            if read == Read::Nothing {
                stream.readable_told = false;
            } else {
                stream.inbox.review_window(now, rtt, spare);
            }
            if stream.inbox.wants_announcement() {
                stream.ack_at = Some(now);
            }
            read
        });
        if read == Some(Read::End) {
            self.streams.retire_if_over(id);
        }
        read.unwrap_or(Read::Nothing)
    }

    /// Forgets a stream, both halves, whatever was in it. Both ends do so by agreement over the
    /// control stream; late frames of it are ignored. What carriers hold of it is to be dropped: see
    /// [`Link::poll_reset`].
    pub fn abandon(&mut self, id: StreamId) {
        let acked = self.streams.forget(id).map_or(0, |stream| stream.outbox.acked());
        self.events.retain(|event| {
            !matches!(event, LinkEvent::Readable(of) | LinkEvent::Writable(of) if *of == id)
        });
        let mut under_way = false;
        for carrier in &mut self.carriers {
            let in_flight = carrier.in_flight(id, acked);
            carrier.flight.forget(in_flight);
            under_way |= carrier.lanes.remove(&id).is_some();
            carrier.sample = carrier.sample.filter(|(stream, ..)| *stream != id);
        }
        if under_way {
            self.resets.push_back(id);
            if self.resets.len() > RESETS_MAX {
                self.resets.pop_front();
            }
        }
    }

    /// A stream that was abandoned while carriers had bytes of it: what waits in their lanes for it
    /// need not be sent any more. Call until `None` before `poll_transmit`.
    pub fn poll_reset(&mut self) -> Option<StreamId> {
        self.resets.pop_front()
    }

    /// Closes the link: carriers get a CLOSE frame and nothing else.
    pub fn close(&mut self, ending: Ending) {
        if self.ending.is_some() {
            return;
        }
        let close = Frame::Close { code: ending.code.number(), evidence: ending.evidence.clone() };
        for carrier in &mut self.carriers {
            carrier.hush();
            carrier.queue.push_back(close.clone());
        }
        self.ending = Some(ending);
    }

    /// Adds a carrier whose handshake is done. `first` is the one on which the link was made: its
    /// peer cannot have received anything yet.
    pub fn add_carrier(
        &mut self,
        now: Moment,
        id: CarrierId,
        kind: CarrierKind,
        first: bool,
    ) -> Result<(), CarrierRefused> {
        if self.ending.is_some() {
            return Err(CarrierRefused::Closed);
        }
        if self.carriers.len() >= CARRIERS_MAX {
            return Err(CarrierRefused::TooMany);
        }
        let jitter = ((self.seed ^ id.0).wrapping_mul(0x9e37_79b9) >> 16) as u32 % 102;
        self.carriers.push(Carrier::new(now, id, kind, first, jitter));
        if !first && let Some(carrier) = self.carriers.last_mut() {
            carrier.resume = Some(self.streams.news()); // even with nothing received, the peer waits for it
        }
        self.ping(now, id);
        Ok(())
    }

    /// Forgets a carrier that is gone.
    pub fn remove_carrier(&mut self, now: Moment, id: CarrierId) {
        self.carriers.retain(|carrier| carrier.id != id);
        self.review_silence(now);
    }

    /// The driver takes up to `bytes` more on this carrier's ordered lanes.
    pub fn set_budget(&mut self, id: CarrierId, bytes: usize) {
        if let Some(carrier) = self.carrier_mut(id) {
            carrier.budget = bytes;
        }
    }

    /// The transport of a datagram carrier has sent and lost this many packets since it joined. How
    /// often tails are repeated ahead of any answer follows from it.
    pub fn handle_packet_counts(&mut self, id: CarrierId, sent: u64, lost: u64) {
        if let Some(carrier) = self.carrier_mut(id) {
            carrier.masking.handle_counts(sent, lost);
        }
    }

    /// Something made the past of this carrier moot (a new socket, wake from sleep): ask at once
    /// whether it works, and send tails again now.
    pub fn kick(&mut self, now: Moment, id: CarrierId) {
        if let Some(carrier) = self.carrier_mut(id) {
            carrier.ping_tries = 0;
            for lane in carrier.lanes.values_mut() {
                lane.tries = 0;
                lane.tail_at = lane.tail_at.map(|_| Moment::ZERO);
            }
        }
        self.ping(now, id);
    }

    /// What happened since the last call.
    pub fn poll_event(&mut self) -> Option<LinkEvent> {
        self.events.pop_front()
    }

    // For the other files of this machine.

    pub(crate) fn carrier_mut(&mut self, id: CarrierId) -> Option<&mut Carrier> {
        self.carriers.iter_mut().find(|carrier| carrier.id == id)
    }

    /// The stream is there, or we may open it.
    fn may_open(&self, id: StreamId) -> bool {
        self.streams.get(id).is_some() || self.streams.open_like(id) < STREAMS_EACH_MAX
    }

    /// Whether a stream that the peer sends on is there; it is opened if it may be, and not if it is
    /// gone.
    pub(crate) fn open_for_peer(&mut self, id: StreamId) -> Result<bool, Misbehaviour> {
        if self.streams.is_gone(id) {
            return Ok(false);
        }
        let known = self.streams.get(id).is_some();
        if !known && self.streams.open_like(id) >= STREAMS_EACH_ACCEPTED {
            return Err(Misbehaviour::TooManyStreams);
        }
        self.streams.open(id);
        Ok(true)
    }

    /// Tells the peer on this carrier all that was received, if it was not told there yet: with every
    /// PING and PONG, so that no acknowledgement lost with another carrier is missed for long.
    pub(crate) fn tell_news(&mut self, id: CarrierId) {
        let news = self.streams.news();
        if let Some(carrier) = self.carrier_mut(id).filter(|carrier| carrier.told < news) {
            carrier.resume = Some(news);
        }
    }

    /// What a PING says: when it was sent. So its answer is a sample, however many PINGs followed it.
    fn token(&self, now: Moment) -> u64 {
        (now.as_nanos() / 1_000).wrapping_add(self.seed) & crate::varint::MAX
    }

    /// How long ago the PING with this token was sent, if it belongs to that question.
    pub(crate) fn age(&self, now: Moment, question: Question, token: u64) -> Option<Duration> {
        let micros = self.token(now).wrapping_sub(token) & crate::varint::MAX;
        let oldest = self.token(now).wrapping_sub(self.token(question.first)) & crate::varint::MAX;
        (micros <= oldest).then_some(Duration::from_micros(micros))
    }

    /// Asks a carrier for an answer.
    pub(crate) fn ping(&mut self, now: Moment, id: CarrierId) {
        if self.ending.is_some() {
            return;
        }
        self.tell_news(id);
        let token = self.token(now);
        if let Some(carrier) = self.carrier_mut(id) {
            let first = carrier.ping.map_or(now, |question| question.first);
            carrier.ping = Some(Question { first, last: now });
            carrier.ping_tries += 1;
            carrier.owed.get_or_insert(now);
            carrier.enqueue(Frame::Ping(token));
        }
    }

    /// Tells the application when the last trusted carrier went, or the first came back.
    pub(crate) fn review_silence(&mut self, now: Moment) {
        let trusted = self.carriers.iter().any(|carrier| carrier.doubt.is_none());
        match (trusted, self.silent) {
            _ if self.ending.is_some() => {}
            (false, None) => {
                self.silent = Some(now);
                self.events.push_back(LinkEvent::Silent);
            }
            (true, Some(_)) => {
                self.silent = None;
                self.events.push_back(LinkEvent::Heard);
            }
            _ => {}
        }
    }

    pub(crate) fn closed_by_peer(&mut self, code: u64, evidence: String) {
        let code = EndingCode::from_number(code).unwrap_or(EndingCode::Ended);
        let blame = match code {
            EndingCode::Displaced | EndingCode::Ended => Blame::AnotherClient,
            EndingCode::Finished => Blame::Program,
            EndingCode::Detached => Blame::You,
            EndingCode::KeeperStopped => Blame::Host,
            _ => Blame::Peer,
        };
        let ending = Ending::new(code, blame, evidence);
        if self.ending.is_none() {
            self.ending = Some(ending.clone());
            self.carriers.iter_mut().for_each(Carrier::hush);
            self.events.push_back(LinkEvent::Closed(ending));
        }
    }
}
