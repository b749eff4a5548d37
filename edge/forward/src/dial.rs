//! Making the outgoing half of a forwarded connection, and saying why it was not made as ssh does.

use std::io;
use std::path::PathBuf;

use tokio::net::{TcpStream, UnixStream, lookup_host};

use crate::limits::DIAL_WITHIN;
use crate::socket::Socket;

/// Where to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dial {
    /// A host and port.
    Host(String, u16),
    /// A unix socket.
    Path(PathBuf),
}

/// Connects, trying every address of a name in turn.
pub(crate) async fn dial(to: Dial) -> io::Result<Socket> {
    let made = async {
        match to {
            Dial::Host(host, port) => connect(&host, port).await.map(Socket::tcp),
            Dial::Path(path) => UnixStream::connect(path).await.map(Socket::Unix),
        }
    };
    tokio::time::timeout(DIAL_WITHIN, made).await.unwrap_or(Err(io::ErrorKind::TimedOut.into()))
}

async fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "Name or service not known");
    for address in lookup_host((host, port)).await? {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// An error in the system's words, without its number.
pub fn words(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.strip_prefix("failed to lookup address information: ").unwrap_or(&text);
    text.split(" (os error").next().unwrap_or(text).to_owned()
}
