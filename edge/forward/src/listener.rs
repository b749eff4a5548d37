//! Listening, at the addresses that ssh would listen at, and accepting.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::os::fd::AsFd;
use std::os::unix::net::UnixListener as StdUnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::Mode;
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, listen, socket_with, sockopt,
};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;

use crate::dial::words;
use crate::forwards::{Accepted, Outlet, What};
use crate::greeting::hear;
use crate::limits::{ACCEPT_AGAIN_AFTER, BACKLOG, FREE_TRY_EVERY, FREE_WITHIN};
use crate::socket::Socket;

/// At which addresses a port is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bind {
    /// Both loopback addresses.
    Loopback,
    /// All addresses.
    Any,
    /// What this name or address stands for.
    Host(String),
}

/// What is done with a connection that was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It leads where the listener leads.
    Plain,
    /// It says by SOCKS where it leads.
    Socks,
}

/// How a unix socket is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnixPlace {
    /// Where.
    pub path: PathBuf,
    /// Remove what is there already (StreamLocalBindUnlink).
    pub unlink: bool,
    /// Permissions that it does not get (StreamLocalBindMask).
    pub mask: u32,
}

/// Where to listen as soon as that can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wished {
    /// At these addresses.
    Addresses(Vec<SocketAddr>),
    /// At a unix socket.
    Unix(UnixPlace),
}

impl Wished {
    /// `Err` or a listener that lacks some of the addresses while somebody else has them.
    fn take(&self) -> io::Result<Listener> {
        match self {
            Wished::Addresses(addresses) => Listener::addresses(addresses),
            Wished::Unix(place) if abide_host::listening::has_unix_socket(&place.path) => {
                Err(io::ErrorKind::AddrInUse.into())
            }
            Wished::Unix(place) => Listener::unix(place),
        }
    }
}

/// A listener, bound and not yet accepting.
#[derive(Debug)]
pub struct Listener {
    sockets: Vec<Bound>,
    places: Vec<String>,
    failed: Vec<String>,
    path: Option<PathBuf>,
}

#[derive(Debug)]
enum Bound {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Listener {
    /// Opens a port at the addresses of `at`. Those that this machine lacks are left out; `Err` when none
    /// remains. Looks names up, and waits for it.
    pub fn port(at: &Bind, port: u16) -> io::Result<Self> {
        let addresses = match at {
            Bind::Loopback => both(Ipv4Addr::LOCALHOST, Ipv6Addr::LOCALHOST, port),
            Bind::Any => both(Ipv4Addr::UNSPECIFIED, Ipv6Addr::UNSPECIFIED, port),
            Bind::Host(host) => (host.as_str(), port).to_socket_addrs()?.collect(),
        };
        Self::addresses(&addresses)
    }

    /// Opens these addresses. Those that this machine lacks are left out; `Err` when none remains.
    pub fn addresses(addresses: &[SocketAddr]) -> io::Result<Self> {
        let (sockets, places, failed, path) = Default::default();
        let mut bound = Listener { sockets, places, failed, path };
        let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for address in addresses {
            match tcp(*address) {
                Ok(listener) => {
                    bound.places.push(listener.local_addr()?.to_string());
                    bound.sockets.push(Bound::Tcp(listener));
                }
                Err(error) => {
                    if error.kind() == io::ErrorKind::AddrInUse {
                        bound.failed.push(format!("bind {address}: {}", words(&error)));
                    }
                    last = error;
                }
            }
        }
        if bound.sockets.is_empty() { Err(last) } else { Ok(bound) }
    }

    /// Waits until nobody is there who was, and listens.
    pub(crate) async fn when_free(wished: &Wished) -> io::Result<Self> {
        let tries = FREE_WITHIN.as_millis() / FREE_TRY_EVERY.as_millis();
        for _ in 0..tries {
            // Taken at once where it is free: looking first would give others more time to take it.
            match wished.take() {
                Ok(listener) if listener.failed().is_empty() => return Ok(listener),
                Err(error) if error.kind() != io::ErrorKind::AddrInUse => return Err(error),
                Ok(_) | Err(_) => tokio::time::sleep(FREE_TRY_EVERY).await,
            }
        }
        wished.take()
    }

    /// Makes a unix socket; it is removed with the listener.
    pub fn unix(place: &UnixPlace) -> io::Result<Self> {
        let listener = unix(place)?;
        Ok(Listener {
            sockets: vec![Bound::Unix(listener)],
            places: vec![place.path.display().to_string()],
            failed: Vec::new(),
            path: Some(place.path.clone()),
        })
    }

    /// Where it listens: addresses with ports, or a path.
    pub fn places(&self) -> &[String] {
        &self.places
    }

    /// Addresses that somebody else has, in words: it listens at the others.
    pub fn failed(&self) -> &[String] {
        &self.failed
    }

