//! The keeper's unix socket: who comes in, and what they ask for.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::time::Duration;

use abide_carrier::quic::DoorKeys;
use abide_carrier::{GREETING_MAX, GreetingError, Parts, Pipe, welcome};
use abide_link::CarrierKind;
use abide_session::{Ask, Attach, Messages, Reply, Request, encode};
use abide_terms::LinkId;
use bytes::BytesMut;
use rustix::fs::OFlags;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;

use crate::refusals::Refusal;

/// Visitors at once. At it, the one that has been there longest goes.
const VISITORS_MAX: usize = 32;
/// How long a visitor may take to say what it wants.
const ASK_WITHIN: Duration = Duration::from_secs(5);
/// Descriptors that a visitor may bring. With more it is refused.
const DESCRIPTORS_MAX: usize = 2;
/// How long to wait when the system has no descriptor left for a visitor.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// What comes in through the door.
#[derive(Debug)]
pub(crate) enum Visit {
    /// A new client; the answer goes out on the pipe.
    Attach { attach: Attach, pipe: Pipe },
    /// A new carrier of a link, proved.
    Carrier { link: LinkId, parts: Parts },
    /// A carrier that was refused.
    Refused(Refusal),
    /// A question, to be answered.
    Question { ask: Ask, reply: oneshot::Sender<Vec<Reply>> },
}

/// Serves the socket for ever.
pub(crate) async fn serve(
    listener: UnixListener,
    keys: DoorKeys,
    visits: mpsc::Sender<Visit>,
) -> io::Result<()> {
    let listener = tokio::net::UnixListener::from_std(listener)?;
    let mut visitors: VecDeque<(String, AbortHandle)> = VecDeque::new();
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "accept failed");
                tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
                continue;
            }
        };
        visitors.retain(|(_, visitor)| !visitor.is_finished());
        if visitors.len() >= VISITORS_MAX
            && let Some((from, visitor)) = visitors.pop_front()
        {
            visitor.abort();
            refuse(&visits, from, GreetingError::TooMany(VISITORS_MAX)).await;
        }
        let from = describe(&stream);
        let visit = admit(stream, from.clone(), keys.clone(), visits.clone());
        visitors.push_back((from, tokio::spawn(visit).abort_handle()));
    }
}

async fn admit(stream: UnixStream, from: String, keys: DoorKeys, visits: mpsc::Sender<Visit>) {
    if let Err(why) = receive(stream, keys, &visits).await {
        refuse(&visits, from, why).await;
    }
}

async fn refuse(visits: &mpsc::Sender<Visit>, from: String, why: GreetingError) {
    // A keeper that ends takes no more visits.
    let _ = visits.send(Visit::Refused(Refusal { kind: "socket", from, why })).await;
}

/// The process at the other end, for the log.
fn describe(stream: &UnixStream) -> String {
    stream.peer_cred().map_or_else(
        |_| "unknown".to_owned(),
        |peer| format!("process {} of user {}", peer.pid().unwrap_or_default(), peer.uid()),
    )
}

/// Gives up on what takes longer than `limit`.
async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, GreetingError>>,
) -> Result<T, GreetingError> {
    tokio::time::timeout(limit, work).await.unwrap_or(Err(GreetingError::TooSlow(limit)))
}

/// Reads one request and passes it on.
async fn receive(
    stream: UnixStream,
    keys: DoorKeys,
    visits: &mpsc::Sender<Visit>,
) -> Result<(), GreetingError> {
    let (request, fds, rest) = within(ASK_WITHIN, read_request(&stream)).await?;
    let ask = request.ask.ok_or(io::Error::from(io::ErrorKind::InvalidData))?;
    let visit = match ask {
        Ask::Attach(attach) => {
            let pipe = pipe(fds, stream, &rest)?;
            Visit::Attach { attach, pipe }
        }
        Ask::Resume(_) => {
            let mut pipe = pipe(fds, stream, &rest)?;
            let greeted = async { welcome(&mut pipe, |link| keys.key(link)).await };
            let link = within(GREETING_MAX, greeted).await?;
            Visit::Carrier { link, parts: Parts::Pipe(pipe) }
        }
        ask @ (Ask::Describe(_) | Ask::End(_) | Ask::Detach(_) | Ask::Log(_)) => {
            return answer(stream, ask, visits).await;
        }
    };
    // A keeper that ends takes no more visits.
    let _ = visits.send(visit).await;
    Ok(())
}

async fn answer(
    mut stream: UnixStream,
    ask: Ask,
    visits: &mpsc::Sender<Visit>,
) -> Result<(), GreetingError> {
    let (reply, answered) = oneshot::channel();
    let _ = visits.send(Visit::Question { ask, reply }).await;
    for reply in answered.await.unwrap_or_default() {
        stream.write_all(&encode(&reply)).await?;
    }
    Ok(())
}

/// A request, the descriptors that came with it, and the bytes that came after it.
async fn read_request(
    stream: &UnixStream,
) -> Result<(Request, Vec<OwnedFd>, BytesMut), GreetingError> {
    let mut messages = Messages::default();
    let mut fds = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        stream.readable().await?;
        let read = stream.try_io(tokio::io::Interest::READABLE, || {
            abide_host::local::recv_with_fds(stream.as_fd(), &mut buffer)
        });
        match read {
            Ok((0, _)) => return Err(GreetingError::Closed),
            Ok((count, more)) => {
                fds.extend(more);
                messages.push(&buffer[..count]);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error.into()),
        }
        if fds.len() > DESCRIPTORS_MAX {
            let why =
                format!("{} descriptors came, {DESCRIPTORS_MAX} at most are taken", fds.len());
            return Err(io::Error::new(io::ErrorKind::InvalidData, why).into());
        }
        let request = messages.next_message::<Request>().map_err(io::Error::other)?;
        if let Some(request) = request {
            return Ok((request, fds, messages.into_rest()));
        }
    }
}

/// The visitor's two descriptors as a pipe that keeps its socket open: when the pipe is done with,
/// the visitor, which waits there, may go. Without descriptors the socket itself is the carrier,
/// and what came after the request belongs to it.
fn pipe(mut fds: Vec<OwnedFd>, stream: UnixStream, rest: &[u8]) -> io::Result<Pipe> {
    let socket = OwnedFd::from(stream.into_std()?);
    match (fds.pop(), fds.pop()) {
        (Some(write), Some(read)) => {
            check_ways(&read, &write)?;
            Ok(Pipe::new(read, write, CarrierKind::SshPipe, &[])?.with_companion(socket))
        }
        _ => Pipe::new(socket.try_clone()?, socket, CarrierKind::Local, rest),
    }
}

/// Waiting for what cannot happen would never end.
fn check_ways(read: &OwnedFd, write: &OwnedFd) -> io::Result<()> {
    let way = |fd| rustix::fs::fcntl_getfl(fd).map(|flags| flags & OFlags::RWMODE);
    let wrong = |why: &str| Err(io::Error::new(io::ErrorKind::InvalidData, why));
    match (way(read)?, way(write)?) {
        (OFlags::WRONLY, _) => wrong("the descriptor to read from is for writing"),
        (_, OFlags::RDONLY) => wrong("the descriptor to write to is for reading"),
        _ => Ok(()),
    }
}
