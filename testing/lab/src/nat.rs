//! The memory of a NAT gateway: how long it lasts, and how to make it forget.

use std::time::Duration;

use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink};

use crate::{LabError, Namespace};

/// Seconds that the kernel takes for a timeout.
const TIMEOUT_MAX: u64 = i32::MAX as u64 / 1_000;

/// How long mappings live without a packet. Whole seconds; a part of one counts as one.
/// Holds for a connection from its next packet on.
pub(crate) fn set_timeouts(
    gateway: &Namespace,
    udp: Duration,
    udp_stream: Duration,
    tcp_established: Duration,
) -> Result<(), LabError> {
    let seconds = |span: Duration| {
        let whole = span.as_secs() + u64::from(span.subsec_nanos() > 0);
        whole.clamp(1, TIMEOUT_MAX).to_string()
    };
    gateway.sysctl(&[
        ("net/netfilter/nf_conntrack_udp_timeout", seconds(udp)),
        ("net/netfilter/nf_conntrack_udp_timeout_stream", seconds(udp_stream)),
        ("net/netfilter/nf_conntrack_tcp_timeout_established", seconds(tcp_established)),
    ])
}

/// Makes the gateway forget every connection, as `conntrack -F` would.
pub(crate) fn flush(gateway: &Namespace) -> Result<(), LabError> {
    let answer = gateway.enter(|| -> rustix::io::Result<i32> {
        let (kind, protocol) = (SocketType::RAW, Some(netlink::NETFILTER));
        let socket =
            rustix::net::socket_with(AddressFamily::NETLINK, kind, SocketFlags::CLOEXEC, protocol)?;
        rustix::net::send(&socket, &flush_request(), SendFlags::empty())?;
        let mut answer = [0; 256];
        let (length, _) = rustix::net::recv(&socket, &mut answer[..], RecvFlags::empty())?;
        Ok(error_of(&answer[..length]))
    })?;
    let doing = format!("flushing the connections of {}", gateway.name());
    match answer.map_err(LabError::system(doing.clone()))? {
        0 => Ok(()),
        number => {
            Err(LabError::System { doing, source: std::io::Error::from_raw_os_error(-number) })
        }
    }
}

/// "Delete every connection", to be acknowledged: a netlink header and a netfilter header.
fn flush_request() -> [u8; 20] {
    const DELETE: u16 = 1 << 8 | 2;
    const REQUEST_AND_ACKNOWLEDGE: u16 = 1 | 4;
    let mut request = [0; 20];
    request[0..4].copy_from_slice(&20u32.to_ne_bytes());
    request[4..6].copy_from_slice(&DELETE.to_ne_bytes());
    request[6..8].copy_from_slice(&REQUEST_AND_ACKNOWLEDGE.to_ne_bytes());
    request
}

/// The error number in an acknowledgement, negative as the kernel has it; 0 is success.
fn error_of(answer: &[u8]) -> i32 {
    const MALFORMED: i32 = -71;
    let number = answer.get(16..20).and_then(|bytes| bytes.try_into().ok());
    number.map_or(MALFORMED, i32::from_ne_bytes)
}
