//! All forwarded connections of one end of a link, and its listeners.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::Arc;

use abide_link::{Class, Link, Role, StreamId};
use abide_session::{Connect, ConnectTo, Connected, FORWARDS_FROM, Messages, encode};
use abide_socks::Wanted;
use abide_terms::Moment;
use abide_x11::{Setup, Wrong};
use bytes::{Bytes, BytesMut};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::AbortHandle;

use crate::connection::{Connection, Half, Phase};
use crate::dial::{Dial, dial, words};
use crate::limits::{CONNECTIONS_MAX, LISTENERS_MAX};
use crate::listener::{Accepting, Kind, Listener, Wished};
use crate::socket::{Direction, Socket};

/// A connection that a listener accepted. The owner opens or rejects it.
#[derive(Debug)]
pub struct Accepted {
    /// Which listener.
    pub listener: u64,
    /// Who connected, for people; empty for unix sockets.
    pub origin: String,
    /// Where a SOCKS client wants to go.
    pub wanted: Option<Wanted>,
    pub(crate) socket: Socket,
    pub(crate) permit: OwnedSemaphorePermit,
}

impl Accepted {
    /// Closes it; a SOCKS client is told.
    pub fn reject(self) {
        if let Some(wanted) = &self.wanted {
            // A few bytes to a socket that has not been written to; who is gone needs none.
            let _ = self.socket.write(wanted.failed());
        }
    }
}

/// Something that happened to a socket.
#[derive(Debug)]
pub struct Happened(pub(crate) What);

#[derive(Debug)]
pub(crate) enum What {
    Ready(StreamId, Direction),
    Dialled(StreamId, io::Result<Socket>),
    Accepted(Box<Accepted>),
    Bound(u64, Kind, io::Result<Listener>),
}

/// Where everything that happens to sockets is told, under the number that the owner knows this end of a
/// link by. Holds at most what connections and listeners wait for: a few for each connection.
pub type Told = (u64, Happened);

/// Tells it.
#[derive(Clone, Debug)]
pub(crate) struct Outlet {
    tag: u64,
    told: mpsc::UnboundedSender<Told>,
}

impl Outlet {
    pub(crate) fn tell(&self, what: What) {
        // The receiver lives as long as the owner's loop.
        let _ = self.told.send((self.tag, Happened(what)));
    }

    pub(crate) fn spawn(&self, work: impl Future<Output = What> + Send + 'static) -> AbortHandle {
        let outlet = self.clone();
        tokio::spawn(async move { outlet.tell(work.await) }).abort_handle()
    }
}

/// What the owner must act on.
#[derive(Debug)]
pub enum Report {
    /// A listener accepted a connection: `open` or `reject` it.
    Accepted(Box<Accepted>),
    /// The peer wants to be connected: `dial` or `refuse`.
    Wanted(StreamId, ConnectTo),
    /// The peer could not or would not connect one of ours: why, and where it was to lead.
    Refused {
        /// The listener that accepted it.
        listener: Option<u64>,
        /// Where it was to lead.
        target: String,
        /// The peer's words.
        why: String,
    },
    /// A connection that the peer wanted could not be made.
    NotDialled {
        /// Where it was to lead.
        target: String,
    },
    /// A connection was cut off at this end: the peer must be told.
    Cut(StreamId),
    /// An X program was not let through: why.
    Wrong(Wrong),
    /// What came of `listen_when_free`: where it listens.
    Listening(u64, io::Result<Vec<String>>),
}

/// A connection, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its number.
    pub number: u64,
    /// Who connected; may be empty.
    pub origin: String,
    /// Where it leads.
    pub target: String,
    /// Bytes into the link and out of it.
    pub passed: (u64, u64),
    /// Both ends are connected.
    pub open: bool,
}

/// Forwarding at one end of a link.
///
/// After every call that takes the link, drain [`Forwards::poll_report`], and pump the link's driver.
#[derive(Debug)]
pub struct Forwards {
    role: Role,
    pub(crate) connections: BTreeMap<StreamId, Connection>,
    listeners: BTreeMap<u64, Accepting>,
    pub(crate) outlet: Outlet,
    permits: Arc<Semaphore>,
    pub(crate) reports: VecDeque<Report>,
    next_index: u64,
    /// What sockets are read into: reads that follow each other share its memory.
    pub(crate) buffer: BytesMut,
}

impl Forwards {
    /// Forwarding at the end that `role` names; nothing listens yet. What happens is told under `tag`, and
    /// is to be given to `handle`.
    pub fn new(role: Role, tag: u64, told: mpsc::UnboundedSender<Told>) -> Self {
        Forwards {
            role,
            connections: BTreeMap::new(),
            listeners: BTreeMap::new(),
            outlet: Outlet { tag, told },
            permits: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
            reports: VecDeque::new(),
            next_index: FORWARDS_FROM,
            buffer: BytesMut::new(),
        }
    }

