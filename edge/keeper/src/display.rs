//! The display of a session: the ports at which X programs reach it and the cookie that they are given.
//! It is there as long as the session is, so that nobody else can take its place and be told the cookie;
//! to whom connections lead is decided in `keeper/display`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use abide_forward::{Accepting, Listener};
use abide_session::{DisplayGiven, DisplayWish};
use abide_x11::{COOKIE_LEN, Cookie, PROTOCOL, TCP_FIRST};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// The first number to try where sshd's choice could not be seen: X11DisplayOffset unless set.
const FIRST_DEFAULT: u16 = 10;
/// Numbers that are tried, as many as sshd tries.
const TRIES_MAX: u16 = 1000;
/// How long xauth may take: it waits for others who write to the same file.
const XAUTH_WITHIN: Duration = Duration::from_secs(10);
/// How long it may take to forget the cookie at the end.
const FORGET_WITHIN: Duration = Duration::from_secs(2);
/// Where xauth is besides PATH.
const XAUTH_PLACES: [&str; 3] = ["/usr/bin", "/usr/X11R6/bin", "/usr/local/bin"];

/// Ports that displays have.
pub fn display_ports() -> std::ops::RangeInclusive<u16> {
    TCP_FIRST..=TCP_FIRST + TRIES_MAX
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DisplayError {
    /// No port is free, or none can be had.
    #[error("no port for a display: {0}")]
    NoPort(std::io::Error),
    /// xauth is not there.
    #[error("there is no xauth")]
    NoXauth,
    /// xauth cannot be run, or does not end.
    #[error("xauth: {0}")]
    Xauth(std::io::Error),
    /// xauth refused.
    #[error("xauth: {0}")]
    XauthSaid(String),
}

/// A display.
#[derive(Debug)]
pub(crate) struct Display {
    listener: Listener,
    name: String,
    /// Its name in the file of cookies.
    listed: String,
    cookie: Cookie,
    xauth: PathBuf,
    /// Closes connections while no client serves them.
    pub(crate) idle: Option<Accepting>,
}

impl Display {
    /// Opens one as sshd did, at the next free number, and gives programs of this user its cookie.
    pub(crate) async fn open(wish: &DisplayWish) -> Result<Self, DisplayError> {
        let xauth = find_xauth().ok_or(DisplayError::NoXauth)?;
        let addresses = in_both_families(&wish.addresses);
        let first = u16::try_from(wish.first).ok().filter(|first| *first > 0);
        let first = first.unwrap_or(FIRST_DEFAULT);
        let (number, listener) = listen(&addresses, first).map_err(DisplayError::NoPort)?;
        let numbers = format!("{number}.{}", wish.screen);
        let (name, listed) = if addresses.iter().all(IpAddr::is_loopback) {
            (format!("localhost:{numbers}"), format!("unix:{numbers}"))
        } else {
            // Programs elsewhere are to find it too.
            let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
            (format!("{host}:{numbers}"), format!("{host}:{numbers}"))
        };
        let cookie = Cookie::from_bytes(abide_host::random::bytes::<COOKIE_LEN>());
        let display = Display { listener, name, listed, cookie, xauth, idle: None };
        let lines = format!(
            "remove {}\nadd {} {PROTOCOL} {}\n",
            display.listed,
            display.listed,
            display.cookie.hex()
        );
        display.tell_xauth(&lines, XAUTH_WITHIN).await?;
        Ok(display)
    }

    /// DISPLAY.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The sockets, to accept at.
    pub(crate) fn sockets(&self) -> std::io::Result<Listener> {
        self.listener.again()
    }

    /// What a client has to know to serve it.
    pub(crate) fn given(&self) -> DisplayGiven {
        DisplayGiven { cookie: self.cookie.as_bytes().to_vec(), name: self.name.clone() }
    }

    /// The session is over: so is the cookie.
    pub(crate) async fn forget(&self) {
        let line = format!("remove {}\n", self.listed);
        if let Err(error) = self.tell_xauth(&line, FORGET_WITHIN).await {
            tracing::warn!(%error, "the cookie is still listed");
        }
    }

    /// On its stdin, since command lines are for everybody to read.
    async fn tell_xauth(&self, lines: &str, within: Duration) -> Result<(), DisplayError> {
        let mut command = Command::new(&self.xauth);
        command.args(["-q", "-"]).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let told = async {
            let mut child = command.spawn()?;
            if let Some(mut stdin) = child.stdin.take() {
                stdin.write_all(lines.as_bytes()).await?;
            }
            child.wait_with_output().await
        };
        let timed_out = |_| std::io::Error::from(std::io::ErrorKind::TimedOut);
        let output = tokio::time::timeout(within, told).await.map_err(timed_out);
        let output = output.and_then(|output| output).map_err(DisplayError::Xauth)?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ");
            return Err(DisplayError::XauthSaid(said));
        }
        Ok(())
    }
}

/// The addresses at which sshd was seen to listen, each in both families: a number of which somebody else
/// has one half is no display of ours, since its programs would show our cookie to them.
fn in_both_families(seen: &[String]) -> Vec<IpAddr> {
    let seen: Vec<IpAddr> = seen.iter().filter_map(|text| text.parse().ok()).collect();
    if seen.iter().any(IpAddr::is_unspecified) {
        return vec![Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
    }
    let loopback: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    let others = seen.into_iter().filter(|address| !address.is_loopback());
    let others: Vec<IpAddr> = others.collect();
    if others.is_empty() { loopback.into() } else { others }
}

/// The first number at which all of these addresses can be had.
fn listen(addresses: &[IpAddr], first: u16) -> std::io::Result<(u16, Listener)> {
    let mut last = std::io::Error::from(std::io::ErrorKind::AddrInUse);
    for number in first..first.saturating_add(TRIES_MAX) {
        let Some(port) = TCP_FIRST.checked_add(number) else { break };
        let at: Vec<SocketAddr> = addresses.iter().map(|ip| SocketAddr::new(*ip, port)).collect();
        match Listener::addresses(&at) {
            Ok(listener) if listener.failed().is_empty() => return Ok((number, listener)),
            Ok(_) => {}
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn find_xauth() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(XAUTH_PLACES.map(PathBuf::from));
    let is_runnable = |file: &Path| rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok();
    folders.map(|folder| folder.join("xauth")).find(|file| file.is_absolute() && is_runnable(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_number_is_taken_in_both_families_or_not_at_all() {
        let both = in_both_families(&["127.0.0.1".to_owned()]);
        assert_eq!(both, ["127.0.0.1", "::1"].map(|text| text.parse::<IpAddr>().expect("one")));
        assert_eq!(in_both_families(&[]), both);
        let any = in_both_families(&["0.0.0.0".to_owned()]);
        assert_eq!(any, ["0.0.0.0", "::"].map(|text| text.parse::<IpAddr>().expect("one")));
        // Somebody has one half of the first number.
        let (first, other) = (7_310, TCP_FIRST + 7_310);
        let _theirs = std::net::TcpListener::bind(("::1", other)).expect("a listener");
        let (number, _ours) = listen(&both, first).expect("a display");
        assert!(number > first, "{number}");
    }
}
