//! The relay with plain sockets on both sides: what passes, what is held, who is told.
#![allow(clippy::unwrap_used)]

use std::ffi::OsString;
use std::io::{IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use abide_relay::{
    Closing, Direction, End, Event, Family, FarSettings, Fate, KeepAlive, Pass, Relay, Way, What,
    door,
};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};

const LIMIT: Duration = Duration::from_secs(10);
const SETTINGS: FarSettings = FarSettings { family: Family::Any, keepalive: KeepAlive::Off };

/// A relay with what it tells.
fn relay() -> (Relay, Receiver<Event>) {
    let (tell, told) = channel();
    let relay = Relay::start(SETTINGS, move |event| drop(tell.send(event))).unwrap();
    (relay, told)
}

/// A socket that a door handed over, as ssh receives it.
fn through_door(relay: &Relay, pass: &Pass, way: &Way) -> TcpStream {
    let (ours, ssh) = UnixStream::pair().unwrap();
    door::hand_over(relay.address(), pass, way, KeepAlive::On, ours).unwrap();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [1];
    recvmsg(&ssh, &mut [IoSliceMut::new(&mut byte)], &mut control, RecvFlags::empty()).unwrap();
    assert_eq!(byte, [0]);
    let fd = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut fds) => fds.next(),
        _ => None,
    });
    let stream = TcpStream::from(fd.expect("a descriptor"));
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream
}

fn direct(port: u16) -> Way {
    Way::Direct { host: "127.0.0.1".into(), port }
}

/// A client and a server with the relay between them.
fn joined() -> (TcpStream, TcpStream, Relay, Receiver<Event>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let (relay, told) = relay();
    let way = direct(listener.local_addr().unwrap().port());
    let client = through_door(&relay, relay.pass(), &way);
    let (server, _) = listener.accept().unwrap();
    server.set_read_timeout(Some(LIMIT)).unwrap();
    wait_for(&told, |what| *what == What::Opened);
    (client, server, relay, told)
}

fn wait_for(told: &Receiver<Event>, wanted: impl Fn(&What) -> bool) -> Event {
    loop {
        let event = told.recv_timeout(LIMIT).expect("the relay tells it");
        if wanted(&event.what) {
            return event;
        }
    }
}

fn bytes(direction: Direction, count: usize, fate: Fate) -> What {
    What::Bytes { direction, count, fate }
}

fn read(from: &mut TcpStream, count: usize) -> Vec<u8> {
    let mut read = vec![0; count];
    from.read_exact(&mut read).unwrap();
    read
}

#[test]
fn bytes_pass_both_ways_and_are_counted() {
    let (mut client, mut server, _relay, told) = joined();
    client.write_all(b"SSH-2.0-near\r\n").unwrap();
    assert_eq!(read(&mut server, 14), b"SSH-2.0-near\r\n");
    wait_for(&told, |what| *what == bytes(Direction::ToServer, 14, Fate::Passed));
    let banner = What::Banner { by: End::Client, line: "SSH-2.0-near".into() };
    wait_for(&told, |what| *what == banner);
    server.write_all(&[7; 5_000]).unwrap();
    assert_eq!(read(&mut client, 5_000), [7; 5_000]);
    server.shutdown(Shutdown::Write).unwrap();
    assert_eq!(client.read(&mut [0; 1]).unwrap(), 0, "the end is passed on");
    client.write_all(b"still open").unwrap();
    assert_eq!(read(&mut server, 10), b"still open");
}

#[test]
fn a_cut_holds_everything_and_healing_delivers_it() {
    let (mut client, mut server, relay, told) = joined();
    relay.cut();
    client.write_all(b"one").unwrap();
    wait_for(&told, |what| *what == bytes(Direction::ToServer, 3, Fate::Held));
    client.write_all(b"two").unwrap();
    wait_for(&told, |what| *what == bytes(Direction::ToServer, 3, Fate::Held));
    server.set_nonblocking(true).unwrap();
    let nothing = server.read(&mut [0; 8]).unwrap_err();
    assert_eq!(nothing.kind(), std::io::ErrorKind::WouldBlock);
    server.set_nonblocking(false).unwrap();
    relay.heal();
    assert_eq!(read(&mut server, 6), b"onetwo");
}

#[test]
fn behind_a_cut_an_end_is_seen_and_not_passed_on() {
    let (mut client, server, relay, told) = joined();
    relay.cut();
    drop(server);
    let closed = wait_for(&told, |what| matches!(what, What::Closed { .. }));
    assert_eq!(closed.what, What::Closed { by: End::Server, how: Closing::Ended });
    client.set_nonblocking(true).unwrap();
    let nothing = client.read(&mut [0; 8]).unwrap_err();
    assert_eq!(nothing.kind(), std::io::ErrorKind::WouldBlock, "the client is not told");
    client.set_nonblocking(false).unwrap();
    relay.heal();
    assert_eq!(client.read(&mut [0; 8]).unwrap(), 0);
}

#[test]
fn only_the_right_pass_opens_the_way() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let way = direct(listener.local_addr().unwrap().port());
    let ((relay, told), (other, _)) = (relay(), relay());
    let mut stranger = through_door(&relay, other.pass(), &way);
    assert_eq!(stranger.read(&mut [0; 1]).unwrap_or(0), 0, "it is hung up on");
    let mut silent = TcpStream::connect(relay.address()).unwrap();
    let mut client = through_door(&relay, relay.pass(), &way);
    wait_for(&told, |what| *what == What::Opened);
    client.write_all(b"hello").unwrap();
    let (mut server, _) = listener.accept().unwrap();
    assert_eq!(read(&mut server, 5), b"hello", "the greeting itself is not passed on");
    silent.set_read_timeout(Some(LIMIT)).unwrap();
    assert_eq!(silent.read(&mut [0; 1]).unwrap_or(0), 0, "one connection is all");
}

#[test]
fn a_proxy_command_is_the_way_where_there_is_one() {
    let (relay, told) = relay();
    let way = Way::Through(OsString::from("sh -c 'echo here; exec cat'"));
    let mut client = through_door(&relay, relay.pass(), &way);
    assert_eq!(read(&mut client, 5), b"here\n");
    client.write_all(b"and back").unwrap();
    assert_eq!(read(&mut client, 8), b"and back");
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(client.read(&mut [0; 1]).unwrap(), 0, "cat ends with its input");
    wait_for(&told, |what| *what == What::Closed { by: End::Server, how: Closing::Ended });
}

#[test]
fn no_way_is_told_with_its_reason() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let (relay, told) = relay();
    let mut client = through_door(&relay, relay.pass(), &direct(port));
    let event = wait_for(&told, |what| matches!(what, What::NoWay(_)));
    let What::NoWay(reason) = event.what else { unreachable!() };
    assert!(reason.contains(&port.to_string()) && reason.contains("refused"), "{reason}");
    assert_eq!(client.read(&mut [0; 1]).unwrap_or(0), 0, "the client is hung up on");
}
