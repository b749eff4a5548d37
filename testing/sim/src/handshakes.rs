//! How carriers join: the real handshake over a simulated wire.

use std::time::Duration;

use abide_link::handshake::{Hello, Initiator, Responder};
use abide_link::{CarrierId, CarrierKind, Frame};
use bytes::Bytes;

use crate::queue::{CLIENT, EndIndex, Event, KEEPER};
use crate::wire::{CONTROL_LANE, Stage, Wire};
use crate::world::{LINK, World};

/// How long a handshake may take; slow paths get ten round trips.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);

impl World {
    /// The client opens a wire and says HELLO.
    pub(crate) fn connect(&mut self, kind: CarrierKind) -> CarrierId {
        self.wires_opened += 1;
        let id = CarrierId(self.wires_opened);
        let nonce = self.nonce();
        let (initiator, hello) = Initiator::new(self.key.clone(), LINK, nonce, &binding(id));
        self.wires.insert(id, Wire::new(kind, initiator));
        self.send_ordered(CLIENT, id, CONTROL_LANE, hello.encode(), Bytes::new());
        let over = self.now + HANDSHAKE_MAX.max(self.profile.rtt * 10);
        self.queue.plan(over, Event::HandshakeOver { wire: id });
        id
    }

    /// A frame arrived on a wire.
    pub(crate) fn on_frame(&mut self, end: EndIndex, id: CarrierId, frame: Frame) {
        let now = self.local(end);
        let Some(wire) = self.wires.get_mut(&id) else { return };
        match std::mem::replace(&mut wire.stages[end], Stage::Joined) {
            Stage::Joined => {
                let result = self.ends[end].link.handle_frame(now, id, frame);
                if let Err(misbehaviour) = result {
                    self.fail(format!("end {end} on {id:?}: {misbehaviour}"));
                }
            }
            Stage::Gone => wire.stages[end] = Stage::Gone,
            Stage::Challenge(initiator) => match initiator.handle_frame(frame) {
                Ok((_, proof)) => {
                    self.send_ordered(CLIENT, id, CONTROL_LANE, proof.encode(), Bytes::new());
                    self.join(end, id);
                }
                Err(error) => self.fail(format!("client on {id:?}: {error}")),
            },
            Stage::Hello => match Hello::read(&frame) {
                Ok(hello) => {
                    let (key, nonce) = (self.key.clone(), self.nonce());
                    let (responder, challenge) = Responder::new(key, hello, nonce, &binding(id));
                    if let Some(wire) = self.wires.get_mut(&id) {
                        wire.stages[end] = Stage::Proof(Box::new(responder));
                    }
                    self.send_ordered(KEEPER, id, CONTROL_LANE, challenge.encode(), Bytes::new());
                }
                Err(error) => self.fail(format!("keeper on {id:?}: {error}")),
            },
            Stage::Proof(responder) => match responder.handle_frame(frame) {
                Ok(_) => self.join(end, id),
                Err(error) => self.fail(format!("keeper on {id:?}: {error}")),
            },
        }
    }

    /// The handshake is done for this end. The newest of a kind wins.
    fn join(&mut self, end: EndIndex, id: CarrierId) {
        let kind = self.wires[&id].kind;
        let same = |wire: &Wire| {
            std::mem::discriminant(&wire.kind) == std::mem::discriminant(&kind) && wire.joined(end)
        };
        let older: Vec<CarrierId> =
            self.wires.range(..id).filter(|(_, wire)| same(wire)).map(|(id, _)| *id).collect();
        let now = self.local(end);
        if self.ends[end].link.ending().is_some() {
            return self.close_wire(end, id); // closed while the handshake ran
        }
        if let Err(refused) = self.ends[end].link.add_carrier(now, id, kind, id == CarrierId(1)) {
            return self.fail(format!("end {end}: {refused}"));
        }
        older.into_iter().for_each(|old| self.close_wire(end, old));
        self.totals.carriers += u64::from(end == CLIENT);
        if let Some(wire) = self.wires.get_mut(&id) {
            wire.ways[end].hold_is_over();
        }
        self.unstall(None);
        if end == CLIENT {
            self.on_client_joined(id);
        }
    }

    /// A handshake had its time.
    pub(crate) fn on_handshake_over(&mut self, id: CarrierId) {
        for end in [CLIENT, KEEPER] {
            let unfinished =
                self.wires.get(&id).is_some_and(|wire| !wire.joined(end) && !wire.gone(end));
            if unfinished {
                self.close_wire(end, id);
            }
        }
    }

    fn nonce(&mut self) -> [u8; 16] {
        let (high, low) = (self.rng.number(), self.rng.number());
        (u128::from(high) << 64 | u128::from(low)).to_be_bytes()
    }
}

/// What TLS's exporter would give: the same at both ends of one carrier.
fn binding(id: CarrierId) -> [u8; 8] {
    id.0.to_be_bytes()
}
