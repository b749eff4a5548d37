//! The UDP half of the relay: a small NAT. Each client socket gets a source address of its own
//! towards the server until the network changes. It never looks into datagrams.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket as StdSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering::Relaxed};

use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

use super::counts::{Counters, add};
use super::faults::Network;

/// Client sockets known at once; beyond it the table is dropped as a whole, as a full NAT would.
const MAX_MAPPINGS: usize = 128;
/// Old source addresses kept open so that the server gets no ICMP error from them; the oldest is
/// closed first.
const MAX_ABANDONED: usize = 128;
const MAX_DATAGRAM: usize = 65_535;

/// One client socket's way to the server.
struct Mapping {
    towards_server: Arc<UdpSocket>,
    target: SocketAddr,
    answers: AbortHandle,
}

/// Forwards until cancelled.
pub(super) async fn serve(
    socket: StdSocket,
    target: Arc<AtomicU16>,
    network: watch::Receiver<Network>,
    counters: Arc<Counters>,
) {
    // Fails only outside a runtime with I/O, and the worker's has it.
    let Ok(socket) = UdpSocket::from_std(socket) else { return };
    let mut nat = Nat {
        towards_clients: Arc::new(socket),
        target,
        network,
        counters,
        generation: 0,
        mappings: HashMap::new(),
        abandoned: VecDeque::new(),
        answers: JoinSet::new(),
    };
    let mut datagram = vec![0; MAX_DATAGRAM];
    loop {
        // An error here is the echo of an earlier send (ICMP); the socket itself stays good.
        let Ok((size, client)) = nat.towards_clients.recv_from(&mut datagram).await else {
            continue;
        };
        if !nat.forward(client, &datagram[..size]).await {
            add(&nat.counters.udp_dropped, 1);
        }
    }
}

struct Nat {
    towards_clients: Arc<UdpSocket>,
    target: Arc<AtomicU16>,
    network: watch::Receiver<Network>,
    counters: Arc<Counters>,
    generation: u64,
    mappings: HashMap<SocketAddr, Mapping>,
    abandoned: VecDeque<Arc<UdpSocket>>,
    answers: JoinSet<()>,
}

impl Nat {
    /// Sends one datagram on; false when it was dropped.
    async fn forward(&mut self, client: SocketAddr, datagram: &[u8]) -> bool {
        let (generation, drops, source) = {
            let now = self.network.borrow();
            (now.generation, now.drops_datagrams(), now.client_address())
        };
        let port = self.target.load(Relaxed);
        if drops || port == 0 {
            return false;
        }
        if generation != self.generation || self.mappings.len() >= MAX_MAPPINGS {
            self.forget();
            self.generation = generation;
        }
        let target = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let Ok(mapping) = self.mapping(client, source, target).await else { return false };
        let sent = mapping.towards_server.send_to(datagram, mapping.target).await.is_ok();
        if sent {
            add(&self.counters.udp_datagrams, 1);
        }
        sent
    }

    async fn mapping(
        &mut self,
        client: SocketAddr,
        source: Ipv4Addr,
        target: SocketAddr,
    ) -> io::Result<&Mapping> {
        // A client keeps its socket when the server has moved to another port; its mapping then
        // starts anew.
        if self.mappings.get(&client).is_none_or(|mapping| mapping.target != target) {
            let towards_server = Arc::new(UdpSocket::bind((source, 0)).await?);
            let answers = Answers {
                from: towards_server.clone(),
                target,
                to: self.towards_clients.clone(),
                client,
                network: self.network.clone(),
                generation: self.generation,
                counters: self.counters.clone(),
            };
            let answers = self.answers.spawn(answers.forward());
            add(&self.counters.udp_mappings, 1);
            let mapping = Mapping { towards_server, target, answers };
            if let Some(old) = self.mappings.insert(client, mapping) {
                self.abandon(old);
            }
        }
        Ok(&self.mappings[&client])
    }

    fn forget(&mut self) {
        let old: Vec<_> = self.mappings.drain().map(|(_, mapping)| mapping).collect();
        old.into_iter().for_each(|mapping| self.abandon(mapping));
        while self.answers.try_join_next().is_some() {}
    }

    fn abandon(&mut self, mapping: Mapping) {
        mapping.answers.abort();
        if self.abandoned.len() >= MAX_ABANDONED {
            self.abandoned.pop_front();
        }
        self.abandoned.push_back(mapping.towards_server);
    }
}

/// The way back of one mapping.
struct Answers {
    from: Arc<UdpSocket>,
    target: SocketAddr,
    to: Arc<UdpSocket>,
    client: SocketAddr,
    network: watch::Receiver<Network>,
    generation: u64,
    counters: Arc<Counters>,
}

impl Answers {
    async fn forward(self) {
        let mut datagram = vec![0; MAX_DATAGRAM];
        loop {
            let Ok((size, sender)) = self.from.recv_from(&mut datagram).await else { continue };
            let passes = {
                let now = self.network.borrow();
                now.generation == self.generation && !now.drops_datagrams()
            };
            let fits = passes && sender == self.target;
            if fits && self.to.send_to(&datagram[..size], self.client).await.is_ok() {
                add(&self.counters.udp_datagrams, 1);
            } else {
                add(&self.counters.udp_dropped, 1);
            }
        }
    }
}
