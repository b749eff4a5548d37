//! A second look at ssh: what it said, and further channels to the server beside the forwards. Over
//! the connection of the tunnel while that lives, or by another ssh when the first was refused its port.

use crate::heard::Heard;
use crate::socks;
use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::Notify;
use tokio::time::timeout;

/// So many of ssh's last events are kept; older ones are forgotten.
const MAX_HEARD: usize = 256;
/// Of what a port says, this much is looked at, bytes.
const MAX_SAID: usize = 120;
/// What the server's words begin with where its settings forbid something.
pub(crate) const FORBIDDEN: &str = "administratively prohibited";
/// Why a connection was refused may be told a moment after it was closed.
const REASON: Duration = Duration::from_millis(300);
/// Of what ssh says at its end, bytes.
const MAX_ERRORS: u64 = 16 * 1024;

/// What ssh said, in order; shared by who reads it and who waits for it.
#[derive(Debug, Default)]
pub(crate) struct Ears {
    heard: Mutex<(u64, VecDeque<Heard>)>,
    news: Notify,
}

impl Ears {
    pub(crate) fn push(&self, heard: Heard) {
        let mut kept = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        kept.0 += 1;
        if kept.1.len() == MAX_HEARD {
            kept.1.pop_front();
        }
        kept.1.push_back(heard);
        drop(kept);
        self.news.notify_waiters();
    }

    fn mark(&self) -> u64 {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    /// The first event since `mark` that is `wanted`.
    fn since(&self, mark: u64, wanted: impl Fn(&Heard) -> bool) -> Option<Heard> {
        let kept = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = usize::try_from(kept.0 - mark).unwrap_or(MAX_HEARD).min(kept.1.len());
        kept.1.iter().skip(kept.1.len() - fresh).find(|heard| wanted(heard)).cloned()
    }
}

/// What a port on the server did to whoever connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Spoke {
    Said {
        line: String,
    },
    /// It closed after we did.
    Closed,
    /// It took the connection, or nothing at all came back.
    Silent,
    /// Nothing listens there; or the server's settings forbid the attempt.
    Refused {
        forbidden: bool,
    },
}

/// A way for further channels to the server.
#[derive(Clone, Debug)]
pub(crate) enum Inside {
    /// ssh's control socket.
    Control(PathBuf),
    /// A socket of ours here that leads wherever it is asked to, from the server.
    Socks(PathBuf),
}

/// One ssh or link, seen from the side.
#[derive(Clone, Debug)]
pub(crate) struct Side {
    pub(crate) ssh: OsString,
    pub(crate) ears: Arc<Ears>,
    pub(crate) inside: Option<Inside>,
    /// It is a link, which knows by itself whether the server answers.
    pub(crate) is_link: bool,
}

impl Side {
    pub(crate) fn has_inside(&self) -> bool {
        self.inside.is_some()
    }

    pub(crate) fn mark(&self) -> u64 {
        self.ears.mark()
    }

    /// Waits until ssh has said what is `wanted`, since `mark`; `None` if it does not in time.
    pub(crate) async fn wait_for(
        &self,
        mark: u64,
        within: Duration,
        wanted: impl Fn(&Heard) -> bool,
    ) -> Option<Heard> {
        let look = async {
            loop {
                let news = self.ears.news.notified();
                tokio::pin!(news);
                // From here on news are not missed.
                news.as_mut().enable();
                if let Some(found) = self.ears.since(mark, &wanted) {
                    return found;
                }
                news.await;
            }
        };
        let found = self.ears.since(mark, &wanted);
        if found.is_some() {
            return found;
        }
        timeout(within, look).await.ok()
    }

    /// The port that the server chose for a forward to `target`.
    pub(crate) fn allocated(&self, target: &str) -> Option<u16> {
        let target = crate::forward::plain_brackets(target);
        let ours =
            |heard: &Heard| matches!(heard, Heard::Allocated { target: it, .. } if *it == target);
        match self.ears.since(0, ours) {
            Some(Heard::Allocated { port, .. }) => Some(port),
            _ => None,
        }
    }

