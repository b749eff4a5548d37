//! The gateways forget as real ones do, and the client's address changes when it is told to.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod echo;

use std::net::IpAddr;
use std::time::Duration;

use abide_host::clock;
use abide_lab::{Gateway, Lab, Profile};
use echo::{ask, client, lab, serve, service};

const LIMIT: Duration = Duration::from_secs(3);

/// Asks until an answer comes, as after a move: how long that took, and the address seen.
fn reach(lab: &Lab, socket: &std::net::UdpSocket) -> (Duration, std::net::SocketAddr) {
    let start = clock::now();
    for number in 0..100 {
        let short = Duration::from_millis(60);
        if let Ok((_, seen)) = ask(socket, service(lab), &format!("again {number}"), short) {
            return (clock::now().since(start), seen);
        }
    }
    panic!("no answer in 100 tries");
}

#[test]
fn a_flushed_gateway_gives_udp_a_new_port() {
    let lab = lab(Profile::Lan);
    serve(&lab);
    let socket = client(&lab, lab.server_address().into());
    let (_, first) = ask(&socket, service(&lab), "1", LIMIT).unwrap();
    let (_, same) = ask(&socket, service(&lab), "2", LIMIT).unwrap();
    assert_eq!(first, same);
    lab.flush_nat().unwrap();
    let (_, second) = ask(&socket, service(&lab), "3", LIMIT).unwrap();
    assert_eq!(first.ip(), second.ip());
    assert_ne!(first.port(), second.port());
}

#[test]
fn after_a_flush_the_server_cannot_reach_the_client() {
    let lab = lab(Profile::Lan);
    let at = service(&lab);
    let server = echo::socket_in(lab.server(), at);
    let socket = client(&lab, lab.server_address().into());
    for socket in [&server, &socket] {
        socket.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    }
    socket.send_to(b"hello", at).unwrap();
    let (_, peer) = server.recv_from(&mut [0; 16]).unwrap();
    server.send_to(b"known", peer).unwrap();
    assert_eq!(socket.recv(&mut [0; 16]).unwrap(), 5);
    lab.flush_nat().unwrap();
    server.send_to(b"unknown", peer).unwrap();
    assert!(socket.recv(&mut [0; 16]).is_err());
    // The gateway is silent: no "port unreachable" for the server either.
    assert!(server.recv(&mut [0; 16]).is_err());
}

#[test]
fn a_silent_mapping_is_forgotten_after_its_time() {
    let lab = lab(Profile::Lan);
    let second = Duration::from_secs(1);
    lab.nat_timeouts(second, second, second).unwrap();
    serve(&lab);
    let socket = client(&lab, lab.server_address().into());
    let (_, first) = ask(&socket, service(&lab), "1", LIMIT).unwrap();
    // A question to nobody is the wait: the mapping has to be silent for its time.
    let nobody = std::net::SocketAddr::new(lab.server_address().into(), echo::PORT);
    let other = client(&lab, lab.server_address().into());
    lab.link().blackhole(true);
    assert!(ask(&other, nobody, "?", Duration::from_millis(2_200)).is_err());
    lab.link().blackhole(false);
    let (_, later) = ask(&socket, service(&lab), "2", LIMIT).unwrap();
    assert_ne!(first.port(), later.port());
}

#[test]
fn moves_change_the_address_at_once() {
    let lab = lab(Profile::Lan);
    serve(&lab);
    let socket = client(&lab, lab.server_address().into());
    let (_, home) = ask(&socket, service(&lab), "home", LIMIT).unwrap();
    let inner = lab.client_address();

    lab.readdress().unwrap();
    assert_ne!(lab.client_address(), inner);
    let (taken, readdressed) = reach(&lab, &socket);
    assert_eq!(readdressed.ip(), home.ip());
    assert_ne!(readdressed.port(), home.port());
    eprintln!("readdress: {taken:?}");
    assert!(taken < Duration::from_millis(500), "{taken:?}");

    lab.roam().unwrap();
    let (taken, roamed) = reach(&lab, &socket);
    assert_ne!(roamed.ip(), home.ip());
    assert_eq!(lab.client_gateway(), Gateway::Second);
    eprintln!("roam: {taken:?}");
    assert!(taken < Duration::from_millis(500), "{taken:?}");

    lab.disconnect().unwrap();
    assert_eq!(lab.client_address(), None);
    assert!(ask(&socket, service(&lab), "gone", Duration::from_millis(200)).is_err());
    lab.connect().unwrap();
    let (taken, back) = reach(&lab, &socket);
    assert_eq!(back.ip(), roamed.ip());
    eprintln!("connect: {taken:?}");
    assert!(taken < Duration::from_millis(1_500), "{taken:?}");

    lab.roam().unwrap();
    assert_eq!(reach(&lab, &socket).1.ip(), home.ip());
}

#[test]
fn ipv6_moves_too() {
    let lab = lab(Profile::Lan);
    serve(&lab);
    let server = IpAddr::from(lab.server_address_v6());
    let socket = client(&lab, server);
    let to = std::net::SocketAddr::new(server, echo::PORT);
    let (_, home) = ask(&socket, to, "home", LIMIT).unwrap();
    lab.roam().unwrap();
    let seen = (0..50).find_map(|number| {
        Some(ask(&socket, to, &format!("{number}"), Duration::from_millis(60)).ok()?.1)
    });
    assert_ne!(seen.expect("an answer").ip(), home.ip());
}
