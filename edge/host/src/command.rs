//! What to run: program, arguments, environment, directory. Not where its input and output go;
//! see [`crate::pty`] and [`crate::process`].
#![allow(unsafe_code)]

use crate::signals;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Descriptors above this are not looked at on kernels without close_range (before 5.11).
const MAX_DESCRIPTOR: libc::rlim_t = 65_536;

/// A program to start with an environment and directory of its own; nothing is inherited but what
/// stands here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShellCommand {
    /// The program; without a slash it is looked up in the PATH of `env`.
    pub program: PathBuf,
    /// What the program sees as its own name; login shells have a leading '-'.
    pub argv0: OsString,
    /// Arguments after the name.
    pub args: Vec<OsString>,
    /// The whole environment.
    pub env: Vec<(OsString, OsString)>,
    /// Working directory.
    pub cwd: PathBuf,
    /// Mask for new files; `None` keeps this process's.
    pub umask: Option<u32>,
}

impl ShellCommand {
    /// `program` under its own name, without arguments or environment, in "/".
    pub fn new(program: impl Into<PathBuf>) -> Self {
        let program = program.into();
        let argv0 = program.clone().into_os_string();
        let cwd = PathBuf::from("/");
        Self { program, argv0, args: Vec::new(), env: Vec::new(), cwd, umask: None }
    }

    /// `shell` as a login shell: its name is "-" and the last part of its path.
    pub fn login_shell(shell: &Path) -> Self {
        let mut argv0 = OsString::from("-");
        argv0.push(shell.file_name().unwrap_or(shell.as_os_str()));
        Self { argv0, ..Self::new(shell) }
    }

    /// `shell -c line`, as sshd runs a command; the shell's name has no directory.
    pub fn shell_line(shell: &Path, line: impl AsRef<OsStr>) -> Self {
        let argv0 = shell.file_name().unwrap_or(shell.as_os_str()).to_owned();
        let args = vec!["-c".into(), line.as_ref().to_owned()];
        Self { argv0, args, ..Self::new(shell) }
    }

    /// The command for std, which starts it in a session of its own. With `controlling`, standard
    /// input becomes the session's terminal. Refuses a directory that is none, by its name, as the
    /// bare error of a failed start would not say whether program or directory is missing.
    pub(crate) fn prepare(&self, controlling: bool) -> io::Result<Command> {
        if !self.cwd.is_dir() {
            let why = format!("{} is not a directory", self.cwd.display());
            return Err(io::Error::new(io::ErrorKind::NotADirectory, why));
        }
        let mut command = Command::new(&self.program);
        command.arg0(&self.argv0).args(&self.args).current_dir(&self.cwd);
        command.env_clear().envs(self.env.iter().map(|(name, value)| (name, value)));
        let umask = self.umask;
        // SAFETY: the closure makes only async-signal-safe calls and allocates nothing.
        unsafe { command.pre_exec(move || enter_session(umask, controlling)) };
        Ok(command)
    }
}

/// In the child, before exec: new session, terminal, clean signals, nothing inherited.
fn enter_session(umask: Option<u32>, controlling: bool) -> io::Result<()> {
    rustix::process::setsid()?;
    if controlling {
        // SAFETY: descriptor 0 was made the slave's just before; the argument is a number.
        if unsafe { libc::ioctl(0, libc::TIOCSCTTY, 0) } != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    if let Some(mask) = umask {
        set_umask(mask);
    }
    signals::reset_all();
    close_on_exec_from(3);
    Ok(())
}

/// Sets the mask for new files; async-signal-safe.
pub(crate) fn set_umask(mask: u32) {
    // SAFETY: umask takes a number and cannot fail.
    unsafe { libc::umask(mask as libc::mode_t) };
}

/// Marks every descriptor from `first` on to be closed by exec: not closed at once, since the one
/// on which std reports a failed exec is among them. Async-signal-safe.
pub(crate) fn close_on_exec_from(first: u32) {
    // SAFETY: the call changes flags of descriptors only; by number, as older C libraries have no
    // name for it.
    let done =
        unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    if done == 0 {
        return;
    }
    let mut limit = libc::rlimit { rlim_cur: MAX_DESCRIPTOR, rlim_max: 0 };
    // SAFETY: the structure is a valid local; F_SETFD on a number without a file only fails.
    unsafe {
        libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit);
        for fd in first..limit.rlim_cur.min(MAX_DESCRIPTOR) as u32 {
            libc::fcntl(fd as libc::c_int, libc::F_SETFD, libc::FD_CLOEXEC);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_shell_is_named_with_a_dash() {
        let shell = ShellCommand::login_shell(Path::new("/usr/bin/zsh"));
        assert_eq!((shell.argv0.to_str(), shell.args.len()), (Some("-zsh"), 0));
        assert_eq!(shell.program, Path::new("/usr/bin/zsh"));
    }

    #[test]
    fn a_missing_directory_is_named() {
        let command = ShellCommand { cwd: "/no/such/place".into(), ..ShellCommand::new("/bin/sh") };
        let error = command.prepare(false).unwrap_err();
        assert!(error.to_string().contains("/no/such/place"), "{error}");
    }
}
