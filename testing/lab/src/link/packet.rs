//! What the link must know of an IP packet. Reads headers only; never trusts a length.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Protocols that the link tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// ICMP and ICMPv6.
    Icmp,
    /// Anything else, and later fragments.
    Other,
}

impl Protocol {
    /// The name used in statistics.
    pub fn name(self) -> &'static str {
        match self {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
            Protocol::Icmp => "icmp",
            Protocol::Other => "other",
        }
    }
}

/// The TCP fields that make up a flow's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) sequence: u32,
    /// The acknowledgement, where the flag says that there is one.
    pub(crate) acknowledged: Option<u32>,
    /// Sequence number after this segment.
    pub(crate) end: u32,
    pub(crate) reset: bool,
}

/// The headers of one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    pub(crate) protocol: Protocol,
    /// Source and destination port, zero where there are none.
    pub(crate) ports: (u16, u16),
    pub(crate) segment: Option<Segment>,
}

pub(crate) const FLAG_FIN: u8 = 1;
pub(crate) const FLAG_SYN: u8 = 2;
pub(crate) const FLAG_RST: u8 = 4;
pub(crate) const FLAG_ACK: u8 = 16;

impl Header {
    /// Reads a packet; `None` when it is no IP packet or cut short.
    pub(crate) fn read(packet: &[u8]) -> Option<Header> {
        let (source, destination, number, body) = match packet.first()? >> 4 {
            4 => read_v4(packet)?,
            6 => read_v6(packet)?,
            _ => return None,
        };
        let protocol = match number {
            6 => Protocol::Tcp,
            17 => Protocol::Udp,
            1 | 58 => Protocol::Icmp,
            _ => Protocol::Other,
        };
        let ports = match protocol {
            Protocol::Tcp | Protocol::Udp => (half(body, 0)?, half(body, 2)?),
            _ => (0, 0),
        };
        let segment = if protocol == Protocol::Tcp { Some(read_segment(body)?) } else { None };
        Some(Header { source, destination, protocol, ports, segment })
    }
}

type Parts<'a> = (IpAddr, IpAddr, u8, &'a [u8]);

fn read_v4(packet: &[u8]) -> Option<Parts<'_>> {
    let header = usize::from(packet[0] & 15) * 4;
    let total = usize::from(half(packet, 2)?);
    let address = |at: usize| {
        let octets: [u8; 4] = packet.get(at..at + 4)?.try_into().ok()?;
        Some(IpAddr::V4(Ipv4Addr::from(octets)))
    };
    let later_fragment = half(packet, 6)? & 0x1fff != 0;
    let number = if later_fragment { u8::MAX } else { *packet.get(9)? };
    Some((address(12)?, address(16)?, number, packet.get(header..total)?))
}

fn read_v6(packet: &[u8]) -> Option<Parts<'_>> {
    let length = usize::from(half(packet, 4)?);
    let address = |at: usize| {
        let octets: [u8; 16] = packet.get(at..at + 16)?.try_into().ok()?;
        Some(IpAddr::V6(Ipv6Addr::from(octets)))
    };
    Some((address(8)?, address(24)?, *packet.get(6)?, packet.get(40..40 + length)?))
}

fn read_segment(body: &[u8]) -> Option<Segment> {
    let header = usize::from(body.get(12)? >> 4) * 4;
    let payload = body.len().checked_sub(header)?;
    let flags = *body.get(13)?;
    let sequence = word(body, 4)?;
    let phantom = u32::from(flags & FLAG_SYN != 0) + u32::from(flags & FLAG_FIN != 0);
    Some(Segment {
        sequence,
        acknowledged: if flags & FLAG_ACK != 0 { Some(word(body, 8)?) } else { None },
        end: sequence.wrapping_add(payload as u32).wrapping_add(phantom),
        reset: flags & FLAG_RST != 0,
    })
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// Wraps a transport body into an IP packet. The body's checksum, two zero bytes at
/// `checksum_at`, is filled in. `None` when the addresses are of two families or the body is
/// larger than a packet may be.
pub(crate) fn build(
    source: IpAddr,
    destination: IpAddr,
    number: u8,
    mut body: Vec<u8>,
    checksum_at: usize,
) -> Option<Vec<u8>> {
    let length = u16::try_from(body.len()).ok()?;
    let mut packet = match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let total = length.checked_add(20)?.to_be_bytes();
            let mut header = vec![0x45, 0, total[0], total[1], 0, 0, 0x40, 0, 64, number, 0, 0];
            header.extend(source.octets());
            header.extend(destination.octets());
            let sum = checksum(&[&header]);
            header[10..12].copy_from_slice(&sum.to_be_bytes());
            header
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            let length = length.to_be_bytes();
            let mut header = vec![0x60, 0, 0, 0, length[0], length[1], number, 64];
            header.extend(source.octets());
            header.extend(destination.octets());
            header
        }
        _ => return None,
    };
    let addresses = if source.is_ipv4() { &packet[12..20] } else { &packet[8..40] };
    let trailer = [length.to_be_bytes(), [0, number]].concat();
    // ICMP over IPv4 has no pseudo header; everything else has one.
    let sum = match number {
        1 => checksum(&[&body]),
        _ => checksum(&[addresses, &trailer, &body]),
    };
    body.get_mut(checksum_at..checksum_at + 2)?.copy_from_slice(&sum.to_be_bytes());
    packet.append(&mut body);
    Some(packet)
}

/// The internet checksum over parts; each but the last must be of even length.
pub(crate) fn checksum(parts: &[&[u8]]) -> u16 {
    let mut sum: u32 = 0;
    for part in parts {
        for pair in part.chunks(2) {
            let low = pair.get(1).copied().unwrap_or(0);
            sum += u32::from(u16::from_be_bytes([pair[0], low]));
        }
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_is_read_and_sums_to_zero() {
        let body = || vec![0, 22, 200, 1, 0, 0, 0, 9, 0, 0, 0, 0, 0x50, FLAG_RST, 0, 0, 0, 0, 0, 0];
        let v4: (IpAddr, IpAddr) = ("192.0.2.33".parse().unwrap(), "203.0.113.11".parse().unwrap());
        let v6: (IpAddr, IpAddr) = ("2001:db8::1".parse().unwrap(), "2001:db8::2".parse().unwrap());
        for (source, destination) in [v4, v6] {
            let packet = build(source, destination, 6, body(), 16).unwrap();
            let header = Header::read(&packet).unwrap();
            assert_eq!((header.source, header.destination), (source, destination));
            assert_eq!(header.ports, (22, 51_201));
            let segment = header.segment.unwrap();
            assert!(segment.reset);
            assert_eq!((segment.sequence, segment.end, segment.acknowledged), (9, 9, None));
        }
        let packet = build(v4.0, v4.1, 6, body(), 16).unwrap();
        assert_eq!(checksum(&[&packet[..20]]), 0);
        assert_eq!(checksum(&[&packet[12..20], &[0, 6, 0, 20], &packet[20..]]), 0);
    }

    #[test]
    fn rubbish_is_not_read() {
        for rubbish in [&[][..], &[0x45], &[0x45; 19], &[0x60; 39], &[0xff; 60], &[0x4f; 40]] {
            assert!(Header::read(rubbish).is_none(), "{rubbish:?}");
        }
    }
}
