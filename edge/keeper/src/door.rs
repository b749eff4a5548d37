//! The keeper's unix socket: who comes in, and what they ask for.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::time::Duration;

use abide_carrier::quic::DoorKeys;
use abide_carrier::{GREETING_MAX, GreetingError, Parts, Pipe, welcome};
use abide_link::CarrierKind;
use abide_session::{Ask, Attach, Messages, Reply, Request, encode};
use abide_terms::LinkId;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::sync::{mpsc, oneshot};

/// Requests being read at once; further ones wait in the socket's own queue.
const VISITORS_MAX: usize = 32;
/// How long a visitor may take to say what it wants.
const ASK_WITHIN: Duration = Duration::from_secs(5);

/// What comes in through the door.
#[derive(Debug)]
pub(crate) enum Visit {
    /// A new client; the answer goes out on the pipe.
    Attach { attach: Attach, pipe: Pipe },
    /// A new carrier of a link, proved.
    Carrier { link: LinkId, parts: Parts },
    /// A carrier that was refused.
    Refused(GreetingError),
    /// A question, to be answered.
    Question { ask: Ask, reply: oneshot::Sender<Reply> },
}

/// Serves the socket for ever.
pub(crate) async fn serve(
    listener: UnixListener,
    keys: DoorKeys,
    visits: mpsc::Sender<Visit>,
) -> io::Result<()> {
    let listener = tokio::net::UnixListener::from_std(listener)?;
    let slots = std::sync::Arc::new(tokio::sync::Semaphore::new(VISITORS_MAX));
    loop {
        let Ok(slot) = slots.clone().acquire_owned().await else { return Ok(()) };
        let (stream, _) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "accept failed");
                continue;
            }
        };
        let (keys, visits) = (keys.clone(), visits.clone());
        tokio::spawn(async move {
            let visit = receive(stream, keys, &visits);
            match tokio::time::timeout(GREETING_MAX + ASK_WITHIN, visit).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => drop(visits.send(Visit::Refused(error)).await),
                Err(_) => drop(visits.send(Visit::Refused(GreetingError::Closed)).await),
            }
            drop(slot);
        });
    }
}

/// Reads one request and passes it on.
async fn receive(
    stream: UnixStream,
    keys: DoorKeys,
    visits: &mpsc::Sender<Visit>,
) -> Result<(), GreetingError> {
    let (request, mut fds) = read_request(&stream).await?;
    let ask = request.ask.ok_or(io::Error::from(io::ErrorKind::InvalidData))?;
    let visit = match ask {
        Ask::Attach(attach) => {
            let pipe = pipe(&mut fds, stream)?;
            Visit::Attach { attach, pipe }
        }
        Ask::Resume(_) => {
            let mut pipe = pipe(&mut fds, stream)?;
            let link = welcome(&mut pipe, |link| keys.key(link)).await?;
            Visit::Carrier { link, parts: Parts::Pipe(pipe) }
        }
        ask @ (Ask::Describe(_) | Ask::End(_) | Ask::Detach(_)) => {
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
    if let Ok(reply) = answered.await {
        stream.write_all(&encode(&reply)).await?;
    }
    Ok(())
}

async fn read_request(stream: &UnixStream) -> Result<(Request, Vec<OwnedFd>), GreetingError> {
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
        let request = messages.next_message::<Request>().map_err(io::Error::other)?;
        if let Some(request) = request {
            return Ok((request, fds));
        }
    }
}

/// The visitor's two descriptors as a pipe that keeps its socket open: when the pipe is done with,
/// the visitor, which waits there, may go. Without descriptors the socket itself is the carrier.
fn pipe(fds: &mut Vec<OwnedFd>, stream: UnixStream) -> io::Result<Pipe> {
    let socket = OwnedFd::from(stream.into_std()?);
    match (fds.pop(), fds.pop()) {
        (Some(write), Some(read)) => {
            Ok(Pipe::new(read, write, CarrierKind::SshPipe, &[])?.with_companion(socket))
        }
        _ => Pipe::new(socket.try_clone()?, socket, CarrierKind::Local, &[]),
    }
}
