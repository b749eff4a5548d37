//! Every fault of the relay, against plain echo servers: what passes, what is held, what is told to
//! whom.
#![allow(clippy::unwrap_used)]

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use abide_demo::relay::Relay;

/// Whatever must happen happens within this time.
const LIMIT: Duration = Duration::from_secs(10);
/// What must not happen is awaited for this long.
const NEVER: Duration = Duration::from_millis(300);

/// An echo server; the address of every client is reported.
fn tcp_echo() -> (u16, mpsc::Receiver<SocketAddr>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (report, clients) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let Ok(()) = report.send(stream.peer_addr().unwrap()) else { return };
            std::thread::spawn(move || {
                let mut from = stream.try_clone().unwrap();
                let _ = std::io::copy(&mut from, &mut stream);
            });
        }
    });
    (port, clients)
}

/// Answers each datagram with the sender's address as text.
fn udp_mirror() -> u16 {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = socket.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let mut buffer = [0; 100];
        while let Ok((size, from)) = socket.recv_from(&mut buffer) {
            if &buffer[..size] == b"stop" {
                return;
            }
            socket.send_to(from.to_string().as_bytes(), from).unwrap();
        }
    });
    port
}

struct Client(TcpStream);

impl Client {
    fn connect(relay: &Relay) -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, relay.tcp_port()));
        Self(TcpStream::connect(address).unwrap())
    }

    fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).unwrap();
    }

    fn expect(&mut self, text: &str) {
        self.0.set_read_timeout(Some(LIMIT)).unwrap();
        let mut buffer = vec![0; text.len()];
        self.0.read_exact(&mut buffer).unwrap();
        assert_eq!(String::from_utf8_lossy(&buffer), text);
    }

    /// Neither bytes nor an end nor a reset.
    fn expect_silence(&mut self) {
        self.0.set_read_timeout(Some(NEVER)).unwrap();
        let error = self.0.read(&mut [0; 10]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
    }
}

fn tcp_relay() -> (Relay, mpsc::Receiver<SocketAddr>) {
    let (port, clients) = tcp_echo();
    (Relay::start(port, Arc::default()).unwrap(), clients)
}

#[test]
fn bytes_pass_both_ways_and_the_end_too() {
    let (relay, _clients) = tcp_relay();
    let mut client = Client::connect(&relay);
    client.send("hello");
    client.expect("hello");
    client.0.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(client.0.read(&mut [0; 10]).unwrap(), 0);
    assert_eq!((relay.counts().tcp_flows, relay.counts().tcp_bytes), (1, 10));
}

#[test]
fn a_cut_holds_bytes_and_newcomers_and_loses_none() {
    let (relay, clients) = tcp_relay();
    let mut old = Client::connect(&relay);
    old.send("a");
    old.expect("a");
    relay.cut(true);
    old.send("b");
    let mut new = Client::connect(&relay);
    new.send("c");
    old.expect_silence();
    new.expect_silence();
    clients.recv_timeout(LIMIT).unwrap();
    assert!(clients.try_recv().is_err(), "the newcomer must not have come through");
    relay.cut(false);
    old.expect("b");
    new.expect("c");
    assert_eq!(relay.counts().tcp_dead, 0);
}

#[test]
fn a_changed_address_makes_black_holes_and_shows_a_new_address() {
    let (relay, clients) = tcp_relay();
    let mut old = Client::connect(&relay);
    old.send("a");
    old.expect("a");
    relay.change_address();
    old.send("b");
    let mut new = Client::connect(&relay);
    new.send("c");
    new.expect("c");
    old.expect_silence();
    let (first, second) = (clients.recv().unwrap(), clients.recv().unwrap());
    assert_ne!(first.ip(), second.ip());
    assert_eq!(relay.counts().tcp_dead, 1);
}

#[test]
fn a_forgotten_nat_makes_black_holes_for_ever() {
    let (relay, clients) = tcp_relay();
    let mut old = Client::connect(&relay);
    old.send("a");
    old.expect("a");
    relay.forget_nat();
    old.send("b");
    relay.cut(true);
    relay.cut(false);
    relay.reset_tcp();
    old.expect_silence();
    let mut new = Client::connect(&relay);
    new.send("c");
    new.expect("c");
    assert_eq!(clients.recv().unwrap().ip(), clients.recv().unwrap().ip());
}

