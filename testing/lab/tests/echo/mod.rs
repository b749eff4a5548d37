//! A lab for one test, and a UDP service in it that answers each datagram with itself and the
//! address that it came from.
#![allow(dead_code)]

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

use abide_host::clock;
use abide_lab::{Lab, LinkSettings, Namespace};

/// Where the service listens.
pub(crate) const PORT: u16 = 60_001;

/// A lab. A machine that cannot have one fails the test, with what provides it.
pub(crate) fn lab(link: impl Into<LinkSettings>) -> Lab {
    Lab::up(link).unwrap_or_else(|error| panic!("{error}"))
}

/// Starts the service at both addresses of the server; it ends with the test's process.
pub(crate) fn serve(lab: &Lab) {
    for address in [IpAddr::from(lab.server_address()), lab.server_address_v6().into()] {
        let socket = socket_in(lab.server(), SocketAddr::new(address, PORT));
        std::thread::spawn(move || {
            let mut buffer = [0; 2_048];
            while let Ok((length, peer)) = socket.recv_from(&mut buffer) {
                let answer = [&buffer[..length], b"|", peer.to_string().as_bytes()].concat();
                let _client_may_be_gone = socket.send_to(&answer, peer);
            }
        });
    }
}

/// A UDP socket inside a namespace.
pub(crate) fn socket_in(namespace: &Namespace, address: SocketAddr) -> UdpSocket {
    namespace.enter(|| UdpSocket::bind(address)).unwrap().unwrap()
}

/// A UDP socket of the client's, connected to the service. Survives changes of address.
pub(crate) fn client(lab: &Lab, server: IpAddr) -> UdpSocket {
    let any = if server.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    socket_in(lab.client(), any.parse().unwrap())
}

/// The service's address.
pub(crate) fn service(lab: &Lab) -> SocketAddr {
    SocketAddr::new(lab.server_address().into(), PORT)
}

/// Sends one datagram and waits for its own answer: how long that took, and the client's address
/// as the server saw it.
pub(crate) fn ask(
    socket: &UdpSocket,
    to: SocketAddr,
    text: &str,
    limit: Duration,
) -> io::Result<(Duration, SocketAddr)> {
    let start = clock::now();
    socket.send_to(text.as_bytes(), to)?;
    let mut buffer = [0; 2_048];
    loop {
        let left = limit.saturating_sub(clock::now().since(start));
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        socket.set_read_timeout(Some(left))?;
        let (length, _) = socket.recv_from(&mut buffer)?;
        let answer = String::from_utf8_lossy(&buffer[..length]).into_owned();
        if let Some((echoed, seen)) = answer.rsplit_once('|')
            && echoed == text
        {
            return Ok((clock::now().since(start), seen.parse().expect("an address")));
        }
    }
}
