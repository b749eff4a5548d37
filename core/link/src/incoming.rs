//! What arrives on carriers.

use abide_terms::Moment;
use bytes::Bytes;

use crate::carrier::CarrierId;
use crate::frame::{Frame, Received};
use crate::inbox::Trespass;
use crate::limits::{ACK_DELAY, ACK_EVERY, STREAMS_EACH_ACCEPTED};
use crate::link::{Link, LinkEvent};
use crate::stream_id::StreamId;
use crate::streams::Stream;

/// What a peer did that the protocol does not allow. Its carrier must be dropped; the link lives on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misbehaviour {
    /// Acknowledged what was never sent.
    #[error("{0:?}: bytes acknowledged that were never sent")]
    AckBeyondEnd(StreamId),
    /// Broke a stream's window or end.
    #[error("{0:?}: {1}")]
    Trespass(StreamId, Trespass),
    /// Opened too many streams.
    #[error("more than {STREAMS_EACH_ACCEPTED} streams of one end")]
    TooManyStreams,
    /// Sent a handshake frame after the handshake.
    #[error("a handshake frame after the handshake")]
    Handshake,
}

impl Link {
    /// Handles one frame from a carrier. Frames of unknown carriers are ignored.
    pub fn handle_frame(
        &mut self,
        now: Moment,
        id: CarrierId,
        frame: Frame,
    ) -> Result<(), Misbehaviour> {
        if self.ending.is_some() {
            return Ok(());
        }
        let Some(carrier) = self.carrier_mut(id) else {
            return Ok(());
        };
        carrier.last_heard = now;
        carrier.owed_sign = None;
        let result = match frame {
            Frame::Data { stream, offset, bytes, fin } => {
                self.on_data(now, id, stream, offset, bytes, fin)
            }
            Frame::Ack(received) => self.on_ack(now, id, received),
            Frame::Ping(token) => {
                carrier.enqueue(Frame::Pong(token));
                self.tell_news(id);
                Ok(())
            }
            Frame::Pong(token) => {
                self.on_pong(now, id, token);
                Ok(())
            }
            Frame::Resume(streams) => self.on_resume(now, id, streams),
            Frame::Close { code, evidence } => {
                self.closed_by_peer(code, evidence);
                Ok(())
            }
            Frame::Keepalive => Ok(()),
            Frame::Hello { .. }
            | Frame::Challenge { .. }
            | Frame::Proof(_)
            | Frame::Refuse { .. } => Err(Misbehaviour::Handshake),
        };
        self.on_stirring(now, id);
        result
    }

    /// The transport itself heard from the peer (QUIC acknowledged a packet): a sign of life,
    /// though not an answer.
    pub fn handle_sign_of_life(&mut self, now: Moment, id: CarrierId) {
        if let Some(carrier) = self.carrier_mut(id) {
            carrier.last_heard = now;
            carrier.owed_sign = None;
        }
        self.on_stirring(now, id);
    }

    /// Something was heard on a carrier. If it is in doubt all the same, ask it now instead of waiting
    /// for the back-off: this may be the first sign that an outage is over.
    fn on_stirring(&mut self, now: Moment, id: CarrierId) {
        let Some(carrier) = self.carrier_mut(id).filter(|carrier| carrier.doubt.is_some()) else {
            return;
        };
        let patience = carrier.rtt.retransmit_after(0);
        if carrier.ping.is_none_or(|question| now >= question.last + patience) {
            self.kick(now, id);
        }
    }

    fn on_data(
        &mut self,
        now: Moment,
        id: CarrierId,
        stream_id: StreamId,
        offset: u64,
        bytes: Bytes,
        fin: bool,
    ) -> Result<(), Misbehaviour> {
        if let Some(carrier) = self.carrier_mut(id) {
            carrier.early_check = true;
        }
        if !self.open_for_peer(stream_id)? {
            self.repeat_last_ack(id, stream_id);
            return Ok(());
        }
        let receive = |stream: &mut Stream| {
            let length = bytes.len() as u64;
            let fresh = stream.inbox.handle_data(offset, bytes, fin)?;
            stream.unacked += length;
            let at_once = stream.unacked >= ACK_EVERY.min(stream.inbox.window() / 2);
            let due = if at_once { now } else { now + ACK_DELAY };
            stream.ack_at = Some(stream.ack_at.map_or(due, |known| known.min(due)));
            let told = fresh && std::mem::replace(&mut stream.readable_told, true);
            Ok((fresh, fresh && !told))
        };
        let (fresh, tell) = self
            .streams
            .change(stream_id, receive)
            .unwrap_or(Ok((false, false)))
            .map_err(|trespass| Misbehaviour::Trespass(stream_id, trespass))?;
        if tell {
            self.events.push_back(LinkEvent::Readable(stream_id));
        }
        if fresh {
            self.streams.note_news(stream_id);
        }
        Ok(())
    }

