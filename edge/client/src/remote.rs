//! Questions to keepers on another machine: one ssh, one answer, no link.

use std::os::fd::AsFd;

use abide_openssh::Bring;

use crate::connect::{ConnectError, open};
use crate::plan::{Voice, Way};

/// Longest answer, in bytes. The rest is not read.
const ANSWER_MAX: usize = 32 * 1024 * 1024;

/// What the other machine's abide said.
#[derive(Debug)]
pub struct Said {
    /// Its stdout after the marker.
    pub output: Vec<u8>,
    /// Its exit status, if it was not ended by a signal.
    pub status: Option<i32>,
}

/// Runs `abide ARGS` on the server and reads what it prints.
pub async fn ask_remote(
    way: &Way,
    args: Vec<String>,
    voice: &mut dyn Voice,
) -> Result<Said, ConnectError> {
    let mut opened = open(way, args, Bring::First, voice).await?;
    drop(opened.write);
    let mut output = opened.rest;
    abide_host::descriptors::set_nonblocking(opened.read.as_fd(), true)?;
    let read = abide_carrier::watch(opened.read)?;
    let mut buffer = vec![0; 16 * 1024];
    while output.len() < ANSWER_MAX {
        let mut ready = read.readable().await?;
        match ready.try_io(|fd| Ok(rustix::io::read(fd, &mut buffer[..])?)) {
            Ok(Ok(0)) => break,
            Ok(Ok(count)) => output.extend_from_slice(&buffer[..count]),
            Ok(Err(error)) => return Err(error.into()),
            Err(_would_block) => {}
        }
    }
    drop(read);
    let status = opened.child.wait().await?;
    Ok(Said { output, status: status.code() })
}
