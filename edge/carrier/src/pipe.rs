//! A pair of file descriptors as a carrier: an ssh process's stdio, or a local socket.

use std::io::{self, IoSlice};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use abide_host::descriptors::read_more;
use abide_link::{CarrierId, CarrierKind, FrameDecoder};
use bytes::{Buf, Bytes};
use tokio::io::unix::{AsyncFd, AsyncFdReadyGuard};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::event::{Event, LinkTag, What};
use crate::watched::watch;
use crate::wire::{Outlet, Queue};

/// Bytes asked for in one read.
const READ_SIZE: usize = 128 * 1024;
/// Bytes that a pipe should hold: what it holds by default makes the two ends wait for each other. As
/// many as the system allows without privileges (`pipe(7)`). The link bounds what is in flight, so a
/// larger one delays nothing.
const PIPE_SIZE: usize = 1024 * 1024;
/// How long sshd takes from a pipe that was full before we write again: waking us for each 32 KiB, it
/// would spend much of its time on changing processes. What a pipe of [`PIPE_SIZE`] holds lasts longer at
/// any pace that it has.
const BREATH: Duration = Duration::from_millis(1);
/// How long the word may take that the connection stands, after what we read has ended: twice as long
/// as who says it waits himself.
const WORD_WITHIN: Duration = Duration::from_millis(500);
/// Pieces in one gathered write.
const PIECES_MAX: usize = 64;

/// Where to read and where to write, and what was already read.
#[derive(Debug)]
pub struct Pipe {
    pub(crate) read: AsyncFd<OwnedFd>,
    pub(crate) write: AsyncFd<OwnedFd>,
    /// Bytes read but not yet taken as frames stay in it.
    pub(crate) decoder: FrameDecoder,
    pub(crate) kind: CarrierKind,
    companion: Option<OwnedFd>,
    opening: Bytes,
    /// What is written goes into a pipe of [`PIPE_SIZE`].
    roomy: bool,
}

impl Pipe {
    /// A pipe of two descriptors, made non-blocking; `rest` was read from it before.
    pub fn new(read: OwnedFd, write: OwnedFd, kind: CarrierKind, rest: &[u8]) -> io::Result<Self> {
        abide_host::descriptors::set_nonblocking(&read, true)?;
        abide_host::descriptors::set_nonblocking(&write, true)?;
        // A socket holds what it holds, and so does a pipe of a user with too many large ones.
        let [_, roomy] = [&read, &write].map(|end| {
            abide_host::descriptors::set_pipe_size(end, PIPE_SIZE)
                .is_ok_and(|size| size >= PIPE_SIZE)
        });
        let mut decoder = FrameDecoder::default();
        decoder.buffer().extend_from_slice(rest);
        Ok(Pipe {
            read: watch(read)?,
            write: watch(write)?,
            decoder,
            kind,
            companion: None,
            opening: Bytes::new(),
            roomy,
        })
    }

    /// Keeps `companion` open exactly as long as the pipe: who waits at its other end learns when
    /// the pipe is done with.
    pub fn with_companion(mut self, companion: OwnedFd) -> Self {
        self.companion = Some(companion);
        self
    }

    /// Sends `opening` before the first frame.
    pub fn with_opening(mut self, opening: Bytes) -> Self {
        self.opening = opening;
        self
    }

    /// Writes all of `bytes`, outside frames: for what precedes a link.
    pub async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let mut ready = self.write.writable().await?;
            if let Ok(written) = ready.try_io(|fd| Ok(rustix::io::write(fd, bytes)?)) {
                bytes = &bytes[written?..];
            }
        }
        Ok(())
    }

    /// Reads more into the decoder; 0 at the end.
    pub(crate) async fn fill(&mut self) -> io::Result<usize> {
        fill(&self.read, &mut self.decoder).await
    }
}

async fn fill(read: &AsyncFd<OwnedFd>, decoder: &mut FrameDecoder) -> io::Result<usize> {
    loop {
        let mut ready = read.readable().await?;
        let buffer = decoder.buffer();
        if let Ok(taken) = ready.try_io(|fd| read_more(fd, buffer, READ_SIZE)) {
            return taken;
        }
    }
}

/// Runs a pipe: one task reads, one writes.
pub(crate) fn run(
    pipe: Pipe,
    link: LinkTag,
    carrier: CarrierId,
    events: mpsc::Sender<Event>,
) -> (Outlet, Vec<JoinHandle<()>>) {
    let queue = Arc::new(Queue::default());
    let (outlet, inlet) = mpsc::unbounded_channel();
    let Pipe { read, write, decoder, companion, opening, roomy, .. } = pipe;
    let waits = companion.is_some();
    // One that cannot be watched says nothing.
    let watched = companion.and_then(|companion| watch(companion).ok());
    let reading = read_frames(read, watched, decoder, link, carrier, events.clone());
    let reader = tokio::spawn(reading);
    queue.put(opening.len());
    // The writer, which holds the other end, is not running yet.
    let _ = outlet.send([opening, Bytes::new()]);
    let queued = queue.clone();
    let writer = Writer { fd: write, roomy, inlet, queue: queued, link, carrier, events, waits };
    let writer = tokio::spawn(writer.run());
    (Outlet::Pipe { outlet, queue }, vec![reader, writer])
}

