//! Lists of addresses in Match lines of the server: networks, wildcards, negation.

use std::net::IpAddr;

use crate::pattern::{self, Listed};

/// A list that OpenSSH refuses: an empty part, or a network with bits outside of its mask.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadList;

enum Part {
    Network(IpAddr, u32),
    Pattern,
}

/// Looks an address up in a list; without one the list is only checked.
pub(crate) fn in_list(address: Option<IpAddr>, list: &str) -> Result<Listed, BadList> {
    let mut found = Listed::No;
    for part in list.split(',') {
        let (text, negated) = match part.strip_prefix('!') {
            Some(text) => (text, true),
            None => (part, false),
        };
        let holds = match (read_part(text)?, address) {
            (_, None) => false,
            (Part::Network(network, bits), Some(address)) => is_inside(address, network, bits),
            (Part::Pattern, Some(address)) => pattern::matches(&address.to_string(), text),
        };
        if holds && negated {
            return Ok(Listed::Negated);
        }
        if holds {
            found = Listed::Yes;
        }
    }
    Ok(found)
}

fn read_part(text: &str) -> Result<Part, BadList> {
    if text.is_empty() {
        return Err(BadList);
    }
    let (address, mask) = match text.split_once('/') {
        Some((address, mask)) => (address, Some(mask)),
        None => (text, None),
    };
    let Ok(address) = address.parse::<IpAddr>() else { return Ok(Part::Pattern) };
    let width = if address.is_ipv4() { 32 } else { 128 };
    let Ok(bits) = mask.map_or(Ok(width), str::parse::<u32>) else { return Ok(Part::Pattern) };
    if bits > width || masked(address, bits) != masked(address, width) {
        return Err(BadList);
    }
    Ok(Part::Network(address, bits))
}

fn is_inside(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    address.is_ipv4() == network.is_ipv4() && masked(address, bits) == masked(network, bits)
}

/// The first `bits` bits of an address, the rest zero.
fn masked(address: IpAddr, bits: u32) -> u128 {
    let (number, width) = match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    };
    let dropped = width - bits.min(width);
    if dropped == 128 { 0 } else { number >> dropped << dropped }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(address: &str, list: &str) -> Result<Listed, BadList> {
        in_list(Some(address.parse().unwrap()), list)
    }

    #[test]
    fn networks_wildcards_and_negation() {
        assert_eq!(look("10.1.2.3", "10.0.0.0/8"), Ok(Listed::Yes));
        assert_eq!(look("10.1.2.3", "10.0.0.0/8,!10.1.2.3"), Ok(Listed::Negated));
        assert_eq!(look("10.1.2.3", "10.1.*"), Ok(Listed::Yes));
        assert_eq!(look("10.1.2.3", "fe80::/10"), Ok(Listed::No));
        assert_eq!(look("fe80::1", "::/0"), Ok(Listed::Yes));
        assert_eq!(look("0.0.0.1", "::1"), Ok(Listed::No));
        assert_eq!(look("10.1.2.3", "10.0.0.1/8"), Err(BadList));
        assert_eq!(look("10.1.2.3", "a,,b"), Err(BadList));
    }
}
