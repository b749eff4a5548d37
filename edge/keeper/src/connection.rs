//! The connection that a session may consist of, in a program's place: made before the keeper says
//! that it is ready, and told to the system's log, as whoever is connected to sees it come from this
//! machine. What passes through it is the program's part; see `program`.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::time::Duration;

use abide_host::syslog::SystemLog;
use abide_session::{OwnSshd, ProgramKind, RefusalCode, Refused, Start, Target};
use tokio::net::{TcpStream, UnixStream};

use crate::login::Login;
use crate::program::refused;

/// How long connecting may take, all addresses of a name together: less than a keeper may take to
/// come up.
const CONNECT_WITHIN: Duration = Duration::from_secs(15);

/// A connection that was made.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) socket: OwnedFd,
    /// Where it leads: an address and a port, or a path.
    pub(crate) to: String,
}

/// What was connected, with its near end where it has one.
struct Made {
    socket: OwnedFd,
    to: String,
    from: Option<SocketAddr>,
}

/// Makes the connection that `start` asks for, if it asks for one.
pub(crate) async fn open(start: &Start, log: &SystemLog) -> Result<Option<Connection>, Refused> {
    let made = match start.program.as_ref().and_then(|program| program.what.as_ref()) {
        Some(ProgramKind::Connection(target)) => within(to_target(target)).await,
        Some(ProgramKind::OwnSshd(own)) => within(to_own_sshd(own)).await,
        _ => return Ok(None),
    };
    let Made { socket, to, from } = made.map_err(|error| {
        refused(RefusalCode::NotConnected, format!("{}: {error}", crate::program::describe(start)))
    })?;
    log.say(&record(&to, from));
    Ok(Some(Connection { socket, to }))
}

/// Where the connection that `start` asks for will lead: what sshd is to be asked about.
pub fn destination(start: &Start) -> Target {
    match start.program.as_ref().and_then(|program| program.what.as_ref()) {
        Some(ProgramKind::Connection(target)) => target.clone(),
        Some(ProgramKind::OwnSshd(own)) => {
            let to = Login::own().map(|login| login.to);
            let host = to.map_or(Ipv4Addr::LOCALHOST.to_string(), |to| to.ip().to_string());
            Target { host, port: to.map_or(own.port, |to| to.port().into()), ..Target::default() }
        }
        _ => Target::default(),
    }
}

async fn within(connecting: impl Future<Output = io::Result<Made>>) -> io::Result<Made> {
    let timed_out = |_| {
        let seconds = CONNECT_WITHIN.as_secs();
        io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {seconds} s"))
    };
    tokio::time::timeout(CONNECT_WITHIN, connecting).await.map_err(timed_out)?
}

async fn to_target(target: &Target) -> io::Result<Made> {
    if !target.path.is_empty() {
        let stream = UnixStream::connect(&target.path).await?.into_std()?;
        return Ok(Made { socket: stream.into(), to: target.path.clone(), from: None });
    }
    let port = u16::try_from(target.port).map_err(io::Error::other)?;
    let addresses: Vec<_> = tokio::net::lookup_host((&*target.host, port)).await?.collect();
    first_of(&addresses).await
}

/// Where the login came in; where sshd does not tell, this machine's loopback addresses.
async fn to_own_sshd(own: &OwnSshd) -> io::Result<Made> {
    if let Some(login) = Login::own() {
        return first_of(&[login.to]).await;
    }
    let port = u16::try_from(own.port).map_err(io::Error::other)?;
    first_of(&[(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()]).await
}

/// The first address that answers; the first one's error when none does.
async fn first_of(addresses: &[SocketAddr]) -> io::Result<Made> {
    let mut first = None;
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return made(stream, *address),
            Err(error) => drop(first.get_or_insert(error)),
        }
    }
    Err(first.unwrap_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the name has no address")))
}

fn made(stream: TcpStream, to: SocketAddr) -> io::Result<Made> {
    stream.set_nodelay(true)?;
    let from = stream.local_addr().ok();
    Ok(Made { socket: stream.into_std()?.into(), to: to.to_string(), from })
}

/// What the log should hold to tell who is behind a connection from this machine.
fn record(to: &str, from: Option<SocketAddr>) -> String {
    let user = abide_host::users::current().name;
    let client = Login::own().map_or("elsewhere".to_owned(), |login| place(login.from));
    let via = from.map(|from| format!(" (from {})", place(from))).unwrap_or_default();
    let to = to.parse().map_or(to.to_owned(), place);
    format!("connection from {client} carried to {to}{via} for user {user}")
}

/// An address as sshd's own log has it.
fn place(address: SocketAddr) -> String {
    format!("{} port {}", address.ip(), address.port())
}