    /// The peer sends what is over here: it has not heard yet that all of it arrived.
    fn repeat_last_ack(&mut self, id: CarrierId, stream: StreamId) {
        let received = self.streams.retired(stream);
        if let (Some(carrier), Some(received)) = (self.carrier_mut(id), received) {
            carrier.enqueue(Frame::Ack(received));
        }
    }

    fn on_ack(
        &mut self,
        now: Moment,
        id: CarrierId,
        received: Received,
    ) -> Result<(), Misbehaviour> {
        let acknowledge = |stream: &mut Stream| {
            let before = stream.outbox.acked();
            let news = stream.outbox.handle_ack(received.upto, received.limit);
            news.map(|news| (news, before, stream.outbox.acked()))
        };
        let Some(result) = self.streams.change(received.stream, acknowledge) else {
            return Ok(());
        };
        let (news, before, after) =
            result.map_err(|()| Misbehaviour::AckBeyondEnd(received.stream))?;
        if news {
            self.events.push_back(LinkEvent::Writable(received.stream));
        }
        if after == before {
            return Ok(());
        }
        if let Some(carrier) = self.carrier_mut(id)
            && let Some((stream, end, sent)) = carrier.sample
            && stream == received.stream
            && received.upto >= end
        {
            carrier.rtt.sample(now.since(sent));
        }
        self.on_delivered(now, received.stream, before, received.upto);
        self.streams.retire_if_over(received.stream);
        self.on_answer(now, id);
        Ok(())
    }

    /// Settles the account of every carrier that had these bytes in flight.
    fn on_delivered(&mut self, now: Moment, stream: StreamId, before: u64, after: u64) {
        for carrier in &mut self.carriers {
            let fewer = carrier.in_flight(stream, before) - carrier.in_flight(stream, after);
            if fewer > 0 {
                carrier.asked = 0;
                let least = carrier.rtt.least();
                carrier.flight.handle_delivered(now, fewer, least);
            }
            if let Some(lane) = carrier.lanes.get_mut(&stream) {
                lane.tries = 0;
                if lane.cursor.max(lane.tail_end) <= after {
                    carrier.lanes.remove(&stream);
                }
            }
            // Only the carrier that the answer came on may take it for a sample: `on_ack` does so first.
            carrier.sample = carrier.sample.filter(|(of, end, _)| *of != stream || after < *end);
        }
    }

    fn on_pong(&mut self, now: Moment, id: CarrierId, token: u64) {
        let question = self.carrier_mut(id).and_then(|carrier| carrier.ping);
        let age = question.and_then(|question| self.age(now, question, token));
        if let (Some(carrier), Some(age)) = (self.carrier_mut(id), age) {
            carrier.ping = None;
            carrier.ping_tries = 0;
            carrier.rtt.sample(age);
            self.on_answer(now, id);
        }
    }

    fn on_resume(
        &mut self,
        now: Moment,
        id: CarrierId,
        streams: Vec<Received>,
    ) -> Result<(), Misbehaviour> {
        for received in streams {
            self.on_ack(now, id, received)?;
        }
        if let Some(carrier) = self.carrier_mut(id) {
            carrier.resumed = true;
        }
        self.on_answer(now, id);
        Ok(())
    }

    /// The peer answered on this carrier: it is no longer in doubt.
    fn on_answer(&mut self, now: Moment, id: CarrierId) {
        let Some(index) = self.carriers.iter().position(|carrier| carrier.id == id) else {
            return;
        };
        let outstanding = self.is_outstanding(index);
        let carrier = &mut self.carriers[index];
        carrier.owed = outstanding.then_some(now);
        if carrier.doubt.take().is_some() {
            carrier.ping_tries = 0;
            for lane in carrier.lanes.values_mut() {
                lane.tries = 0;
            }
        }
        self.review_silence(now);
    }

    /// Something sent on this carrier waits for an answer.
    pub(crate) fn is_outstanding(&self, index: usize) -> bool {
        let carrier = &self.carriers[index];
        carrier.ping.is_some() || !carrier.lanes.is_empty()
    }
}
