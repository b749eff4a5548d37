//! A descriptor registered with the event loop. Not a reader or writer of it.

use std::io;
use std::os::fd::OwnedFd;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Registers `fd` for `interest`; needs a tokio runtime with I/O.
#[expect(deprecated, reason = "its unsafe successor is for types that may swap their descriptor")]
pub(crate) fn watched(fd: OwnedFd, interest: Interest) -> io::Result<AsyncFd<OwnedFd>> {
    // An OwnedFd keeps the same open descriptor until it is dropped, which is what the successor
    // asks for.
    AsyncFd::with_interest(fd, interest)
}