    /// The same sockets once more, for another owner to accept at.
    pub fn again(&self) -> io::Result<Self> {
        let again = |socket: &Bound| match socket {
            Bound::Tcp(listener) => {
                TcpListener::from_std(listener.as_fd().try_clone_to_owned()?.into()).map(Bound::Tcp)
            }
            Bound::Unix(listener) => {
                UnixListener::from_std(listener.as_fd().try_clone_to_owned()?.into())
                    .map(Bound::Unix)
            }
        };
        let sockets = self.sockets.iter().map(again).collect::<io::Result<_>>()?;
        // The file goes with the first owner.
        Ok(Listener { sockets, places: self.places.clone(), failed: Vec::new(), path: None })
    }

    /// Closes every connection until the returned value is dropped: nobody is there whom it could
    /// lead to.
    pub fn turn_away(self) -> Accepting {
        let Listener { sockets, places, path, .. } = self;
        let start = |socket| tokio::spawn(turn_away(socket)).abort_handle();
        Accepting { tasks: sockets.into_iter().map(start).collect(), places, path }
    }

    /// Accepts until the returned guard is dropped.
    pub(crate) fn accept(
        self,
        listener: u64,
        kind: Kind,
        permits: &Arc<Semaphore>,
        outlet: &Outlet,
    ) -> Accepting {
        let Listener { sockets, places, path, .. } = self;
        let start = |socket| {
            let door = Door { listener, kind, permits: permits.clone(), outlet: outlet.clone() };
            tokio::spawn(door.serve(socket)).abort_handle()
        };
        Accepting { tasks: sockets.into_iter().map(start).collect(), places, path }
    }
}

fn both(four: Ipv4Addr, six: Ipv6Addr, port: u16) -> Vec<SocketAddr> {
    [IpAddr::from(four), IpAddr::from(six)].map(|ip| SocketAddr::new(ip, port)).to_vec()
}

fn tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let family = if address.is_ipv6() { AddressFamily::INET6 } else { AddressFamily::INET };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(family, SocketType::STREAM, flags, None)?;
    // As every server: connections of an earlier listener that linger are no reason to fail.
    sockopt::set_socket_reuseaddr(&socket, true)?;
    if address.is_ipv6() {
        sockopt::set_ipv6_v6only(&socket, true)?;
    }
    bind(&socket, &address)?;
    listen(&socket, BACKLOG)?;
    TcpListener::from_std(socket.into())
}

fn unix(place: &UnixPlace) -> io::Result<UnixListener> {
    if place.unlink && is_socket(&place.path) {
        std::fs::remove_file(&place.path)?;
    }
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    // The file gets the socket's mode, without a moment in which it is wider.
    rustix::fs::fchmod(&socket, Mode::from_raw_mode(0o777 & !place.mask))?;
    bind(&socket, &SocketAddrUnix::new(&place.path)?)?;
    listen(&socket, BACKLOG)?;
    UnixListener::from_std(StdUnixListener::from(socket))
}

fn is_socket(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket())
}

async fn turn_away(socket: Bound) {
    loop {
        let accepted = match &socket {
            Bound::Tcp(listener) => listener.accept().await.map(drop),
            Bound::Unix(listener) => listener.accept().await.map(drop),
        };
        if accepted.is_err() {
            tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
        }
    }
}

/// A listener at work; dropped, it listens no more.
#[derive(Debug)]
pub struct Accepting {
    tasks: Vec<AbortHandle>,
    pub(crate) places: Vec<String>,
    path: Option<PathBuf>,
}

impl Drop for Accepting {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
        if let Some(path) = &self.path {
            // Somebody may have removed it before us.
            let _ = std::fs::remove_file(path);
        }
    }
}

struct Door {
    listener: u64,
    kind: Kind,
    permits: Arc<Semaphore>,
    outlet: Outlet,
}

impl Door {
    async fn serve(self, socket: Bound) {
        loop {
            let Ok(permit) = self.permits.clone().acquire_owned().await else { return };
            let accepted = match &socket {
                Bound::Tcp(listener) => {
                    let named =
                        |(stream, from): (_, SocketAddr)| (Socket::tcp(stream), from.to_string());
                    listener.accept().await.map(named)
                }
                Bound::Unix(listener) => {
                    listener.accept().await.map(|(stream, _)| (Socket::Unix(stream), String::new()))
                }
            };
            let (socket, origin) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "accept failed");
                    tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
                    continue;
                }
            };
            let (listener, outlet) = (self.listener, self.outlet.clone());
            let arrived = move |wanted| Accepted { listener, socket, origin, wanted, permit };
            match self.kind {
                Kind::Plain => outlet.tell(What::Accepted(Box::new(arrived(None)))),
                Kind::Socks => drop(tokio::spawn(async move {
                    let mut arrived = arrived(None);
                    match hear(&arrived.socket).await {
                        Ok(wanted) => {
                            arrived.wanted = Some(wanted);
                            outlet.tell(What::Accepted(Box::new(arrived)));
                        }
                        Err(error) => tracing::info!(%error, "no SOCKS request"),
                    }
                })),
            }
        }
    }
}
