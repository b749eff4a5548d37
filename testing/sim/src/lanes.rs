//! Ordered lanes of simulated carriers: bandwidth, delay, loss that only delays, stalls during outages
//! and the transport's back-off after them.

use std::time::Duration;

use abide_link::{CarrierId, CarrierKind, Frame, FrameDecoder};
use bytes::Bytes;

use crate::queue::{EndIndex, Event};
use crate::wire::{CONTROL_LANE, LaneQueue};
use crate::world::World;

impl World {
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
            way.resumes_at = self.now + delay + back_off;
            for (lane, queue) in way.lanes.iter_mut().filter(|(_, queue)| !queue.items.is_empty()) {
                if !queue.ticking || kicked == Some(id) {
                    queue.ticking = true;
                    self.queue.plan(way.resumes_at, Event::Tick { wire: id, to, lane: *lane });
                }
            }
        }
    }

    /// QUIC has seen a later packet acknowledged: what was lost before goes again at once.
    pub(crate) fn end_back_off(&mut self, id: CarrierId, to: EndIndex) {
        let soon = self.now + self.profile.rtt * 2;
        let Some(way) = self.wires.get_mut(&id).map(|wire| &mut wire.ways[to]) else { return };
        if way.resumes_at > soon {
            way.resumes_at = soon;
            for lane in way.lanes.keys() {
                self.queue.plan(soon, Event::Tick { wire: id, to, lane: *lane });
            }
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
