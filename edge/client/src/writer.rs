//! Writes to stdout or stderr: these may be anything (a terminal that was stopped, a slow pipe, a
//! file), and their flags are shared with other programs, so they are never made non-blocking. What
//! the system takes without waiting is written at once, the rest from a thread.

use std::io::IoSlice;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

use bytes::{Buf, Bytes};
use rustix::io::{Errno, ReadWriteFlags};
use tokio::sync::Notify;

/// Bytes that wait to be written. At it the link is read no further, and its window closes.
const QUEUE_MAX: usize = 256 * 1024;

#[derive(Debug, Default)]
struct Shared {
    queued: AtomicUsize,
    broken: AtomicBool,
    /// Somebody waits for room, or for the end.
    wanted: AtomicBool,
    wake: Notify,
}

/// One output.
#[derive(Debug)]
pub(crate) struct Writer {
    open: Option<Open>,
    /// The system can tell whether a write to it would have to wait.
    at_once: bool,
    shared: Arc<Shared>,
}

/// What is there of an output until its end.
#[derive(Debug)]
struct Open {
    fd: Arc<OwnedFd>,
    queue: mpsc::Sender<Bytes>,
}

impl Writer {
    /// Writes to a duplicate of `fd`.
    pub(crate) fn new(fd: impl AsFd) -> std::io::Result<Self> {
        let fd = Arc::new(fd.as_fd().try_clone_to_owned()?);
        let (queue, queued) = mpsc::channel();
        let shared = Arc::new(Shared::default());
        let theirs = (fd.clone(), shared.clone());
        std::thread::Builder::new()
            .name("writer".into())
            .stack_size(64 * 1024)
            .spawn(move || write(&theirs.0, queued, &theirs.1))?;
        Ok(Writer { open: Some(Open { fd, queue }), at_once: true, shared })
    }

    /// Nothing more comes: once all is written, whoever reads a pipe or a socket sees the end.
    /// `standard` puts `/dev/null` in the place of the descriptor that this one is a duplicate of.
    pub(crate) fn finish(&mut self, standard: impl FnOnce() -> std::io::Result<()>) {
        if !self.is_flushed() {
            return;
        }
        let Some(Open { fd, .. }) = self.open.take() else { return };
        // Of a socket that stdin may be too, only this half ends; nothing else can be shut down.
        let _ = rustix::net::shutdown(&*fd, rustix::net::Shutdown::Write);
        // Should it fail, the end comes with our own.
        let _ = standard();
    }

    /// Writes in turn. Nothing is put after the end.
    pub(crate) fn put(&mut self, mut bytes: Bytes) {
        if bytes.is_empty() {
            return;
        }
        if self.at_once && self.shared.queued.load(Ordering::SeqCst) == 0 {
            self.write_at_once(&mut bytes);
            if bytes.is_empty() {
                return;
            }
        }
        self.shared.queued.fetch_add(bytes.len(), Ordering::Relaxed);
        // A writer that ended has said that it is broken.
        let _ = self.open.as_ref().map(|open| open.queue.send(bytes));
    }

    /// Takes off the front what could be written without waiting.
    fn write_at_once(&mut self, bytes: &mut Bytes) {
        // Where the file stands, as without an offset.
        const HERE: u64 = u64::MAX;
        let slices = [IoSlice::new(bytes)];
        let Some(Open { fd, .. }) = &self.open else { return };
        match rustix::io::pwritev2(&**fd, &slices, HERE, ReadWriteFlags::NOWAIT) {
            Ok(written) => bytes.advance(written),
            Err(Errno::AGAIN | Errno::INTR) => {}
            // Not here: an old kernel, or a kind of file that cannot tell. Other errors the thread finds.
            Err(_) => self.at_once = false,
        }
    }

    /// At none, [`Writer::progress`] tells when there is some.
    pub(crate) fn has_room(&self) -> bool {
        self.is_below(QUEUE_MAX)
    }

    /// If not, [`Writer::progress`] tells when to ask again.
    pub(crate) fn is_flushed(&self) -> bool {
        self.is_broken() || self.is_below(1)
    }

    /// Looks again after it said that it waits: the thread may have been done just before.
    fn is_below(&self, limit: usize) -> bool {
        let is_below = || self.shared.queued.load(Ordering::SeqCst) < limit;
        is_below() || {
            self.shared.wanted.store(true, Ordering::SeqCst);
            is_below()
        }
    }

    /// Nobody reads this output any more.
    pub(crate) fn is_broken(&self) -> bool {
        self.shared.broken.load(Ordering::Acquire)
    }

    /// Waits until something was written that somebody waits for.
    pub(crate) async fn progress(&self) {
        self.shared.wake.notified().await;
    }
}

/// Takes this process's stdout away from whoever reads it.
pub(crate) fn close_stdout() -> std::io::Result<()> {
    let null = std::fs::OpenOptions::new().write(true).open("/dev/null")?;
    Ok(rustix::stdio::dup2_stdout(&null)?)
}

/// The same of stderr.
pub(crate) fn close_stderr() -> std::io::Result<()> {
    let null = std::fs::OpenOptions::new().write(true).open("/dev/null")?;
    Ok(rustix::stdio::dup2_stderr(&null)?)
}

fn write(fd: &OwnedFd, queued: mpsc::Receiver<Bytes>, shared: &Shared) {
    for bytes in queued {
        if !shared.broken.load(Ordering::Relaxed) && write_all(fd, &bytes).is_err() {
            shared.broken.store(true, Ordering::Release);
            shared.wake.notify_one();
        }
        let left = shared.queued.fetch_sub(bytes.len(), Ordering::SeqCst) - bytes.len();
        if left < QUEUE_MAX / 2 && shared.wanted.swap(false, Ordering::SeqCst) {
            shared.wake.notify_one();
        }
    }
}

fn write_all(fd: &OwnedFd, mut bytes: &[u8]) -> rustix::io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(fd, bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(rustix::io::Errno::INTR) => {}
            // Somebody else made it non-blocking: wait until it takes more.
            Err(rustix::io::Errno::AGAIN) => {
                let mut poll = [rustix::event::PollFd::new(fd, rustix::event::PollFlags::OUT)];
                rustix::event::poll(&mut poll, None)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