async fn read_frames(
    read: AsyncFd<OwnedFd>,
    companion: Option<AsyncFd<OwnedFd>>,
    mut decoder: FrameDecoder,
    link: LinkTag,
    carrier: CarrierId,
    events: mpsc::Sender<Event>,
) {
    let tell = |what| events.send(Event { link, carrier, what });
    loop {
        match decode_all(&mut decoder) {
            Ok(frames) if frames.is_empty() => {}
            Ok(frames) => {
                if tell(What::Frames(frames)).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                let _ = tell(What::Gone(format!("sent {error}"))).await;
                return;
            }
        }
        let gone = match fill(&read, &mut decoder).await {
            Ok(0) if says_dropped(companion.as_ref()).await => What::Dropped,
            Ok(0) => What::Gone("closed by the other end".to_owned()),
            Ok(_) => continue,
            Err(error) => What::Gone(error.to_string()),
        };
        let _ = tell(gone).await;
        return;
    }
}

/// Whether whoever waits at the other end of the companion says that the connection stands, although
/// what we read has ended: then only a process that holds it somewhere else has let go of it.
async fn says_dropped(companion: Option<&AsyncFd<OwnedFd>>) -> bool {
    let Some(companion) = companion else { return false };
    let said = async {
        let mut word = [0; 1];
        loop {
            let Ok(mut ready) = companion.readable().await else { return false };
            if let Ok(read) = ready.try_io(|fd| Ok(rustix::io::read(fd, &mut word)?)) {
                return matches!(read, Ok(1));
            }
        }
    };
    tokio::time::timeout(WORD_WITHIN, said).await.unwrap_or(false)
}

/// Every whole frame in the decoder.
pub(crate) fn decode_all(
    decoder: &mut FrameDecoder,
) -> Result<Vec<abide_link::Frame>, abide_link::FrameError> {
    let mut frames = Vec::new();
    while let Some(frame) = decoder.next_frame()? {
        frames.push(frame);
    }
    Ok(frames)
}

struct Writer {
    fd: AsyncFd<OwnedFd>,
    roomy: bool,
    inlet: mpsc::UnboundedReceiver<[Bytes; 2]>,
    queue: Arc<Queue>,
    link: LinkTag,
    carrier: CarrierId,
    events: mpsc::Sender<Event>,
    /// Somebody may say in a moment why it cannot be written any more.
    waits: bool,
}

impl Writer {
    async fn run(mut self) {
        let mut pieces = std::collections::VecDeque::new();
        while let Some(more) = self.inlet.recv().await {
            pieces.extend(more);
            while !pieces.is_empty() {
                while let Ok(more) = self.inlet.try_recv() {
                    pieces.extend(more);
                }
                if let Err(error) = self.write(&mut pieces).await {
                    if self.waits {
                        tokio::time::sleep(2 * WORD_WITHIN).await;
                    }
                    let what = What::Gone(error.to_string());
                    let _ = self
                        .events
                        .send(Event { link: self.link, carrier: self.carrier, what })
                        .await;
                    return;
                }
            }
        }
    }

    /// Waits for room; when there was none, until there is a good deal of it.
    async fn room(&self) -> io::Result<AsyncFdReadyGuard<'_, OwnedFd>> {
        let mut waits = std::pin::pin!(self.fd.writable());
        let at_once = std::future::poll_fn(|context| Poll::Ready(waits.as_mut().poll(context)));
        if let Poll::Ready(ready) = at_once.await {
            return ready;
        }
        let ready = waits.await;
        if self.roomy {
            tokio::time::sleep(BREATH).await;
        }
        ready
    }

    /// Writes some of what there is and says so when the driver waits for room.
    async fn write(&self, pieces: &mut std::collections::VecDeque<Bytes>) -> io::Result<()> {
        let mut ready = self.room().await?;
        let slices: Vec<IoSlice<'_>> =
            pieces.iter().take(PIECES_MAX).map(|piece| IoSlice::new(piece)).collect();
        let Ok(written) = ready.try_io(|fd| Ok(rustix::io::writev(fd, &slices)?)) else {
            return Ok(());
        };
        let written = written?;
        take(pieces, written);
        if self.queue.took(written) {
            let event = Event { link: self.link, carrier: self.carrier, what: What::Room };
            let _ = self.events.send(event).await;
        }
        Ok(())
    }
}

/// Drops `count` bytes off the front, and every empty piece there.
fn take(pieces: &mut std::collections::VecDeque<Bytes>, mut count: usize) {
    while let Some(front) = pieces.front_mut() {
        if front.len() > count {
            front.advance(count);
            return;
        }
        count -= front.len();
        pieces.pop_front();
    }
}
