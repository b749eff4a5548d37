//! Knocks from fresh sockets: which address answers first, and by which socket.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

use abide_link::{LinkKey, knock};
use abide_terms::LinkId;

/// How long an answer may take: the longest round trip that is still usable.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);

/// A knock that was answered: this socket has a working path to this address.
#[derive(Debug)]
pub struct Answered {
    /// The socket, with its fresh mapping.
    pub socket: UdpSocket,
    /// Who answered.
    pub address: SocketAddr,
    /// How long that took.
    pub rtt: Duration,
}

/// Knocks once at every address from one fresh socket and waits for the first right answer.
/// `None` when nobody answers in time; addresses that cannot be sent to are passed over.
pub async fn knock_everywhere(
    key: &LinkKey,
    link: LinkId,
    addresses: &[SocketAddr],
) -> Option<Answered> {
    let socket = abide_host::udp::bind_any().ok()?;
    let dual = socket.local_addr().ok()?.is_ipv6();
    let socket = tokio::net::UdpSocket::from_std(socket).ok()?;
    let number = u64::from_be_bytes(abide_host::random::bytes());
    let datagram = knock::knock(key, link, number);
    let knocked = abide_host::clock::now();
    for address in addresses {
        // Unreachable families and networks fail here: the others may answer.
        let _ = socket.send_to(&datagram, mapped(*address, dual)).await;
    }
    let answer = tokio::time::timeout(ANSWER_WITHIN, wait(&socket, key, number)).await;
    let address = answer.ok()??;
    let rtt = abide_host::clock::now().since(knocked);
    Some(Answered { socket: socket.into_std().ok()?, address, rtt })
}

async fn wait(socket: &tokio::net::UdpSocket, key: &LinkKey, number: u64) -> Option<SocketAddr> {
    let mut buffer = [0; knock::LENGTH + 1];
    loop {
        match socket.recv_from(&mut buffer).await {
            Ok((length, from)) => {
                let claim = knock::read(&buffer[..length]);
                if claim.and_then(|claim| claim.answered(key)) == Some(number) {
                    return Some(from);
                }
            }
            // ICMP errors of one address say nothing of the others.
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {}
            Err(_) => return None,
        }
    }
}

/// An IPv4 address as a dual-stack socket wants it.
pub(crate) fn mapped(address: SocketAddr, dual: bool) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(v4) if dual => SocketAddr::new(v4.to_ipv6_mapped().into(), address.port()),
        _ => address,
    }
}
