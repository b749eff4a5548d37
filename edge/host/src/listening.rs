//! Who listens at a port or a unix socket of this machine, as /proc tells. Not who connects.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::Path;

/// The state of a listening socket in /proc/net/tcp.
const LISTEN: &str = "0A";

/// Addresses at which this user has a listener of `port`. Empty when none has, or /proc does not tell.
pub fn own_listeners(port: u16) -> Vec<SocketAddr> {
    own_listeners_in(port..=port)
}

/// The same of a range of ports.
pub fn own_listeners_in(ports: RangeInclusive<u16>) -> Vec<SocketAddr> {
    let uid = rustix::process::geteuid().as_raw();
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(std::fs::read_to_string);
    let texts = tables.iter().flatten();
    texts.flat_map(|table| listeners(table, uid)).filter(|at| ports.contains(&at.port())).collect()
}

/// Whether a process has a unix socket at this path. A file that a process left behind does not count.
pub fn has_unix_socket(path: &Path) -> bool {
    let table = std::fs::read_to_string("/proc/net/unix").unwrap_or_default();
    let path = path.to_string_lossy();
    table.lines().skip(1).any(|line| line.splitn(8, ' ').nth(7).is_some_and(|at| at == path))
}

/// The listeners of a user in a table.
fn listeners(table: &str, uid: u32) -> impl Iterator<Item = SocketAddr> {
    table.lines().skip(1).filter_map(move |line| {
        let mut words = line.split_whitespace();
        let local = words.nth(1)?;
        let is_listening = words.nth(1)? == LISTEN;
        let owner: u32 = words.nth(3)?.parse().ok()?;
        (is_listening && owner == uid).then(|| address(local)).flatten()
    })
}

/// `0100007F:0016`: words of four bytes in the machine's order, then the port.
fn address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |at: usize| u32::from_str_radix(ip.get(at..at + 8)?, 16).ok().map(u32::to_ne_bytes);
    let ip = match ip.len() {
        8 => IpAddr::from(Ipv4Addr::from(word(0)?)),
        32 => {
            let mut bytes = [0; 16];
            for index in 0..4 {
                bytes[index * 4..index * 4 + 4].copy_from_slice(&word(index * 8)?);
            }
            IpAddr::from(Ipv6Addr::from(bytes))
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use crate::scratch::Scratch;
    use std::net::TcpListener;
    use std::time::Duration;

    #[test]
    fn a_socket_that_was_left_behind_is_nobodys() {
        let scratch = Scratch::new();
        let path = scratch.path().join("socket");
        let listener = crate::local::listen(&path).expect("a socket");
        assert!(has_unix_socket(&path));
        drop(listener);
        assert!(path.exists() && !has_unix_socket(&path));
    }

    #[test]
    fn our_own_listeners_are_seen_and_others_are_not() {
        let four = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let port = four.local_addr().expect("an address").port();
        assert_eq!(own_listeners(port), [four.local_addr().expect("an address")]);
        let six = TcpListener::bind(("::1", port)).expect("a listener");
        assert!(own_listeners(port).contains(&six.local_addr().expect("an address")));
        drop((four, six));
        // A child that another test is just starting holds them until it runs its program.
        let deadline = clock::now() + Duration::from_secs(10);
        while !own_listeners(port).is_empty() {
            assert!(clock::now() < deadline, "{:?} is still there", own_listeners(port));
            std::thread::yield_now();
        }
        let table = std::fs::read_to_string("/proc/net/tcp").expect("a table");
        assert_eq!(listeners(&table, u32::MAX).count(), 0);
    }
}
