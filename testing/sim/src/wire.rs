//! Simulated carriers: one wire joins both ends. QUIC has datagrams and a lane for each stream that
//! stalls while nothing passes and goes on after; a pipe has one lane; both have buffers and bandwidth.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use abide_link::handshake::{Initiator, Responder};
use abide_link::{CarrierId, CarrierKind, Frame, FrameDecoder, Lane, Transmit, decode_datagram};
use abide_terms::Moment;
use bytes::{Bytes, BytesMut};

use crate::queue::{CLIENT, EndIndex, Event};
use crate::world::World;

/// How far one end is with a wire.
pub(crate) enum Stage {
    /// The keeper waits for HELLO.
    Hello,
    /// The client waits for CHALLENGE.
    Challenge(Box<Initiator>),
    /// The keeper waits for PROOF.
    Proof(Box<Responder>),
    /// The link has it.
    Joined,
    /// This end has closed it.
    Gone,
}

/// Whether a wire leads nowhere though nobody was told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Curse {
    None,
    UntilKick,
    ForEver,
}

/// One carrier, seen from above.
pub(crate) struct Wire {
    pub(crate) kind: CarrierKind,
    pub(crate) curse: Curse,
    pub(crate) stages: [Stage; 2],
    /// Towards each end.
    pub(crate) ways: [Way; 2],
}

/// One direction of a wire.
pub(crate) struct Way {
    lanes: BTreeMap<u64, LaneQueue>,
    /// When the last byte given to it has left.
    free_at: Moment,
    /// Bytes not delivered yet.
    pub(crate) queued: usize,
    /// The sender was refused budget.
    pub(crate) full: bool,
    stalled: bool,
}

struct LaneQueue {
    items: VecDeque<(Moment, Bytes, Bytes)>,
    ticking: bool,
    last: Moment,
    decoder: FrameDecoder,
}

/// The lane of handshakes and control frames, and of everything on a pipe.
pub(crate) const CONTROL_LANE: u64 = 0;

impl Wire {
    pub(crate) fn new(kind: CarrierKind, initiator: Initiator) -> Self {
        Wire {
            kind,
            curse: Curse::None,
            stages: [Stage::Challenge(Box::new(initiator)), Stage::Hello],
            ways: [Way::new(), Way::new()],
        }
    }

    pub(crate) fn is_quic(&self) -> bool {
        matches!(self.kind, CarrierKind::Quic { .. })
    }

    pub(crate) fn joined(&self, end: EndIndex) -> bool {
        matches!(self.stages[end], Stage::Joined)
    }

    pub(crate) fn gone(&self, end: EndIndex) -> bool {
        matches!(self.stages[end], Stage::Gone)
    }
}

impl LaneQueue {
    fn new() -> Self {
        LaneQueue {
            items: VecDeque::new(),
            ticking: false,
            last: Moment::ZERO,
            decoder: FrameDecoder::default(),
        }
    }
}

impl Way {
    fn new() -> Self {
        Way {
            lanes: BTreeMap::new(),
            free_at: Moment::ZERO,
            queued: 0,
            full: false,
            stalled: false,
        }
    }

    /// Frames that waited for the end of the handshake may go on.
    pub(crate) fn hold_is_over(&mut self) {
        self.stalled = true;
    }
}

impl World {
    /// Nothing arrives at that end over this wire now.
    pub(crate) fn blocked(&self, wire: &Wire, to: EndIndex) -> bool {
        let networked = wire.kind != CarrierKind::Local;
        self.ends[to].asleep > 0
            || networked && (wire.curse != Curse::None || !self.path.passes(to, wire.is_quic()))
    }

    /// Takes what a link wants sent.
    pub(crate) fn transmit(&mut self, from: EndIndex, transmit: Transmit) {
        self.totals.frames += 1;
        self.watch.packets += 1;
        let Transmit { carrier, lane, head, body } = transmit;
        let Some(wire) = self.wires.get(&carrier).filter(|wire| wire.joined(from)) else {
            return self.fail(format!("{carrier:?} is not a carrier of end {from}"));
        };
        let key = match lane {
            Lane::Ordered(stream) if wire.is_quic() => stream.number() + 1,
            _ => CONTROL_LANE,
        };
        match lane {
            Lane::Datagram if wire.is_quic() => self.send_datagram(from, carrier, &head, &body),
            Lane::Datagram => self.fail(format!("a datagram for {carrier:?}, which has none")),
            _ => self.send_ordered(from, carrier, key, head, body),
        }
    }

