//! Starting a daemon that outlives this process and says when it is ready. Not the
//! daemon's side of that (see [`crate::readiness`]), nor what it does, nor its systemd scope.
#![allow(unsafe_code)]

use crate::child::readable_within;
use crate::readiness::{MAX_READY_LINE, READY_VARIABLE, UMASK_VARIABLE};
use crate::{clock, command, descriptors, signals};
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Of a failed daemon's log this much, its end, goes into the error.
pub const MAX_LOG_TAIL: u64 = 2048;

/// A daemon to start.
#[derive(Debug, Clone)]
pub struct Daemon {
    /// Absolute path, for one's own program [`crate::process::SELF`].
    pub program: PathBuf,
    /// All arguments, the first being its name.
    pub argv: Vec<OsString>,
    /// The whole environment; [`READY_VARIABLE`] and [`UMASK_VARIABLE`] are added.
    pub env: Vec<(OsString, OsString)>,
    /// Its standard error, appended to; created 0600.
    pub log: PathBuf,
    /// How long it may take to be ready.
    pub ready_within: Duration,
}

/// Why there is no daemon.
#[derive(Debug, thiserror::Error)]
pub enum DetachError {
    /// Its log cannot be written.
    #[error("cannot open the log {}: {source}", path.display())]
    Log {
        /// The log.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It could not be started, or listened to.
    #[error("cannot start {}: {source}", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It ended before it was ready.
    #[error("{} ended before it was ready; it said: {log_tail:?}", program.display())]
    Ended {
        /// The program.
        program: PathBuf,
        /// The end of what it logged in this run.
        log_tail: String,
    },
    /// It was not ready in time. It may still run, and finds nobody listening when it is ready.
    #[error("{} was not ready within {waited:?}; it said: {log_tail:?}", program.display())]
    Late {
        /// The program.
        program: PathBuf,
        /// How long it had.
        waited: Duration,
        /// The end of what it logged in this run.
        log_tail: String,
    },
    /// It said more than a line.
    #[error("{} said more than {MAX_READY_LINE} bytes without a line's end", program.display())]
    LineTooLong {
        /// The program.
        program: PathBuf,
    },
}

/// Starts `daemon` detached: no child of ours, session of its own that can never get a terminal,
/// "/" as directory, umask 077, input and output from nowhere, no inherited descriptor. Returns,
/// when it is ready, the line it said then, without its end.
pub fn detach(daemon: &Daemon) -> Result<String, DetachError> {
    let log_error = |source| DetachError::Log { path: daemon.log.clone(), source };
    let start_error = |source| DetachError::Start { program: daemon.program.clone(), source };
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true).mode(0o600);
    let mut log = options.open(&daemon.log).map_err(log_error)?;
    let logged_before = log.seek(SeekFrom::End(0)).map_err(log_error)?;
    let errors = log.try_clone().map_err(log_error)?;

    let ready = start(daemon, errors).map_err(start_error)?;
    let program = daemon.program.clone();
    match wait_for_line(&ready, daemon.ready_within).map_err(start_error)? {
        Heard::Line(line) => Ok(line),
        Heard::End => Err(DetachError::Ended { program, log_tail: tail(&mut log, logged_before) }),
        Heard::Nothing => Err(DetachError::Late {
            program,
            waited: daemon.ready_within,
            log_tail: tail(&mut log, logged_before),
        }),
        Heard::TooMuch => Err(DetachError::LineTooLong { program }),
    }
}

/// Starts the daemon; the pipe returned has our end of its readiness.
fn start(daemon: &Daemon, errors: File) -> io::Result<OwnedFd> {
    let (ready, say) = descriptors::pipe()?;
    descriptors::set_nonblocking(&ready, true)?;
    let mut process = Command::new(&daemon.program);
    if let Some((name, arguments)) = daemon.argv.split_first() {
        process.arg0(name).args(arguments);
    }
    process.env_clear().envs(daemon.env.iter().map(|(name, value)| (name, value)));
    process.env(READY_VARIABLE, say.as_raw_fd().to_string());
    process.env(UMASK_VARIABLE, format!("{:03o}", umask()));
    process.stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors).current_dir("/");
    let say_number = say.as_raw_fd();
    // SAFETY: the closure makes only async-signal-safe calls and allocates nothing; the number is
    // that of `say`, which lives until after spawn.
    unsafe { process.pre_exec(move || leave(say_number)) };
    // The first child ends at once in `leave`; a failed exec of the second is still reported.
    process.spawn()?.wait()?;
    Ok(ready)
}

