//! A daemon's side of being started: it says that it is ready, and learns what it no longer has
//! from whoever started it. Not the starting; see [`crate::detach`].
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// Names, for the daemon, the number of the descriptor to say on that it is ready. Like the next
/// one it is for the daemon alone: programs it starts should not find it in their environment.
pub const READY_VARIABLE: &str = "ABIDE_READY_FD";
/// Tells the daemon, in octal, the umask of whoever started it: it runs with 077 itself, but the
/// user's programs shall not.
pub const UMASK_VARIABLE: &str = "ABIDE_UMASK";
/// A readiness line may have this many bytes; longer ones are cut here and refused there.
pub const MAX_READY_LINE: usize = 4096;

/// The daemon's side of being ready.
#[derive(Debug)]
pub struct Readiness(OwnedFd);

impl Readiness {
    /// Takes the descriptor that [`READY_VARIABLE`] names, once, before any other is opened or
    /// program started. `None` if the variable is not set: nobody waits. `InvalidData` if it does
    /// not name an open pipe, or was taken before.
    pub fn from_environment() -> io::Result<Option<Self>> {
        static TAKEN: AtomicBool = AtomicBool::new(false);
        let Some(value) = std::env::var_os(READY_VARIABLE) else { return Ok(None) };
        let number = value.to_str().and_then(|text| text.parse::<RawFd>().ok());
        match number.filter(|number| *number > 2 && is_pipe(Path::new(&fd_path(*number)))) {
            Some(number) if !TAKEN.swap(true, Ordering::Relaxed) => {
                // SAFETY: the descriptor is open, was handed to this process for this purpose,
                // and TAKEN lets it be owned once only.
                let fd = unsafe { OwnedFd::from_raw_fd(number) };
                rustix::io::fcntl_setfd(&fd, rustix::io::FdFlags::CLOEXEC)?;
                Ok(Some(Self(fd)))
            }
            _ => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{READY_VARIABLE}={value:?} names no pipe that is free to take"),
            )),
        }
    }

    /// Says `line` (to its first line's end, at most [`MAX_READY_LINE`] bytes) and that the daemon
    /// is ready. `BrokenPipe` means that whoever started it has given up: the daemon must end.
    pub fn announce(self, line: &str) -> io::Result<()> {
        let line = line.lines().next().unwrap_or_default();
        // Within PIPE_BUF and into an empty pipe: written whole.
        let end = line.len().min(MAX_READY_LINE - 1);
        rustix::io::write(&self.0, &[&line.as_bytes()[..end], b"\n"].concat())?;
        Ok(())
    }
}

fn fd_path(number: RawFd) -> String {
    format!("/proc/self/fd/{number}")
}

fn is_pipe(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    std::fs::metadata(path).is_ok_and(|data| data.file_type().is_fifo())
}

/// The umask of whoever started this daemon, if it was started by [`crate::detach`].
pub fn original_umask() -> Option<u32> {
    let value = std::env::var(UMASK_VARIABLE).ok()?;
    u32::from_str_radix(&value, 8).ok().filter(|mask| *mask <= 0o777)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::descriptors;
    use std::io::Read;

    #[test]
    fn the_daemons_side_says_one_line() {
        let (read, write) = descriptors::pipe().unwrap();
        Readiness(write).announce("port 60001\nmore").unwrap();
        let mut text = String::new();
        std::fs::File::from(read).read_to_string(&mut text).unwrap();
        assert_eq!(text, "port 60001\n");
        let (read, write) = descriptors::pipe().unwrap();
        drop(read);
        let error = Readiness(write).announce("late").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }
}
