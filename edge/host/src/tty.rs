//! The terminal that a person sits at: its size, raw mode and, above all, the way back out of raw
//! mode. Not the session's own terminal; see [`crate::pty`].
#![allow(unsafe_code)]

use crate::pty::Size;
use crate::signals;
use std::cell::UnsafeCell;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Whether `fd` is a terminal.
pub fn is_tty(fd: impl AsFd) -> bool {
    rustix::termios::isatty(fd)
}

/// The terminal's size; 0 rows or columns where the terminal does not know (serial lines).
pub fn size(fd: impl AsFd) -> io::Result<Size> {
    Ok(rustix::termios::tcgetwinsize(fd)?.into())
}

/// No terminal is in raw mode.
const NO_TERMINAL: i32 = -1;

/// What panic hooks and signal handlers need, without locks: `fd` is a terminal whose former modes
/// are in `modes`, or [`NO_TERMINAL`].
struct Saved {
    fd: AtomicI32,
    modes: UnsafeCell<MaybeUninit<libc::termios>>,
}

// SAFETY: `modes` is written only under RAW's lock while `fd` is NO_TERMINAL, and read only by who
// found `fd` to be another number (Release and Acquire order the two).
unsafe impl Sync for Saved {}

static SAVED: Saved =
    Saved { fd: AtomicI32::new(NO_TERMINAL), modes: UnsafeCell::new(MaybeUninit::uninit()) };

/// The guards alive and the one terminal they are for.
struct Raw {
    guards: usize,
    terminal: Option<OwnedFd>,
}

static RAW: Mutex<Raw> = Mutex::new(Raw { guards: 0, terminal: None });

fn raw() -> MutexGuard<'static, Raw> {
    RAW.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A terminal in raw mode, as ssh has it; its former modes return when the last guard is dropped.
#[derive(Debug)]
pub struct RawMode(());

impl RawMode {
    /// Puts the terminal into raw mode. Again is fine: the modes of before the first time are the
    /// ones that return. One terminal a process: `InvalidInput` for another one meanwhile.
    pub fn enter(fd: impl AsFd) -> io::Result<Self> {
        let mut raw = raw();
        match &raw.terminal {
            Some(terminal) if device(terminal)? != device(&fd)? => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "another terminal is in raw mode",
                ));
            }
            Some(terminal) => set_raw(terminal.as_raw_fd())?,
            None => raw.terminal = Some(enter_first(fd)?),
        }
        raw.guards += 1;
        Ok(Self(()))
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        let mut raw = raw();
        raw.guards -= 1;
        if raw.guards == 0 {
            restore_now();
            SAVED.fd.store(NO_TERMINAL, Ordering::Release);
            raw.terminal = None;
        }
    }
}

fn device(fd: impl AsFd) -> io::Result<u64> {
    Ok(rustix::fs::fstat(fd)?.st_rdev)
}

/// Saves the modes, then sets raw ones; returns a duplicate that cannot be closed by others.
fn enter_first(fd: impl AsFd) -> io::Result<OwnedFd> {
    let terminal = rustix::io::fcntl_dupfd_cloexec(fd, 3)?;
    let modes = get_modes(terminal.as_raw_fd())?;
    // SAFETY: `fd` is NO_TERMINAL and the caller holds the lock, so nobody else looks at `modes`.
    unsafe { (*SAVED.modes.get()).write(modes) };
    SAVED.fd.store(terminal.as_raw_fd(), Ordering::Release);
    let set = set_raw(terminal.as_raw_fd());
    if set.is_err() {
        SAVED.fd.store(NO_TERMINAL, Ordering::Release);
    }
    set.map(|()| terminal)
}

