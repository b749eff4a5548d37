//! Misbehaviour at the keeper's UDP port.

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use abide_link::{LinkKey, knock};
use abide_terms::LinkId;

use crate::half_open::HalfOpener;
use crate::kept::{Kept, wait_until};
use crate::live::Live;

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
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
        let socket = socket();
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
async fn thousands_of_half_open_handshakes() {
    /// As many as the issue of this project asks for.
    const HANDSHAKES: usize = 10_000;
    let kept = Kept::start();
    let mut live = Live::attach(&kept).await;
    live.join_quic().await;
    live.echo().await;
    let before = (kept.memory(), kept.descriptors());
    let (to, _) = live.quic();
    let attack = std::thread::spawn(move || {
        let mut opener = HalfOpener::new(to);
        let sockets: Vec<UdpSocket> = (0..64).map(|_| socket()).collect();
        for number in 0..HANDSHAKES {
            opener.open(&sockets[number % sockets.len()]);
        }
    });
    let longest = live.echo_during(attack).await;
    println!("longest echo {longest:?}, {} KiB before, {} KiB after", before.0, kept.memory());
    assert!(kept.memory() < before.0 + 24 * 1024, "{} KiB, then {}", before.0, kept.memory());
    kept.wait_for_log(&["carrier refused", "quic", "127.0.0.1:", "did not finish its handshake"]);
    // Once they are given up, newcomers get in again.
    let mut newcomer = Live::attach(&kept).await;
    newcomer.join_quic().await;
    newcomer.echo().await;
    wait_until("descriptors", || kept.descriptors() <= before.1 + 2);
}
