//! The fixed addresses of every lab, and how its TCP behaves. Labs do not see each other, so all use the same ones.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The server, IPv4.
pub(crate) const SERVER_V4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 33);
/// The server, IPv6.
pub(crate) const SERVER_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0xff, 0, 0, 0, 0, 0x33);
/// Outer addresses of the two gateways.
pub(crate) const OUTER_V4: [Ipv4Addr; 2] =
    [Ipv4Addr::new(203, 0, 113, 11), Ipv4Addr::new(198, 51, 100, 22)];
/// Outer IPv6 addresses of the two gateways.
pub(crate) const OUTER_V6: [Ipv6Addr; 2] = [
    Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, 0x11),
    Ipv6Addr::new(0x2001, 0xdb8, 2, 0, 0, 0, 0, 0x22),
];
/// First and last host number that the client takes behind a gateway.
pub(crate) const CLIENT_HOSTS: (u8, u8) = (10, 250);

/// Inner IPv4 address of host number `host` behind gateway `index`; 1 is the gateway itself.
pub(crate) fn inner_v4(index: usize, host: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 77, index as u8 + 1, host)
}

/// Inner IPv6 address of host number `host` behind gateway `index`.
pub(crate) fn inner_v6(index: usize, host: u8) -> Ipv6Addr {
    Ipv6Addr::new(0xfd77, 0, 0, index as u16 + 1, 0, 0, 0, u16::from(host))
}

/// Which gateway an outer address belongs to.
pub(crate) fn gateway_of(address: IpAddr) -> Option<usize> {
    (0..2).find(|index| match address {
        IpAddr::V4(v4) => v4 == OUTER_V4[*index],
        IpAddr::V6(v6) => v6 == OUTER_V6[*index],
    })
}

/// Whether an address is the server's.
pub(crate) fn is_server(address: IpAddr) -> bool {
    address == IpAddr::V4(SERVER_V4) || address == IpAddr::V6(SERVER_V6)
}

/// TCP's congestion control between client and server, on their routes: what Linux comes with. By
/// route, as a namespace may be kept from setting it for itself.
pub(crate) const CONGESTION: &str = "cubic";
