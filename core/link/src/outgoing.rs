//! What goes out, on which carrier, in which order: control frames, then interactive bytes, then bulk.

use abide_terms::Moment;
use bytes::Bytes;

use crate::carrier::{CarrierId, Lane as Sent};
use crate::frame::{Frame, Received, data_head};
use crate::limits::{RESUME_STREAMS_MAX, RIDE_MAX, TAIL_MAX};
use crate::link::{Lane, Link, Transmit};
use crate::masking::Copies;
use crate::stream_id::{Class, StreamId};
use crate::streams::Stream;

impl Link {
    /// The next thing to send; call until `None` after everything that happens.
    pub fn poll_transmit(&mut self, now: Moment) -> Option<Transmit> {
        self.queue_due_acks(now);
        let best = self.best()?;
        let all = self.silent.is_some() || self.in_doubt(best);
        for index in 0..self.carriers.len() {
            if self.carriers[index].kind.datagram_max().is_none()
                && self.carriers[index].budget == 0
            {
                continue;
            }
            let is_best = self.carriers[index].id == best;
            let found = self
                .resume(index)
                .or_else(|| self.control(index))
                .or_else(|| (is_best || all).then(|| self.interactive(now, index)).flatten())
                .or_else(|| is_best.then(|| self.bulk(now, index)).flatten());
            if let Some(transmit) = found {
                let carrier = &mut self.carriers[index];
                carrier.last_sent = now;
                if transmit.lane != Lane::Datagram {
                    let size = transmit.head.len() + transmit.body.len();
                    carrier.budget = carrier.budget.saturating_sub(size);
                }
                return Some(transmit);
            }
        }
        None
    }

    /// Moves acknowledgements that are due into the queues of the carriers that they go on.
    fn queue_due_acks(&mut self, now: Moment) {
        let Some(best) = self.best().filter(|_| self.ending.is_none()) else { return };
        let all = self.in_doubt(best);
        // The peer may have left our best carrier for a reason that we do not see.
        let heard = self.carriers.iter().max_by_key(|carrier| carrier.last_heard);
        let heard = heard.map(|carrier| carrier.id);
        while let Some((_, id)) = self.streams.next_ack().filter(|(due, _)| *due <= now) {
            let acknowledge = |stream: &mut Stream| {
                stream.ack_at = None;
                stream.unacked = 0;
                stream.received(id)
            };
            let Some(received) = self.streams.change(id, acknowledge) else { continue };
            for carrier in self.carriers.iter_mut() {
                if all || carrier.id == best || Some(carrier.id) == heard {
                    carrier.enqueue(Frame::Ack(received));
                    carrier.take_along(now);
                }
            }
            self.streams.note_news(id);
            self.streams.retire_if_over(id);
        }
    }

    /// What was received, where it was asked for and not told yet.
    fn resume(&mut self, index: usize) -> Option<Transmit> {
        let carrier = &mut self.carriers[index];
        let until = carrier.resume?;
        let (received, told) = self.streams.tell(carrier.told, until, RESUME_STREAMS_MAX);
        carrier.told = told;
        carrier.resume = carrier.resume.filter(|_| told < until);
        let head = Frame::Resume(received).encode();
        Some(Transmit { carrier: carrier.id, lane: Lane::Control, head, body: Bytes::new() })
    }

    fn control(&mut self, index: usize) -> Option<Transmit> {
        let frame = self.carriers[index].queue.pop_front()?;
        let has_datagrams = self.carriers[index].kind.datagram_max().is_some();
        let losable = match &frame {
            Frame::Ping(_) | Frame::Pong(_) | Frame::Keepalive => true,
            Frame::Ack(received) => self.is_losable(received),
            _ => false,
        };
        let lane = if losable && has_datagrams { Lane::Datagram } else { Lane::Control };
        let carrier = &self.carriers[index];
        Some(Transmit { carrier: carrier.id, lane, head: frame.encode(), body: Bytes::new() })
    }

