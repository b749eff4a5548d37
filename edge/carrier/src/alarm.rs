//! One timer on the clock that counts suspended time. Not tokio's timers: those stand still while
//! the machine sleeps, so that what became due meanwhile would come late.

use std::io;
use std::os::fd::OwnedFd;

use abide_terms::Moment;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use tokio::io::unix::AsyncFd;

use crate::watched::watch;

/// An alarm clock of the kernel.
#[derive(Debug)]
pub struct Alarm {
    timer: AsyncFd<OwnedFd>,
    set: Option<Moment>,
}

impl Alarm {
    /// An alarm that is not set. Needs a tokio runtime.
    pub fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Boottime, flags)?;
        Ok(Alarm { timer: watch(timer)?, set: None })
    }

    /// Waits until `moment`; for ever when there is none.
    pub async fn until(&mut self, moment: Option<Moment>) -> io::Result<()> {
        if self.set != moment {
            self.arm(moment)?;
        }
        loop {
            let mut ready = self.timer.readable().await?;
            let mut expirations = [0; 8];
            let read = ready.try_io(|timer| Ok(rustix::io::read(timer, &mut expirations)?));
            if let Ok(read) = read {
                // It rings once. And who sets it to the past again and again must not keep the runtime
                // from looking at anything else.
                ready.clear_ready();
                self.set = None;
                return read.map(|_| ());
            }
        }
    }

    fn arm(&mut self, moment: Option<Moment>) -> io::Result<()> {
        let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
        // A time of zero disarms, so that what is due at the clock's origin is due a nanosecond later.
        let at = moment.map_or(zero, |moment| {
            let nanos = moment.as_nanos().max(1);
            Timespec {
                tv_sec: (nanos / 1_000_000_000) as i64,
                tv_nsec: (nanos % 1_000_000_000) as i64,
            }
        });
        let value = Itimerspec { it_interval: zero, it_value: at };
        timerfd_settime(self.timer.get_ref(), TimerfdTimerFlags::ABSTIME, &value)?;
        self.set = moment;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn it_rings_when_due_and_not_before() {
        let mut alarm = Alarm::new().expect("timerfd");
        let due = abide_host::clock::now() + Duration::from_millis(20);
        alarm.until(Some(due)).await.expect("rings");
        assert!(abide_host::clock::now() >= due);
        alarm.until(Some(Moment::ZERO)).await.expect("long due");
    }

    #[tokio::test]
    async fn others_are_served_soon_while_it_is_always_due() {
        let mut alarm = Alarm::new().expect("timerfd");
        alarm.until(Some(Moment::ZERO)).await.expect("rings");
        let other = tokio::spawn(async {});
        for _ in 0..3 {
            alarm.until(Some(Moment::ZERO)).await.expect("rings");
        }
        assert!(other.is_finished());
    }
}
