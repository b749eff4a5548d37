//! Hears out a SOCKS client on a socket that was just accepted.

use std::io;

use abide_socks::{Greeting, Step, Wanted};
use bytes::BytesMut;

use crate::limits::GREETING_WITHIN;
use crate::socket::{Direction, Socket};

/// Waits for the request. `Err` when it does not come, or is none.
pub(crate) async fn hear(socket: &Socket) -> io::Result<Wanted> {
    let heard = tokio::time::timeout(GREETING_WITHIN, request(socket)).await;
    heard.unwrap_or(Err(io::ErrorKind::TimedOut.into()))
}

async fn request(socket: &Socket) -> io::Result<Wanted> {
    let mut greeting = Greeting::default();
    let mut buffer = BytesMut::new();
    loop {
        socket.ready(Direction::In).await;
        match socket.read(&mut buffer, abide_socks::REQUEST_MAX) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error),
        }
        let mut step = greeting.handle_bytes(&buffer.split());
        // A few bytes: a socket that has just been read takes them. The request may be there already.
        while let Step::Reply(reply) = step {
            socket.write(reply)?;
            step = greeting.handle_bytes(b"");
        }
        match step {
            Step::More | Step::Reply(_) => {}
            Step::Wanted(wanted) => return Ok(wanted),
            Step::Refused(reply) => {
                let _ = socket.write(reply);
                return Err(io::ErrorKind::InvalidData.into());
            }
        }
    }
}
