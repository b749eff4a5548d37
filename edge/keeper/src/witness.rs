//! Tells a client that was killed from a network that failed, inside the login: sshd gives a command
//! three pipes. A connection that ends takes all three with it. A client that is killed ends stdin, and
//! perhaps stdout, while its ssh and sshd go on and keep stderr.
//!
//! Where stderr is no pipe of sshd's (a login may lead it elsewhere), nothing is concluded.

use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{FileType, fstat};

/// How long sshd may take to close its three pipes one after the other.
const PIPES_APART: Duration = Duration::from_millis(250);
/// Pipes that were made one after the other have numbers that are no further apart.
const SISTERS_APART: u64 = 16;

/// Holds stdin to see its end, and stderr to see sshd's.
pub(crate) struct Witness {
    stdin: OwnedFd,
    stderr: OwnedFd,
}

impl Witness {
    /// For this process's standard descriptors; none where they are not what sshd made.
    pub(crate) fn of_login() -> Option<Self> {
        let (stdin, stdout, stderr) = (io::stdin(), io::stdout(), io::stderr());
        let first = pipe_number(stdin.as_fd())?;
        let are_sisters = [stdout.as_fd(), stderr.as_fd()].into_iter().all(|fd| {
            pipe_number(fd).is_some_and(|it| it != first && it.abs_diff(first) <= SISTERS_APART)
        });
        if !are_sisters {
            return None;
        }
        let (stdin, stderr) = (stdin.as_fd(), stderr.as_fd());
        Some(Witness {
            stdin: stdin.try_clone_to_owned().ok()?,
            stderr: stderr.try_clone_to_owned().ok()?,
        })
    }

    /// Waits for the end of stdin, or for the keeper to say or close something. If sshd stands then, the
    /// keeper gets a word.
    pub(crate) fn watch(self, keeper: &mut UnixStream) -> io::Result<()> {
        let mut polled =
            [PollFd::new(&self.stdin, PollFlags::empty()), PollFd::new(&*keeper, PollFlags::IN)];
        rustix::io::retry_on_intr(|| poll(&mut polled, None))?;
        if polled[1].revents().is_empty() && self.sshd_stands() {
            // Without a keeper nobody needs to know.
            let _ = keeper.write_all(&[1]);
        }
        Ok(())
    }

    fn sshd_stands(&self) -> bool {
        std::thread::sleep(PIPES_APART);
        let mut polled = [PollFd::new(&self.stderr, PollFlags::empty())];
        let now = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut polled, Some(&now)).is_ok() && polled[0].revents().is_empty()
    }
}

fn pipe_number(fd: BorrowedFd<'_>) -> Option<u64> {
    let stat = fstat(fd).ok()?;
    (FileType::from_raw_mode(stat.st_mode) == FileType::Fifo).then_some(stat.st_ino)
}
