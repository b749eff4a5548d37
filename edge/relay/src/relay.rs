//! A relay that runs: one port, one connection, a thread of its own, so that its times are true
//! however busy its owner is.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use abide_host::clock;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

use crate::door::{GREETING_HEAD, admitted};
use crate::far::{self, FarSettings};
use crate::lane::{self, Line};
use crate::pass::Pass;
use crate::record::{Direction, Event, What};
use crate::way::Way;

/// Connections that may be greeting at once; more wait in the kernel's queue.
const MAX_GREETING: usize = 8;
/// How long a greeting may take.
const GREETING_LIMIT: Duration = Duration::from_secs(5);
/// Pause after a failed accept (out of file descriptors, most likely).
const ACCEPT_RETRY: Duration = Duration::from_millis(50);

/// Why a relay could not start.
#[derive(Debug, thiserror::Error)]
#[error("cannot {step} on 127.0.0.1: {source}")]
pub struct RelayError {
    /// What was being done.
    pub step: &'static str,
    /// What the system said.
    pub source: io::Error,
}

type Tell = Arc<dyn Fn(What) + Send + Sync>;

/// A running relay. Dropping it closes what it holds, ends the `ProxyCommand` that it started, and
/// waits for that.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    pass: Pass,
    line: watch::Sender<Line>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Relay {
    /// Listens on a fresh port of 127.0.0.1 for one connection with the right [`Pass`], and carries
    /// it. `tell` is called on the relay's thread for everything that happens, and must not block.
    ///
    /// # Errors
    /// The system gives no port or no thread.
    pub fn start(
        settings: FarSettings,
        tell: impl Fn(Event) + Send + Sync + 'static,
    ) -> Result<Self, RelayError> {
        let step = |step| move |source| RelayError { step, source };
        let listener = StdListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(step("listen"))?;
        listener.set_nonblocking(true).map_err(step("listen"))?;
        let address = listener.local_addr().map_err(step("listen"))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(step("start an event loop"))?;
        let (line, watched) = watch::channel(Line::Whole);
        let (stop, stopped) = oneshot::channel();
        let pass = Pass::fresh();
        let tell: Tell = Arc::new(move |what| tell(Event { at: clock::now(), what }));
        let job = serve(listener, pass.clone(), settings, watched, tell);
        let body = move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    () = job => {}
                }
            });
            // A name look-up may hang in a thread of its own for long; nobody waits for it.
            runtime.shutdown_background();
        };
        let thread = std::thread::Builder::new().name("relay".to_owned()).spawn(body);
        let thread = Some(thread.map_err(step("start a thread"))?);
        Ok(Relay { address, pass, line, stop: Some(stop), thread })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What a door must show.
    pub fn pass(&self) -> &Pass {
        &self.pass
    }

    /// Lets nothing through from now on. Both connections stay open, and nobody is told.
    pub fn cut(&self) {
        self.line.send_replace(Line::Cut);
    }

    /// Lets everything through again, what was held first.
    pub fn heal(&self) {
        self.line.send_replace(Line::Whole);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has already said so; nothing is left to stop.
            let _ = thread.join();
        }
    }
}

async fn serve(
    listener: StdListener,
    pass: Pass,
    settings: FarSettings,
    line: watch::Receiver<Line>,
    tell: Tell,
) {
    // Fails only outside a runtime with I/O, and this one has it.
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    let (client, way) = admit(listener, &pass).await;
    let far = match far::connect(&way, settings).await {
        Ok(far) => far,
        Err(reason) => return tell(What::NoWay(reason)),
    };
    tell(What::Opened);
    // Without it the client's small packets would wait for acknowledgements.
    let _only_slower_without = client.set_nodelay(true);
    let (from_client, to_client) = client.into_split();
    let (up, down) = (Direction::ToServer, Direction::ToClient);
    let (to_server, from_server) = (far.to, far.from);
    tokio::join!(
        lane::carry(up, from_client, to_server, line.clone(), &*tell),
        lane::carry(down, from_server, to_client, line, &*tell),
    );
}

/// The first connection that greets properly; the port is closed then. Others are hung up on.
async fn admit(listener: TcpListener, pass: &Pass) -> (TcpStream, Way) {
    let mut greetings = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if greetings.len() < MAX_GREETING => match accepted {
                Ok((stream, _)) => {
                    let greeted = greet(stream, pass.clone());
                    greetings.spawn(tokio::time::timeout(GREETING_LIMIT, greeted));
                }
                Err(_) => tokio::time::sleep(ACCEPT_RETRY).await,
            },
            Some(greeted) = greetings.join_next() => {
                if let Ok(Ok(Some(guest))) = greeted {
                    return guest;
                }
            }
        }
    }
}

async fn greet(mut stream: TcpStream, pass: Pass) -> Option<(TcpStream, Way)> {
    let mut head = [0; GREETING_HEAD];
    stream.read_exact(&mut head).await.ok()?;
    let mut way = vec![0; admitted(&pass, &head)?];
    stream.read_exact(&mut way).await.ok()?;
    Some((stream, Way::decode(&way).ok()?))
}