#[test]
fn a_reset_is_told_to_both_sides() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let relay = Relay::start(port, Arc::default()).unwrap();
    let mut client = Client::connect(&relay);
    let mut server = listener.accept().unwrap().0;
    server.write_all(b"x").unwrap();
    client.expect("x");
    relay.reset_tcp();
    for side in [&mut client.0, &mut server] {
        side.set_read_timeout(Some(LIMIT)).unwrap();
        assert_eq!(side.read(&mut [0; 10]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    }
    assert_eq!(relay.counts().tcp_resets, 1);
}

struct Udp {
    relay: Relay,
    socket: UdpSocket,
    target: Arc<AtomicU16>,
    mirror: u16,
}

impl Udp {
    fn new() -> Self {
        let (target, mirror) = (Arc::new(AtomicU16::new(0)), udp_mirror());
        let relay = Relay::start(1, target.clone()).unwrap();
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.connect((Ipv4Addr::LOCALHOST, relay.udp_port())).unwrap();
        Self { relay, socket, target, mirror }
    }

    fn known() -> Self {
        let udp = Self::new();
        udp.target.store(udp.mirror, Ordering::Relaxed);
        udp
    }

    /// Which address the server saw one datagram come from; `None` when no answer came.
    fn ask(&self, limit: Duration) -> Option<SocketAddr> {
        self.socket.send(b"who am I").unwrap();
        self.socket.set_read_timeout(Some(limit)).unwrap();
        let mut buffer = [0; 100];
        let size = self.socket.recv(&mut buffer).ok()?;
        Some(std::str::from_utf8(&buffer[..size]).unwrap().parse().unwrap())
    }
}

impl Drop for Udp {
    fn drop(&mut self) {
        let _ = self.socket.send_to(b"stop", (Ipv4Addr::LOCALHOST, self.mirror));
        let stopper = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        stopper.send_to(b"stop", (Ipv4Addr::LOCALHOST, self.mirror)).unwrap();
    }
}

#[test]
fn datagrams_wait_for_nobody_until_the_target_is_known() {
    let udp = Udp::new();
    assert_eq!(udp.ask(NEVER), None);
    udp.target.store(udp.mirror, Ordering::Relaxed);
    let seen = udp.ask(LIMIT).unwrap();
    assert_eq!(udp.ask(LIMIT), Some(seen), "one client, one mapping");
    assert_eq!(udp.relay.counts().udp_dropped, 1);
}

#[test]
fn cut_and_block_drop_datagrams() {
    let udp = Udp::known();
    let seen = udp.ask(LIMIT).unwrap();
    udp.relay.cut(true);
    assert_eq!(udp.ask(NEVER), None);
    udp.relay.cut(false);
    assert_eq!(udp.ask(LIMIT), Some(seen), "what was cut is gone, the mapping is not");
    udp.relay.block_udp(true);
    assert_eq!(udp.ask(NEVER), None);
    udp.relay.block_udp(false);
    assert_eq!(udp.ask(LIMIT), Some(seen));
}

#[test]
fn datagrams_get_a_new_source_when_the_network_changes() {
    let udp = Udp::known();
    let first = udp.ask(LIMIT).unwrap();
    udp.relay.forget_nat();
    let second = udp.ask(LIMIT).unwrap();
    assert_eq!(first.ip(), second.ip());
    assert_ne!(first.port(), second.port());
    udp.relay.change_address();
    let third = udp.ask(LIMIT).unwrap();
    assert_ne!(second.ip(), third.ip());
    // What the server sends to an address of the past is lost.
    let server = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    server.send_to(b"late", first).unwrap();
    udp.socket.set_read_timeout(Some(NEVER)).unwrap();
    assert!(udp.socket.recv(&mut [0; 10]).is_err());
}

#[test]
fn blocked_udp_leaves_tcp_alone() {
    let (relay, _clients) = tcp_relay();
    relay.block_udp(true);
    let mut client = Client::connect(&relay);
    client.send("through");
    client.expect("through");
}
