//! UDP sockets for carriers: one socket for IPv4 and IPv6 where both are there. Not QUIC.

use crate::random;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;

/// A socket on a free port of `ports`, tried in turn from a random one on, so that neither the
/// ports in use nor their order can be guessed. Non-blocking; on all addresses; IPv4 peers appear
/// as `::ffff:a.b.c.d` unless the machine has no IPv6. `AddrInUse` if every port is taken (or the
/// range is empty).
pub fn bind_in_range(ports: RangeInclusive<u16>) -> io::Result<UdpSocket> {
    let (first, last) = (u32::from(*ports.start()), u32::from(*ports.end()));
    let count = (last + 1).saturating_sub(first);
    let offset = u32::from_ne_bytes(random::bytes());
    for step in 0..count {
        let port = first + (offset % count + step) % count;
        // Not above `last`, which is a u16.
        match bind(port as u16) {
            Err(Errno::ADDRINUSE) => {}
            result => return Ok(result?),
        }
    }
    let why = format!("no UDP port is free in {first}-{last}");
    Err(io::Error::new(io::ErrorKind::AddrInUse, why))
}

/// As [`bind_in_range`], on any port.
pub fn bind_any() -> io::Result<UdpSocket> {
    Ok(bind(0)?)
}

/// Bytes that a socket should hold: what comes while we are not scheduled is lost beyond that.
const BUFFER: usize = 2 * 1024 * 1024;

fn bind(port: u16) -> rustix::io::Result<UdpSocket> {
    match bind_dual(port) {
        // No IPv6 in the kernel, or switched off.
        Err(Errno::AFNOSUPPORT | Errno::ADDRNOTAVAIL) => {
            bind_one(AddressFamily::INET, (Ipv4Addr::UNSPECIFIED, port).into())
        }
        result => result,
    }
}

fn bind_dual(port: u16) -> rustix::io::Result<UdpSocket> {
    bind_one(AddressFamily::INET6, (Ipv6Addr::UNSPECIFIED, port).into())
}

fn bind_one(family: AddressFamily, address: SocketAddr) -> rustix::io::Result<UdpSocket> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(family, SocketType::DGRAM, flags, None)?;
    if address.is_ipv6() {
        sockopt::set_ipv6_v6only(&socket, false)?;
    }
    // The system cuts both to its own maximum; a user who may have no more keeps what there is.
    let _ = sockopt::set_socket_recv_buffer_size(&socket, BUFFER);
    let _ = sockopt::set_socket_send_buffer_size(&socket, BUFFER);
    rustix::net::bind(&socket, &address)?;
    Ok(UdpSocket::from(socket))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::child::readable_within;
    use std::time::Duration;

    #[test]
    fn one_socket_hears_both_families() {
        let socket = bind_any().unwrap();
        assert_eq!(socket.recv(&mut [0; 8]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        let port = socket.local_addr().unwrap().port();
        let mut peers: Vec<SocketAddr> = vec![(Ipv4Addr::LOCALHOST, port).into()];
        if UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).is_ok() {
            peers.push((Ipv6Addr::LOCALHOST, port).into());
        }
        for peer in peers {
            let sender = UdpSocket::bind((peer.ip(), 0)).unwrap();
            sender.send_to(b"hello", peer).unwrap();
            assert!(readable_within(&socket, Duration::from_secs(10)).unwrap(), "from {peer}");
            let (count, from) = socket.recv_from(&mut [0; 8]).unwrap();
            assert_eq!((count, from.ip().to_canonical()), (5, peer.ip()));
        }
    }

    #[test]
    fn taken_ports_are_passed_over_until_none_is_left() {
        let taken = bind_any().unwrap();
        let port = taken.local_addr().unwrap().port();
        let error = bind_in_range(port..=port).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        assert!(error.to_string().contains(&port.to_string()));
        // A neighbour may be taken by somebody else, so a window of them is asked for.
        let window = port.saturating_sub(50)..=port.saturating_add(50);
        let socket = bind_in_range(window.clone()).unwrap();
        let got = socket.local_addr().unwrap().port();
        assert!(window.contains(&got) && got != port, "{got}");
    }

    #[test]
    fn the_start_is_random_and_the_ends_are_ports_too() {
        let ports: std::collections::HashSet<u16> = (0..8)
            .map(|_| bind_in_range(40_000..=u16::MAX).unwrap().local_addr().unwrap().port())
            .collect();
        assert!(ports.len() > 1, "{ports:?}");
        #[allow(clippy::reversed_empty_ranges)]
        let none = bind_in_range(9..=8).unwrap_err();
        assert_eq!(none.kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn without_ipv6_there_is_ipv4() {
        let address = (Ipv4Addr::UNSPECIFIED, 0).into();
        let socket = bind_one(AddressFamily::INET, address).unwrap();
        assert!(socket.local_addr().unwrap().is_ipv4());
    }
}
