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
        match greeting.handle_bytes(&buffer.split()) {
            Step::More => {}
            // A few bytes: a socket that has just been read takes them.
            Step::Reply(reply) => drop(socket.write(reply)?),
            Step::Wanted(wanted) => return Ok(wanted),
            Step::Refused(reply) => {
                let _ = socket.write(reply);
                return Err(io::ErrorKind::InvalidData.into());
            }
        }
    }
}