/// In the child, before exec.
fn leave(say: RawFd) -> io::Result<()> {
    rustix::process::setsid()?;
    // SAFETY: this process has one thread, being a fork. Its second child goes on; it ends
    // itself, without running anything of the parent's at exit.
    match unsafe { libc::fork() } {
        -1 => return Err(io::Error::last_os_error()),
        0 => {}
        _ => unsafe { libc::_exit(0) },
    }
    command::set_umask(0o077);
    signals::reset_all();
    command::close_on_exec_from(3);
    // SAFETY: changes a flag of a descriptor that is open.
    if unsafe { libc::fcntl(say, libc::F_SETFD, 0) } == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

enum Heard {
    Line(String),
    End,
    Nothing,
    TooMuch,
}

/// Reads until a line has ended, all have closed the pipe, or `limit` has passed.
fn wait_for_line(ready: &OwnedFd, limit: Duration) -> io::Result<Heard> {
    let started = clock::now().as_nanos();
    let mut line = Vec::new();
    loop {
        let passed = Duration::from_nanos(clock::now().as_nanos() - started);
        if passed >= limit || !readable_within(ready, limit - passed)? {
            return Ok(Heard::Nothing);
        }
        let mut buffer = [0; 512];
        match rustix::io::retry_on_intr(|| rustix::io::read(ready, &mut buffer))? {
            0 => return Ok(Heard::End),
            count => line.extend_from_slice(&buffer[..count]),
        }
        if let Some(end) = line.iter().position(|byte| *byte == b'\n') {
            return Ok(Heard::Line(String::from_utf8_lossy(&line[..end]).into_owned()));
        }
        if line.len() > MAX_READY_LINE {
            return Ok(Heard::TooMuch);
        }
    }
}

/// The end of what the log has from `start` on.
fn tail(log: &mut File, start: u64) -> String {
    let mut bytes = Vec::new();
    let length = log.metadata().map_or(start, |data| data.len());
    let from = start.max(length.saturating_sub(MAX_LOG_TAIL));
    if log.seek(SeekFrom::Start(from)).is_ok() {
        // What cannot be read is left out: the tail explains another error.
        let _ = log.take(MAX_LOG_TAIL).read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).trim_end().to_owned()
}

/// This process's umask, read where reading does not change it; 022 where that is hidden.
fn umask() -> u32 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let value = status.lines().find_map(|line| line.strip_prefix("Umask:"));
    value.and_then(|value| u32::from_str_radix(value.trim(), 8).ok()).unwrap_or(0o022)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::readiness::{Readiness, original_umask};
    use crate::scratch::Scratch;
    use std::os::unix::fs::PermissionsExt;

    const SAY: &str = "> /proc/self/fd/$ABIDE_READY_FD";

    fn daemon(scratch: &Scratch, line: &str) -> Daemon {
        Daemon {
            program: "/bin/sh".into(),
            argv: vec!["abide-daemon".into(), "-c".into(), line.into()],
            env: vec![("PATH".into(), "/usr/bin:/bin".into())],
            log: scratch.path().join("log"),
            ready_within: Duration::from_secs(20),
        }
    }

    #[test]
    fn a_daemon_stands_alone_and_says_its_line() {
        let scratch = Scratch::new();
        let (_leak, _write) = rustix::pipe::pipe().unwrap();
        // Readiness itself is the only descriptor past the first three; ls adds its own.
        let line = format!(
            "set -- $(ps -o ppid= -o sid= -o tty= -p $$); \
             echo $$ $* $(pwd) $(umask) $(ls /proc/self/fd | wc -l) \
             $(readlink /proc/self/fd/0) $0 $ABIDE_UMASK {SAY}"
        );
        let said = detach(&daemon(&scratch, &line)).unwrap();
        let words: Vec<_> = said.split(' ').collect();
        assert_eq!(words.len(), 10, "{said}");
        assert_ne!(words[1], std::process::id().to_string(), "not our child");
        assert_ne!(words[2], words[0], "not a session leader");
        assert_eq!(words[3..8], ["?", "/", "0077", "5", "/dev/null"], "{said}");
        assert_eq!(words[8], "abide-daemon");
        assert_eq!(u32::from_str_radix(words[9], 8).unwrap(), umask());
        let log = std::fs::metadata(scratch.path().join("log")).unwrap();
        assert_eq!(log.permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_daemon_that_fails_is_quoted() {
        let scratch = Scratch::new();
        std::fs::write(scratch.path().join("log"), "an earlier run\n").unwrap();
        let error = detach(&daemon(&scratch, "echo no port free >&2; exit 1")).unwrap_err();
        let DetachError::Ended { log_tail, .. } = error else { panic!("{error}") };
        assert_eq!(log_tail, "no port free");
    }

    #[test]
    fn a_daemon_that_is_late_is_not_waited_for() {
        let scratch = Scratch::new();
        let late = Daemon {
            ready_within: Duration::from_millis(50),
            ..daemon(&scratch, "exec >&2; echo $$; exec sleep 1000")
        };
        let DetachError::Late { waited, .. } = detach(&late).unwrap_err() else { panic!() };
        assert_eq!(waited, late.ready_within);
        let pid = loop {
            let log = std::fs::read_to_string(&late.log).unwrap();
            if let Some(line) = log.lines().next() {
                break line.parse().unwrap();
            }
            std::thread::yield_now();
        };
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    }

    #[test]
    fn too_long_a_line_and_a_missing_program_are_errors() {
        let scratch = Scratch::new();
        let endless = daemon(&scratch, &format!("yes | tr -d '\\n' {SAY}"));
        assert!(matches!(detach(&endless), Err(DetachError::LineTooLong { .. })));
        let missing = Daemon { program: "/no/such/program".into(), ..endless };
        assert!(matches!(detach(&missing), Err(DetachError::Start { .. })));
    }

    #[test]
    fn a_daemon_takes_its_readiness_from_the_environment() {
        if std::env::var_os(crate::readiness::READY_VARIABLE).is_some() {
            return daemon_inside();
        }
        let scratch = Scratch::new();
        let name = "a_daemon_takes_its_readiness_from_the_environment";
        let arguments = format!("self --exact detach::tests::{name} --nocapture");
        let daemon = Daemon {
            program: crate::process::SELF.into(),
            argv: arguments.split(' ').map(OsString::from).collect(),
            ..daemon(&scratch, "")
        };
        let said = detach(&daemon).unwrap();
        assert_eq!(said, format!("umask {:o}, taken once: true", umask()));
        assert!(Readiness::from_environment().unwrap().is_none(), "nobody waits for this process");
        assert_eq!(original_umask(), None);
    }

    fn daemon_inside() {
        let readiness = Readiness::from_environment().unwrap().unwrap();
        let once = Readiness::from_environment().is_err();
        let line = format!("umask {:o}, taken once: {once}", original_umask().unwrap());
        readiness.announce(&line).unwrap();
    }
}
