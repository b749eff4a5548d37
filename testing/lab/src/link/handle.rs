//! What tests hold of a running link: changes its behaviour and reads its counts.

use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::emulator::{Emulator, Side};
use super::{Blocking, Direction, LinkSettings, LinkStats};

/// The TUN devices at the link's ends.
#[derive(Debug)]
pub(crate) struct Ends {
    pub(crate) gateways: [OwnedFd; 2],
    pub(crate) server: OwnedFd,
}

impl Ends {
    pub(crate) fn device(&self, side: Side) -> &OwnedFd {
        match side {
            Side::Gateway(index) => &self.gateways[index],
            Side::Server => &self.server,
        }
    }

    /// Hands a packet to an end. An end that is down loses it, as a cable would.
    pub(crate) fn write(&self, side: Side, packet: &[u8]) {
        let _lost_if_down = rustix::io::write(self.device(side), packet);
    }
}

/// A running link. Clones are handles to the same link; after the lab is gone they do nothing.
#[derive(Clone, Debug)]
pub struct LinkHandle {
    pub(crate) emulator: Arc<Mutex<Emulator>>,
    pub(crate) ends: Arc<Ends>,
}

impl LinkHandle {
    pub(crate) fn new(settings: LinkSettings, ends: Ends) -> Self {
        LinkHandle { emulator: Arc::new(Mutex::new(Emulator::new(settings))), ends: Arc::new(ends) }
    }

    /// A thread that panicked while it held the lock has left numbers at worst half counted.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Emulator> {
        self.emulator.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The behaviour now.
    pub fn settings(&self) -> LinkSettings {
        self.lock().settings()
    }

    /// New behaviour, from a profile or settings, for packets that come from now on.
    pub fn set(&self, settings: impl Into<LinkSettings>) {
        self.lock().set(settings.into());
    }

    /// Changes the behaviour in place.
    pub fn change(&self, change: impl FnOnce(&mut LinkSettings)) {
        let mut emulator = self.lock();
        let mut settings = emulator.settings();
        change(&mut settings);
        emulator.set(settings);
    }

    /// Pulls the cable (packets under way are lost too), or puts it back.
    pub fn blackhole(&self, dead: bool) {
        self.blackhole_direction(Direction::Up, dead);
        self.blackhole_direction(Direction::Down, dead);
    }

    /// Kills or revives one direction.
    pub fn blackhole_direction(&self, direction: Direction, dead: bool) {
        self.lock().blackhole(direction, dead);
    }

    /// Drops every UDP packet silently, or lets them pass.
    pub fn udp_blocked(&self, blocked: bool) {
        self.block_udp(if blocked { Blocking::Drop } else { Blocking::Free });
    }

    /// Drops every TCP packet silently, or lets them pass.
    pub fn tcp_blocked(&self, blocked: bool) {
        self.block_tcp(if blocked { Blocking::Drop } else { Blocking::Free });
    }

    /// What happens to UDP.
    pub fn block_udp(&self, blocking: Blocking) {
        self.lock().block_udp(blocking);
    }

    /// What happens to TCP.
    pub fn block_tcp(&self, blocking: Blocking) {
        self.lock().block_tcp(blocking);
    }

    /// Sends a reset to both ends of every TCP connection seen, and returns how many those were.
    pub fn reset_tcp(&self) -> usize {
        let (count, packets) = self.lock().reset_tcp();
        for (side, packet) in packets {
            self.ends.write(side, &packet);
        }
        count
    }

    /// How long a packet that comes now waits in the queue of its direction.
    pub fn queue_delay(&self, direction: Direction) -> std::time::Duration {
        self.lock().waiting(direction, abide_host::clock::now())
    }

    /// What went through since the lab came up.
    pub fn stats(&self) -> LinkStats {
        self.lock().stats().clone()
    }
}
