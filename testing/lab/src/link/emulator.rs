//! The whole link as a state machine: packets in, packets out, time as an argument.
//! No sockets, no threads.

use abide_terms::Moment;

use super::flows::Flows;
use super::packet::{Header, Protocol};
use super::path::{Fate, Path};
use super::profile::LinkSettings;
use super::reject::refuse;
use super::stats::{LinkStats, PathStats};
use super::{Blocking, Direction};
use crate::addresses::{gateway_of, is_server};

/// An end of the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    /// One of the two gateways, by index.
    Gateway(usize),
    Server,
}

/// The link's state.
#[derive(Debug)]
pub(crate) struct Emulator {
    up: Path,
    down: Path,
    seed: u64,
    dead: [bool; 2],
    udp: Blocking,
    tcp: Blocking,
    stats: LinkStats,
    flows: Flows,
}

impl Emulator {
    pub(crate) fn new(settings: LinkSettings) -> Self {
        let LinkSettings { up, down, seed } = settings;
        Emulator {
            up: Path::new(up, seed),
            down: Path::new(down, seed.wrapping_add(1)),
            seed,
            dead: [false; 2],
            udp: Blocking::Free,
            tcp: Blocking::Free,
            stats: LinkStats::default(),
            flows: Flows::default(),
        }
    }

    /// A packet came from an end. Returns what goes back to that end at once.
    pub(crate) fn arrive(&mut self, from: Side, packet: &[u8], now: Moment) -> Option<Vec<u8>> {
        let direction = match from {
            Side::Gateway(_) => Direction::Up,
            Side::Server => Direction::Down,
        };
        let header = Header::read(packet);
        let aimed = header.and_then(|header| Some((header, target(direction, &header)?)));
        let Some((header, target)) = aimed else {
            self.stats_of(direction).stray.add(packet.len());
            return None;
        };
        self.stats_of(direction).note_sent(direction, &header, packet.len());
        self.flows.note_sent(direction, &header);
        if self.dead[direction as usize] {
            self.stats_of(direction).blackholed.add(packet.len());
            return None;
        }
        let blocking = self.blocking(header.protocol);
        if blocking != Blocking::Free {
            self.stats_of(direction).blocked.add(packet.len());
            let answered = blocking == Blocking::Reject;
            return if answered { refuse(&header, packet) } else { None };
        }
        match self.path(direction).enter(packet, target, now) {
            Fate::UnderWay => {}
            Fate::Lost => self.stats_of(direction).lost.add(packet.len()),
            Fate::QueueFull => self.stats_of(direction).queue_full.add(packet.len()),
        }
        None
    }

    /// The next packet whose time has come.
    pub(crate) fn leave(&mut self, now: Moment) -> Option<(Side, Vec<u8>)> {
        for direction in [Direction::Up, Direction::Down] {
            let Some((target, packet)) = self.path(direction).leave(now) else { continue };
            self.stats_of(direction).delivered.add(packet.len());
            if let Some(header) = Header::read(&packet) {
                self.flows.note_delivered(direction, &header);
            }
            return Some((target, packet));
        }
        None
    }

    /// When [`Emulator::leave`] has something next.
    pub(crate) fn next_release(&self) -> Option<Moment> {
        let releases = [self.up.next_release(), self.down.next_release()];
        releases.into_iter().flatten().min()
    }

    pub(crate) fn settings(&self) -> LinkSettings {
        let (up, down) = (self.up.settings().clone(), self.down.settings().clone());
        LinkSettings { up, down, seed: self.seed }
    }

    /// How long a packet that comes now waits for the bottleneck of its direction.
    pub(crate) fn waiting(&self, direction: Direction, now: Moment) -> std::time::Duration {
        match direction {
            Direction::Up => self.up.waiting(now),
            Direction::Down => self.down.waiting(now),
        }
    }

    /// New behaviour; the dice start again only when the seed is another one.
    pub(crate) fn set(&mut self, settings: LinkSettings) {
        if settings.seed != self.seed {
            let fresh = Emulator::new(settings);
            (self.up, self.down, self.seed) = (fresh.up, fresh.down, fresh.seed);
            return;
        }
        self.up.set(settings.up);
        self.down.set(settings.down);
    }

    /// A dead direction swallows what comes and what is under way.
    pub(crate) fn blackhole(&mut self, direction: Direction, dead: bool) {
        self.dead[direction as usize] = dead;
        if dead {
            let (packets, bytes) = self.path(direction).clear();
            self.stats_of(direction).blackholed.add_many(packets, bytes);
        }
    }

    pub(crate) fn block_udp(&mut self, blocking: Blocking) {
        self.udp = blocking;
    }

    pub(crate) fn block_tcp(&mut self, blocking: Blocking) {
        self.tcp = blocking;
    }

    /// Forgets every TCP connection; returns their number and the packets that end them.
    pub(crate) fn reset_tcp(&mut self) -> (usize, Vec<(Side, Vec<u8>)>) {
        let (count, packets) = self.flows.reset_all();
        let aimed = packets.into_iter().filter_map(|(direction, packet)| {
            let side = target(direction, &Header::read(&packet)?)?;
            Some((side, packet))
        });
        (count, aimed.collect())
    }

    pub(crate) fn stats(&self) -> &LinkStats {
        &self.stats
    }

    fn blocking(&self, protocol: Protocol) -> Blocking {
        match protocol {
            Protocol::Udp => self.udp,
            Protocol::Tcp => self.tcp,
            Protocol::Icmp | Protocol::Other => Blocking::Free,
        }
    }

    fn path(&mut self, direction: Direction) -> &mut Path {
        match direction {
            Direction::Up => &mut self.up,
            Direction::Down => &mut self.down,
        }
    }

    fn stats_of(&mut self, direction: Direction) -> &mut PathStats {
        match direction {
            Direction::Up => &mut self.stats.up,
            Direction::Down => &mut self.stats.down,
        }
    }
}

/// Which end a packet is for; `None` for neither.
fn target(direction: Direction, header: &Header) -> Option<Side> {
    match direction {
        Direction::Up => is_server(header.destination).then_some(Side::Server),
        Direction::Down => gateway_of(header.destination).map(Side::Gateway),
    }
}
