//! The listening port on loopback, shared by both kinds of server: accepts connections and gives
//! each to what speaks ssh. Not a relay: nothing is forwarded here.

use std::fs;
use std::future::Future;
use std::net::{Ipv4Addr, TcpListener as StdListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::ServerError;
use crate::worker::{Stop, Worker};

/// Connections served at once; more wait unanswered.
const MAX_CONNECTIONS: usize = 256;
/// How long connections may take to end when the server stops.
const LAST_CALL: Duration = Duration::from_secs(4);
/// Pause after a failed accept (out of file descriptors, most likely).
const ACCEPT_RETRY: Duration = Duration::from_millis(50);
/// Bytes of the log's end that go into an error.
const LOG_TAIL: usize = 600;

/// Changes once, when the server stops; a connection must then end soon.
pub(super) type Closing = watch::Receiver<bool>;

/// An open port with something that speaks ssh behind it.
#[derive(Debug)]
pub(super) struct Door {
    port: u16,
    log: Option<PathBuf>,
    _worker: Worker,
}

impl Door {
    /// Opens a fresh port on 127.0.0.1 and gives every connection to `serve`. `log` is where it
    /// writes, if it does.
    pub(super) fn open<F, Fut>(log: Option<PathBuf>, serve: F) -> Result<Self, ServerError>
    where
        F: Fn(TcpStream, Closing) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let listener = StdListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(ServerError::Listen)?;
        listener.set_nonblocking(true).map_err(ServerError::Listen)?;
        let port = listener.local_addr().map_err(ServerError::Listen)?.port();
        let worker = Worker::start("demo-sshd", move |stop| accept(listener, serve, stop));
        Ok(Self { port, log, _worker: worker.map_err(ServerError::Listen)? })
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// The end of what the server logged, if it logs and has.
    pub(super) fn log(&self) -> Option<String> {
        let log = fs::read(self.log.as_ref()?).ok()?;
        let tail = &log[log.len().saturating_sub(LOG_TAIL)..];
        let text = String::from_utf8_lossy(tail).trim().replace("\r\n", " / ").replace('\n', " / ");
        (!text.is_empty()).then_some(text)
    }
}

async fn accept<F, Fut>(listener: StdListener, serve: F, mut stop: Stop)
where
    F: Fn(TcpStream, Closing) -> Fut,
    Fut: Future<Output = ()> + Send + 'static,
{
    // Fails only outside a runtime with I/O, and the worker's has it.
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let (close, closing) = watch::channel(false);
    let mut connections = JoinSet::new();
    loop {
        let next = async {
            let slot = slots.clone().acquire_owned().await;
            (slot, listener.accept().await)
        };
        let (slot, accepted) = tokio::select! {
            biased;
            _ = &mut stop => break,
            next = next => next,
        };
        match accepted {
            Ok((stream, _)) => {
                let connection = serve(stream, closing.clone());
                connections.spawn(async move {
                    connection.await;
                    drop(slot);
                });
            }
            Err(_) => tokio::time::sleep(ACCEPT_RETRY).await,
        }
        while connections.try_join_next().is_some() {}
    }
    let _ = close.send(true);
    let all_ended = async { while connections.join_next().await.is_some() {} };
    // What has not ended by then is dropped, and its processes are killed, with the runtime.
    let _ = tokio::time::timeout(LAST_CALL, all_ended).await;
}
