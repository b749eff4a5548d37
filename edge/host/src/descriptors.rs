//! Small things done to descriptors.
#![allow(unsafe_code)]

use bytes::BytesMut;
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};
use std::io;
use std::os::fd::{AsFd, OwnedFd};

/// Sets or clears O_NONBLOCK. It belongs to the open file and not to the descriptor, so it acts on
/// every duplicate too, in other processes as well: never use it on a descriptor that was
/// inherited and is shared, such as a terminal.
pub fn set_nonblocking(fd: impl AsFd, on: bool) -> io::Result<()> {
    let mut flags = fcntl_getfl(&fd)?;
    flags.set(OFlags::NONBLOCK, on);
    Ok(fcntl_setfl(&fd, flags)?)
}

/// A pipe, blocking, both ends closed on exec: (read end, write end).
pub fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(pipe_with(PipeFlags::CLOEXEC)?)
}

/// Sets how many bytes a pipe holds; returns what the kernel made of it (rounded up to a power of
/// two of pages). Fails with `PermissionDenied` above /proc/sys/fs/pipe-max-size (1 MiB as a rule)
/// and with `ResourceBusy` below what the pipe holds now.
pub fn set_pipe_size(fd: impl AsFd, bytes: usize) -> io::Result<usize> {
    fcntl_setpipe_size(&fd, bytes)?;
    Ok(rustix::pipe::fcntl_getpipe_size(&fd)?)
}

/// Reads once onto the end of `buffer`, whose new room is not zeroed first: at most `most` bytes, and
/// no more than there is spare capacity for, which is made `most` when it is less than an eighth of
/// it. 0 at the end.
pub fn read_more(fd: impl AsFd, buffer: &mut BytesMut, most: usize) -> io::Result<usize> {
    if buffer.capacity() - buffer.len() < most.div_ceil(8) {
        buffer.reserve(most);
    }
    let spare = buffer.spare_capacity_mut();
    let room = spare.len().min(most);
    let count = rustix::io::read(fd, &mut spare[..room])?.0.len();
    // SAFETY: the system wrote the first `count` bytes of the spare capacity.
    unsafe { buffer.set_len(buffer.len() + count) };
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonblocking_pipe_says_would_block() {
        let (read, _write) = pipe().unwrap();
        set_nonblocking(&read, true).unwrap();
        let error = rustix::io::read(&read, &mut [0; 8]).unwrap_err();
        assert_eq!(io::Error::from(error).kind(), io::ErrorKind::WouldBlock);
        set_nonblocking(&read, false).unwrap();
        assert!(!fcntl_getfl(&read).unwrap().contains(OFlags::NONBLOCK));
    }

    #[test]
    fn reading_more_appends_and_keeps_what_is_there() {
        let (read, write) = pipe().unwrap();
        let mut buffer = BytesMut::new();
        for (text, in_all) in [("first, ", 7), ("second", 13)] {
            rustix::io::write(&write, text.as_bytes()).unwrap();
            read_more(&read, &mut buffer, 64).unwrap();
            assert_eq!(buffer.len(), in_all);
        }
        assert_eq!(&buffer[..], b"first, second");
        rustix::io::write(&write, &[7; 4096]).unwrap();
        let before = buffer.len();
        let count = read_more(&read, &mut buffer, 64).unwrap();
        assert!((8..=64).contains(&count), "no more than was asked for: {count}");
        assert_eq!(buffer[before..], vec![7; count][..]);
        drop(write);
        while read_more(&read, &mut buffer, 64).unwrap() > 0 {}
        assert_eq!(buffer.len(), before + 4096);
    }

    #[test]
    fn a_pipe_holds_what_it_was_told_to() {
        let (_read, write) = pipe().unwrap();
        assert_eq!(set_pipe_size(&write, 5000).unwrap(), 8192);
        set_nonblocking(&write, true).unwrap();
        assert_eq!(rustix::io::write(&write, &[0; 20_000]).unwrap(), 8192);
    }
}
