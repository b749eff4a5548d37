//! Pseudo-terminals as the session's owner has them: open, run a program in, resize, read.
//! Not the terminal a person sits at; see [`crate::tty`].

use crate::child::Child;
use crate::command::ShellCommand;
use crate::descriptors;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, ptsname, unlockpt};
use rustix::termios::{
    InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Winsize, tcgetattr, tcsetattr,
    tcsetwinsize,
};
use std::io;
use std::os::fd::{AsFd, OwnedFd};

/// The size of a terminal. Pixels are 0 where nobody knows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Size {
    /// Lines.
    pub rows: u16,
    /// Columns.
    pub cols: u16,
    /// Width in pixels.
    pub xpixel: u16,
    /// Height in pixels.
    pub ypixel: u16,
}

impl Default for Size {
    /// 24 lines of 80 columns.
    fn default() -> Self {
        Self { rows: 24, cols: 80, xpixel: 0, ypixel: 0 }
    }
}

impl From<Size> for Winsize {
    fn from(size: Size) -> Self {
        Self {
            ws_row: size.rows,
            ws_col: size.cols,
            ws_xpixel: size.xpixel,
            ws_ypixel: size.ypixel,
        }
    }
}

impl From<Winsize> for Size {
    fn from(size: Winsize) -> Self {
        Self {
            rows: size.ws_row,
            cols: size.ws_col,
            xpixel: size.ws_xpixel,
            ypixel: size.ws_ypixel,
        }
    }
}

/// A new pseudo-terminal.
#[derive(Debug)]
pub struct Pty {
    /// The owner's side: non-blocking, closed on exec. Closing the last duplicate hangs up.
    pub master: OwnedFd,
    /// The program's side, held until a program has it.
    slave: Option<OwnedFd>,
}

/// What a program has asked of its terminal; tells a password prompt from a shell's line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Modes {
    /// Typed characters are shown.
    pub echo: bool,
    /// The terminal edits lines, and the program gets whole ones.
    pub canonical: bool,
}

/// Opens a pseudo-terminal of `size`, its modes sane and its line editing in UTF-8.
pub fn open(size: Size) -> io::Result<Pty> {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let master = openpt(flags)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let slave = open_slave(&master, flags)?;
    let mut modes = tcgetattr(&slave)?;
    modes.input_modes |= InputModes::IUTF8;
    tcsetattr(&slave, OptionalActions::Now, &modes)?;
    tcsetwinsize(&master, size.into())?;
    descriptors::set_nonblocking(&master, true)?;
    Ok(Pty { master, slave: Some(slave) })
}

/// By the master, which needs no /dev/pts (containers); by name before Linux 4.13.
fn open_slave(master: &OwnedFd, flags: OpenptFlags) -> io::Result<OwnedFd> {
    match ioctl_tiocgptpeer(master, flags) {
        Err(Errno::NOTTY | Errno::INVAL) => {
            let name = ptsname(master, Vec::new())?;
            let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
            Ok(rustix::fs::open(name.as_c_str(), flags, Mode::empty())?)
        }
        result => Ok(result?),
    }
}

/// The characters that interrupt, quit or stop the programs on a terminal just now: none while it
/// passes all characters on (ISIG is off). `master` is the owner's side.
pub fn interrupts(master: impl AsFd) -> io::Result<Vec<u8>> {
    /// `_POSIX_VDISABLE` of Linux: no character.
    const NONE: u8 = 0;
    let modes = tcgetattr(master)?;
    if !modes.local_modes.contains(LocalModes::ISIG) {
        return Ok(Vec::new());
    }
    let codes = [SpecialCodeIndex::VINTR, SpecialCodeIndex::VQUIT, SpecialCodeIndex::VSUSP];
    Ok(codes
        .map(|code| modes.special_codes[code])
        .into_iter()
        .filter(|code| *code != NONE)
        .collect())
}

/// Starts `command` with the terminal as its input, output, errors and controlling terminal, in a
/// session of its own. The parent keeps no descriptor of the program's side, so the master comes
/// to its end with the last program. One program for each terminal: `InvalidInput` for a second
/// one; after a failed start another may be tried.
pub fn spawn(pty: &mut Pty, command: &ShellCommand) -> io::Result<Child> {
    let Some(slave) = &pty.slave else {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "this terminal already has its program",
        ));
    };
    let mut process = command.prepare(true)?;
    process.stdin(slave.try_clone()?).stdout(slave.try_clone()?).stderr(slave.try_clone()?);
    let child = Child::new(process.spawn()?)?;
    pty.slave = None;
    Ok(child)
}

/// Tells the terminal, and by SIGWINCH its foreground programs, a new size. Equal sizes send no
/// signal.
pub fn set_size(master: impl AsFd, size: Size) -> io::Result<()> {
    Ok(tcsetwinsize(master, size.into())?)
}

/// Reads output. `Ok(0)` is the end: every program has closed the terminal (Linux calls it EIO).
/// At most 4095 bytes come at a time.
pub fn read(master: impl AsFd, buffer: &mut [u8]) -> io::Result<usize> {
    match rustix::io::retry_on_intr(|| rustix::io::read(&master, &mut *buffer)) {
        Err(Errno::IO) => Ok(0),
        result => Ok(result?),
    }
}

