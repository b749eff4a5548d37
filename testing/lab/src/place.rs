//! Where the client is: behind which gateway, at which address, or nowhere.

use crate::addresses::{CLIENT_HOSTS, inner_v4, inner_v6};
use crate::{LabError, Namespace};

/// One of the two NAT gateways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gateway {
    /// Behind `eth0`, where every lab begins.
    First,
    /// Behind `eth1`.
    Second,
}

impl Gateway {
    pub(crate) fn index(self) -> usize {
        self as usize
    }

    fn other(self) -> Self {
        match self {
            Gateway::First => Gateway::Second,
            Gateway::Second => Gateway::First,
        }
    }
}

/// The client's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) gateway: Gateway,
    pub(crate) host: u8,
    pub(crate) connected: bool,
}

impl Place {
    pub(crate) const START: Place =
        Place { gateway: Gateway::First, host: CLIENT_HOSTS.0, connected: true };

    /// The same gateway under the next address.
    pub(crate) fn readdressed(self) -> Self {
        let host = if self.host >= CLIENT_HOSTS.1 { CLIENT_HOSTS.0 } else { self.host + 1 };
        Place { host, connected: true, ..self }
    }

    /// The other gateway, at an address that is new too.
    pub(crate) fn roamed(self) -> Self {
        Place { gateway: self.gateway.other(), ..self.readdressed() }
    }

    /// Moves the client there: old addresses and routes go, the interface's cable stays in.
    pub(crate) fn apply(self, client: &Namespace) -> Result<(), LabError> {
        // Unlike IPv4's, an IPv6 default route outlives its address: hence `replace` below.
        let mut lines = "addr flush dev eth0\naddr flush dev eth1\n".to_owned();
        if !self.connected {
            lines.push_str("link set eth0 down\nlink set eth1 down\n");
            return client.ip(&lines);
        }
        let Place { gateway, host, .. } = self;
        let index = gateway.index();
        let (v4, v6) = (inner_v4(index, host), inner_v6(index, host));
        let (door4, door6) = (inner_v4(index, 1), inner_v6(index, 1));
        lines.push_str(&format!(
            "link set eth0 up\nlink set eth1 up\naddr add {v4}/24 dev eth{index}\n\
             addr add {v6}/64 dev eth{index} nodad\nroute add 0.0.0.0/0 via {door4}\n\
             route replace ::/0 via {door6} dev eth{index}\n"
        ));
        client.ip(&lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moving_always_gives_a_new_address() {
        let mut place = Place::START;
        for _ in 0..500 {
            let next = place.readdressed();
            assert_ne!(next.host, place.host);
            assert!((CLIENT_HOSTS.0..=CLIENT_HOSTS.1).contains(&next.host));
            place = next;
        }
        assert_eq!(Place::START.roamed().gateway, Gateway::Second);
        assert_eq!(Place::START.roamed().roamed().gateway, Gateway::First);
    }
}
