//! The link's handshake on a pipe, before its frames: client greets, keeper welcomes.

use std::io;
use std::time::Duration;

use abide_link::handshake::{HandshakeError, Hello, Initiator, Responder};
use abide_link::{Frame, FrameError, LinkKey};
use abide_terms::LinkId;

use crate::pipe::Pipe;

/// How long a handshake may take before the carrier is given up.
pub const GREETING_MAX: Duration = Duration::from_secs(10);

/// Why a carrier did not come to a link.
#[derive(Debug, thiserror::Error)]
pub enum GreetingError {
    /// The carrier itself failed.
    #[error("the carrier failed: {0}")]
    Io(#[from] io::Error),
    /// It closed before the handshake was done.
    #[error("closed during the handshake")]
    Closed,
    /// It did not come through with its handshake.
    #[error("did not finish its handshake within {0:?}")]
    TooSlow(Duration),
    /// So many others were there that it had to make room.
    #[error("made room: more than {0} were waiting to be let in")]
    TooMany(usize),
    /// So many others were there that it was not let in.
    #[error("found the door shut: {0} handshakes are under way already")]
    Crowded(usize),
    /// Bytes that are no frames.
    #[error("sent {0}")]
    Frames(#[from] FrameError),
    /// The handshake itself failed.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
}

/// A two-way lane of frames, for a handshake.
pub(crate) trait Greeter {
    async fn receive(&mut self) -> Result<Frame, GreetingError>;
    async fn send(&mut self, frame: Frame) -> Result<(), GreetingError>;
}

impl Greeter for Pipe {
    async fn receive(&mut self) -> Result<Frame, GreetingError> {
        loop {
            if let Some(frame) = self.decoder.next_frame()? {
                return Ok(frame);
            }
            if self.fill().await? == 0 {
                return Err(GreetingError::Closed);
            }
        }
    }

    async fn send(&mut self, frame: Frame) -> Result<(), GreetingError> {
        Ok(self.write_all(&frame.encode()).await?)
    }
}

/// The client's side on a pipe.
pub async fn greet(pipe: &mut Pipe, key: &LinkKey, link: LinkId) -> Result<(), GreetingError> {
    greet_on(pipe, key, link, b"").await
}

/// The keeper's side on a pipe; `find` gives a link's key.
pub async fn welcome(
    pipe: &mut Pipe,
    find: impl Fn(LinkId) -> Option<LinkKey>,
) -> Result<LinkId, GreetingError> {
    welcome_on(pipe, find, b"").await
}

pub(crate) async fn greet_on(
    lane: &mut impl Greeter,
    key: &LinkKey,
    link: LinkId,
    binding: &[u8],
) -> Result<(), GreetingError> {
    let (initiator, hello) =
        Initiator::new(key.clone(), link, abide_host::random::bytes(), binding);
    lane.send(hello).await?;
    let (_, proof) = initiator.handle_frame(lane.receive().await?)?;
    lane.send(proof).await
}

pub(crate) async fn welcome_on(
    lane: &mut impl Greeter,
    find: impl Fn(LinkId) -> Option<LinkKey>,
    binding: &[u8],
) -> Result<LinkId, GreetingError> {
    let result = answer(lane, find, binding).await;
    if let Err(GreetingError::Handshake(error)) = &result {
        // The peer may be gone already; the error that matters is the handshake's.
        let _ = lane.send(Frame::refuse(error.code(), error.to_string())).await;
    }
    result
}

async fn answer(
    lane: &mut impl Greeter,
    find: impl Fn(LinkId) -> Option<LinkKey>,
    binding: &[u8],
) -> Result<LinkId, GreetingError> {
    let hello = Hello::read(&lane.receive().await?)?;
    let key = find(hello.link).ok_or(HandshakeError::UnknownLink(hello.link))?;
    let (responder, challenge) = Responder::new(key, hello, abide_host::random::bytes(), binding);
    lane.send(challenge).await?;
    responder.handle_frame(lane.receive().await?)?;
    Ok(hello.link)
}
