//! A running carrier as its driver holds it: where to put what goes out, and the tasks that serve it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use abide_link::{CarrierId, CarrierKind, Lane, StreamId, Transmit};
use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::pipe::Pipe;
use crate::quic::{QuicOutlet, QuicParts};

/// Bytes that wait in a carrier's queue at most, give or take one frame. Beyond it the link waits.
const QUEUE_MAX: usize = 256 * 1024;

/// A carrier whose handshake is done, ready to join a link.
#[derive(Debug)]
pub enum Parts {
    /// Two file descriptors.
    Pipe(Pipe),
    /// A QUIC connection.
    Quic(QuicParts),
}

impl Parts {
    /// What it can do.
    pub fn kind(&self) -> CarrierKind {
        match self {
            Parts::Pipe(pipe) => pipe.kind,
            Parts::Quic(parts) => parts.kind(),
        }
    }
}

/// Counts what waits to be written.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    bytes: AtomicUsize,
    wanted: AtomicBool,
}

impl Queue {
    /// Bytes were put in.
    pub(crate) fn put(&self, bytes: usize) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Bytes were written; true when the driver waits for room and there is some.
    pub(crate) fn took(&self, bytes: usize) -> bool {
        let left = self.bytes.fetch_sub(bytes, Ordering::Relaxed) - bytes;
        left <= QUEUE_MAX / 2 && self.wanted.swap(false, Ordering::Relaxed)
    }

    /// Room left; at none the driver is told when there is some.
    pub(crate) fn room(&self) -> usize {
        let room = QUEUE_MAX.saturating_sub(self.bytes.load(Ordering::Relaxed));
        if room == 0 {
            self.wanted.store(true, Ordering::Relaxed);
        }
        room
    }

    /// All was written; if not, the driver is told when there is room.
    pub(crate) fn is_empty(&self) -> bool {
        self.wanted.store(true, Ordering::Relaxed);
        self.bytes.load(Ordering::Relaxed) == 0
    }
}

/// Where frames go out.
#[derive(Debug)]
pub(crate) enum Outlet {
    /// One ordered lane.
    Pipe { outlet: mpsc::UnboundedSender<[Bytes; 2]>, queue: Arc<Queue> },
    /// Datagrams and many lanes.
    Quic(QuicOutlet),
}

/// One carrier at work. Dropping it ends its tasks and closes its descriptors or connection.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) id: CarrierId,
    pub(crate) kind: CarrierKind,
    pub(crate) outlet: Outlet,
    pub(crate) tasks: Vec<JoinHandle<()>>,
}

impl Wire {
    pub(crate) fn send(&mut self, transmit: Transmit) {
        match &mut self.outlet {
            Outlet::Pipe { outlet, queue } => {
                queue.put(transmit.head.len() + transmit.body.len());
                // A closed channel means that the writer has reported the carrier as gone.
                let _ = outlet.send([transmit.head, transmit.body]);
            }
            Outlet::Quic(outlet) => match transmit.lane {
                Lane::Datagram => outlet.datagram(&transmit.head, &transmit.body),
                lane => outlet.ordered(lane, transmit.head, transmit.body),
            },
        }
    }

    /// A stream was abandoned: what waits of it need not be sent. On a pipe it is sent all the same:
    /// there a frame cannot be taken back, and little waits.
    pub(crate) fn reset(&mut self, stream: StreamId) {
        if let Outlet::Quic(outlet) = &mut self.outlet {
            outlet.reset(stream);
        }
    }

    pub(crate) fn room(&self) -> usize {
        self.queue().room()
    }

    pub(crate) fn is_flushed(&self) -> bool {
        self.queue().is_empty()
    }

    fn queue(&self) -> &Queue {
        match &self.outlet {
            Outlet::Pipe { queue, .. } => queue,
            Outlet::Quic(outlet) => outlet.queue(),
        }
    }

    /// Datagrams received by the transport since the last call.
    pub(crate) fn signs_of_life(&mut self) -> bool {
        match &mut self.outlet {
            Outlet::Pipe { .. } => false,
            Outlet::Quic(outlet) => outlet.heard_since_last_asked(),
        }
    }
}

impl Wire {
    /// Packets sent and lost since the connection began, where packets can be lost.
    pub(crate) fn packet_counts(&self) -> Option<(u64, u64)> {
        match &self.outlet {
            Outlet::Pipe { .. } => None,
            Outlet::Quic(outlet) => Some(outlet.packet_counts()),
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}