    /// Whether this acknowledgement may be lost: the peer repeats what it is for, since that is a short
    /// tail. Others are not asked for again and must arrive.
    fn is_losable(&mut self, received: &Received) -> bool {
        let losable = self.streams.change(received.stream, |stream| {
            let (upto, limit) = stream.told;
            let short = received.upto.saturating_sub(upto) <= TAIL_MAX as u64 / 2
                && received.limit.saturating_sub(limit) <= stream.inbox.window() / 8;
            if short && received.stream.class() == Class::Interactive {
                return true;
            }
            stream.told = (received.upto, received.limit);
            false
        });
        losable.unwrap_or(false)
    }

    fn interactive(&mut self, now: Moment, index: usize) -> Option<Transmit> {
        if self.ending.is_some() {
            return None;
        }
        let ids: Vec<StreamId> = self.streams.undrained(Class::Interactive).collect();
        ids.into_iter()
            .find_map(|id| self.tail(now, index, id).or_else(|| self.small_backlog(now, index, id)))
    }

    /// The whole unacknowledged tail in a datagram, when it is new or due again.
    fn tail(&mut self, now: Moment, index: usize, id: StreamId) -> Option<Transmit> {
        let carrier = &mut self.carriers[index];
        let outbox = &self.streams.get(id)?.outbox;
        let (from, bytes, fin) = outbox.tail(carrier.kind)?;
        let end = outbox.virtual_end();
        let mute = carrier.is_mute(now);
        let mut lane = carrier.lanes.get(&id).copied().unwrap_or_default();
        let fresh = end > lane.tail_end;
        let due =
            lane.tail_at.is_none_or(|sent| now >= sent + carrier.rtt.retransmit_after(lane.tries));
        if !fresh && !due {
            return self.ride(now, index, id).or_else(|| self.copy(now, index, id));
        }
        lane.rides = false;
        // While nothing is heard, new bytes wait for the next repeat.
        if fresh && !due && mute {
            return None;
        }
        lane.tries = if fresh && carrier.doubt.is_none() { 0 } else { lane.tries + 1 };
        lane.tail_end = end;
        lane.tail_at = Some(now);
        let masks = carrier.doubt.is_none();
        lane.copies = if masks {
            carrier.masking.plan(now, carrier.rtt.smoothed())
        } else {
            Copies::default()
        };
        carrier.lanes.insert(id, lane);
        carrier.sample = match carrier.sample {
            None if fresh => Some((id, end, now)),
            Some((stream, ..)) if stream == id && !fresh => None, // Karn: repeated, so ambiguous
            other => other,
        };
        carrier.owed.get_or_insert(now);
        let head = data_head(id, from, bytes.len(), fin);
        Some(Transmit { carrier: carrier.id, lane: Lane::Datagram, head, body: bytes })
    }

    /// A tail once more, in the packet of an acknowledgement that goes just now.
    fn ride(&mut self, now: Moment, index: usize, id: StreamId) -> Option<Transmit> {
        let carrier = &mut self.carriers[index];
        let lane = carrier.lanes.get_mut(&id).filter(|lane| lane.rides)?;
        lane.rides = false;
        let tail = self.streams.get(id)?.outbox.tail(carrier.kind);
        let (from, bytes, fin) = tail.filter(|(_, bytes, _)| bytes.len() <= RIDE_MAX)?;
        // In place of the next repeat, if there is to be one.
        lane.copies.handle_sent(now);
        let head = data_head(id, from, bytes.len(), fin);
        Some(Transmit { carrier: carrier.id, lane: Lane::Datagram, head, body: bytes })
    }

    /// A tail once more, ahead of any answer, where the path loses packets.
    fn copy(&mut self, now: Moment, index: usize, id: StreamId) -> Option<Transmit> {
        let carrier = &mut self.carriers[index];
        let lane = carrier.lanes.get_mut(&id)?;
        lane.copies.due_at().filter(|due| *due <= now)?;
        lane.copies.handle_sent(now);
        let (from, bytes, fin) = self.streams.get(id)?.outbox.tail(carrier.kind)?;
        let head = data_head(id, from, bytes.len(), fin);
        if carrier.doubt.is_some() || !carrier.masking.afford(now, head.len() + bytes.len()) {
            return None;
        }
        Some(Transmit { carrier: carrier.id, lane: Lane::Datagram, head, body: bytes })
    }

