//! `-f`: the whole of the work is done by a second process of this program, which goes to the background
//! once it is logged in and its forwards are there; this one waits for that, and exits.

use std::ffi::OsString;
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::complaint::Complaint;
use crate::exit::Exit;

/// Names, for the second process, the socket on which the first one waits.
const VARIABLE: &str = "ABIDE_BACKGROUND";

/// Where the one who waits is told, if this is the second process.
pub(crate) fn waiting() -> Option<PathBuf> {
    std::env::var_os(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// Starts the second process with the same command line, and waits until it is in the background: or
/// until it ended, whose exit status is then this one's too.
pub(crate) fn go(arguments: impl Iterator<Item = OsString>) -> Result<Exit, Complaint> {
    let folder = abide_host::local::runtime_dir().map_err(std::io::Error::from)?;
    let random = u64::from_be_bytes(abide_host::random::bytes());
    let path = folder.join(format!("bg-{random:016x}"));
    let result = start_and_wait(arguments, &path);
    // Nobody needs it any more.
    let _ = std::fs::remove_file(&path);
    Ok(result?)
}

fn start_and_wait(arguments: impl Iterator<Item = OsString>, path: &Path) -> std::io::Result<Exit> {
    let listener = abide_host::local::listen(path)?;
    let mut command = Command::new(abide_host::process::SELF);
    command.arg0("abide").args(arguments).env(VARIABLE, path).stdin(Stdio::null());
    let mut child = command.spawn()?;
    let ended = pidfd_open(pid(&child)?, PidfdFlags::empty())?;
    let mut fds = [
        PollFd::from_borrowed_fd(listener.as_fd(), PollFlags::IN),
        PollFd::from_borrowed_fd(ended.as_fd(), PollFlags::IN),
    ];
    rustix::io::retry_on_intr(|| poll(&mut fds, None))?;
    if listener.accept().is_ok() {
        return Ok(Exit::OK);
    }
    let status = child.wait()?;
    Ok(match (status.code(), status.signal()) {
        (Some(code), _) => Exit::of_command(u32::try_from(code).unwrap_or(255)),
        (None, Some(signal)) => Exit::of_signal(signal),
        (None, None) => Exit::FAILED,
    })
}

fn pid(child: &Child) -> std::io::Result<Pid> {
    let number = i32::try_from(child.id()).map_err(std::io::Error::other)?;
    Pid::from_raw(number).ok_or_else(|| std::io::Error::other("a child without a number"))
}
