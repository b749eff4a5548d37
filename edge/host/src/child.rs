//! A child process: its end as a readable descriptor and as a value. Not how it was started.

use crate::{descriptors, signals};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, WaitId, WaitIdOptions, WaitIdStatus, kill_process, kill_process_group,
    pidfd_open, waitid,
};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It exited with this status.
    Code(u8),
    /// A signal killed it.
    Signal {
        /// Which one; [`signals::signal_name`] has its name.
        number: i32,
        /// Whether a core was dumped.
        core: bool,
    },
}

/// A child process and the process group of the same number that it leads.
///
/// The process stays a zombie until this value is dropped, so that its number cannot go to another
/// process and [`Child::signal_group`] always means this one. Dropping it neither ends nor waits
/// for a running process.
#[derive(Debug)]
pub struct Child {
    process: std::process::Child,
    pid: Pid,
    watch: OwnedFd,
}

impl Child {
    /// Takes charge of a process that leads a session or group of its own. On failure the process
    /// has been killed.
    pub(crate) fn new(mut process: std::process::Child) -> io::Result<Self> {
        let pid = Pid::from_child(&process);
        match watch(pid) {
            Ok(watch) => Ok(Self { process, pid, watch }),
            Err(error) => {
                let _ = process.kill();
                let _ = process.wait();
                Err(error)
            }
        }
    }

    /// The process number, which is also that of its group and session.
    pub fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// A descriptor of the caller's own that becomes readable, for good, when the process has
    /// ended. Nothing can be read from it: ask [`Child::try_wait`] then.
    pub fn pidfd(&self) -> io::Result<OwnedFd> {
        self.watch.try_clone()
    }

    /// How the process ended, or `None` while it runs. May be asked again.
    pub fn try_wait(&self) -> io::Result<Option<Exit>> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let status = rustix::io::retry_on_intr(|| waitid(WaitId::Pid(self.pid), options))?;
        Ok(status.as_ref().and_then(exit))
    }

    /// Blocks until the process ends or `limit` has passed; `None` then.
    pub fn wait_within(&self, limit: Duration) -> io::Result<Option<Exit>> {
        readable_within(&self.watch, limit)?;
        self.try_wait()
    }

    /// Sends a signal to the process alone. `InvalidInput` for a number without a name.
    pub fn signal(&self, number: i32) -> io::Result<()> {
        Ok(kill_process(self.pid, signals::named(number)?)?)
    }

    /// Sends a signal to the process and all that stayed in its group. A terminal's foreground job
    /// is in a group of its own: closing the terminal's master hangs that up.
    pub fn signal_group(&self, number: i32) -> io::Result<()> {
        Ok(kill_process_group(self.pid, signals::named(number)?)?)
    }
}

impl AsFd for Child {
    /// The descriptor of [`Child::pidfd`].
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.watch.as_fd()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // Takes the zombie away, if it is one.
        let _ = self.process.try_wait();
    }
}

fn exit(status: &WaitIdStatus) -> Option<Exit> {
    if let Some(code) = status.exit_status() {
        // The kernel keeps the low byte only.
        return Some(Exit::Code(code as u8));
    }
    let number = status.terminating_signal()?;
    Some(Exit::Signal { number, core: status.dumped() })
}

/// A descriptor that becomes readable when `pid`, a child not yet waited for, ends.
fn watch(pid: Pid) -> io::Result<OwnedFd> {
    match pidfd_open(pid, PidfdFlags::empty()) {
        Err(Errno::NOSYS | Errno::PERM) => watch_by_thread(pid),
        result => Ok(result?),
    }
}

/// For kernels before 5.3, and sandboxes that hide the call: a thread that waits, without taking
/// the zombie, and then closes a pipe.
fn watch_by_thread(pid: Pid) -> io::Result<OwnedFd> {
    let (read, write) = descriptors::pipe()?;
    let wait = move || {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let _ = rustix::io::retry_on_intr(|| waitid(WaitId::Pid(pid), options));
        drop(write);
    };
    let thread = std::thread::Builder::new().name("child".into()).stack_size(64 * 1024);
    thread.spawn(wait)?;
    Ok(read)
}