    /// Echo-sized output on an ordered lane: at once, past the bound on bytes in flight.
    fn small_backlog(&mut self, now: Moment, index: usize, id: StreamId) -> Option<Transmit> {
        let outbox = &self.streams.get(id)?.outbox;
        let carrier = &self.carriers[index];
        if carrier.kind.datagram_max().is_some() || outbox.buffered() > TAIL_MAX {
            return None;
        }
        self.ordered(now, index, id, TAIL_MAX)
    }

    /// The next stream whose turn it is, within the bound on bytes in flight.
    fn bulk(&mut self, now: Moment, index: usize) -> Option<Transmit> {
        let carrier = &self.carriers[index];
        let is_pipe = carrier.kind.datagram_max().is_none();
        let room = if is_pipe { carrier.flight.room() } else { u64::MAX };
        let closed = self.ending.is_some() || !carrier.resumed || carrier.is_mute(now);
        if closed {
            return None;
        }
        let kind = carrier.kind;
        let full = carrier.budget == 0 || room == 0;
        if let Some(transmit) = self.stirred(now, index) {
            return Some(transmit);
        }
        if full {
            return None;
        }
        let carrier = &self.carriers[index];
        if self.bulk_on.replace(carrier.id) != Some(carrier.id) {
            self.streams.wake_all();
        }
        let payload_max = self.carriers[index].flight.payload_max();
        while let Some(id) = self.streams.ready_after(self.turn) {
            let in_datagrams = id.class() == Class::Interactive
                && self.streams.get(id).is_some_and(|stream| stream.outbox.tail_fits(kind));
            let length_max = payload_max.min(usize::try_from(room).unwrap_or(usize::MAX));
            let found = (!in_datagrams).then(|| self.ordered(now, index, id, length_max)).flatten();
            if let Some(transmit) = found {
                self.turn = id;
                return Some(transmit);
            }
            self.streams.rest(id);
        }
        None
    }

    /// A little on a stream that had nothing under way: a request or a keystroke inside a forwarded
    /// connection. It does not wait for what others have under way.
    fn stirred(&mut self, now: Moment, index: usize) -> Option<Transmit> {
        while let Some(id) = self.streams.take_stirred(TAIL_MAX) {
            if id.class() == Class::Bulk
                && let Some(transmit) = self.ordered(now, index, id, TAIL_MAX)
            {
                return Some(transmit);
            }
        }
        None
    }

    /// The next bytes of a stream for a carrier's ordered lane: each offset goes there once.
    fn ordered(
        &mut self,
        now: Moment,
        index: usize,
        id: StreamId,
        length_max: usize,
    ) -> Option<Transmit> {
        let outbox = &self.streams.get(id)?.outbox;
        let carrier = &mut self.carriers[index];
        let lane = carrier.lanes.get(&id).copied().unwrap_or_default();
        let from = lane.cursor.max(outbox.acked());
        if from >= outbox.sendable_end() {
            return None;
        }
        let (bytes, fin) = outbox.slice(from, length_max)?;
        let cursor = from + bytes.len() as u64 + u64::from(fin);
        carrier.lanes.insert(id, Sent { cursor, ..lane });
        carrier.flight.handle_sent(now, bytes.len() as u64 + u64::from(fin));
        carrier.owed.get_or_insert(now);
        let head = data_head(id, from, bytes.len(), fin);
        Some(Transmit { carrier: carrier.id, lane: Lane::Ordered(id), head, body: bytes })
    }

    /// All carriers, in the order in which they joined.
    pub fn carriers(&self) -> impl Iterator<Item = CarrierId> + '_ {
        self.carriers.iter().map(|carrier| carrier.id)
    }
}
