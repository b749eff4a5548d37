//! The TCP connections that the link has seen, known well enough to reset them.

use std::collections::HashMap;
use std::net::IpAddr;

use super::Direction;
use super::packet::{FLAG_RST, Header, Segment, build};

/// Connections remembered; beyond it the one longest silent is forgotten.
pub(crate) const FLOWS_MAX: usize = 4_096;

const TCP: u8 = 6;
const CHECKSUM_AT: usize = 16;

/// Outer client address and port, server address and port.
type Key = (IpAddr, u16, IpAddr, u16);

/// What is known of one sender.
#[derive(Clone, Copy, Debug, Default)]
struct Half {
    /// The last acknowledgement it sent: what it surely expects next.
    acknowledged: Option<u32>,
    /// The end of the latest data that reached the other side.
    delivered: Option<u32>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Flow {
    up: Half,
    down: Half,
    touched: u64,
}

impl Flow {
    fn half(&mut self, direction: Direction) -> &mut Half {
        match direction {
            Direction::Up => &mut self.up,
            Direction::Down => &mut self.down,
        }
    }
}

/// Every connection seen.
#[derive(Debug, Default)]
pub(crate) struct Flows {
    flows: HashMap<Key, Flow>,
    clock: u64,
}

impl Flows {
    /// A packet was given to the link.
    pub(crate) fn note_sent(&mut self, direction: Direction, header: &Header) {
        let Some(segment) = header.segment else { return };
        let half = self.flow(direction, header).half(direction);
        keep_later(&mut half.acknowledged, segment.acknowledged);
    }

    /// A packet reached its end.
    pub(crate) fn note_delivered(&mut self, direction: Direction, header: &Header) {
        let Some(Segment { end, reset, .. }) = header.segment else { return };
        if reset {
            self.flows.remove(&key(direction, header));
            return;
        }
        keep_later(&mut self.flow(direction, header).half(direction).delivered, Some(end));
    }

    fn flow(&mut self, direction: Direction, header: &Header) -> &mut Flow {
        self.clock += 1;
        let key = key(direction, header);
        if self.flows.len() >= FLOWS_MAX && !self.flows.contains_key(&key) {
            let oldest = self.flows.iter().min_by_key(|(_, flow)| flow.touched);
            if let Some(oldest) = oldest.map(|(key, _)| *key) {
                self.flows.remove(&oldest);
            }
        }
        let flow = self.flows.entry(key).or_default();
        flow.touched = self.clock;
        flow
    }

    /// Forgets every connection and returns how many there were and the packets that reset them
    /// at both ends. A receiver takes a reset only at exactly the byte it expects, which is
    /// either what it last acknowledged or the end of what reached it: one for each.
    pub(crate) fn reset_all(&mut self) -> (usize, Vec<(Direction, Vec<u8>)>) {
        let count = self.flows.len();
        let mut packets = Vec::new();
        for ((client, client_port, server, server_port), flow) in self.flows.drain() {
            let up = ((client, client_port), (server, server_port));
            let ways = [
                (Direction::Up, up, flow.down.acknowledged, flow.up.delivered),
                (Direction::Down, (up.1, up.0), flow.up.acknowledged, flow.down.delivered),
            ];
            for (direction, (from, to), acknowledged, delivered) in ways {
                let second = delivered.filter(|delivered| acknowledged != Some(*delivered));
                for sequence in acknowledged.into_iter().chain(second) {
                    let reset = reset(from, to, sequence, None);
                    packets.extend(reset.map(|packet| (direction, packet)));
                }
            }
        }
        (count, packets)
    }
}

/// A reset from one end to the other.
pub(super) fn reset(
    from: (IpAddr, u16),
    to: (IpAddr, u16),
    sequence: u32,
    acknowledged: Option<u32>,
) -> Option<Vec<u8>> {
    let flags = FLAG_RST | if acknowledged.is_some() { super::packet::FLAG_ACK } else { 0 };
    let mut body = Vec::with_capacity(20);
    body.extend(from.1.to_be_bytes());
    body.extend(to.1.to_be_bytes());
    body.extend(sequence.to_be_bytes());
    body.extend(acknowledged.unwrap_or(0).to_be_bytes());
    body.extend([0x50, flags, 0, 0, 0, 0, 0, 0]);
    build(from.0, to.0, TCP, body, CHECKSUM_AT)
}

fn key(direction: Direction, header: &Header) -> Key {
    let (source, destination) = (header.source, header.destination);
    match direction {
        Direction::Up => (source, header.ports.0, destination, header.ports.1),
        Direction::Down => (destination, header.ports.1, source, header.ports.0),
    }
}

/// Keeps the later of two sequence numbers, which wrap.
fn keep_later(kept: &mut Option<u32>, seen: Option<u32>) {
    let Some(seen) = seen else { return };
    if kept.is_none_or(|kept| seen.wrapping_sub(kept) < 1 << 31) {
        *kept = Some(seen);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(
        from: &str,
        to: &str,
        ports: (u16, u16),
        sequence: u32,
        end: u32,
        ack: u32,
    ) -> Header {
        let segment = Segment { sequence, acknowledged: Some(ack), end, reset: false };
        Header {
            source: from.parse().unwrap(),
            destination: to.parse().unwrap(),
            protocol: super::super::Protocol::Tcp,
            ports,
            segment: Some(segment),
        }
    }

    #[test]
    fn resets_hit_what_each_end_expects() {
        let mut flows = Flows::default();
        let up = header("203.0.113.11", "192.0.2.33", (5_000, 22), 100, 150, 900);
        let down = header("192.0.2.33", "203.0.113.11", (22, 5_000), 900, 1_000, 150);
        flows.note_sent(Direction::Up, &up);
        flows.note_delivered(Direction::Up, &up);
        flows.note_sent(Direction::Down, &down);
        flows.note_delivered(Direction::Down, &down);
        let (count, packets) = flows.reset_all();
        assert_eq!(count, 1);
        let sequences = |wanted| {
            let matching = packets.iter().filter(move |(direction, _)| *direction == wanted);
            matching
                .map(|(_, packet)| Header::read(packet).unwrap().segment.unwrap().sequence)
                .collect::<Vec<_>>()
        };
        assert_eq!(sequences(Direction::Up), [150]);
        assert_eq!(sequences(Direction::Down), [900, 1_000]);
        assert_eq!(flows.reset_all().0, 0);
    }

    #[test]
    fn sequence_numbers_wrap() {
        let mut kept = Some(u32::MAX - 5);
        keep_later(&mut kept, Some(10));
        assert_eq!(kept, Some(10));
        keep_later(&mut kept, Some(u32::MAX - 5));
        assert_eq!(kept, Some(10));
    }

    #[test]
    fn the_table_is_bounded() {
        let mut flows = Flows::default();
        for port in 0..(FLOWS_MAX as u16 + 10) {
            let up = header("203.0.113.11", "192.0.2.33", (port, 22), 1, 2, 3);
            flows.note_sent(Direction::Up, &up);
        }
        assert_eq!(flows.reset_all().0, FLOWS_MAX);
    }
}
