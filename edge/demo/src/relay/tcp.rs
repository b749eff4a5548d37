//! The TCP half of the relay: bytes pass while the network lets them, are held while the cable is
//! cut, and stop for ever in a black hole. It never looks into them.

use std::future::pending;
use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::time::Duration;

use rustix::net::sockopt::set_socket_linger;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::counts::{Counters, add};
use super::faults::{Gate, Network, Stopped};

/// Flows held at once, black holes included; beyond it new connections wait unanswered.
const MAX_FLOWS: usize = 512;
/// Bytes held for one direction of one flow; beyond it the sender's own socket buffer fills.
const MAX_HELD: usize = 64 * 1024;
/// Pause after a failed accept (out of file descriptors, most likely).
const ACCEPT_RETRY: Duration = Duration::from_millis(50);

/// Why one direction ended early.
enum Stop {
    Fault(Stopped),
    /// One side's socket failed: the other is told in the same way.
    Broken,
}

impl From<Stopped> for Stop {
    fn from(stopped: Stopped) -> Self {
        Self::Fault(stopped)
    }
}

impl From<io::Error> for Stop {
    fn from(_: io::Error) -> Self {
        Self::Broken
    }
}

/// Accepts and forwards until cancelled.
pub(super) async fn serve(
    listener: StdListener,
    target: SocketAddr,
    network: watch::Receiver<Network>,
    counters: Arc<Counters>,
) {
    // Fails only outside a runtime with I/O, and the worker's has it.
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    let slots = Arc::new(Semaphore::new(MAX_FLOWS));
    let mut flows = JoinSet::new();
    loop {
        let Ok(slot) = slots.clone().acquire_owned().await else { return };
        let client = accept(&listener, &network).await;
        add(&counters.tcp_flows, 1);
        let (gate, counters) = (Gate::new(network.clone()), counters.clone());
        flows.spawn(async move {
            carry(client, target, gate, counters).await;
            drop(slot);
        });
        while flows.try_join_next().is_some() {}
    }
}

/// The next connection; none is taken while the cable is cut.
async fn accept(listener: &TcpListener, network: &watch::Receiver<Network>) -> TcpStream {
    loop {
        // A gate of its own each time: what befell older flows does not concern a newcomer.
        let mut gate = Gate::new(network.clone());
        if gate.open().await.is_err() {
            continue;
        }
        tokio::select! {
            biased;
            () = gate.changed() => {}
            accepted = listener.accept() => match accepted {
                Ok((client, _)) => return client,
                Err(_) => tokio::time::sleep(ACCEPT_RETRY).await,
            },
        }
    }
}

/// One connection, from its acceptance to its end.
async fn carry(client: TcpStream, target: SocketAddr, gate: Gate, counters: Arc<Counters>) {
    let Ok(server) = connect(target, &gate).await else {
        slam(&client);
        return;
    };
    match exchange(client, server, gate, &counters).await {
        None => {}
        Some((client, server, Stop::Fault(Stopped::Dead))) => {
            add(&counters.tcp_dead, 1);
            // The sockets stay open and untouched: no FIN, no reset, as a dead network would have
            // it.
            let _held = (client, server);
            pending::<()>().await;
        }
        Some((client, server, stop)) => {
            if matches!(stop, Stop::Fault(Stopped::Reset)) {
                add(&counters.tcp_resets, 1);
            }
            slam(&client);
            slam(&server);
        }
    }
}

/// Both directions; the sockets come back when the flow was stopped before its proper end.
async fn exchange(
    mut client: TcpStream,
    mut server: TcpStream,
    gate: Gate,
    counters: &Counters,
) -> Option<(TcpStream, TcpStream, Stop)> {
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);
    let stop = {
        let (mut from_client, mut to_client) = client.split();
        let (mut from_server, mut to_server) = server.split();
        let up = pump(&mut from_client, &mut to_server, gate.clone(), counters);
        let down = pump(&mut from_server, &mut to_client, gate, counters);
        tokio::try_join!(up, down).err()?
    };
    Some((client, server, stop))
}

async fn connect(target: SocketAddr, gate: &Gate) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((gate.client_address(), 0)))?;
    socket.connect(target).await
}

/// One direction until end of file, which is passed on.
async fn pump<R, W>(
    from: &mut R,
    to: &mut W,
    mut gate: Gate,
    counters: &Counters,
) -> Result<(), Stop>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut held = vec![0; MAX_HELD];
    loop {
        gate.open().await?;
        let count = tokio::select! {
            biased;
            () = gate.changed() => continue,
            count = from.read(&mut held) => count?,
        };
        let mut rest = &held[..count];
        while !rest.is_empty() {
            gate.open().await?;
            let written = tokio::select! {
                biased;
                () = gate.changed() => continue,
                written = to.write(rest) => written?,
            };
            rest = &rest[written..];
        }
        add(&counters.tcp_bytes, count as u64);
        if count == 0 {
            gate.open().await?;
            to.shutdown().await?;
            return Ok(());
        }
    }
}

/// Makes the coming close of `stream` a reset.
fn slam(stream: &TcpStream) {
    // Failing that it closes politely, which is the nearest thing left.
    let _ = set_socket_linger(stream, Some(Duration::ZERO));
}
