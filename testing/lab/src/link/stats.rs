//! What went through the link, counted by direction, fate and service.

use std::collections::BTreeMap;
use std::fmt;

use super::Direction;
use super::packet::{Header, Protocol};

/// Services counted apart in each direction; further ones are counted under port 0.
pub(crate) const SERVICES_MAX: usize = 1_024;

/// Packets and their bytes, IP headers included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Packets.
    pub packets: u64,
    /// Bytes.
    pub bytes: u64,
}

impl Count {
    pub(crate) fn add(&mut self, bytes: usize) {
        self.add_many(1, bytes);
    }

    pub(crate) fn add_many(&mut self, packets: usize, bytes: usize) {
        self.packets += packets as u64;
        self.bytes += bytes as u64;
    }

    fn since(self, earlier: Count) -> Count {
        Count {
            packets: self.packets.saturating_sub(earlier.packets),
            bytes: self.bytes.saturating_sub(earlier.bytes),
        }
    }
}

/// One direction's counts. `sent` is the sum of all fates, once nothing is under way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PathStats {
    /// Given to the link by the sending end.
    pub sent: Count,
    /// Handed to the receiving end.
    pub delivered: Count,
    /// Lost at random.
    pub lost: Count,
    /// Found the queue full.
    pub queue_full: Count,
    /// Met a dead link, on entry or under way.
    pub blackholed: Count,
    /// Met a blocked protocol.
    pub blocked: Count,
    /// For neither end, such as multicast; not part of `sent`.
    pub stray: Count,
    /// `sent` by protocol and the server's port (0 where there is none).
    pub services: BTreeMap<(Protocol, u16), Count>,
}

impl PathStats {
    /// What was sent of one protocol, all ports together.
    pub fn of(&self, protocol: Protocol) -> Count {
        let mut sum = Count::default();
        for (_, count) in self.services.iter().filter(|((known, _), _)| *known == protocol) {
            sum.add_many(count.packets as usize, count.bytes as usize);
        }
        sum
    }

    pub(crate) fn note_sent(&mut self, direction: Direction, header: &Header, bytes: usize) {
        self.sent.add(bytes);
        let port = match direction {
            Direction::Up => header.ports.1,
            Direction::Down => header.ports.0,
        };
        let mut service = (header.protocol, port);
        if self.services.len() >= SERVICES_MAX && !self.services.contains_key(&service) {
            service.1 = 0;
        }
        self.services.entry(service).or_default().add(bytes);
    }

    fn since(&self, earlier: &PathStats) -> PathStats {
        let services = self.services.iter().map(|(service, count)| {
            let before = earlier.services.get(service).copied().unwrap_or_default();
            (*service, count.since(before))
        });
        PathStats {
            sent: self.sent.since(earlier.sent),
            delivered: self.delivered.since(earlier.delivered),
            lost: self.lost.since(earlier.lost),
            queue_full: self.queue_full.since(earlier.queue_full),
            blackholed: self.blackholed.since(earlier.blackholed),
            blocked: self.blocked.since(earlier.blocked),
            stray: self.stray.since(earlier.stray),
            services: services.filter(|(_, count)| count.packets > 0).collect(),
        }
    }
}

/// Both directions' counts since the lab came up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkStats {
    /// Client to server.
    pub up: PathStats,
    /// Server to client.
    pub down: PathStats,
}

impl LinkStats {
    /// What was counted after `earlier` was read.
    pub fn since(&self, earlier: &LinkStats) -> LinkStats {
        LinkStats { up: self.up.since(&earlier.up), down: self.down.since(&earlier.down) }
    }

    /// Packets and bytes sent in both directions together.
    pub fn sent(&self) -> Count {
        Count {
            packets: self.up.sent.packets + self.down.sent.packets,
            bytes: self.up.sent.bytes + self.down.sent.bytes,
        }
    }
}

impl fmt::Display for LinkStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, path) in [("up", &self.up), ("down", &self.down)] {
            let fates = [
                ("sent", path.sent),
                ("delivered", path.delivered),
                ("lost", path.lost),
                ("queue-full", path.queue_full),
                ("blackholed", path.blackholed),
                ("blocked", path.blocked),
                ("stray", path.stray),
            ];
            for (fate, count) in fates {
                writeln!(f, "{name} {fate} {} packets {} bytes", count.packets, count.bytes)?;
            }
            for ((protocol, port), count) in &path.services {
                let protocol = protocol.name();
                let Count { packets, bytes } = count;
                writeln!(f, "{name} {protocol}/{port} {packets} packets {bytes} bytes")?;
            }
        }
        Ok(())
    }
}