    /// Whether a stream carries a forwarded connection.
    pub fn is_forward(stream: StreamId) -> bool {
        stream.class() == Class::Bulk && stream.number() >> 2 >= FORWARDS_FROM
    }

    // Listeners.

    /// Accepts at `listener` from now on. `Err` at [`LISTENERS_MAX`], or for a number that is taken.
    pub fn listen(&mut self, number: u64, listener: Listener, kind: Kind) -> io::Result<()> {
        if self.listeners.len() >= LISTENERS_MAX || self.listeners.contains_key(&number) {
            return Err(io::Error::other(format!("{LISTENERS_MAX} forwards are there already")));
        }
        let accepting = listener.accept(number, kind, &self.permits, &self.outlet);
        self.listeners.insert(number, accepting);
        Ok(())
    }

    /// Listens there as soon as whoever is there now has gone, which is waited for
    /// at most [`FREE_WITHIN`](crate::limits::FREE_WITHIN). A report tells.
    pub fn listen_when_free(&mut self, number: u64, wished: Wished, kind: Kind) {
        let free = async move { What::Bound(number, kind, Listener::when_free(&wished).await) };
        self.outlet.spawn(free);
    }

    /// Accepts no more there; connections that were made go on. False when there was no such listener.
    pub fn unlisten(&mut self, number: u64) -> bool {
        self.listeners.remove(&number).is_some()
    }

    /// Where a listener listens.
    pub fn places(&self, number: u64) -> &[String] {
        self.listeners.get(&number).map_or(&[], |listener| &listener.places)
    }

