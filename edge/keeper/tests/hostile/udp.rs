//! Misbehaviour at the keeper's UDP port.

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use abide_carrier::Answered;
use abide_carrier::quic::{Identity, NearEndpoint};
use abide_link::{LinkKey, knock};
use abide_terms::LinkId;

use crate::kept::Kept;
use crate::live::Live;

/// A socket at 127.0.0.`last`: all of them are this machine's.
pub(crate) fn socket_at(last: u8) -> UdpSocket {
    let socket = UdpSocket::bind(SocketAddr::from(([127, 0, 0, last], 0))).expect("a socket");
    socket.set_read_timeout(Some(Duration::from_millis(300))).expect("a limit");
    socket
}

/// Sends a datagram and waits a while for an answer.
fn is_answered(socket: &UdpSocket, datagram: &[u8], to: SocketAddr) -> bool {
    socket.send_to(datagram, to).expect("sent");
    socket.recv(&mut [0; 2048]).is_ok()
}

#[tokio::test]
async fn forged_knocks_are_not_answered() {
    let kept = Kept::start();
    let mut live = Live::attach(&kept).await;
    live.join_quic().await;
    let ((to, _), link, key) = (live.quic(), live.link(), live.key());
    let attack = std::thread::spawn(move || {
        let socket = socket_at(1);
        let right = knock::knock(&key, link, 1);
        assert!(is_answered(&socket, &right, to), "a right one is");
        let other = knock::knock(&LinkKey::from_bytes([3; 32]), link, 2);
        assert!(!is_answered(&socket, &other, to), "another key");
        let forged = knock::knock(&key, LinkId([5; 16]), 3);
        assert!(!is_answered(&socket, &forged, to), "a forged link");
        let mut bent = right;
        bent[40] ^= 1;
        assert!(!is_answered(&socket, &bent, to), "a bent one");
        let mut answer = right;
        answer[0] = 2;
        assert!(!is_answered(&socket, &answer, to), "an answer");
        for length in 0..1_400 {
            let byte = |index: usize| (index * 31 + length) as u8;
            let datagram: Vec<u8> = (0..length).map(byte).collect();
            let _full_queue = socket.send_to(&datagram, to);
        }
    });
    live.echo_during(attack).await;
}

#[tokio::test]
async fn strangers_and_forged_links_over_quic() {
    let kept = Kept::start();
    let mut live = Live::attach(&kept).await;
    live.join_quic().await;
    let (to, keeper) = live.quic();
    let connect = |identity: Identity, key: LinkKey, link: LinkId| async move {
        let socket = socket_at(1);
        socket.set_nonblocking(true).expect("a socket");
        let from = socket.local_addr().expect("an address").to_string();
        let path = Answered { socket, address: to, rtt: Duration::ZERO };
        let joined = NearEndpoint::connect(path, &identity, keeper, &key, link).await;
        (from, joined.map(|_| ()).expect_err("refused").to_string())
    };
    let stranger = Identity::generate().expect("a key");
    let (from, _) = connect(stranger, live.key(), live.link()).await;
    kept.wait_for_log(&["carrier refused", "quic", &from, "certificate"]);
    live.echo().await;
    let (from, said) = connect(live.identity.clone(), live.key(), LinkId([5; 16])).await;
    assert!(said.contains("unknown-link"), "{said}");
    kept.wait_for_log(&["carrier refused", "quic", &from, "no link 0505"]);
    live.echo().await;
    let wrong = LinkKey::from_bytes([3; 32]);
    let (from, said) = connect(live.identity.clone(), wrong, live.link()).await;
    assert!(said.contains("is wrong"), "{said}");
    kept.wait_for_log(&["carrier refused", "quic", &from]);
    live.echo().await;
}