fn get_modes(fd: i32) -> io::Result<libc::termios> {
    let mut modes = MaybeUninit::uninit();
    // SAFETY: tcgetattr fills the structure, or fails and it is not read.
    unsafe {
        match libc::tcgetattr(fd, modes.as_mut_ptr()) {
            0 => Ok(modes.assume_init()),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

/// Every byte typed goes to the program, at once and as it is; every byte written goes out as it
/// is. Character size, parity and UTF-8 stay as they were.
fn set_raw(fd: i32) -> io::Result<()> {
    let mut modes = get_modes(fd)?;
    modes.c_iflag |= libc::IGNPAR;
    modes.c_iflag &= !(libc::ISTRIP | libc::INLCR | libc::IGNCR | libc::ICRNL);
    modes.c_iflag &= !(libc::IXON | libc::IXANY | libc::IXOFF | libc::IUCLC);
    modes.c_lflag &= !(libc::ISIG | libc::ICANON | libc::IEXTEN);
    modes.c_lflag &= !(libc::ECHO | libc::ECHOE | libc::ECHOK | libc::ECHONL);
    modes.c_oflag &= !libc::OPOST;
    modes.c_cc[libc::VMIN] = 1;
    modes.c_cc[libc::VTIME] = 0;
    // SAFETY: the structure is a valid local.
    match unsafe { libc::tcsetattr(fd, libc::TCSADRAIN, &raw const modes) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Gives the terminal its former modes at once, if it is in raw mode; guards and what was saved
/// stay as they are. Async-signal-safe, never blocks: for panic hooks and signal handlers.
pub fn restore_now() {
    let fd = SAVED.fd.load(Ordering::Acquire);
    if fd == NO_TERMINAL {
        return;
    }
    // SAFETY: a number in `fd` means that `modes` is written. SIGTTOU is blocked meanwhile, or a
    // process in the background would be stopped here; TCSANOW does not wait for a stopped
    // terminal's output. errno is put back for the code that a handler interrupted.
    unsafe {
        let errno = *libc::__errno_location();
        let (mut block, mut former) = std::mem::zeroed::<(libc::sigset_t, libc::sigset_t)>();
        libc::sigemptyset(&raw mut block);
        libc::sigaddset(&raw mut block, libc::SIGTTOU);
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const block, &raw mut former);
        libc::tcsetattr(fd, libc::TCSANOW, SAVED.modes.get().cast());
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const former, std::ptr::null_mut());
        *libc::__errno_location() = errno;
    }
}

/// Stops this process as Ctrl-Z would, with the terminal in its former modes; returns when it is
/// continued, in raw mode again if it was. A handler for SIGTSTP is set aside meanwhile. Where
/// there is no shell to continue it (an orphaned group) the kernel does not stop it. Only this
/// process stops, not its group: an ssh that it runs must go on.
pub fn suspend_self() -> io::Result<()> {
    restore_now();
    let former = set_action(libc::SIGTSTP, None)?;
    let raised = signals::raise(libc::SIGTSTP);
    set_action(libc::SIGTSTP, Some(former))?;
    raised?;
    match &raw().terminal {
        Some(terminal) => set_raw(terminal.as_raw_fd()),
        None => Ok(()),
    }
}

/// Sets an action saved earlier, or the default; returns the one before.
fn set_action(number: i32, action: Option<libc::sigaction>) -> io::Result<libc::sigaction> {
    // SAFETY: all-zero is a valid action (SIG_DFL, no mask, no flags); others come from here.
    unsafe {
        let action = action.unwrap_or_else(|| std::mem::zeroed());
        let mut former = std::mem::zeroed();
        match libc::sigaction(number, &raw const action, &raw mut former) {
            0 => Ok(former),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::child::{Exit, readable_within};
    use crate::command::ShellCommand;
    use crate::pty;
    use std::time::Duration;

    const LIMIT: Duration = Duration::from_secs(20);

    /// What a shell on its own terminal prints; the terminal's raw mode is one a process, so each
    /// test that enters it runs in a process of its own, this program's.
    fn shell(line: &str) -> (String, Exit) {
        let mut pty = pty::open(Size::default()).unwrap();
        let mut command = ShellCommand::shell_line("/bin/sh".as_ref(), line);
        command.env.push(("PATH".into(), "/usr/bin:/bin".into()));
        command.env.push(("SELF".into(), std::env::current_exe().unwrap().into()));
        command.env.push((INSIDE.into(), "1".into()));
        let child = pty::spawn(&mut pty, &command).unwrap();
        let (mut text, mut buffer) = (String::new(), [0; 4096]);
        loop {
            assert!(readable_within(&pty.master, LIMIT).unwrap(), "only {text:?}");
            match pty::read(&pty.master, &mut buffer).unwrap() {
                0 => break,
                count => text.push_str(&String::from_utf8_lossy(&buffer[..count])),
            }
        }
        (text, child.wait_within(LIMIT).unwrap().unwrap())
    }

    /// Set in a process that is a test's inner half: it has a terminal of its own.
    const INSIDE: &str = "ABIDE_TEST_INSIDE";

    fn is_inside() -> bool {
        std::env::var_os(INSIDE).is_some()
    }

    /// Runs the test `name` of this file once more, in another process, on a terminal.
    fn on_a_terminal(name: &str, around: &str) -> String {
        let run = format!("\"$SELF\" --exact tty::tests::{name} --nocapture");
        let (text, exit) = shell(&around.replace("RUN", &run));
        assert_eq!(exit, Exit::Code(0), "{text}");
        text
    }

    fn stty() -> String {
        let mut command = std::process::Command::new("stty");
        String::from_utf8(
            command.arg("-a").stdin(std::process::Stdio::inherit()).output().unwrap().stdout,
        )
        .unwrap()
    }

    #[test]
    fn only_terminals_are_terminals() {
        let pty = pty::open(Size { rows: 5, cols: 6, xpixel: 7, ypixel: 8 }).unwrap();
        assert!(is_tty(&pty.master));
        let size = size(&pty.master).unwrap();
        assert_eq!((size.rows, size.cols, size.xpixel, size.ypixel), (5, 6, 7, 8));
        let (pipe, _write) = crate::descriptors::pipe().unwrap();
        assert!(!is_tty(&pipe));
        assert!(RawMode::enter(&pipe).is_err());
    }

    #[test]
    fn raw_mode_comes_and_goes() {
        match is_inside() {
            true => raw_mode_inside(),
            false => drop(on_a_terminal("raw_mode_comes_and_goes", "RUN")),
        }
    }

    fn raw_mode_inside() {
        let before = stty();
        let first = RawMode::enter(io::stdin()).unwrap();
        let raw = stty();
        for flag in ["-icrnl", "-ixon", "-opost", "-isig", "-icanon", "-iexten", "-echo "] {
            assert!(raw.contains(flag), "{flag} in {raw}");
        }
        for flag in [" ignpar", "min = 1", "time = 0", " iutf8", "cs8"] {
            assert!(raw.contains(flag), "{flag} in {raw}");
        }
        let second = RawMode::enter(io::stdout()).unwrap();
        drop(first);
        assert_eq!(stty(), raw, "a guard is left");
        restore_now();
        assert_eq!(stty(), before);
        let other = pty::open(Size::default()).unwrap();
        assert!(RawMode::enter(&other.master).is_err());
        drop(RawMode::enter(io::stdin()).unwrap());
        assert_eq!(stty(), raw, "a guard is left");
        drop(second);
        assert_eq!(stty(), before);
        let _again = RawMode::enter(io::stdin()).unwrap();
        assert_eq!(stty(), raw);
    }

    #[test]
    fn suspending_gives_the_terminal_back_until_continued() {
        if is_inside() {
            return suspend_inside();
        }
        let around = "set -m; RUN; echo; stty -a | grep -o ' icanon'; fg >/dev/null";
        let text = on_a_terminal("suspending_gives_the_terminal_back_until_continued", around);
        let stopped = text.find(" icanon").expect("former modes while stopped");
        let raw = text.find("raw again").expect("continued");
        assert!(stopped < raw, "{text}");
    }

    fn suspend_inside() {
        let _raw = RawMode::enter(io::stdin()).unwrap();
        suspend_self().unwrap();
        assert!(stty().contains("-icanon"));
        println!("raw again");
    }
}
