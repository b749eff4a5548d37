//! The display of this machine that programs at the far end may use: where it is, the cookie that opens it,
//! and until when. As ssh does, xauth is asked. Nothing is drawn or forwarded here.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use abide_forward::Dial;
use abide_host::clock;
use abide_terms::Moment;
use abide_x11::{Cookie, Display, PROTOCOL, Place, listed_cookie};

/// How much longer a cookie of untrusted programs lives than connections are let through.
const SLACK: Duration = Duration::from_secs(60);

/// What programs may do with the display.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Anything.
    Full,
    /// What the X SECURITY extension leaves them, and to begin with it only for so long; without a limit
    /// for as long as the display is there.
    Limited(Option<Duration>),
}

/// A display, ready to be used.
#[derive(Clone, Debug)]
pub struct NearDisplay {
    /// Which.
    pub display: Display,
    /// What opens it; none where it decides by other means whom it lets in.
    pub cookie: Option<Cookie>,
    /// No connection is let through after that.
    pub until: Option<Moment>,
}

/// There is no cookie for untrusted programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("untrusted X11 forwarding setup failed: xauth key data not generated")]
pub struct NotGenerated;

impl NearDisplay {
    /// Asks `xauth` for the cookie of `display`, or for a new one for untrusted programs. Blocks until it
    /// answers.
    pub fn obtain(display: Display, trust: Trust, xauth: &Path) -> Result<Self, NotGenerated> {
        let now = clock::now();
        let (cookie, until) = match trust {
            Trust::Full => (list(xauth, None, &display), None),
            Trust::Limited(limit) => {
                let cookie = generate(xauth, &display, limit).ok_or(NotGenerated)?;
                (Some(cookie), limit.map(|limit| now + limit))
            }
        };
        Ok(NearDisplay { display, cookie, until })
    }

    /// Where it is reached.
    pub(crate) fn dial(&self) -> Option<Dial> {
        Some(match &self.display.place {
            Place::Here => Dial::Path(format!("/tmp/.X11-unix/X{}", self.display.number).into()),
            Place::Path(path) => Dial::Path(path.into()),
            Place::Host(host) => Dial::Host(host.clone(), self.display.port()?),
        })
    }
}

fn list(xauth: &Path, file: Option<&Path>, display: &Display) -> Option<Cookie> {
    let mut command = Command::new(xauth);
    if let Some(file) = file {
        command.arg("-f").arg(file);
    }
    command.arg("list").arg(display.in_xauth()).stdin(Stdio::null()).stderr(Stdio::null());
    let output = command.output().ok()?;
    listed_cookie(&String::from_utf8_lossy(&output.stdout))
}

/// A cookie with which the display trusts nobody, made by the display itself.
fn generate(xauth: &Path, display: &Display, limit: Option<Duration>) -> Option<Cookie> {
    let file = Scratch::new()?;
    let mut command = Command::new(xauth);
    command.arg("-f").arg(&file.0).arg("generate").arg(display.in_xauth());
    command.args([PROTOCOL, "untrusted"]);
    if let Some(limit) = limit {
        command.args(["timeout", &(limit + SLACK).as_secs().to_string()]);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let made = command.status().ok()?.success();
    made.then(|| list(xauth, Some(&file.0), display)).flatten()
}

/// A file of xauth's own, removed with its locks.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Option<Self> {
        let folder = abide_host::local::runtime_dir().ok()?;
        let random = u64::from_be_bytes(abide_host::random::bytes());
        Some(Scratch(folder.join(format!("xauth-{random:016x}"))))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        for suffix in ["", "-c", "-l", "-n"] {
            let mut path = self.0.clone().into_os_string();
            path.push(suffix);
            // Mostly xauth has removed its locks.
            let _ = std::fs::remove_file(path);
        }
    }
}
