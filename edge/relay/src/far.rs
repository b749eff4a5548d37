//! The far half of a relayed connection: a TCP socket, or the user's own `ProxyCommand`. It makes the
//! connection; what passes over it is `lane`'s.

use std::ffi::OsStr;
use std::io;
use std::pin::Pin;
use std::process::Stdio;

use rustix::net::sockopt::set_socket_keepalive;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::process::{Child, Command};

use crate::way::Way;

/// Addresses tried for one name; the rest are not.
const MAX_ADDRESSES: usize = 16;

/// `AddressFamily`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Family {
    /// Both.
    #[default]
    Any,
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// `TCPKeepAlive`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeepAlive {
    /// The kernel may probe the connection when it is idle.
    On,
    /// It may not.
    Off,
}

/// How the relay's own connection is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FarSettings {
    /// Which addresses.
    pub family: Family,
    /// Whether the kernel probes.
    pub keepalive: KeepAlive,
}

/// What comes from the server.
pub(crate) type FromServer = Pin<Box<dyn AsyncRead + Send>>;
/// What goes to it; dropping it is the end of file.
pub(crate) type ToServer = Pin<Box<dyn AsyncWrite + Send>>;

/// The far half.
pub(crate) struct Far {
    pub(crate) from: FromServer,
    pub(crate) to: ToServer,
    /// The `ProxyCommand`, which ends with this value.
    _command: Option<Child>,
}

/// Connects; the error says what was tried.
pub(crate) async fn connect(way: &Way, settings: FarSettings) -> Result<Far, String> {
    let named = |error: io::Error| format!("{}: {error}", way.name());
    match way {
        Way::Direct { host, port } => direct(host, *port, settings).await.map_err(named),
        Way::Through(command) => through(command).map_err(named),
    }
}

async fn direct(host: &str, port: u16, settings: FarSettings) -> io::Result<Far> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "no address of the wanted family");
    let addresses = lookup_host((host, port)).await?;
    let wanted = addresses.filter(|address| match settings.family {
        Family::Any => true,
        Family::V4 => address.is_ipv4(),
        Family::V6 => address.is_ipv6(),
    });
    for address in wanted.take(MAX_ADDRESSES) {
        match TcpStream::connect(address).await {
            Ok(stream) => return settle(stream, settings),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn settle(stream: TcpStream, settings: FarSettings) -> io::Result<Far> {
    stream.set_nodelay(true)?;
    set_socket_keepalive(&stream, settings.keepalive == KeepAlive::On)?;
    let (from, to) = stream.into_split();
    Ok(Far { from: Box::pin(from), to: Box::pin(to), _command: None })
}

/// As ssh runs it: `exec` in a shell, stderr and terminal ours.
fn through(command: &OsStr) -> io::Result<Far> {
    let mut line = std::ffi::OsString::from("exec ");
    line.push(command);
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(line).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = shell.spawn()?;
    let missing = || io::Error::other("the command has no pipes");
    let to = child.stdin.take().ok_or_else(missing)?;
    let from = child.stdout.take().ok_or_else(missing)?;
    Ok(Far { from: Box::pin(from), to: Box::pin(to), _command: Some(child) })
}
