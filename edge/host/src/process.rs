//! Programs on pipes, and this program's own path. Not daemons; see [`crate::detach`].

use crate::child::Child;
use crate::command::ShellCommand;
use crate::descriptors;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// The running program, even after its file was replaced or removed: for starting it again.
pub const SELF: &str = "/proc/self/exe";

/// A program and the parent's ends of its three pipes: non-blocking, closed on exec.
#[derive(Debug)]
pub struct Piped {
    /// The program, leading a session of its own without a terminal.
    pub child: Child,
    /// Write end; dropping it is the program's end of input.
    pub stdin: OwnedFd,
    /// Read end; at its end when everybody who holds it has closed it, which may be long after
    /// the program.
    pub stdout: OwnedFd,
    /// Read end, as `stdout`.
    pub stderr: OwnedFd,
}

/// Starts `command` on three pipes. The program's own ends block, as programs expect.
pub fn spawn(command: &ShellCommand) -> io::Result<Piped> {
    let mut process = command.prepare(false)?;
    let (input, stdin) = descriptors::pipe()?;
    let (stdout, output) = descriptors::pipe()?;
    let (stderr, errors) = descriptors::pipe()?;
    for end in [&stdin, &stdout, &stderr] {
        descriptors::set_nonblocking(end, true)?;
    }
    process.stdin(input).stdout(output).stderr(errors);
    let child = Child::new(process.spawn()?)?;
    Ok(Piped { child, stdin, stdout, stderr })
}

/// Where this program's file is, or [`SELF`] when it has been replaced or removed meanwhile: its
/// old path would then name another program, or none.
pub fn exe_path() -> io::Result<PathBuf> {
    let path = std::env::current_exe()?;
    if same_file(&path, Path::new(SELF)) { Ok(path) } else { Ok(PathBuf::from(SELF)) }
}

fn same_file(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let id = |path: &Path| std::fs::metadata(path).map(|data| (data.dev(), data.ino())).ok();
    id(one).is_some() && id(one) == id(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::child::{Exit, readable_within};
    use std::time::Duration;

    const LIMIT: Duration = Duration::from_secs(20);

    fn read_all(fd: &OwnedFd) -> Vec<u8> {
        let (mut all, mut buffer) = (Vec::new(), [0; 4096]);
        loop {
            assert!(readable_within(fd, LIMIT).unwrap());
            match rustix::io::read(fd, &mut buffer).unwrap() {
                0 => return all,
                count => all.extend_from_slice(&buffer[..count]),
            }
        }
    }

    #[test]
    fn the_three_streams_stay_apart_and_all_end() {
        let line = "cat; echo problem >&2; exit 5";
        let mut command = ShellCommand::shell_line(Path::new("/bin/sh"), line);
        command.env.push(("PATH".into(), "/usr/bin:/bin".into()));
        let Piped { child, stdin, stdout, stderr } = spawn(&command).unwrap();
        rustix::io::write(&stdin, b"to and fro").unwrap();
        let blocked = rustix::io::read(&stderr, &mut [0; 8]).unwrap_err();
        assert_eq!(blocked, rustix::io::Errno::AGAIN);
        drop(stdin);
        assert_eq!(read_all(&stdout), b"to and fro");
        assert_eq!(read_all(&stderr), b"problem\n");
        assert_eq!(child.wait_within(LIMIT).unwrap(), Some(Exit::Code(5)));
    }

    #[test]
    fn the_program_leads_a_session_and_its_ends_block() {
        let line = "ps -o sid= -p $$; grep flags /proc/self/fdinfo/0 /proc/self/fdinfo/1";
        let mut command = ShellCommand::shell_line(Path::new("/bin/sh"), line);
        command.env.push(("PATH".into(), "/usr/bin:/bin".into()));
        let piped = spawn(&command).unwrap();
        let text = String::from_utf8(read_all(&piped.stdout)).unwrap();
        let mut lines = text.lines();
        assert_eq!(lines.next().unwrap().trim(), piped.child.pid().to_string());
        for line in lines {
            let flags = u32::from_str_radix(line.split_whitespace().nth(1).unwrap(), 8).unwrap();
            assert_eq!(flags & libc::O_NONBLOCK.unsigned_abs(), 0, "{line}");
        }
    }

    #[test]
    fn this_program_finds_itself() {
        assert!(same_file(&exe_path().unwrap(), Path::new(SELF)));
    }
}
