//! Reads stdin: a terminal through a description of our own, so that its flags are not changed for
//! others; anything else from a thread.

use std::io;
use std::os::fd::OwnedFd;

use abide_carrier::watch;
use abide_host::descriptors::read_more;
use bytes::{Bytes, BytesMut};
use rustix::fs::{Mode, OFlags};
use tokio::io::unix::AsyncFd;
use tokio::sync::mpsc;

/// Bytes read at once.
const READ_SIZE: usize = 64 * 1024;
/// Reads that wait; at it, stdin is read no further.
const READS_MAX: usize = 4;

/// Where typed or piped bytes come from.
pub(crate) enum Input {
    /// The controlling terminal.
    Terminal(AsyncFd<OwnedFd>),
    /// A pipe or file.
    Thread(mpsc::Receiver<Bytes>),
    /// Nothing, or its end was reached.
    Ended,
}

/// What reading gave.
pub(crate) enum Taken {
    Bytes(Bytes),
    End,
}

impl Input {
    /// The terminal on stdin.
    pub(crate) fn terminal() -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
        match rustix::fs::open("/proc/self/fd/0", flags, Mode::empty()) {
            Ok(fd) => Ok(Input::Terminal(watch(fd)?)),
            // No /proc, or a terminal of another user's (su): share the description after all.
            Err(_) => Self::thread(),
        }
    }

    /// Anything else on stdin.
    pub(crate) fn thread() -> io::Result<Self> {
        let (sender, receiver) = mpsc::channel(READS_MAX);
        std::thread::Builder::new()
            .name("reader".into())
            .stack_size(64 * 1024)
            .spawn(move || read(sender))?;
        Ok(Input::Thread(receiver))
    }

    /// Waits for bytes; for ever after the end.
    pub(crate) async fn take(&mut self) -> io::Result<Taken> {
        let taken = match self {
            Input::Terminal(fd) => read_terminal(fd).await?,
            Input::Thread(reads) => reads.recv().await.map_or(Taken::End, Taken::Bytes),
            Input::Ended => std::future::pending().await,
        };
        if matches!(taken, Taken::End) {
            *self = Input::Ended;
        }
        Ok(taken)
    }
}

async fn read_terminal(fd: &AsyncFd<OwnedFd>) -> io::Result<Taken> {
    let mut buffer = vec![0; 4096];
    loop {
        let mut ready = fd.readable().await?;
        match ready.try_io(|fd| Ok(rustix::io::read(fd, &mut buffer[..])?)) {
            Ok(Ok(0)) => return Ok(Taken::End),
            Ok(Ok(count)) => return Ok(Taken::Bytes(Bytes::copy_from_slice(&buffer[..count]))),
            // The terminal is gone, or belongs to the foreground just now.
            Ok(Err(error)) if error.raw_os_error() == Some(5) => return Ok(Taken::End),
            Ok(Err(error)) => return Err(error),
            Err(_would_block) => {}
        }
    }
}

fn read(sender: mpsc::Sender<Bytes>) {
    let stdin = io::stdin();
    let mut buffer = BytesMut::new();
    loop {
        match read_more(&stdin, &mut buffer, READ_SIZE) {
            Ok(0) => return,
            Ok(_) => {
                if sender.blocking_send(buffer.split().freeze()).is_err() {
                    return;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let mut poll = [rustix::event::PollFd::new(&stdin, rustix::event::PollFlags::IN)];
                if rustix::event::poll(&mut poll, None).is_err() {
                    return;
                }
            }
            Err(_) => return,
        }
    }
}
