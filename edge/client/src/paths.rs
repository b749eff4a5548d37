//! Where the keeper may be reached by UDP.

use std::net::{IpAddr, SocketAddr};

use abide_openssh::AddressFamily;
use abide_session::Quic;

use crate::plan::Plan;

/// Addresses knocked at, at most: those that ssh used come first.
const ADDRESSES_MAX: usize = 16;

/// Every address worth a knock, best guess first: what ssh connected to, then what the keeper reports.
pub(crate) async fn candidates(plan: &Plan, quic: &Quic) -> Vec<SocketAddr> {
    let Ok(port) = u16::try_from(quic.port) else { return Vec::new() };
    if let Some(via) = plan.udp_via {
        return vec![via];
    }
    let mut found: Vec<SocketAddr> = Vec::new();
    let Some(way) = &plan.way else { return Vec::new() };
    // Behind a proxy or a jump host the name may mean another machine here; a knock proves itself.
    if let Ok(resolved) = tokio::net::lookup_host((way.effective.hostname.as_str(), port)).await {
        found.extend(resolved);
    }
    let reported = quic.addresses.iter().filter_map(|address| address.parse::<IpAddr>().ok());
    found.extend(reported.map(|address| SocketAddr::new(address, port)));
    found.retain(|address| fits(way.effective.address_family, address));
    let mut unique: Vec<SocketAddr> = Vec::new();
    for address in found {
        if !unique.contains(&address) && unique.len() < ADDRESSES_MAX {
            unique.push(address);
        }
    }
    unique
}

fn fits(family: AddressFamily, address: &SocketAddr) -> bool {
    match family {
        AddressFamily::Any => true,
        AddressFamily::V4 => address.is_ipv4(),
        AddressFamily::V6 => address.is_ipv6(),
    }
}
