//! Everything that a terminal has shown, recorded by a thread and waited for by others.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use abide_host::{clock, pty};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use crate::LabError;

/// Output kept; beyond it the program is held back, as nothing reads any more.
pub(crate) const OUTPUT_MAX: usize = 1 << 30;
/// Bytes of output that an error shows, from its end.
const SHOWN_MAX: usize = 2_000;

/// What was shown so far.
#[derive(Default)]
pub(crate) struct Transcript {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    bytes: Vec<u8>,
    ended: bool,
}

impl Transcript {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at all bytes so far.
    pub(crate) fn with<T>(&self, look: impl FnOnce(&[u8]) -> T) -> T {
        look(&self.lock().bytes)
    }

    /// Reads until the terminal's end, the order to stop, or [`OUTPUT_MAX`].
    pub(crate) fn record(&self, master: &OwnedFd, stop: &OwnedFd) {
        let mut buffer = [0; 65_536];
        loop {
            let mut entries =
                [PollFd::new(stop, PollFlags::IN), PollFd::new(master, PollFlags::IN)];
            let polled = poll(&mut entries, None);
            if !entries[0].revents().is_empty() || !matches!(polled, Ok(_) | Err(Errno::INTR)) {
                break;
            }
            match pty::read(master, &mut buffer) {
                Ok(0) => break,
                Ok(count) => {
                    let mut state = self.lock();
                    state.bytes.extend_from_slice(&buffer[..count]);
                    self.changed.notify_all();
                    if state.bytes.len() >= OUTPUT_MAX {
                        break;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => break,
            }
        }
        self.lock().ended = true;
        self.changed.notify_all();
    }

    /// Waits until `look` finds something, asked again after each change.
    pub(crate) fn wait_for<T>(
        &self,
        limit: Duration,
        mut look: impl FnMut(&[u8]) -> Option<T>,
    ) -> Result<T, LabError> {
        let deadline = clock::now() + limit;
        let mut state = self.lock();
        loop {
            if let Some(found) = look(&state.bytes) {
                return Ok(found);
            }
            let left = deadline.since(clock::now());
            if left.is_zero() || state.ended {
                return Err(missed(&state, "the awaited output", limit));
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits for the last of the output, at most so long.
    pub(crate) fn wait_end(&self, limit: Duration) {
        let waited = self.changed.wait_timeout_while(self.lock(), limit, |state| !state.ended);
        drop(waited);
    }

    /// The error for what did not come, with the end of what did.
    pub(crate) fn missed(&self, what: &str, limit: Duration) -> LabError {
        missed(&self.lock(), what, limit)
    }
}

fn missed(state: &State, what: &str, limit: Duration) -> LabError {
    let from = state.bytes.len().saturating_sub(SHOWN_MAX);
    let shown = String::from_utf8_lossy(&state.bytes[from..]);
    let end = if state.ended { " and its end" } else { "" };
    LabError::TooSlow { what: format!("{what}, after {shown:?}{end}"), limit }
}

/// Where `wanted` first stands in `bytes`.
pub(crate) fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    if wanted.is_empty() {
        return Some(0);
    }
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
