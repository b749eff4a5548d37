//! One timer on the clock that counts suspended time: what became due while the machine slept is
//! done when it wakes.

use abide_terms::Moment;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use std::io;
use std::os::fd::OwnedFd;
use tokio::io::unix::AsyncFd;

/// Nanoseconds in a second.
const SECOND: u64 = 1_000_000_000;

/// An alarm clock of the kernel.
#[derive(Debug)]
pub(crate) struct Alarm(AsyncFd<OwnedFd>);

impl Alarm {
    /// An alarm that is not set. Needs a tokio runtime.
    pub(crate) fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Boottime, flags)?;
        Ok(Alarm(watch(timer)?))
    }

    /// Waits until `moment`; for ever when there is none. May be dropped and called again.
    pub(crate) async fn until(&mut self, moment: Option<Moment>) -> io::Result<()> {
        let Some(moment) = moment else { return std::future::pending().await };
        loop {
            if abide_host::clock::now() >= moment {
                return Ok(());
            }
            self.arm(moment)?;
            let mut ready = self.0.readable().await?;
            let mut expirations = [0; 8];
            let read = ready.try_io(|timer| Ok(rustix::io::read(timer, &mut expirations)?));
            if let Ok(read) = read {
                read?;
            }
        }
    }

    fn arm(&self, moment: Moment) -> io::Result<()> {
        // A time of zero would disarm it.
        let nanos = moment.as_nanos().max(1);
        let at = Timespec { tv_sec: (nanos / SECOND) as i64, tv_nsec: (nanos % SECOND) as i64 };
        let never = Timespec { tv_sec: 0, tv_nsec: 0 };
        let value = Itimerspec { it_interval: never, it_value: at };
        Ok(timerfd_settime(self.0.get_ref(), TimerfdTimerFlags::ABSTIME, &value).map(|_| ())?)
    }
}

/// Watches a non-blocking descriptor. Needs a tokio runtime.
pub(crate) fn watch<T: std::os::fd::AsFd + std::os::fd::AsRawFd>(fd: T) -> io::Result<AsyncFd<T>> {
    // Deprecated for types whose descriptor may change while it is watched. Those watched here do
    // not, and the replacement is unsafe, which this crate does without.
    #[expect(deprecated)]
    AsyncFd::new(fd)
}