    /// Connects, on the server, to a port, over this very connection; closes our side after
    /// `settle` and waits for `react` more.
    pub(crate) async fn open(
        &self,
        address: &str,
        port: u16,
        settle: Duration,
        react: Duration,
    ) -> Spoke {
        if let Some(Inside::Socks(path)) = &self.inside {
            return self.open_by_socks(path, address, port, settle, react).await;
        }
        let mut argv = ["-F", "/dev/null", "-o", "BatchMode=yes"].map(OsString::from).to_vec();
        // Without the control socket there shall be no new connection.
        argv.extend(["-o", "ProxyCommand=exit 255"].map(OsString::from));
        if let Some(Inside::Control(control)) = &self.inside {
            let control = format!("ControlPath={}", control.display());
            argv.extend([OsString::from("-o"), OsString::from(control)]);
        }
        argv.push("tunnel".into());
        let mark = self.mark();
        match open(&self.ssh, argv, address, port, settle, react).await {
            // The ssh that holds the connection is told the reason, not the one that asked by it.
            Spoke::Refused { forbidden } => {
                Spoke::Refused { forbidden: forbidden || self.was_forbidden(mark).await }
            }
            spoke => spoke,
        }
    }

    /// A connection that was not made since `mark` was against the server's settings.
    async fn was_forbidden(&self, mark: u64) -> bool {
        let failed = |heard: &Heard| matches!(heard, Heard::OpenFailed { .. });
        let why = self.wait_for(mark, REASON, failed).await;
        matches!(why, Some(Heard::OpenFailed { reason }) if reason.starts_with(FORBIDDEN))
    }

    async fn open_by_socks(
        &self,
        path: &Path,
        address: &str,
        port: u16,
        settle: Duration,
        react: Duration,
    ) -> Spoke {
        let mark = self.mark();
        match timeout(settle, socks::connect(path, address, port)).await {
            Ok(Ok(stream)) => listen(stream, settle, react).await,
            Ok(Err(_)) => Spoke::Refused { forbidden: self.was_forbidden(mark).await },
            Err(_) => Spoke::Silent,
        }
    }
}

/// What whoever is connected to says, or does once we have closed our side.
async fn listen(mut stream: UnixStream, settle: Duration, react: Duration) -> Spoke {
    let mut said = vec![0; MAX_SAID];
    let mut first = timeout(settle, stream.read(&mut said)).await.ok();
    if first.is_none() {
        let _ = stream.shutdown().await;
        first = timeout(react, stream.read(&mut said)).await.ok();
    }
    match first {
        None => Spoke::Silent,
        Some(Ok(count @ 1..)) => Spoke::Said { line: first_line(&said[..count]) },
        Some(Ok(0) | Err(_)) => Spoke::Closed,
    }
}

fn first_line(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    let line = text.lines().next().unwrap_or_default();
    line.chars().filter(|it| !it.is_control()).collect()
}

/// As [`Side::open`], by an ssh with the arguments of `argv`, whose forwards it clears.
pub(crate) async fn open(
    ssh: &OsString,
    mut argv: Vec<OsString>,
    address: &str,
    port: u16,
    settle: Duration,
    react: Duration,
) -> Spoke {
    let address = if address.contains(':') { format!("[{address}]") } else { address.to_owned() };
    argv.extend(["-W".into(), format!("{address}:{port}").into()]);
    let mut command = Command::new(ssh);
    command.args(&argv).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut child) = command.spawn() else { return Spoke::Silent };
    let (input, mut output) = (child.stdin.take(), child.stdout.take());
    let mut said = vec![0; MAX_SAID];
    let mut first = read_some(&mut output, &mut said, settle).await;
    drop(input);
    if first.is_none() {
        first = read_some(&mut output, &mut said, react).await;
    }
    match first {
        None => Spoke::Silent,
        Some(0) => end_of(child, react).await,
        Some(count) => Spoke::Said { line: first_line(&said[..count]) },
    }
}

/// How many bytes came; `None` if nothing happened in time.
async fn read_some(
    output: &mut Option<ChildStdout>,
    said: &mut [u8],
    within: Duration,
) -> Option<usize> {
    let output = output.as_mut()?;
    timeout(within, output.read(said)).await.ok().map(|read| read.unwrap_or(0))
}

/// What an ssh without output says at its end.
async fn end_of(mut child: Child, within: Duration) -> Spoke {
    let mut text = Vec::new();
    if let Some(errors) = child.stderr.take() {
        let _ = timeout(within, errors.take(MAX_ERRORS).read_to_end(&mut text)).await;
    }
    let status = timeout(within, child.wait()).await;
    let errors = String::from_utf8_lossy(&text);
    let refused = errors.contains("open failed") || errors.contains("refused by peer");
    if refused || !matches!(status, Ok(Ok(status)) if status.success()) {
        return Spoke::Refused { forbidden: errors.contains(FORBIDDEN) };
    }
    Spoke::Closed
}
