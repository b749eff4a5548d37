//! One machine: its link, its clock, its programs' state. And the drain contract as a driver keeps it.

use std::collections::BTreeMap;

use abide_link::{CarrierKind, Link, LinkEvent, Role, StreamId};
use abide_terms::Moment;

use crate::app::Use;
use crate::queue::{CLIENT, EndIndex, Event};
use crate::watch::{DOUBTFUL_FOR, TRANSMITS_MAX};
use crate::world::World;

/// One of the two ends.
pub(crate) struct End {
    pub(crate) link: Link,
    /// Nanoseconds that its clock is ahead of the world's.
    pub(crate) offset: u64,
    /// Faults that keep it from running.
    pub(crate) asleep: u32,
    /// When its next `Wake` is planned.
    pub(crate) wake_at: Option<Moment>,
    pub(crate) uses: BTreeMap<StreamId, Use>,
    /// Control messages to write, and those read in part.
    pub(crate) says: Vec<u8>,
    pub(crate) heard: Vec<u8>,
    pub(crate) opened: u64,
}

impl End {
    pub(crate) fn new(role: Role, seed: u64, offset: u64) -> Self {
        End {
            link: Link::new(role, seed),
            offset,
            asleep: 0,
            wake_at: None,
            uses: BTreeMap::new(),
            says: Vec::new(),
            heard: Vec::new(),
            opened: 2,
        }
    }
}

impl World {
    /// An end's own clock.
    pub(crate) fn local(&self, end: EndIndex) -> Moment {
        Moment::from_nanos(self.now.as_nanos() + self.ends[end].offset)
    }

    /// Drains a link after something happened to it.
    pub(crate) fn settle(&mut self, end: EndIndex) {
        if self.ends[end].asleep > 0 || self.failure.is_some() {
            return;
        }
        let mut sent = 0;
        loop {
            while let Some(event) = self.ends[end].link.poll_event() {
                self.on_link_event(end, event);
            }
            self.write_all(end);
            self.reset_lanes(end);
            self.count_packets(end);
            self.grant_budgets(end);
            let before = sent;
            let now = self.local(end);
            while let Some(transmit) = self.ends[end].link.poll_transmit(now) {
                self.transmit(end, transmit);
                sent += 1;
                if sent > TRANSMITS_MAX {
                    return self.fail(format!("end {end} sends without end"));
                }
            }
            if sent == before {
                break;
            }
        }
        self.check_buffers(end);
        self.plan_wake(end);
        if end == CLIENT {
            self.review_client();
        }
    }

    /// Drops what lanes hold of abandoned streams, as QUIC does.
    fn reset_lanes(&mut self, end: EndIndex) {
        while let Some(stream) = self.ends[end].link.poll_reset() {
            for wire in self.wires.values_mut().filter(|wire| wire.is_quic()) {
                wire.ways[1 - end].reset(stream);
            }
        }
    }

    /// Tells the link what its transports lose, one and a half round trips later.
    fn count_packets(&mut self, end: EndIndex) {
        let until = self.now.as_nanos().saturating_sub(self.profile.rtt.as_nanos() as u64 * 3 / 2);
        let link = &mut self.ends[end].link;
        for (id, wire) in self.wires.iter_mut().filter(|(_, wire)| wire.is_quic()) {
            let way = &mut wire.ways[1 - end];
            let (sent, lost) = way.count(Moment::from_nanos(until));
            link.handle_packet_counts(*id, sent, lost);
            if let Some((_, repeated)) = link.masking(*id) {
                self.totals.repeated += repeated - way.repeated;
                way.repeated = repeated;
            }
        }
    }

    fn grant_budgets(&mut self, end: EndIndex) {
        for (id, wire) in &mut self.wires {
            if wire.joined(end) {
                let way = &mut wire.ways[1 - end];
                let room = self.profile.buffer.saturating_sub(way.queued);
                way.full = room < 64 * 1024;
                self.ends[end].link.set_budget(*id, room);
            }
        }
    }

    fn plan_wake(&mut self, end: EndIndex) {
        let (now, this) = (self.now, &mut self.ends[end]);
        let Some(at) = this.link.poll_timeout() else { return };
        let at = Moment::from_nanos(at.as_nanos().saturating_sub(this.offset)).max(now);
        if this.wake_at.is_none_or(|planned| at < planned) {
            this.wake_at = Some(at);
            self.queue.plan(at, Event::Wake(end));
        }
    }

    /// A planned wake: the link's timer may have moved since.
    pub(crate) fn wake(&mut self, end: EndIndex) {
        if self.ends[end].wake_at != Some(self.now) {
            return;
        }
        self.ends[end].wake_at = None;
        if self.ends[end].asleep > 0 {
            return;
        }
        let now = self.local(end);
        let due = self.ends[end].link.poll_timeout().is_some_and(|at| at <= now);
        if !due {
            return self.plan_wake(end);
        }
        self.watch.wakes += 1;
        self.ends[end].link.handle_timeout(now);
        self.settle(end);
    }

    fn on_link_event(&mut self, end: EndIndex, event: LinkEvent) {
        match event {
            LinkEvent::Readable(stream) => self.read_all(end, stream),
            LinkEvent::Writable(stream) => self.review_transfer(end, stream),
            LinkEvent::Silent | LinkEvent::Heard if end == CLIENT => {
                self.on_client_silence(event == LinkEvent::Silent);
            }
            LinkEvent::Silent | LinkEvent::Heard => {}
            LinkEvent::Doubt(wire) => {
                self.queue.plan(self.now + DOUBTFUL_FOR, Event::Tidy { end, wire });
            }
            LinkEvent::Closed(ending) => self.watch.closed = Some(ending),
        }
    }

    /// Drops a carrier that stayed in doubt beside a better one, or the pipe where it is not wanted
    /// beside QUIC.
    pub(crate) fn tidy(&mut self, end: EndIndex, id: abide_link::CarrierId) {
        let link = &self.ends[end].link;
        let Some(wire) = self.wires.get(&id).filter(|wire| wire.joined(end)) else { return };
        if self.ends[end].asleep > 0 {
            return self.queue.plan(self.now + DOUBTFUL_FOR, Event::Tidy { end, wire: id });
        }
        let best = link.best().filter(|best| *best != id && !link.in_doubt(*best));
        let beside_quic =
            best.and_then(|best| self.wires.get(&best)).is_some_and(|best| best.is_quic());
        let spare = end == CLIENT
            && !self.profile.keep_pipe
            && wire.kind == CarrierKind::SshPipe
            && beside_quic;
        if spare || best.is_some() && link.in_doubt(id) {
            self.close_wire(end, id);
        } else if link.in_doubt(id) {
            self.queue.plan(self.now + DOUBTFUL_FOR, Event::Tidy { end, wire: id });
        }
    }
}
