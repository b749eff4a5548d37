//! One link, a hostile peer and a careless application: arbitrary frames on arbitrary carriers, between
//! arbitrary calls. It never panics, its buffers stay under their maximum, what it sends fits its
//! carriers, and its timers move.
#![no_main]

mod input;

use std::time::Duration;

use abide_link::limits::{
    CARRIERS_MAX, RECEIVE_WINDOW, SEND_BUFFER_MAX, SEND_GROWTH_MAX, WINDOW_FIRST,
    WINDOW_GROWTH_MAX,
};
use abide_link::{
    CarrierId, CarrierKind, Lane, Link, LinkEvent, Read, Role, StreamId, decode_datagram,
};
use abide_terms::{Blame, Ending, EndingCode, Moment};
use bytes::{Bytes, BytesMut};
use input::Input;
use libfuzzer_sys::fuzz_target;

/// Frames that one drain may give: budgets are below 2 MiB for each carrier.
const DRAIN_MAX: usize = 20_000;

struct World {
    link: Link,
    now: Moment,
    /// Carriers that the driver has, and the largest datagram of each.
    carriers: Vec<(CarrierId, usize)>,
    opened: u64,
}

impl World {
    fn carrier(&self, choice: u8) -> CarrierId {
        let index = usize::from(choice) % self.carriers.len().max(1);
        self.carriers.get(index).map_or(CarrierId(u64::MAX), |(id, _)| *id)
    }

    fn act(&mut self, input: &mut Input<'_>) {
        let (now, choice) = (self.now, input.byte());
        let first = if choice & 16 == 0 { 0 } else { StreamId::GROWING_FROM << 2 };
        let stream = StreamId::from_number(first + u64::from(choice % 16));
        match input.byte() % 16 {
            0..=5 => self.hear(choice, input),
            6 => {
                let length = usize::from(input.byte()) << (input.byte() % 16);
                let _ = self.link.write(stream, Bytes::from(vec![choice; length]));
            }
            7 => self.link.finish(stream),
            8 => self.link.abandon(stream),
            9 => self.join(choice, input.byte()),
            10 => {
                let id = self.carrier(choice);
                self.carriers.retain(|(known, _)| *known != id);
                self.link.remove_carrier(now, id);
            }
            11 => self.link.set_budget(self.carrier(choice), usize::from(input.byte()) << 13),
            12 => self.link.kick(now, self.carrier(choice)),
            13 => self.now += Duration::from_millis(1 << (choice % 30)),
            14 => self.link.handle_sign_of_life(now, self.carrier(choice)),
            _ if choice == 255 => {
                self.link.close(Ending::new(EndingCode::Ended, Blame::You, "fuzz"));
            }
            _ => drop(self.link.read(now, stream)),
        }
    }

    fn hear(&mut self, choice: u8, input: &mut Input<'_>) {
        let id = self.carrier(choice);
        let Some(frame) = input.frame() else { return };
        if self.link.handle_frame(self.now, id, frame).is_err() {
            self.carriers.retain(|(known, _)| *known != id);
            self.link.remove_carrier(self.now, id);
        }
    }

    fn join(&mut self, choice: u8, room: u8) {
        self.opened += 1;
        let id = CarrierId(self.opened);
        let payload_max = 40 + usize::from(room) * 6;
        let kind = match choice % 3 {
            0 => CarrierKind::Local,
            1 => CarrierKind::SshPipe,
            _ => CarrierKind::Quic { payload_max },
        };
        if self.link.add_carrier(self.now, id, kind, choice >= 128).is_ok() {
            self.carriers.push((id, if choice % 3 == 2 { payload_max } else { 0 }));
        }
        assert!(self.carriers.len() <= CARRIERS_MAX);
    }

    fn drain(&mut self, reads: bool) {
        while let Some(event) = self.link.poll_event() {
            if let LinkEvent::Readable(stream) = event
                && reads
            {
                while let Read::Bytes(bytes) = self.link.read(self.now, stream) {
                    assert!(!bytes.is_empty());
                }
            }
        }
        while self.link.poll_reset().is_some() {}
        let mut sent = 0;
        while let Some(transmit) = self.link.poll_transmit(self.now) {
            let known = self.carriers.iter().find(|(id, _)| *id == transmit.carrier);
            let (_, datagram_max) = known.expect("sent on a carrier that is there");
            let mut bytes = BytesMut::from(&transmit.head[..]);
            bytes.extend_from_slice(&transmit.body);
            if transmit.lane == Lane::Datagram {
                assert!(bytes.len() <= *datagram_max, "{} bytes, {datagram_max} fit", bytes.len());
            }
            let frames = decode_datagram(bytes.freeze()).expect("whole frames");
            assert_eq!(frames.len(), 1);
            sent += 1;
            assert!(sent <= DRAIN_MAX, "it sends without end");
        }
        let (most, growing) = self.link.most_buffered();
        assert!(most <= SEND_BUFFER_MAX as u64 + RECEIVE_WINDOW);
        // Frames on the input name few streams.
        let first = 2 * 256 * WINDOW_FIRST;
        assert!(growing <= SEND_GROWTH_MAX as u64 + WINDOW_GROWTH_MAX + first);
    }

    /// Does what is due, and checks that it is not due for ever.
    fn tick(&mut self, reads: bool) {
        for _ in 0..8 {
            if self.link.poll_timeout().is_none_or(|at| at > self.now) {
                return;
            }
            self.link.handle_timeout(self.now);
            self.drain(reads);
        }
        let at = self.link.poll_timeout();
        assert!(at.is_none_or(|at| at > self.now), "due for ever: {at:?} at {:?}", self.now);
    }
}

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let flags = input.byte();
    let role = if flags & 1 == 0 { Role::Client } else { Role::Keeper };
    let mut world = World {
        link: Link::new(role, u64::from(flags)),
        now: Moment::from_nanos(1_000_000_000_000),
        carriers: Vec::new(),
        opened: 0,
    };
    while !input.is_empty() {
        world.act(&mut input);
        world.drain(flags & 2 == 0);
        world.tick(flags & 2 == 0);
    }
});