/// The program's present modes, seen from the master.
pub fn modes(master: impl AsFd) -> io::Result<Modes> {
    let local = tcgetattr(master)?.local_modes;
    Ok(Modes {
        echo: local.contains(LocalModes::ECHO),
        canonical: local.contains(LocalModes::ICANON),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::child::{Exit, readable_within};
    use std::path::Path;
    use std::time::Duration;

    const LIMIT: Duration = Duration::from_secs(20);
    const SIZE: Size = Size { rows: 31, cols: 97, xpixel: 970, ypixel: 620 };

    /// Reads until `done` says so or the end.
    fn read_until(master: &OwnedFd, done: impl Fn(&str) -> bool) -> String {
        let (mut text, mut buffer) = (String::new(), [0; 4096]);
        while !done(&text) {
            assert!(readable_within(master, LIMIT).unwrap(), "only {text:?}");
            match read(master, &mut buffer).unwrap() {
                0 => break,
                count => text.push_str(&String::from_utf8_lossy(&buffer[..count])),
            }
        }
        text
    }

    fn shell(line: &str) -> ShellCommand {
        let mut command = ShellCommand::shell_line(Path::new("/bin/sh"), line);
        command.env.push(("PATH".into(), "/usr/bin:/bin".into()));
        command
    }

    #[test]
    fn a_program_has_size_end_and_status() {
        let mut pty = open(SIZE).unwrap();
        let child = spawn(&mut pty, &shell("stty size; exit 3")).unwrap();
        assert_eq!(read_until(&pty.master, |_| false), "31 97\r\n");
        assert_eq!(child.wait_within(LIMIT).unwrap(), Some(Exit::Code(3)));
    }

    #[test]
    fn the_terminal_is_its_own_session_with_clean_signals_and_nothing_more() {
        let mut pty = open(SIZE).unwrap();
        let line = "echo :$0:$A:$HOME:$(pwd):$(umask):; ps -o sid= -o tpgid= -p $$; \
                    grep -E 'Sig(Blk|Ign)' /proc/self/status; ls /proc/self/fd | wc -l; \
                    stty -a | grep -o ' iutf8'; : >/dev/tty && echo tty";
        let mut command = shell(line);
        command.argv0 = "-mine".into();
        command.env.push(("A".into(), "b".into()));
        command.cwd = "/usr".into();
        command.umask = Some(0o027);
        // Neither ignored signals nor descriptors that stay open on exec may come through.
        let (leak, _write) = rustix::pipe::pipe().unwrap();
        let child = spawn(&mut pty, &command).unwrap();
        drop(leak);
        let text = read_until(&pty.master, |_| false).replace('\r', "");
        let lines: Vec<_> = text.lines().map(str::trim).collect();
        assert_eq!(lines[0], ":-mine:b::/usr:0027:");
        let pid = child.pid().to_string();
        assert_eq!(lines[1].split_whitespace().collect::<Vec<_>>(), [&pid, &pid]);
        for line in &lines[2..4] {
            let set = u64::from_str_radix(line.split_whitespace().nth(1).unwrap(), 16).unwrap();
            // 32 and 33 are the C library's own, which it neither sets nor lets others set.
            assert_eq!(set & !(0b11 << 31), 0, "{line}");
        }
        assert_eq!(lines[4..], ["4", "iutf8", "tty"], "{text}");
        child.wait_within(LIMIT).unwrap();
    }

    #[test]
    fn a_new_size_arrives_and_modes_are_seen() {
        let mut pty = open(SIZE).unwrap();
        assert_eq!(modes(&pty.master).unwrap(), Modes { echo: true, canonical: true });
        let line = "trap 'stty size; exit 0' WINCH; stty -echo; echo ready; \
                    while :; do sleep 0.05; done";
        let child = spawn(&mut pty, &shell(line)).unwrap();
        read_until(&pty.master, |text| text.contains("ready"));
        assert_eq!(modes(&pty.master).unwrap(), Modes { echo: false, canonical: true });
        set_size(&pty.master, Size { rows: 40, ..SIZE }).unwrap();
        assert_eq!(read_until(&pty.master, |_| false), "40 97\r\n");
        assert_eq!(child.wait_within(LIMIT).unwrap(), Some(Exit::Code(0)));
    }

    #[test]
    fn closing_the_master_hangs_up() {
        let mut pty = open(SIZE).unwrap();
        let child = spawn(&mut pty, &shell("echo on; exec sleep 1000")).unwrap();
        read_until(&pty.master, |text| text.contains("on"));
        drop(pty);
        let hung_up = Exit::Signal { number: libc::SIGHUP, core: false };
        assert_eq!(child.wait_within(LIMIT).unwrap(), Some(hung_up));
    }

    #[test]
    fn after_a_failed_start_another_program_gets_the_terminal() {
        let mut pty = open(SIZE).unwrap();
        let error = spawn(&mut pty, &ShellCommand::new("/no/such/shell")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        let child = spawn(&mut pty, &shell("exit 4")).unwrap();
        assert_eq!(read_until(&pty.master, |_| false), "");
        assert_eq!(child.wait_within(LIMIT).unwrap(), Some(Exit::Code(4)));
        assert!(spawn(&mut pty, &shell("exit 0")).is_err());
    }
}