    /// Bytes for an ordered lane.
    pub(crate) fn send_ordered(
        &mut self,
        from: EndIndex,
        id: CarrierId,
        lane: u64,
        head: Bytes,
        body: Bytes,
    ) {
        let (now, to) = (self.now, 1 - from);
        let head = if self.skewed() { self.with_later_frame(&head) } else { head };
        let size = head.len() + body.len();
        let took =
            Duration::from_nanos(size as u64 * 1_000_000_000 / self.path.bandwidth(&self.profile));
        let mut delay = self.path.delay(&self.profile, &mut self.rng);
        let loss = self.path.loss_ppm(&self.profile) * (size as u64 / 1_200 + 1);
        while delay < Duration::from_secs(10) && self.rng.ppm(loss.min(900_000)) {
            delay += self.profile.rtt * 3 / 2 + Duration::from_millis(20);
        }
        let Some(wire) = self.wires.get_mut(&id) else { return };
        if wire.gone(to) {
            return self.tell_gone(id, from);
        }
        let way = &mut wire.ways[to];
        let local = wire.kind == CarrierKind::Local;
        way.free_at = way.free_at.max(now) + if local { Duration::ZERO } else { took };
        way.queued += size;
        let queue = way.lanes.entry(lane).or_insert_with(LaneQueue::new);
        queue.last =
            queue.last.max(way.free_at + if local { Duration::from_micros(20) } else { delay });
        queue.items.push_back((queue.last, head, body));
        if !std::mem::replace(&mut queue.ticking, true) {
            self.queue.plan(queue.last, Event::Tick { wire: id, to, lane });
        }
    }

    fn send_datagram(&mut self, from: EndIndex, id: CarrierId, head: &[u8], body: &[u8]) {
        let to = 1 - from;
        let Some(wire) = self.wires.get(&id) else { return };
        let mut bytes = BytesMut::with_capacity(head.len() + body.len() + 32);
        let max = wire.kind_max();
        if head.len() + body.len() + 24 < max && self.skewed() {
            bytes.extend_from_slice(&self.later_frame());
        }
        bytes.extend_from_slice(head);
        bytes.extend_from_slice(body);
        let wire = &self.wires[&id];
        if bytes.len() > max {
            return self.fail(format!("a datagram of {} bytes where {max} fit", bytes.len()));
        }
        if wire.gone(to) {
            return self.tell_gone(id, from);
        }
        let lost = self.blocked(wire, to);
        if self.rng.once_in(8) || head.first() == Some(&0x22) {
            self.watch.packets += 1;
            self.acknowledge(id, from);
        }
        if lost {
            return;
        }
        let bytes = bytes.freeze();
        let loss = self.path.loss_ppm(&self.profile);
        let copies = 1 + u64::from(self.rng.ppm(self.profile.repeat_ppm));
        for _ in 0..copies {
            if self.rng.ppm(loss) {
                continue;
            }
            let mut delay = self.path.delay(&self.profile, &mut self.rng);
            if self.rng.once_in(30) {
                delay += self.rng.upto(self.profile.rtt);
            }
            self.queue
                .plan(self.now + delay, Event::Datagram { wire: id, to, bytes: bytes.clone() });
        }
    }

    /// QUIC's own acknowledgement of a packet, or of one of three probes after it.
    fn acknowledge(&mut self, id: CarrierId, from: EndIndex) {
        let wire = &self.wires[&id];
        if self.blocked(wire, from) || self.blocked(wire, 1 - from) {
            return;
        }
        let loss = self.path.loss_ppm(&self.profile);
        let tries = (0..3u32).find(|_| !self.rng.ppm(loss) && !self.rng.ppm(loss));
        if let Some(tries) = tries {
            let at = self.now + self.profile.rtt * (1 + 3 * tries);
            self.queue.plan(at, Event::Sign { wire: id, to: from });
        }
    }

    /// Delivers what has arrived on an ordered lane.
    pub(crate) fn tick(&mut self, id: CarrierId, to: EndIndex, lane: u64) {
        let Some(wire) = self.wires.get(&id) else { return };
        let blocked = self.blocked(wire, to) || lane != CONTROL_LANE && !wire.joined(to);
        let now = self.now;
        let Some(wire) = self.wires.get_mut(&id) else { return };
        let gone = wire.gone(to);
        let way = &mut wire.ways[to];
        let Some(queue) = way.lanes.get_mut(&lane) else { return };
        queue.ticking = false;
        if gone {
            return;
        }
        if blocked {
            way.stalled = true;
            return;
        }
        let mut frames = Vec::new();
        while queue.items.front().is_some_and(|(at, ..)| *at <= now) {
            let Some((_, head, body)) = queue.items.pop_front() else { break };
            way.queued -= head.len() + body.len();
            let cut = (self.rng.below(4 * body.len() as u64 + 1) as usize).min(body.len());
            let mut result = Ok(());
            for part in [&head[..], &body[..cut], &body[cut..]] {
                result = result.and_then(|()| feed(&mut queue.decoder, part, &mut frames));
            }
            if let Err(error) = result {
                return self.fail(format!("{id:?} towards end {to}: {error}"));
            }
        }
        if let Some((at, ..)) = queue.items.front() {
            queue.ticking = true;
            self.queue.plan(*at, Event::Tick { wire: id, to, lane });
        }
        let was_full = std::mem::take(&mut way.full);
        frames.into_iter().for_each(|frame| self.on_frame(to, id, frame));
        self.settle(to);
        if was_full {
            self.settle(1 - to);
        }
    }