    /// All connections, oldest first.
    pub fn list(&self) -> impl Iterator<Item = Listed> + '_ {
        self.connections.iter().map(|(id, connection)| Listed {
            number: id.number() >> 2,
            origin: connection.origin.clone(),
            target: connection.target.clone(),
            passed: connection.passed,
            open: connection.phase == Phase::Open,
        })
    }

    /// No connection is there.
    pub fn is_idle(&self) -> bool {
        self.connections.is_empty()
    }

    // What happens.

    /// Handles it.
    pub fn handle(&mut self, now: Moment, link: &mut Link, happened: Happened) {
        match happened.0 {
            What::Ready(id, Direction::In) => {
                if let Some(connection) = self.connections.get_mut(&id) {
                    connection.waits_in = None;
                    self.pump_in(link, id);
                }
            }
            What::Ready(id, Direction::Out) => {
                if let Some(connection) = self.connections.get_mut(&id) {
                    connection.waits_out = None;
                    self.pump_out(now, link, id);
                }
            }
            What::Dialled(id, made) => self.on_dialled(now, link, id, made),
            What::Accepted(accepted) => self.reports.push_back(Report::Accepted(accepted)),
            What::Bound(number, kind, bound) => {
                let listening = bound.and_then(|listener| {
                    self.listen(number, listener, kind)?;
                    Ok(self.places(number).to_vec())
                });
                self.reports.push_back(Report::Listening(number, listening));
            }
        }
    }

    /// The link has bytes of a stream that [`Forwards::is_forward`].
    pub fn handle_readable(&mut self, now: Moment, link: &mut Link, id: StreamId) {
        if !self.connections.contains_key(&id) {
            if id.opener() == self.role {
                return; // it is over here
            }
            self.connections.insert(id, Connection::new(Phase::Asked));
        }
        self.pump_out(now, link, id);
    }

    /// The peer acknowledged bytes of a stream that [`Forwards::is_forward`].
    pub fn handle_writable(&mut self, link: &mut Link, id: StreamId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if std::mem::take(&mut connection.starved) {
            self.pump_in(link, id);
        }
        self.retire_if_over(link, id);
    }

    /// The next thing that the owner must act on.
    pub fn poll_report(&mut self) -> Option<Report> {
        self.reports.pop_front()
    }

    // What the owner decides.

    /// Opens a stream for a connection that was accepted. `target`: where it leads, for people.
    pub fn open(
        &mut self,
        now: Moment,
        link: &mut Link,
        accepted: Accepted,
        to: ConnectTo,
        target: String,
    ) {
        let id = StreamId::new(self.role, Class::Bulk, self.next_index);
        let connect = Connect { to: Some(to), origin: accepted.origin.clone() };
        if let Err(error) = link.write(id, encode(&connect)) {
            tracing::warn!(%error, "a connection was turned away");
            return accepted.reject();
        }
        self.next_index += 1;
        let Accepted { listener, origin, wanted, socket, permit } = accepted;
        let mut connection = Connection::new(Phase::Asking);
        if let Some(rest) = wanted.as_ref().map(|wanted| wanted.rest.clone()) {
            // There is room: the stream is new.
            let _ = link.write(id, Bytes::from(rest));
        }
        connection.socket = Some(Arc::new(socket));
        connection.listener = Some(listener);
        (connection.origin, connection.target) = (origin, target);
        (connection.wanted, connection.permit) = (wanted, Some(permit));
        self.connections.insert(id, connection);
        self.pump_in(link, id);
        self.pump_out(now, link, id);
    }

    /// Connects what the peer wants connected.
    pub fn dial(&mut self, id: StreamId, to: Dial, target: String) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.target = target;
        let made = async move { What::Dialled(id, dial(to).await) };
        connection.waits_out = Some(self.outlet.spawn(made));
    }

    /// Connects an X program to a display. Its first packet has to pass `setup`.
    pub fn dial_display(&mut self, id: StreamId, to: Dial, target: String, setup: Setup) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.setup = Some(setup);
            self.dial(id, to, target);
        }
    }

    /// Does not.
    pub fn refuse(&mut self, now: Moment, link: &mut Link, id: StreamId, why: impl Into<String>) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.phase = Phase::Refused;
        connection.inward = Half::Ended;
        connection.close();
        // There is room: nothing was written to it before.
        let _ = link.write(id, encode(&Connected { refused: Some(why.into()) }));
        link.finish(id);
        self.pump_out(now, link, id);
    }

    /// The peer says that it was cut off there.
    pub fn handle_cut(&mut self, link: &mut Link, id: StreamId) {
        if !Self::is_forward(id) {
            return;
        }
        if let Some(connection) = self.connections.remove(&id) {
            connection.socket.iter().for_each(|socket| socket.cut());
        }
        link.abandon(id);
    }

    fn on_dialled(&mut self, now: Moment, link: &mut Link, id: StreamId, made: io::Result<Socket>) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.waits_out = None;
        match made {
            Ok(socket) => {
                connection.socket = Some(Arc::new(socket));
                connection.phase = Phase::Open;
                let rest = std::mem::take(&mut connection.messages).into_rest().freeze();
                connection.put_first(rest);
                // There is room: nothing was written to it before.
                let _ = link.write(id, encode(&Connected { refused: None }));
                self.pump_in(link, id);
                self.pump_out(now, link, id);
            }
            Err(error) => {
                let target = connection.target.clone();
                self.reports.push_back(Report::NotDialled { target });
                self.refuse(now, link, id, format!("connect failed: {}", words(&error)));
            }
        }
    }

    /// Reads the message that opens the peer's half; the phase after it.
    pub(crate) fn take_opening(
        &mut self,
        now: Moment,
        link: &mut Link,
        id: StreamId,
        bytes: &[u8],
    ) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.messages.push(bytes);
        match connection.phase {
            Phase::Asked if connection.target.is_empty() && connection.waits_out.is_none() => {
                match connection.messages.next_message::<Connect>() {
                    Ok(Some(Connect { to: Some(to), origin })) => {
                        connection.origin = origin;
                        self.reports.push_back(Report::Wanted(id, to));
                    }
                    Ok(None) => {}
                    Ok(Some(_)) | Err(_) => self.refuse(now, link, id, "unknown kind of forward"),
                }
            }
            Phase::Asking => match connection.messages.next_message::<Connected>() {
                Ok(Some(Connected { refused: None })) => self.on_connected(id),
                Ok(Some(Connected { refused: Some(why) })) => self.on_refused(link, id, why),
                Ok(None) => {}
                Err(error) => self.on_refused(link, id, error.to_string()),
            },
            Phase::Asked | Phase::Open | Phase::Refused => {}
        }
    }

    fn on_connected(&mut self, id: StreamId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.phase = Phase::Open;
        let mut first = BytesMut::new();
        if let Some(wanted) = connection.wanted.take() {
            first.extend_from_slice(wanted.granted());
        }
        first.extend_from_slice(&std::mem::take::<Messages>(&mut connection.messages).into_rest());
        connection.put_first(first.freeze());
    }

    fn on_refused(&mut self, link: &mut Link, id: StreamId, why: String) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if let (Some(wanted), Some(socket)) = (&connection.wanted, &connection.socket) {
            let _ = socket.write(wanted.failed());
        }
        connection.phase = Phase::Refused;
        connection.inward = Half::Ended;
        let (listener, target) = (connection.listener, connection.target.clone());
        connection.close();
        link.finish(id);
        self.reports.push_back(Report::Refused { listener, target, why });
    }
}
