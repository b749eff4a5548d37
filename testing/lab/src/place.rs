//! Where the client is: behind which gateway, at which address, or nowhere.

use crate::addresses::{CLIENT_HOSTS, CONGESTION, inner_v4, inner_v6};
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

    /// Takes the client from where it is: addresses and their routes go, the cable as is wanted.
    pub(crate) fn leave(self, client: &Namespace) -> Result<(), LabError> {
        let way = if self.connected { "up" } else { "down" };
        client.ip(&format!(
            "addr flush dev eth0\naddr flush dev eth1\nlink set eth0 {way}\nlink set eth1 {way}\n"
        ))
    }

    /// Gives the client its addresses and routes there. The cable must be in at both ends: what is
    /// sent before waits a second for the kernel to ask again for the gateway's hardware address.
    pub(crate) fn arrive(self, client: &Namespace) -> Result<(), LabError> {
        let Place { gateway, host, .. } = self;
        let index = gateway.index();
        let (v4, v6) = (inner_v4(index, host), inner_v6(index, host));
        let (door4, door6) = (inner_v4(index, 1), inner_v6(index, 1));
        // Unlike IPv4's, an IPv6 default route outlives its address: hence `replace`.
        client.ip(&format!(
            "addr add {v4}/24 dev eth{index}\naddr add {v6}/64 dev eth{index} nodad\n\
             route add 0.0.0.0/0 via {door4} congctl {CONGESTION}\n\
             route replace ::/0 via {door6} dev eth{index} congctl {CONGESTION}\n"
        ))
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
