//! The ssh-agent that a login was given by sshd. Not what is said to it.

use std::io;
use std::path::PathBuf;

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, sockopt};
use rustix::process::{Pid, getpid};

/// Names the agent's socket.
pub const VARIABLE: &str = "SSH_AUTH_SOCK";
/// Processes between this one and sshd, at most.
const ANCESTORS_MAX: usize = 64;

/// The socket of the client's agent, if sshd itself serves it for this login: that is, if it permits agent
/// forwarding and was asked for it. One that the user's own files name does not count.
pub fn given_by_sshd() -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os(VARIABLE).filter(|path| !path.is_empty())?);
    let server = listener_of(&path).ok()?;
    ancestors().take(ANCESTORS_MAX).any(|pid| pid == server).then_some(path)
}

/// The process that listens at a unix socket.
fn listener_of(path: &PathBuf) -> io::Result<Pid> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    rustix::net::connect(&socket, &SocketAddrUnix::new(path)?)?;
    Ok(sockopt::socket_peercred(&socket)?.pid)
}

/// The parent of this process, its parent, and so on.
fn ancestors() -> impl Iterator<Item = Pid> {
    std::iter::successors(parent(getpid()), |pid| parent(*pid))
}

fn parent(pid: Pid) -> Option<Pid> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    let (_, after) = stat.rsplit_once(") ")?;
    after.split(' ').nth(1).and_then(|pid| pid.parse().ok()).and_then(Pid::from_raw)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn who_listens_is_known_and_is_no_ancestor_of_itself() {
        let scratch = Scratch::new();
        let path = scratch.path().join("agent");
        let _listener = crate::local::listen(&path).unwrap();
        assert_eq!(listener_of(&path).unwrap(), getpid());
        assert!(ancestors().all(|pid| pid != getpid()));
        assert!(ancestors().count() > 0);
    }
}
