//! A session of this machine, reached over its keeper's socket alone.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use crate::connect::{ConnectError, Connected, read_welcome};

/// Takes up a link on a keeper's socket, on which a request to attach was sent.
pub async fn connect_local(stream: UnixStream) -> Result<Connected, ConnectError> {
    stream.set_nonblocking(true)?;
    let write = OwnedFd::from(stream.try_clone()?);
    let read = abide_carrier::watch(OwnedFd::from(stream))?;
    let (welcome, rest) = read_welcome(&read, Vec::new()).await?;
    Ok(Connected { welcome, child: None, read: read.into_inner(), write, rest, questions: None })
}
