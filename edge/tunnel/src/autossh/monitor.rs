//! One test of the monitor port: a message out, and the same message back. The user's own forwards
//! are not looked at; `abide tunnel` does that.

use super::port::Monitor;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// So often a message is sent before the test has failed.
const TRIES: usize = 2;

/// Why a test failed, in autossh's words.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("127.0.0.1:{port}: {reason}")]
    NoConnection { port: u16, reason: String },
    #[error("timeout polling to accept read connection")]
    NotAccepted,
    #[error("tried connection {TRIES} times and failed")]
    NoAnswer,
}

/// What each test of a run needs.
pub(super) struct Tester {
    pub(super) monitor: Monitor,
    /// Where the message comes back, unless an echo service sends it back.
    pub(super) listener: Option<TcpListener>,
    /// For each step of a test.
    pub(super) patience: Duration,
    message: Vec<u8>,
}

impl Tester {
    pub(super) fn new(
        monitor: Monitor,
        listener: Option<TcpListener>,
        patience: Duration,
        appendix: &OsStr,
    ) -> Self {
        let node = rustix::system::uname();
        let node = node.nodename().to_string_lossy();
        // As `random()`: 31 bits.
        let id = u32::from_ne_bytes(abide_host::random::bytes()) >> 1;
        let head = format!("{node} autossh {} {id} ", std::process::id());
        let message = [head.as_bytes(), appendix.as_bytes(), b"\r\n"].concat();
        Tester { monitor, listener, patience, message }
    }

    /// Tests once.
    pub(super) async fn test(&self) -> Result<(), Fault> {
        let (Monitor::Loop(port) | Monitor::Echo(port, _)) = self.monitor else { return Ok(()) };
        let no_connection =
            |reason: std::io::Error| Fault::NoConnection { port, reason: reason.to_string() };
        let connect = timeout(self.patience, TcpStream::connect(("127.0.0.1", port)));
        let late = || std::io::Error::from(std::io::ErrorKind::TimedOut);
        let mut out = connect.await.unwrap_or_else(|_| Err(late())).map_err(no_connection)?;
        for _ in 0..TRIES {
            let same = match &self.listener {
                None => self.exchange(&mut out, None).await,
                Some(listener) => {
                    let accepted = timeout(self.patience, listener.accept()).await;
                    let Ok(Ok((mut back, _))) = accepted else { return Err(Fault::NotAccepted) };
                    self.exchange(&mut out, Some(&mut back)).await
                }
            };
            if same {
                return Ok(());
            }
        }
        Err(Fault::NoAnswer)
    }

    /// Whether the message comes back whole.
    async fn exchange(&self, out: &mut TcpStream, back: Option<&mut TcpStream>) -> bool {
        if !matches!(timeout(self.patience, out.write_all(&self.message)).await, Ok(Ok(()))) {
            return false;
        }
        let back = back.unwrap_or(out);
        let mut heard = vec![0; self.message.len()];
        let read = timeout(self.patience, back.read_exact(&mut heard)).await;
        matches!(read, Ok(Ok(_))) && heard == self.message
    }
}
