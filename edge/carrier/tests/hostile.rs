//! Hostile ends at carriers: somebody in between, garbage after the handshake, an end that never
//! reads. The link and its other carriers go on.

use std::io::Write;
use std::net::UdpSocket;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use abide_carrier::quic::{DoorKeys, FarEndpoint, Identity, NearEndpoint};
use abide_carrier::{Answered, Driver, Event, LinkTag, Parts, Pipe};
use abide_host::clock;
use abide_link::limits::SEND_BUFFER_MAX;
use abide_link::{CarrierKind, Frame, Link, LinkKey, Read, Role, StreamId};
use abide_terms::LinkId;
use bytes::Bytes;
use tokio::sync::mpsc;

const LIMIT: Duration = Duration::from_secs(20);
const LINK: LinkId = LinkId([1; 16]);

fn key() -> LinkKey {
    LinkKey::from_bytes([2; 32])
}

fn identity() -> Identity {
    Identity::generate().expect("a key")
}

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket.set_nonblocking(true).expect("a socket");
    socket
}

#[tokio::test]
async fn each_end_of_quic_lets_in_one_key_alone() {
    let (keeper, client) = (identity(), identity());
    let keys = DoorKeys::default();
    keys.admit(LINK, key(), Some(client.public()));
    let far = FarEndpoint::new(socket(), &keeper, keys).expect("an endpoint");
    let address = ([127, 0, 0, 1], far.port()).into();
    let (arrived, mut arrivals) = mpsc::unbounded_channel();
    tokio::spawn(far.serve(move |arrival| drop(arrived.send(arrival))));

    let connect = async |who: &Identity, whom: &Identity| {
        let (key, public) = (key(), whom.public());
        let path = Answered { socket: socket(), address, rtt: Duration::ZERO };
        let joined = NearEndpoint::connect(path, who, public, &key, LINK).await;
        joined.map_err(|error| error.to_string())
    };
    let held = connect(&client, &keeper).await.expect("the right keys");
    assert!(arrivals.recv().await.expect("an arrival").is_ok());
    drop(held);
    let between = connect(&client, &identity()).await.expect_err("another keeper");
    assert!(between.contains("certificate"), "{between}");
    assert!(arrivals.recv().await.expect("an arrival").is_err());
    // The client's side may believe itself through before the keeper has looked at its key.
    let _stranger = connect(&identity(), &keeper).await;
    let refusal = arrivals.recv().await.expect("an arrival").expect_err("refused");
    assert!(refusal.to_string().starts_with("127.0.0.1:"), "{refusal}");
    assert!(refusal.to_string().contains("certificate"), "{refusal}");
}

/// A driver with what it reports.
struct End {
    driver: Driver,
    events: mpsc::Receiver<Event>,
}

impl End {
    fn new(role: Role) -> End {
        let (events_out, events) = mpsc::channel(64);
        End { driver: Driver::new(Link::new(role, 7), LinkTag(0), events_out), events }
    }

    fn join(&mut self, stream: UnixStream, kind: CarrierKind, first: bool) {
        let read = OwnedFd::from(stream);
        let write = read.try_clone().expect("a copy");
        let pipe = Pipe::new(read, write, kind, &[]).expect("a pipe");
        self.driver.join(clock::now(), Parts::Pipe(pipe), first).expect("a carrier");
    }

    /// Handles one event; why a carrier was lost, if one was.
    async fn turn(&mut self) -> Option<String> {
        let event = tokio::time::timeout(LIMIT, self.events.recv()).await.expect("in time");
        let loss = self.driver.handle(clock::now(), event.expect("an event"));
        while self.driver.link.poll_event().is_some() {}
        self.driver.pump(clock::now());
        loss.map(|loss| loss.why)
    }

    fn write(&mut self, text: &'static str) {
        let bytes = Bytes::from_static(text.as_bytes());
        self.driver.link.write(StreamId::from_number(4), bytes).expect("room");
        self.driver.pump(clock::now());
    }

    async fn read(&mut self, wanted: &str) {
        let mut text = Vec::new();
        while text != wanted.as_bytes() {
            let stream = StreamId::from_number(4);
            match self.driver.link.read(clock::now(), stream) {
                Read::Bytes(bytes) => text.extend_from_slice(&bytes),
                _ => assert_eq!(self.turn().await, None),
            }
        }
    }
}

#[tokio::test]
async fn garbage_ends_its_pipe_with_a_reason_and_the_link_goes_on() {
    let (mut client, mut keeper) = (End::new(Role::Client), End::new(Role::Keeper));
    let (here, there) = UnixStream::pair().expect("a pair");
    client.join(here, CarrierKind::Local, true);
    keeper.join(there, CarrierKind::Local, true);
    client.write("before");
    keeper.read("before").await;
    let proof = Frame::Proof([0; 32]).encode();
    let long = [0x10, 0x04, 0x00, 0xbf, 0xff, 0xff, 0xff];
    let far_off = Frame::Data {
        stream: StreamId::from_number(4),
        offset: 1 << 50,
        bytes: Bytes::from_static(b"x"),
        fin: false,
    };
    for (bytes, why) in [
        (&[0x3f][..], "sent "),
        (&long[..], "payload"),
        (&proof[..], "a handshake frame after the handshake"),
        (&far_off.encode()[..], ":"),
        (&[0x10, 0x04][..], "closed by the other end"),
    ] {
        let (mut evil, there) = UnixStream::pair().expect("a pair");
        keeper.join(there, CarrierKind::SshPipe, false);
        evil.write_all(bytes).expect("written");
        evil.shutdown(std::net::Shutdown::Write).expect("shut");
        let lost = loop {
            if let Some(lost) = keeper.turn().await {
                break lost;
            }
        };
        assert!(lost.contains(why), "{bytes:x?}: {lost}");
        client.write("after");
        keeper.read("after").await;
    }
}

#[tokio::test]
async fn an_end_that_never_reads_costs_a_bounded_amount() {
    let mut keeper = End::new(Role::Keeper);
    let (_never_read, there) = UnixStream::pair().expect("a pair");
    keeper.join(there, CarrierKind::SshPipe, true);
    let chunk = Bytes::from(vec![0; 64 * 1024]);
    let mut taken = 0;
    while keeper.driver.link.write(StreamId::from_number(5), chunk.clone()).is_ok() {
        taken += chunk.len();
        keeper.driver.pump(clock::now());
        tokio::task::yield_now().await;
        assert!(taken <= SEND_BUFFER_MAX, "{taken} bytes were taken");
    }
    assert!(taken > SEND_BUFFER_MAX / 2, "{taken} bytes were taken");
}
