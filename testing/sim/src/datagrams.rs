//! Datagrams of simulated QUIC connections: lost, repeated, late, or too long; and the transport's own
//! acknowledgements.

use abide_link::{CarrierId, decode_datagram};
use bytes::{Bytes, BytesMut};

use crate::queue::{EndIndex, Event};
use crate::world::World;

impl World {
    pub(crate) fn send_datagram(
        &mut self,
        from: EndIndex,
        id: CarrierId,
        head: &[u8],
        body: &[u8],
    ) {
        let to = 1 - from;
        let Some(wire) = self.wires.get(&id) else { return };
        let mut bytes = BytesMut::with_capacity(head.len() + body.len() + 32);
        let max = wire.datagram_max();
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
        let (mut lost, now) = (true, self.now);
        for _ in 0..copies {
            if self.rng.ppm(loss) {
                continue;
            }
            lost = false;
            let mut delay = self.path.delay(&self.profile, &mut self.rng);
            if self.rng.once_in(30) {
                delay += self.rng.upto(self.profile.rtt);
            }
            self.queue
                .plan(self.now + delay, Event::Datagram { wire: id, to, bytes: bytes.clone() });
        }
        if let Some(wire) = self.wires.get_mut(&id) {
            wire.ways[to].unsure.push_back((now, lost));
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

    /// Delivers a datagram.
    pub(crate) fn on_datagram(&mut self, id: CarrierId, to: EndIndex, bytes: Bytes) {
        let Some(wire) = self.wires.get(&id).filter(|wire| wire.joined(to)) else { return };
        if self.blocked(wire, to) {
            return;
        }
        self.end_back_off(id, to);
        match decode_datagram(bytes) {
            Ok(frames) => frames.into_iter().for_each(|frame| self.on_frame(to, id, frame)),
            Err(error) => self.fail(format!("{id:?} towards end {to}: {error}")),
        }
        self.settle(to);
    }

    pub(crate) fn on_sign(&mut self, wire: CarrierId, to: EndIndex) {
        if self.ends[to].asleep == 0 {
            let now = self.local(to);
            self.ends[to].link.handle_sign_of_life(now, wire);
            self.settle(to);
        }
    }
}
