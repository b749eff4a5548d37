//! Owned file descriptors under the event loop's watch.

use std::io;
use std::os::fd::OwnedFd;

use tokio::io::unix::AsyncFd;

/// Watches a non-blocking descriptor. Needs a tokio runtime.
pub fn watch(fd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // Deprecated for types whose descriptor may change while it is watched. That of `OwnedFd` cannot,
    // and the replacement is unsafe, which this crate does without.
    #[expect(deprecated)]
    AsyncFd::new(fd)
}
