//! A client of a keeper, at work while others misbehave: types, and waits for the echo.

use std::io::Read as _;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::OwnedFd;
use std::thread::JoinHandle;
use std::time::Duration;

use abide_carrier::quic::{Identity, NearEndpoint, PublicKey};
use abide_carrier::{Alarm, Answered, Driver, Event, LinkTag, Parts, Pipe, knock_everywhere};
use abide_host::clock;
use abide_link::{CarrierKind, Link, LinkKey, Read, Role, StreamId};
use abide_session::{
    Attach, Messages, Opening, OpeningAnswer, TERMINAL_INPUT, Welcome, terminal_output,
};
use abide_terms::{LinkId, Moment};
use bytes::Bytes;
use tokio::sync::mpsc;

use crate::kept::{Kept, LIMIT, terminal};

/// An echo that takes longer is a session that does not live on.
pub(crate) const ECHO_MAX: Duration = Duration::from_secs(1);

/// One client.
pub(crate) struct Live {
    driver: Driver,
    events: mpsc::Receiver<Event>,
    alarm: Alarm,
    near: Option<NearEndpoint>,
    typed: u32,
    seen: Vec<u8>,
    pub(crate) welcome: Welcome,
    pub(crate) identity: Identity,
}

impl Live {
    /// Attaches over the keeper's socket, and answers its first echo.
    pub(crate) async fn attach(kept: &Kept) -> Live {
        let identity = Identity::generate().expect("a key");
        let attach = Attach {
            terminal: Some(terminal()),
            client: "live".into(),
            public_key: identity.public().0.to_vec(),
            ..Attach::default()
        };
        let mut stream = abide_keeper::open_session(&kept.socket, attach).expect("a keeper");
        stream.set_read_timeout(Some(LIMIT)).expect("a limit");
        let mut messages = Messages::default();
        let opening = loop {
            if let Some(opening) = messages.next_message::<Opening>().expect("a message") {
                break opening;
            }
            let mut buffer = [0; 4096];
            let count = stream.read(&mut buffer).expect("an opening");
            assert!(count > 0, "the keeper hung up");
            messages.push(&buffer[..count]);
        };
        let Some(OpeningAnswer::Welcome(welcome)) = opening.answer else { panic!("{opening:?}") };
        let (events_out, events) = mpsc::channel(64);
        let mut driver = Driver::new(Link::new(Role::Client, 1), LinkTag(0), events_out);
        let read = OwnedFd::from(stream);
        let write = read.try_clone().expect("a copy");
        let pipe = Pipe::new(read, write, CarrierKind::Local, &messages.into_rest());
        driver.join(clock::now(), Parts::Pipe(pipe.expect("a pipe")), true).expect("a carrier");
        let alarm = Alarm::new().expect("an alarm");
        let (near, seen) = (None, Vec::new());
        let mut live = Live { driver, events, alarm, near, typed: 0, seen, welcome, identity };
        live.echo_within(LIMIT).await;
        live
    }

    pub(crate) fn link(&self) -> LinkId {
        LinkId(self.welcome.link[..].try_into().expect("16 bytes"))
    }

    pub(crate) fn key(&self) -> LinkKey {
        LinkKey::from_bytes(self.welcome.key[..].try_into().expect("32 bytes"))
    }

    /// Where the keeper's QUIC is, and its public key.
    pub(crate) fn quic(&self) -> (SocketAddr, PublicKey) {
        let quic = self.welcome.quic.as_ref().expect("QUIC");
        let port = u16::try_from(quic.port).expect("a port");
        let key = PublicKey::from_slice(&quic.public_key).expect("a key");
        (([127, 0, 0, 1], port).into(), key)
    }

    /// Gets a QUIC carrier too, in the way of clients: by a knock; how long that took.
    pub(crate) async fn join_quic(&mut self) -> Duration {
        let began = clock::now();
        let (address, _) = self.quic();
        let answered = knock_everywhere(&self.key(), self.link(), &[address]).await;
        self.join_quic_by(answered.expect("an answer to a knock")).await;
        clock::now().since(began)
    }

    /// The same without a knock.
    pub(crate) async fn join_quic_from(&mut self, socket: UdpSocket, address: SocketAddr) {
        socket.set_nonblocking(true).expect("a socket");
        self.join_quic_by(Answered { socket, address, rtt: Duration::ZERO }).await;
    }

    async fn join_quic_by(&mut self, path: Answered) {
        let (_, keeper) = self.quic();
        let (key, link) = (self.key(), self.link());
        let joined = NearEndpoint::connect(path, &self.identity, keeper, &key, link).await;
        let (near, parts) = joined.expect("a connection");
        self.near = Some(near);
        self.driver.join(clock::now(), Parts::Quic(parts), false).expect("a carrier");
    }

    /// Types a new word and waits for its echo: how long that took.
    pub(crate) async fn echo(&mut self) -> Duration {
        self.echo_within(ECHO_MAX).await
    }

    async fn echo_within(&mut self, limit: Duration) -> Duration {
        self.typed += 1;
        let word = format!("<{}>", self.typed).into_bytes();
        let began = clock::now();
        let input = StreamId::from_number(TERMINAL_INPUT);
        self.driver.link.write(input, Bytes::from(word.clone())).expect("room");
        self.driver.pump(began);
        while !self.seen.windows(word.len()).any(|window| window == word) {
            let left = limit.saturating_sub(clock::now().since(began));
            assert!(!left.is_zero(), "no echo of word {} within {limit:?}", self.typed);
            self.turn(began + limit).await;
        }
        self.seen.clear();
        clock::now().since(began)
    }

    /// Echoes until `attack` is over, which is joined; the longest time that one took.
    pub(crate) async fn echo_during(&mut self, attack: JoinHandle<()>) -> Duration {
        self.echo_and(attack, || {}).await
    }

    /// The same, and the most memory that the keeper had meanwhile, in KiB.
    pub(crate) async fn watched_during(
        &mut self,
        attack: JoinHandle<()>,
        kept: &Kept,
    ) -> (Duration, u64) {
        let mut most = 0;
        let longest = self.echo_and(attack, || most = kept.memory().max(most)).await;
        (longest, most)
    }

    async fn echo_and(&mut self, attack: JoinHandle<()>, mut watch: impl FnMut()) -> Duration {
        let mut longest = self.echo().await;
        while !attack.is_finished() {
            longest = longest.max(self.echo().await);
            watch();
        }
        if let Err(panic) = attack.join() {
            std::panic::resume_unwind(panic);
        }
        watch();
        longest.max(self.echo().await)
    }

    async fn turn(&mut self, until: Moment) {
        let due = self.driver.poll_timeout().map_or(until, |due| due.min(until));
        tokio::select! {
            Some(event) = self.events.recv() => drop(self.driver.handle(clock::now(), event)),
            rung = self.alarm.until(Some(due)) => {
                rung.expect("an alarm");
                self.driver.handle_timeout(clock::now());
            }
        }
        let now = clock::now();
        while self.driver.link.poll_event().is_some() {}
        while let Read::Bytes(_) = self.driver.link.read(now, StreamId::CONTROL) {}
        let output = StreamId::from_number(terminal_output(0));
        while let Read::Bytes(bytes) = self.driver.link.read(now, output) {
            self.seen.extend_from_slice(&bytes);
        }
        self.driver.pump(now);
    }
}
