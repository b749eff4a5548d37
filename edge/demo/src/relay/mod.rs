//! The fault injector: one TCP and one UDP port on loopback, forwarded to a server, with the
//! failures of real networks at run time. It adds no delay or loss of its own, and it cannot cut
//! what does not pass through it.
//!
//! One kindness to TCP is unavoidable without privileges: after a cut the kernel's own
//! retransmission back-off plays no part, so a plain `ssh` comes back sooner here than over a real
//! cable.

mod counts;
mod faults;
mod tcp;
mod udp;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::AtomicU16;

use thiserror::Error;
use tokio::sync::watch;

use counts::Counters;
pub use counts::Counts;
use faults::Network;

use crate::worker::Worker;

/// Why a relay could not start.
#[derive(Debug, Error)]
#[error("cannot {step} on 127.0.0.1: {source}")]
pub struct RelayError {
    /// What was being done.
    pub step: &'static str,
    /// What the system answered.
    pub source: io::Error,
}

/// A running relay. Dropping it closes every socket that it holds, black holes included.
#[derive(Debug)]
pub struct Relay {
    network: watch::Sender<Network>,
    counters: Arc<Counters>,
    tcp_port: u16,
    udp_port: u16,
    _worker: Worker,
}

impl Relay {
    /// Forwards a fresh TCP port to `tcp_target` and a fresh UDP port to whatever port `udp_target`
    /// holds at the time a client is first heard (0: not known yet, datagrams are dropped). All on
    /// 127.0.0.1.
    pub fn start(tcp_target: u16, udp_target: Arc<AtomicU16>) -> Result<Self, RelayError> {
        let step = |step| move |source| RelayError { step, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(step("listen"))?;
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).map_err(step("bind udp"))?;
        listener.set_nonblocking(true).map_err(step("set up tcp"))?;
        socket.set_nonblocking(true).map_err(step("set up udp"))?;
        let tcp_port = listener.local_addr().map_err(step("name tcp"))?.port();
        let udp_port = socket.local_addr().map_err(step("name udp"))?.port();

        let (network, watched) = watch::channel(Network::default());
        let counters = Arc::new(Counters::default());
        let (tcp_watch, udp_watch) = (watched.clone(), watched);
        let (tcp_counters, udp_counters) = (counters.clone(), counters.clone());
        let worker = Worker::start("demo-relay", move |stop| async move {
            let target = SocketAddr::from((Ipv4Addr::LOCALHOST, tcp_target));
            tokio::select! {
                _ = stop => {}
                () = tcp::serve(listener, target, tcp_watch, tcp_counters) => {}
                () = udp::serve(socket, udp_target, udp_watch, udp_counters) => {}
            }
        })
        .map_err(step("start a thread"))?;
        Ok(Self { network, counters, tcp_port, udp_port, _worker: worker })
    }

    /// The TCP port that clients connect to.
    pub fn tcp_port(&self) -> u16 {
        self.tcp_port
    }

    /// The UDP port that clients send to.
    pub fn udp_port(&self) -> u16 {
        self.udp_port
    }

    /// Pulls (`true`) or plugs (`false`) the cable: datagrams vanish, TCP stalls both ways with
    /// nobody told, and new TCP connections stay unanswered until the cable is back.
    pub fn cut(&self, cut: bool) {
        self.network.send_modify(|network| network.cut = cut);
    }

    /// Drops (`true`) or passes (`false`) all UDP; TCP is untouched.
    pub fn block_udp(&self, blocked: bool) {
        self.network.send_modify(|network| network.udp_blocked = blocked);
    }

    /// The client moves to another network: TCP flows become black holes for ever, datagrams reach
    /// the server from another 127.0.0.x, and answers to the old address vanish.
    pub fn change_address(&self) {
        self.network.send_modify(Network::change_address);
    }

    /// The NAT loses its table: TCP flows become black holes for ever, datagrams get a new source
    /// port.
    pub fn forget_nat(&self) {
        self.network.send_modify(Network::forget_flows);
    }

    /// Every open TCP flow gets a reset on both sides.
    pub fn reset_tcp(&self) {
        self.network.send_modify(|network| network.resets += 1);
    }

    /// What has passed so far.
    pub fn counts(&self) -> Counts {
        self.counters.read()
    }
}
