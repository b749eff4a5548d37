//! The lab's control socket: one command a line, for scripts outside of the owning process.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;

use rustix::event::{PollFd, PollFlags, poll};

use crate::{LabError, World};

/// Connections at once; further ones are closed at once.
const CONNECTIONS_MAX: usize = 8;
/// Longest command; a longer one ends its connection.
const LINE_MAX: u64 = 1_024;

/// The listening thread; ends when dropped.
pub(crate) struct Control {
    stop: Arc<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

impl Control {
    /// Listens at `path` until `stop` is readable.
    pub(crate) fn start(
        path: &Path,
        stop: Arc<OwnedFd>,
        world: Weak<World>,
    ) -> Result<Self, LabError> {
        let doing = format!("listening at {}", path.display());
        let listener = UnixListener::bind(path).map_err(LabError::system(doing.clone()))?;
        listener.set_nonblocking(true).map_err(LabError::system(doing))?;
        let stopped = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name("lab-control".to_owned())
            .spawn(move || listen(&listener, &stopped, &world))
            .map_err(LabError::system("starting the control thread"))?;
        Ok(Control { stop, thread: Some(thread) })
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        let _cannot_overflow = rustix::io::write(&*self.stop, &1u64.to_ne_bytes());
        if let Some(thread) = self.thread.take() {
            let _panicked_already_told = thread.join();
        }
    }
}

fn listen(listener: &UnixListener, stop: &OwnedFd, world: &Weak<World>) {
    let connections = Arc::new(AtomicUsize::new(0));
    loop {
        let mut entries = [
            PollFd::from_borrowed_fd(stop.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(listener.as_fd(), PollFlags::IN),
        ];
        let polled = poll(&mut entries, None);
        if !entries[0].revents().is_empty()
            || !matches!(polled, Ok(_) | Err(rustix::io::Errno::INTR))
        {
            return;
        }
        let Ok((stream, _)) = listener.accept() else { continue };
        if connections.fetch_add(1, Ordering::Relaxed) >= CONNECTIONS_MAX {
            connections.fetch_sub(1, Ordering::Relaxed);
            continue;
        }
        let (world, connections) = (Weak::clone(world), Arc::clone(&connections));
        std::thread::spawn(move || {
            let _peer_left = serve(&stream, &world);
            connections.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

/// Answers lines until the peer leaves or the lab is gone.
fn serve(stream: &UnixStream, world: &Weak<World>) -> std::io::Result<()> {
    stream.set_nonblocking(false)?;
    let mut lines = BufReader::new(stream);
    let mut line = String::new();
    while lines.by_ref().take(LINE_MAX).read_line(&mut line)? > 0 {
        if !line.ends_with('\n') {
            break;
        }
        let Some(world) = world.upgrade() else { break };
        let answer = match world.obey(&line) {
            Ok(text) => format!("{text}ok\n"),
            Err(error) => format!("error: {error}\n"),
        };
        let mut writer = stream;
        writer.write_all(answer.as_bytes())?;
        line.clear();
    }
    Ok(())
}