    /// Delivers a datagram.
    pub(crate) fn on_datagram(&mut self, id: CarrierId, to: EndIndex, bytes: Bytes) {
        let Some(wire) = self.wires.get(&id).filter(|wire| wire.joined(to)) else { return };
        if self.blocked(wire, to) {
            return;
        }
        match decode_datagram(bytes) {
            Ok(frames) => frames.into_iter().for_each(|frame| self.on_frame(to, id, frame)),
            Err(error) => self.fail(format!("{id:?} towards end {to}: {error}")),
        }
        self.settle(to);
    }

    /// Lets stalled lanes go on where nothing blocks them any more. A transport that backed off takes
    /// up to as long again as the outage was; a kick spares that.
    pub(crate) fn unstall(&mut self, kicked: Option<CarrierId>) {
        let outage = self.now.since(self.path.last_fault).min(Duration::from_secs(20));
        let ids: Vec<CarrierId> = self.wires.keys().copied().collect();
        for (id, to) in ids.into_iter().flat_map(|id| [(id, 0), (id, 1)]) {
            if self.blocked(&self.wires[&id], to) {
                continue;
            }
            let delay = self.path.delay(&self.profile, &mut self.rng);
            let back_off = if kicked == Some(id) { Duration::ZERO } else { self.rng.upto(outage) };
            let Some(wire) = self.wires.get_mut(&id) else { continue };
            let way = &mut wire.ways[to];
            if !way.stalled && kicked != Some(id) {
                continue;
            }
            way.stalled = false;
            for (lane, queue) in way.lanes.iter_mut().filter(|(_, queue)| !queue.items.is_empty()) {
                if !queue.ticking || kicked == Some(id) {
                    queue.ticking = true;
                    let at = self.now + delay + back_off;
                    self.queue.plan(at, Event::Tick { wire: id, to, lane: *lane });
                }
            }
        }
    }

    /// One end closes a wire; the other learns of it if it can.
    pub(crate) fn close_wire(&mut self, end: EndIndex, id: CarrierId) {
        self.on_gone(id, end);
        self.tell_gone(id, 1 - end);
    }

    /// An end is to learn that the other has closed a wire.
    fn tell_gone(&mut self, id: CarrierId, end: EndIndex) {
        let Some(wire) = self.wires.get(&id) else { return };
        if !self.blocked(wire, end) && !self.blocked(wire, 1 - end) {
            self.queue.plan(self.now + self.profile.rtt, Event::Gone { wire: id, end });
        }
    }

    /// An end learns that a wire is gone.
    pub(crate) fn on_gone(&mut self, id: CarrierId, end: EndIndex) {
        let Some(wire) = self.wires.get_mut(&id).filter(|wire| !wire.gone(end)) else { return };
        wire.stages[end] = Stage::Gone;
        if wire.gone(1 - end) {
            self.wires.remove(&id);
        }
        let now = self.local(end);
        self.ends[end].link.remove_carrier(now, id);
        if end == CLIENT {
            self.on_client_lost(id);
        }
        self.settle(end);
    }

    fn skewed(&mut self) -> bool {
        self.profile.skew && self.rng.once_in(10)
    }

    fn later_frame(&mut self) -> Bytes {
        let length = self.rng.below(20) as u8;
        let mut frame = vec![0x40, 0x40 + self.rng.below(64) as u8, length];
        frame.resize(3 + usize::from(length), 0xee);
        Bytes::from(frame)
    }

    fn with_later_frame(&mut self, head: &[u8]) -> Bytes {
        Bytes::from([&self.later_frame()[..], head].concat())
    }
}

impl Wire {
    fn kind_max(&self) -> usize {
        match self.kind {
            CarrierKind::Quic { payload_max } => payload_max,
            CarrierKind::Local | CarrierKind::SshPipe => 0,
        }
    }
}

fn feed(
    decoder: &mut FrameDecoder,
    part: &[u8],
    frames: &mut Vec<Frame>,
) -> Result<(), abide_link::FrameError> {
    decoder.buffer().extend_from_slice(part);
    while let Some(frame) = decoder.next_frame()? {
        frames.push(frame);
    }
    Ok(())
}