/// Blocks until `fd` is readable (or at its end); false if `limit` passed first. A signal may cut
/// the wait short by starting it again, so `limit` is a lower bound.
pub(crate) fn readable_within(fd: impl AsFd, limit: Duration) -> io::Result<bool> {
    let limit = Timespec::try_from(limit).ok();
    let mut fds = [PollFd::new(&fd, PollFlags::IN)];
    Ok(rustix::io::retry_on_intr(|| poll(&mut fds, limit.as_ref()))? > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::ShellCommand;
    use std::path::Path;

    const LIMIT: Duration = Duration::from_secs(20);

    fn start(line: &str) -> Child {
        let command = ShellCommand::shell_line(Path::new("/bin/sh"), line);
        Child::new(command.prepare(false).unwrap().spawn().unwrap()).unwrap()
    }

    #[test]
    fn codes_and_signals_are_told_apart() {
        assert_eq!(start("exit 7").wait_within(LIMIT).unwrap(), Some(Exit::Code(7)));
        assert_eq!(start("exit 256").wait_within(LIMIT).unwrap(), Some(Exit::Code(0)));
        let killed = start("ulimit -c 0; kill -TERM $$").wait_within(LIMIT).unwrap();
        assert_eq!(killed, Some(Exit::Signal { number: libc::SIGTERM, core: false }));
    }

    #[test]
    fn a_signal_reaches_the_whole_group_even_after_its_leader() {
        let (read, write) = descriptors::pipe().unwrap();
        let command = ShellCommand::shell_line(Path::new("/bin/sh"), "/bin/sleep 1000 & exit 1");
        let mut command = command.prepare(false).unwrap();
        command.stdout(write);
        let child = Child::new(command.spawn().unwrap()).unwrap();
        drop(command);
        assert_eq!(child.wait_within(LIMIT).unwrap(), Some(Exit::Code(1)));
        assert!(!readable_within(&read, Duration::ZERO).unwrap(), "sleep holds the pipe");
        child.signal_group(libc::SIGKILL).unwrap();
        assert!(readable_within(&read, LIMIT).unwrap(), "sleep is gone");
        assert_eq!(child.try_wait().unwrap(), Some(Exit::Code(1)));
    }

    #[test]
    fn a_running_child_has_no_end_and_its_descriptor_waits() {
        let child = start("exec /bin/sleep 1000");
        assert_eq!(child.try_wait().unwrap(), None);
        let fd = child.pidfd().unwrap();
        assert!(!readable_within(&fd, Duration::ZERO).unwrap());
        child.signal(libc::SIGKILL).unwrap();
        assert!(readable_within(&fd, LIMIT).unwrap());
        let killed = Exit::Signal { number: libc::SIGKILL, core: false };
        assert_eq!(child.try_wait().unwrap(), Some(killed));
        assert!(child.signal(99).is_err());
    }

    #[test]
    fn a_dropped_child_leaves_no_zombie() {
        let child = start("exit 0");
        let pid = child.pid();
        child.wait_within(LIMIT).unwrap();
        assert!(Path::new(&format!("/proc/{pid}")).exists());
        drop(child);
        assert!(!Path::new(&format!("/proc/{pid}")).exists());
    }

    #[test]
    fn the_way_without_pidfd_tells_the_end_too() {
        let child = start("exec /bin/sleep 1000");
        let fd = watch_by_thread(child.pid).unwrap();
        assert!(!readable_within(&fd, Duration::ZERO).unwrap());
        child.signal(libc::SIGKILL).unwrap();
        assert!(readable_within(&fd, LIMIT).unwrap());
        assert!(child.try_wait().unwrap().is_some());
    }
}
