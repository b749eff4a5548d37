//! Answers of a firewall that rejects instead of dropping.

use super::flows::reset;
use super::packet::{Header, Protocol, build};

/// Bytes of the refused packet that an ICMP answer quotes: its header and eight more suffice.
const QUOTE_MAX: usize = 512;

/// The answer to the sender of a refused packet; `None` where there is none to give.
pub(crate) fn refuse(header: &Header, packet: &[u8]) -> Option<Vec<u8>> {
    match header.protocol {
        Protocol::Tcp => refuse_segment(header),
        Protocol::Udp => unreachable_port(header, packet),
        Protocol::Icmp | Protocol::Other => None,
    }
}

fn refuse_segment(header: &Header) -> Option<Vec<u8>> {
    let segment = header.segment.filter(|segment| !segment.reset)?;
    let (from, to) = ((header.destination, header.ports.1), (header.source, header.ports.0));
    match segment.acknowledged {
        Some(expected) => reset(from, to, expected, None),
        None => reset(from, to, 0, Some(segment.end)),
    }
}

fn unreachable_port(header: &Header, packet: &[u8]) -> Option<Vec<u8>> {
    let (number, kind, code) = if header.source.is_ipv4() { (1, 3, 3) } else { (58, 1, 4) };
    let mut body = vec![kind, code, 0, 0, 0, 0, 0, 0];
    body.extend(&packet[..packet.len().min(QUOTE_MAX)]);
    build(header.destination, header.source, number, body, 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_datagram_is_answered_with_its_quote() {
        let body = vec![0x30, 0x39, 0, 53, 0, 8, 0, 0];
        let (from, to) = ("10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap());
        let datagram = build(from, to, 17, body, 6).unwrap();
        let header = Header::read(&datagram).unwrap();
        let answer = refuse(&header, &datagram).unwrap();
        let back = Header::read(&answer).unwrap();
        assert_eq!((back.source, back.destination), (to, from));
        assert_eq!(back.protocol, Protocol::Icmp);
        assert_eq!(&answer[20..22], [3, 3]);
        assert_eq!(&answer[28..], &datagram[..]);
    }
}
