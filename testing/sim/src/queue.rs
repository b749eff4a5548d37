//! What will happen, by time; equal times in the order in which they were planned.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use abide_link::{CarrierId, StreamId};
use abide_terms::Moment;
use bytes::Bytes;

use crate::scenario::Fault;

/// An end, as an index: 0 is the client, 1 the keeper.
pub(crate) type EndIndex = usize;
/// The near end.
pub(crate) const CLIENT: EndIndex = 0;
/// The far end.
pub(crate) const KEEPER: EndIndex = 1;

/// Something planned.
#[derive(Debug)]
pub(crate) enum Event {
    /// A link's timer may be due.
    Wake(EndIndex),
    /// The client's recovery may have a step to do.
    Step,
    /// Bytes of an ordered lane may have arrived.
    Tick { wire: CarrierId, to: EndIndex, lane: u64 },
    /// A datagram arrives.
    Datagram { wire: CarrierId, to: EndIndex, bytes: Bytes },
    /// The transport's own acknowledgement arrives.
    Sign { wire: CarrierId, to: EndIndex },
    /// An end learns that a carrier is gone.
    Gone { wire: CarrierId, end: EndIndex },
    /// The answer to a knock arrives at the client.
    KnockAnswered,
    /// An ssh attempt ends.
    SshEnds { began_up: bool, attempt: u64 },
    /// The person signs in.
    SignIn,
    /// A handshake had its time.
    HandshakeOver { wire: CarrierId },
    /// An end looks whether a carrier should go.
    Tidy { end: EndIndex, wire: CarrierId },
    /// Choose the next fault by chance.
    NextFault,
    /// A fault begins.
    Fault(Fault),
    /// A fault is over.
    Heal(Fault),
    /// One flap of a flapping path.
    Flap { until: Moment, down: bool },
    /// The person types.
    Key { left: u64 },
    /// A transfer begins. A scripted one is bulk, read without pause, and never given up.
    Transfer { opener: EndIndex, size: u64, scripted: bool },
    /// A reader that paused goes on.
    ReadAgain { end: EndIndex, stream: StreamId },
    /// Nothing may be stuck if all was calm since.
    StuckCheck { calm_since: Moment },
    /// A quarter of an hour is over.
    Quarter,
}

/// All that is planned.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    heap: BinaryHeap<Reverse<Entry>>,
    planned: u64,
}

#[derive(Debug)]
struct Entry {
    at: Moment,
    order: u64,
    event: Event,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

impl Queue {
    pub(crate) fn plan(&mut self, at: Moment, event: Event) {
        self.planned += 1;
        self.heap.push(Reverse(Entry { at, order: self.planned, event }));
    }

    pub(crate) fn next(&mut self) -> Option<(Moment, Event)> {
        self.heap.pop().map(|Reverse(entry)| (entry.at, entry.event))
    }
}
