//! Drives one link over its running carriers: the same for client and keeper.

use std::time::Duration;

use abide_link::{CarrierId, CarrierKind, Link, Misbehaviour};
use abide_terms::Moment;
use tokio::sync::mpsc;

use crate::event::{Event, LinkTag, What};
use crate::wire::{Outlet, Parts, Wire};
use crate::{pipe, quic};

/// Signs of life are of the time since they were last looked for. After longer than this they may be
/// old, and are no news: taken for new ones, they would put a keepalive off by a whole period, in
/// which a NAT forgets. Whatever waits for one looks sooner.
const SIGN_FRESH: Duration = Duration::from_secs(4);

/// Lost packets are counted no more often than this, while something goes on.
const COUNT_EVERY: Duration = Duration::from_millis(100);

/// A carrier that is gone, and why.
#[derive(Debug)]
pub struct Loss {
    /// Which.
    pub carrier: CarrierId,
    /// What it was.
    pub kind: CarrierKind,
    /// What was seen.
    pub why: String,
    /// Whoever held its other end let go of it, while the connection below it still stood.
    pub dropped: bool,
}

/// A link and the carriers that serve it.
#[derive(Debug)]
pub struct Driver {
    /// The link; after changing it, call `pump`.
    pub link: Link,
    tag: LinkTag,
    wires: Vec<Wire>,
    next_carrier: u64,
    /// When signs of life were last looked for.
    looked: Option<Moment>,
    /// When lost packets were last counted.
    counted: Option<Moment>,
    events: mpsc::Sender<Event>,
}

impl Driver {
    /// Drives `link`; its carriers report to `events` under `tag`.
    pub fn new(link: Link, tag: LinkTag, events: mpsc::Sender<Event>) -> Self {
        Driver {
            link,
            tag,
            wires: Vec::new(),
            next_carrier: 0,
            looked: None,
            counted: None,
            events,
        }
    }

    /// Adds a carrier; it replaces an older one of its kind, which is closed. `first` as in
    /// [`Link::add_carrier`]. `None` when the link is closed or full.
    pub fn join(&mut self, now: Moment, parts: Parts, first: bool) -> Option<CarrierId> {
        let kind = parts.kind();
        let id = CarrierId(self.next_carrier);
        self.next_carrier += 1;
        let older: Vec<CarrierId> =
            self.wires.iter().filter(|wire| is_same(wire.kind, kind)).map(|wire| wire.id).collect();
        older.into_iter().for_each(|old| self.leave(now, old));
        self.link.add_carrier(now, id, kind, first).ok()?;
        let (outlet, tasks) = match parts {
            Parts::Pipe(pipe) => pipe::run(pipe, self.tag, id, self.events.clone()),
            Parts::Quic(parts) => {
                let (outlet, tasks) = quic::run(parts, self.tag, id, self.events.clone());
                (Outlet::Quic(outlet), tasks)
            }
        };
        self.wires.push(Wire { id, kind, outlet, tasks });
        self.pump(now);
        Some(id)
    }

    /// Drops a carrier.
    pub fn leave(&mut self, now: Moment, id: CarrierId) {
        self.wires.retain(|wire| wire.id != id);
        self.link.remove_carrier(now, id);
    }

    /// Takes what a carrier reported; call `pump` afterwards. Tells when the carrier is gone.
    pub fn handle(&mut self, now: Moment, event: Event) -> Option<Loss> {
        let kind = self.wires.iter().find(|wire| wire.id == event.carrier)?.kind;
        let dropped = matches!(event.what, What::Dropped);
        let why = match event.what {
            What::Dropped => "let go by the other end".to_owned(),
            What::Room => return None,
            What::Frames(frames) => {
                self.handle_frames(now, event.carrier, frames).err()?.to_string()
            }
            What::Gone(why) => why,
        };
        self.leave(now, event.carrier);
        Some(Loss { carrier: event.carrier, kind, why, dropped })
    }

    fn handle_frames(
        &mut self,
        now: Moment,
        id: CarrierId,
        frames: Vec<abide_link::Frame>,
    ) -> Result<(), Misbehaviour> {
        frames.into_iter().try_for_each(|frame| self.link.handle_frame(now, id, frame))
    }

    /// Sends all that is to be sent now.
    pub fn pump(&mut self, now: Moment) {
        self.count_packets(now);
        while let Some(stream) = self.link.poll_reset() {
            self.wires.iter_mut().for_each(|wire| wire.reset(stream));
        }
        loop {
            for wire in &self.wires {
                self.link.set_budget(wire.id, wire.room());
            }
            let mut sent = false;
            while let Some(transmit) = self.link.poll_transmit(now) {
                sent = true;
                if let Some(wire) = self.wires.iter_mut().find(|wire| wire.id == transmit.carrier) {
                    wire.send(transmit);
                }
            }
            if !sent {
                return;
            }
        }
    }

    /// Tells the link what its carriers lose, now and then.
    fn count_packets(&mut self, now: Moment) {
        if self.counted.is_some_and(|counted| now < counted + COUNT_EVERY) {
            return;
        }
        self.counted = Some(now);
        for wire in &self.wires {
            if let Some((sent, lost)) = wire.packet_counts() {
                self.link.handle_packet_counts(wire.id, sent, lost);
            }
        }
    }

    /// When to call `handle_timeout`.
    pub fn poll_timeout(&self) -> Option<Moment> {
        self.link.poll_timeout()
    }

    /// Does what is due, and pumps.
    pub fn handle_timeout(&mut self, now: Moment) {
        let fresh = self.looked.is_some_and(|looked| now.since(looked) <= SIGN_FRESH);
        self.looked = Some(now);
        for wire in &mut self.wires {
            if wire.signs_of_life() && fresh {
                self.link.handle_sign_of_life(now, wire.id);
            }
        }
        self.link.handle_timeout(now);
        self.pump(now);
    }

    /// The carriers, best first: id and kind.
    pub fn carriers(&self) -> Vec<(CarrierId, CarrierKind)> {
        let best = self.link.best();
        let mut all: Vec<_> = self.wires.iter().map(|wire| (wire.id, wire.kind)).collect();
        all.sort_by_key(|(id, _)| (Some(*id) != best, *id));
        all
    }

    /// The QUIC carrier, if there is one.
    pub fn quic(&self) -> Option<CarrierId> {
        let is_quic = |wire: &&Wire| matches!(wire.kind, CarrierKind::Quic { .. });
        self.wires.iter().find(is_quic).map(|wire| wire.id)
    }

    /// Everything handed to carriers left their queues.
    pub fn is_flushed(&self) -> bool {
        self.wires.iter().all(Wire::is_flushed)
    }

    /// No carrier is left.
    pub fn is_bare(&self) -> bool {
        self.wires.is_empty()
    }
}

fn is_same(a: CarrierKind, b: CarrierKind) -> bool {
    std::mem::discriminant(&a) == std::mem::discriminant(&b)
}
