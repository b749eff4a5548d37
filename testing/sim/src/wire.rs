//! Simulated carriers: one wire joins both ends. QUIC has datagrams and a lane for each stream, a pipe
//! has one lane. How these carry bytes is in `datagrams` and `lanes`.

use std::collections::{BTreeMap, VecDeque};

use abide_link::handshake::{Initiator, Responder};
use abide_link::{CarrierId, CarrierKind, FrameDecoder, Lane, StreamId, Transmit};
use abide_terms::Moment;
use bytes::Bytes;

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
    pub(crate) lanes: BTreeMap<u64, LaneQueue>,
    /// When the last byte given to it has left.
    pub(crate) free_at: Moment,
    /// Bytes not delivered yet.
    pub(crate) queued: usize,
    /// The sender was refused budget.
    pub(crate) full: bool,
    pub(crate) stalled: bool,
    /// The transport backs off until then.
    pub(crate) resumes_at: Moment,
    /// Datagrams of which the transport does not know yet what became of them: since when, and whether
    /// they were lost.
    pub(crate) unsure: VecDeque<(Moment, bool)>,
    /// Those of which it knows: sent, and lost.
    pub(crate) counts: (u64, u64),
    /// Bytes that repeats have cost so far.
    pub(crate) repeated: u64,
}

/// What is under way on one lane: when it arrives, and the two parts of the frame.
pub(crate) struct LaneQueue {
    pub(crate) items: VecDeque<(Moment, Bytes, Bytes)>,
    /// A `Tick` is planned.
    pub(crate) ticking: bool,
    /// When the last item arrives: none overtakes.
    pub(crate) last: Moment,
    pub(crate) decoder: FrameDecoder,
}

/// The lane of handshakes and control frames, and of everything on a pipe.
pub(crate) const CONTROL_LANE: u64 = 0;

/// A QUIC connection's lane of a stream.
fn lane_of(stream: StreamId) -> u64 {
    stream.number() + 1
}

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
    pub(crate) fn new() -> Self {
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
            resumes_at: Moment::ZERO,
            unsure: VecDeque::new(),
            counts: (0, 0),
            repeated: 0,
        }
    }

    /// The transport learns what became of datagrams sent before `until`.
    pub(crate) fn count(&mut self, until: Moment) -> (u64, u64) {
        while let Some((_, lost)) = self.unsure.front().filter(|(sent, _)| *sent <= until) {
            self.counts.0 += 1;
            self.counts.1 += u64::from(*lost);
            self.unsure.pop_front();
        }
        self.counts
    }

    /// A stream's lane is reset: nothing of it arrives any more.
    pub(crate) fn reset(&mut self, stream: StreamId) {
        if let Some(queue) = self.lanes.get_mut(&lane_of(stream)) {
            let dropped: usize =
                queue.items.drain(..).map(|(_, head, body)| head.len() + body.len()).sum();
            self.queued -= dropped;
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
            Lane::Ordered(stream) if wire.is_quic() => lane_of(stream),
            _ => CONTROL_LANE,
        };
        match lane {
            Lane::Datagram if wire.is_quic() => self.send_datagram(from, carrier, &head, &body),
            Lane::Datagram => self.fail(format!("a datagram for {carrier:?}, which has none")),
            _ => self.send_ordered(from, carrier, key, head, body),
        }
    }

    /// One end closes a wire; the other learns of it if it can.
    pub(crate) fn close_wire(&mut self, end: EndIndex, id: CarrierId) {
        self.on_gone(id, end);
        self.tell_gone(id, 1 - end);
    }

    /// An end is to learn that the other has closed a wire.
    pub(crate) fn tell_gone(&mut self, id: CarrierId, end: EndIndex) {
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

    pub(crate) fn skewed(&mut self) -> bool {
        self.profile.skew && self.rng.once_in(10)
    }

    pub(crate) fn later_frame(&mut self) -> Bytes {
        let length = self.rng.below(20) as u8;
        let mut frame = vec![0x40, 0x40 + self.rng.below(64) as u8, length];
        frame.resize(3 + usize::from(length), 0xee);
        Bytes::from(frame)
    }

    pub(crate) fn with_later_frame(&mut self, head: &[u8]) -> Bytes {
        Bytes::from([&self.later_frame()[..], head].concat())
    }
}

impl Wire {
    pub(crate) fn datagram_max(&self) -> usize {
        match self.kind {
            CarrierKind::Quic { payload_max } => payload_max,
            CarrierKind::Local | CarrierKind::SshPipe => 0,
        }
    }
}
