//! The thread that moves packets between the TUN devices and the emulator.

use std::num::NonZeroU64;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::thread::JoinHandle;

use abide_host::clock;
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::io::Errno;

use super::emulator::{Emulator, Side};
use super::handle::{Ends, LinkHandle};
use super::profile::LinkSettings;
use crate::LabError;

/// Packets read from one device before the others get their turn.
const BATCH: usize = 64;
/// Larger than any packet that a device hands over.
const PACKET_MAX: usize = 65_536;
/// Scheduling priority of the thread, so that a busy machine does not look like a slow link.
const PRIORITY: i32 = -15;

const SIDES: [Side; 3] = [Side::Gateway(0), Side::Gateway(1), Side::Server];

/// The running thread; stops when dropped.
pub(crate) struct Pump {
    /// Readable from the moment on which everything shall stop.
    pub(crate) stop: Arc<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

impl Pump {
    /// Starts a link over non-blocking TUN devices.
    pub(crate) fn start(
        settings: LinkSettings,
        ends: Ends,
    ) -> Result<(Pump, LinkHandle), LabError> {
        let stop = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK);
        let stop = Arc::new(stop.map_err(LabError::system("making an event"))?);
        let handle = LinkHandle::new(settings, ends);
        let (link, stopped) = (handle.clone(), Arc::clone(&stop));
        let thread = std::thread::Builder::new()
            .name("lab-link".to_owned())
            .spawn(move || run(&link, &stopped))
            .map_err(LabError::system("starting the link's thread"))?;
        Ok((Pump { stop, thread: Some(thread) }, handle))
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        let _cannot_overflow = rustix::io::write(&*self.stop, &1u64.to_ne_bytes());
        if let Some(thread) = self.thread.take() {
            let _panicked_already_told = thread.join();
        }
    }
}

fn run(link: &LinkHandle, stop: &OwnedFd) {
    // Both only sharpen the timing; a refusal costs precision, not correctness.
    let _coarser = rustix::thread::set_current_timer_slack(NonZeroU64::new(1));
    let _lower = rustix::process::setpriority_process(Some(rustix::thread::gettid()), PRIORITY);
    let mut buffer = vec![0; PACKET_MAX];
    let mut dead = [false; 3];
    while wait(link, stop, &mut dead) {
        let mut emulator = link.lock();
        for (index, side) in SIDES.into_iter().enumerate() {
            dead[index] |= !dead[index] && !take_in(link, &mut emulator, side, &mut buffer);
        }
        let now = clock::now();
        while let Some((target, packet)) = emulator.leave(now) {
            link.ends.write(target, &packet);
        }
    }
}

/// Reads what a device has, up to a batch. False when the device is gone.
fn take_in(link: &LinkHandle, emulator: &mut Emulator, side: Side, buffer: &mut [u8]) -> bool {
    for _ in 0..BATCH {
        let length = match rustix::io::read(link.ends.device(side), &mut *buffer) {
            Ok(length) => length,
            Err(Errno::AGAIN | Errno::INTR) => return true,
            Err(_) => return false,
        };
        if let Some(answer) = emulator.arrive(side, &buffer[..length], clock::now()) {
            link.ends.write(side, &answer);
        }
    }
    true
}

/// Sleeps until a packet comes or is due. False when the pump shall stop. Devices of a
/// namespace that is gone are left out, as they would report themselves for ever.
fn wait(link: &LinkHandle, stop: &OwnedFd, dead: &mut [bool; 3]) -> bool {
    let due = link.lock().next_release();
    let timeout = due.map(|due| {
        let left = due.since(clock::now());
        Timespec { tv_sec: left.as_secs() as i64, tv_nsec: i64::from(left.subsec_nanos()) }
    });
    let mut entries = vec![PollFd::from_borrowed_fd(stop.as_fd(), PollFlags::IN)];
    for (index, side) in SIDES.into_iter().enumerate() {
        let interest = if dead[index] { PollFlags::empty() } else { PollFlags::IN };
        let device = if dead[index] { stop.as_fd() } else { link.ends.device(side).as_fd() };
        entries.push(PollFd::from_borrowed_fd(device, interest));
    }
    match poll(&mut entries, timeout.as_ref()) {
        Ok(_) | Err(Errno::INTR) => {}
        Err(_) => return false,
    }
    for (index, entry) in entries[1..].iter().enumerate() {
        dead[index] |= entry.revents().intersects(PollFlags::ERR | PollFlags::HUP);
    }
    entries[0].revents().is_empty()
}
