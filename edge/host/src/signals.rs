//! Signals by name and number, and what this process does on them. Not handlers: the event loop
//! has its own.
#![allow(unsafe_code)]

use rustix::process::Signal;
use std::io;

/// The highest signal number of Linux.
const MAX_SIGNAL: i32 = 64;

/// Names as in the ssh protocol (RFC 4254, 6.10), and Linux's others.
const NAMES: [(&str, i32); 31] = [
    ("HUP", libc::SIGHUP),
    ("INT", libc::SIGINT),
    ("QUIT", libc::SIGQUIT),
    ("ILL", libc::SIGILL),
    ("TRAP", libc::SIGTRAP),
    ("ABRT", libc::SIGABRT),
    ("BUS", libc::SIGBUS),
    ("FPE", libc::SIGFPE),
    ("KILL", libc::SIGKILL),
    ("USR1", libc::SIGUSR1),
    ("SEGV", libc::SIGSEGV),
    ("USR2", libc::SIGUSR2),
    ("PIPE", libc::SIGPIPE),
    ("ALRM", libc::SIGALRM),
    ("TERM", libc::SIGTERM),
    ("STKFLT", libc::SIGSTKFLT),
    ("CHLD", libc::SIGCHLD),
    ("CONT", libc::SIGCONT),
    ("STOP", libc::SIGSTOP),
    ("TSTP", libc::SIGTSTP),
    ("TTIN", libc::SIGTTIN),
    ("TTOU", libc::SIGTTOU),
    ("URG", libc::SIGURG),
    ("XCPU", libc::SIGXCPU),
    ("XFSZ", libc::SIGXFSZ),
    ("VTALRM", libc::SIGVTALRM),
    ("PROF", libc::SIGPROF),
    ("WINCH", libc::SIGWINCH),
    ("IO", libc::SIGIO),
    ("PWR", libc::SIGPWR),
    ("SYS", libc::SIGSYS),
];

/// The name without SIG: `signal_name(9) == Some("KILL")`. `None` for real-time and unknown ones.
pub fn signal_name(number: i32) -> Option<&'static str> {
    NAMES.iter().find(|(_, known)| *known == number).map(|(name, _)| *name)
}

/// The number behind a name, with or without SIG, upper case.
pub fn signal_number(name: &str) -> Option<i32> {
    let name = name.strip_prefix("SIG").unwrap_or(name);
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, number)| *number)
}

/// The signal as rustix has it; `InvalidInput` for numbers without a name.
pub(crate) fn named(number: i32) -> io::Result<Signal> {
    Signal::from_named_raw(number).ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidInput, format!("no signal has number {number}"))
    })
}

/// Sends `number` to the calling thread; its effect is there when this returns.
pub fn raise(number: i32) -> io::Result<()> {
    named(number)?;
    // SAFETY: raise takes a number, which was just checked.
    if unsafe { libc::raise(number) } == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Makes writes to a closed pipe fail with `BrokenPipe` instead of killing the process. Rust
/// programs start this way.
pub fn ignore_sigpipe() {
    dispose(libc::SIGPIPE, libc::SIG_IGN);
}

/// Lets a closed pipe end this process silently, as people expect of a filter in a pipeline.
pub fn reset_sigpipe() {
    dispose(libc::SIGPIPE, libc::SIG_DFL);
}

/// Sets SIG_DFL or SIG_IGN; async-signal-safe.
fn dispose(number: i32, action: libc::sighandler_t) {
    // SAFETY: only SIG_DFL and SIG_IGN reach here, so no function of ours becomes a handler.
    unsafe { libc::signal(number, action) };
}

/// Every signal to its default and none blocked, for a process about to exec.
/// Async-signal-safe.
pub(crate) fn reset_all() {
    // The kernel refuses KILL and STOP, the C library its own two: both are as they should be.
    (1..=MAX_SIGNAL).for_each(|number| dispose(number, libc::SIG_DFL));
    // SAFETY: the set is a local that sigemptyset initialises before it is read.
    unsafe {
        let mut none = std::mem::zeroed::<libc::sigset_t>();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_agree_both_ways() {
        assert_eq!(signal_name(9), Some("KILL"));
        assert_eq!(signal_number("SIGHUP"), Some(1));
        assert_eq!((signal_name(0), signal_name(40), signal_number("NONE")), (None, None, None));
        for (name, number) in NAMES {
            assert_eq!((signal_name(number), signal_number(name)), (Some(name), Some(number)));
        }
    }

    #[test]
    fn an_unknown_number_is_refused() {
        assert_eq!(raise(0).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        assert!(raise(libc::SIGURG).is_ok()); // ignored by default
    }
}
