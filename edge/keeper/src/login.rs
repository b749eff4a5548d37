//! The ssh login that brought this keeper up: from where to where it was made, as sshd tells it.

use std::net::{IpAddr, SocketAddr};

/// The two ends of the login's TCP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Login {
    /// Where it came from.
    pub(crate) from: SocketAddr,
    /// Where sshd was reached, on this machine.
    pub(crate) to: SocketAddr,
}

impl Login {
    /// This process's login; none where sshd does not tell.
    pub(crate) fn own() -> Option<Self> {
        Self::parse(&std::env::var("SSH_CONNECTION").ok()?)
    }

    /// Reads `client-address client-port server-address server-port`.
    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let mut end = || {
            let (address, port) = (words.next()?, words.next()?.parse().ok()?);
            let plain = || Some(SocketAddr::new(address.parse().ok()?, port));
            socket_address(address, port).or_else(plain)
        };
        Some(Login { from: end()?, to: end()? })
    }
}

/// An address that may name an interface: `fe80::1%2`.
fn socket_address(address: &str, port: u16) -> Option<SocketAddr> {
    let (plain, interface) = address.split_once('%')?;
    let mut found = SocketAddr::new(plain.parse::<IpAddr>().ok()?, port);
    if let (SocketAddr::V6(v6), Some(scope)) = (&mut found, scope(interface)) {
        v6.set_scope_id(scope);
    }
    Some(found)
}

fn scope(interface: &str) -> Option<u32> {
    let number = std::fs::read_to_string(format!("/sys/class/net/{interface}/ifindex"));
    interface.parse().ok().or_else(|| number.ok()?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_are_read() {
        let login = Login::parse("203.0.113.5 5022 192.0.2.1 22").expect("a login");
        assert_eq!(login.from.to_string(), "203.0.113.5:5022");
        assert_eq!(login.to.to_string(), "192.0.2.1:22");
        let linked = Login::parse("fe80::2%7 5022 fe80::1%7 22").expect("a login");
        assert_eq!(linked.to.to_string(), "[fe80::1%7]:22");
        for odd in ["", "203.0.113.5", "a b c d", "203.0.113.5 5022 192.0.2.1 70000"] {
            assert_eq!(Login::parse(odd), None, "{odd}");
        }
    }
}
