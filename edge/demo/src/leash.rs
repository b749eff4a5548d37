//! A child process that this program may not leave behind: awaited while it is wanted, killed with
//! its group when the value is dropped. Processes that made a session of their own are out of its
//! reach, as they mean to be.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use abide_host::child::{Child, Exit};
use rustix::process::Signal;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::watched::watched;

/// How long a killed process may take to be gone; longer means that it sits in the kernel.
const BURIAL: Duration = Duration::from_secs(1);

/// A running child, or one whose end has not been asked for yet.
#[derive(Debug)]
pub(crate) struct Leash {
    child: Child,
    end: AsyncFd<OwnedFd>,
}

impl Leash {
    /// Takes charge of `child`; needs a tokio runtime with I/O. On failure the child has been
    /// killed.
    pub(crate) fn new(child: Child) -> io::Result<Self> {
        let watch = |child: &Child| watched(child.pidfd()?, Interest::READABLE);
        match watch(&child) {
            Ok(end) => Ok(Self { child, end }),
            Err(error) => {
                kill(&child);
                Err(error)
            }
        }
    }

    /// How the process ended. May be asked again.
    pub(crate) async fn wait(&self) -> io::Result<Exit> {
        loop {
            let mut ready = self.end.readable().await?;
            match self.child.try_wait()? {
                Some(exit) => return Ok(exit),
                None => ready.clear_ready(),
            }
        }
    }

    /// Sends a signal to the process and its group.
    pub(crate) fn signal(&self, signal: Signal) {
        // It may be gone by now, which is as good.
        let _ = self.child.signal_group(signal.as_raw());
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        kill(&self.child);
    }
}

fn kill(child: &Child) {
    if !matches!(child.try_wait(), Ok(Some(_))) {
        let _ = child.signal_group(Signal::KILL.as_raw());
        let _ = child.wait_within(BURIAL);
    }
}
