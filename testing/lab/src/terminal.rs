//! A program on a pseudo-terminal, driven by a test: bytes in, all bytes out, waiting for what is
//! seen. Interprets no escape sequence.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::process::Command;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use abide_host::child::{Child, Exit};
use abide_host::command::ShellCommand;
use abide_host::pty::{self, Size};
use abide_host::{clock, signals};
use abide_terms::Moment;
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};

use crate::LabError;
use crate::transcript::{Transcript, find};

/// How long the last output may take after the program's end, as others may hold the terminal.
const LAST_OUTPUT: Duration = Duration::from_secs(1);

/// A program on a terminal of its own. Killed, with its process group, when dropped.
pub struct Terminal {
    child: Child,
    master: Arc<OwnedFd>,
    output: Arc<Transcript>,
    stop: Arc<OwnedFd>,
    reader: Option<JoinHandle<()>>,
}

impl Terminal {
    /// Starts a command on a terminal of 24 lines of 80 columns with `TERM=xterm-256color`. Its
    /// program, arguments, directory and changes of environment hold; its redirections do not.
    ///
    /// # Errors
    /// No terminal can be had, or the program does not start.
    pub fn start(command: &Command) -> Result<Terminal, LabError> {
        Self::start_sized(command, Size::default())
    }

    /// As [`Terminal::start`], with a size.
    ///
    /// # Errors
    /// As [`Terminal::start`].
    pub fn start_sized(command: &Command, size: Size) -> Result<Terminal, LabError> {
        let doing = || format!("starting {command:?} on a terminal");
        let mut pty = pty::open(size).map_err(LabError::system(doing()))?;
        let child = pty::spawn(&mut pty, &translate(command)).map_err(LabError::system(doing()))?;
        let stop = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK);
        let stop = Arc::new(stop.map_err(LabError::system(doing()))?);
        let (master, output) = (Arc::new(pty.master), Arc::<Transcript>::default());
        let (from, to, stopped) = (Arc::clone(&master), Arc::clone(&output), Arc::clone(&stop));
        let reader = std::thread::Builder::new()
            .name("terminal-reader".to_owned())
            .spawn(move || to.record(&from, &stopped))
            .map_err(LabError::system(doing()))?;
        Ok(Terminal { child, master, output, stop, reader: Some(reader) })
    }

    /// The program's process number.
    pub fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// Types bytes.
    ///
    /// # Errors
    /// The terminal is gone, or the program has not read its input for ten seconds.
    pub fn send(&self, bytes: impl AsRef<[u8]>) -> Result<(), LabError> {
        const LIMIT: Duration = Duration::from_secs(10);
        let mut rest = bytes.as_ref();
        while !rest.is_empty() {
            match rustix::io::write(&*self.master, rest) {
                Ok(count) => rest = &rest[count..],
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) => {
                    let mut entry = [PollFd::new(&*self.master, PollFlags::OUT)];
                    let limit = Timespec { tv_sec: LIMIT.as_secs() as i64, tv_nsec: 0 };
                    if poll(&mut entry, Some(&limit)) == Ok(0) {
                        let what = "the program reading its input".to_owned();
                        return Err(LabError::TooSlow { what, limit: LIMIT });
                    }
                }
                Err(error) => return Err(LabError::system("typing")(error)),
            }
        }
        Ok(())
    }

    /// All output so far.
    pub fn bytes(&self) -> Vec<u8> {
        self.output.with(<[u8]>::to_vec)
    }

    /// How much output there is: a mark for [`Terminal::wait_for_after`].
    pub fn len(&self) -> usize {
        self.output.with(<[u8]>::len)
    }

    /// Whether there is no output yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All output so far as text.
    pub fn text(&self) -> String {
        self.output.with(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    /// Waits until `look` finds something in all output so far, asked again after each change.
    ///
    /// # Errors
    /// [`LabError::TooSlow`] with the end of the output when it found nothing within `limit`, or
    /// earlier when the output came to its end without it.
    pub fn wait_for<T>(
        &self,
        limit: Duration,
        look: impl FnMut(&[u8]) -> Option<T>,
    ) -> Result<T, LabError> {
        self.output.wait_for(limit, look)
    }

    /// Waits for bytes after a mark (see [`Terminal::len`]); returns the position after them.
    ///
    /// # Errors
    /// As [`Terminal::wait_for`].
    pub fn wait_for_after(
        &self,
        mark: usize,
        wanted: impl AsRef<[u8]>,
        limit: Duration,
    ) -> Result<usize, LabError> {
        let wanted = wanted.as_ref();
        let mut searched = mark;
        self.wait_for(limit, |bytes| {
            let rest = bytes.get(searched..)?;
            let found = find(rest, wanted).map(|at| searched + at + wanted.len());
            searched = bytes.len().saturating_sub(wanted.len().saturating_sub(1)).max(mark);
            found
        })
    }

    /// Types bytes and waits for an answer that comes after; returns how long that took.
    ///
    /// # Errors
    /// As [`Terminal::send`] and [`Terminal::wait_for`].
    pub fn ask(
        &self,
        bytes: impl AsRef<[u8]>,
        wanted: impl AsRef<[u8]>,
        limit: Duration,
    ) -> Result<Duration, LabError> {
        let (mark, start): (usize, Moment) = (self.len(), clock::now());
        self.send(bytes)?;
        self.wait_for_after(mark, wanted, limit)?;
        Ok(clock::now().since(start))
    }

    /// Gives the terminal another size; the program gets SIGWINCH.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn resize(&self, size: Size) -> Result<(), LabError> {
        pty::set_size(&*self.master, size).map_err(LabError::system("resizing the terminal"))
    }

    /// Kills the program without a warning.
    pub fn kill9(&self) {
        self.signal("KILL");
    }

    /// Stops the program, and its helpers in the same group, where they stand.
    pub fn stop(&self) {
        self.signal_group("STOP");
    }

    /// Lets a stopped program go on.
    pub fn cont(&self) {
        self.signal_group("CONT");
    }

    /// Sends a signal by name (`TERM`, `HUP`) to the program alone; one that has ended or a name
    /// that is none is let be.
    pub fn signal(&self, name: &str) {
        if let Some(number) = signals::signal_number(name) {
            let _ended_already = self.child.signal(number);
        }
    }

    fn signal_group(&self, name: &str) {
        if let Some(number) = signals::signal_number(name) {
            let _ended_already = self.child.signal_group(number);
        }
    }

    /// Waits for the program's end, and up to a second more for the last of its output.
    ///
    /// # Errors
    /// [`LabError::TooSlow`] when it still runs after `limit`.
    pub fn wait_exit(&self, limit: Duration) -> Result<Exit, LabError> {
        let deadline = clock::now() + limit;
        let exit = self.child.wait_within(limit).map_err(LabError::system("waiting"))?;
        let Some(exit) = exit else {
            return Err(self.output.missed("the program's end", limit));
        };
        self.output.wait_end(deadline.since(clock::now()).min(LAST_OUTPUT));
        Ok(exit)
    }

    /// Whether the program still runs.
    pub fn is_running(&self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.signal_group("CONT");
        self.signal_group("KILL");
        let _cannot_overflow = rustix::io::write(&*self.stop, &1u64.to_ne_bytes());
        if let Some(reader) = self.reader.take() {
            let _panicked_already_told = reader.join();
        }
        // So that no zombie stays; the kill above cannot be refused.
        let _ended = self.child.wait_within(Duration::from_secs(2));
    }
}

/// The command with this process's environment and the command's changes to it, for a terminal.
pub fn translate(command: &Command) -> ShellCommand {
    let mut env: Vec<(OsString, OsString)> = std::env::vars_os().collect();
    env.retain(|(name, _)| name != "TERM");
    env.push(("TERM".into(), "xterm-256color".into()));
    for (name, value) in command.get_envs() {
        env.retain(|(known, _)| known != name);
        env.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    }
    let mut translated = ShellCommand::new(command.get_program());
    translated.args = command.get_args().map(ToOwned::to_owned).collect();
    translated.env = env;
    let here = std::env::current_dir().unwrap_or_else(|_| "/".into());
    translated.cwd = command.get_current_dir().map_or(here, ToOwned::to_owned);
    translated
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    fn shell(line: &str) -> Terminal {
        let mut command = Command::new("sh");
        command.args(["-c", line]);
        Terminal::start(&command).unwrap()
    }

    #[test]
    fn bytes_go_both_ways_and_the_end_has_a_status() {
        let terminal = shell("read x; echo got=$x; tty; exit 7");
        terminal.ask("hello\r", "got=hello", LIMIT).unwrap();
        assert_eq!(terminal.wait_exit(LIMIT).unwrap(), Exit::Code(7));
        assert!(terminal.text().contains("/dev/pts/"), "{}", terminal.text());
    }

    #[test]
    fn waiting_for_what_never_comes_ends_with_the_output() {
        let terminal = shell("echo only this");
        let error = terminal.wait_for_after(0, "that", LIMIT).unwrap_err();
        assert!(error.to_string().contains("only this"), "{error}");
    }

    #[test]
    fn a_stopped_program_is_silent_until_it_goes_on() {
        let terminal = shell("stty -echo; echo ready; while read x; do echo =$x=; done");
        terminal.wait_for_after(0, "ready", LIMIT).unwrap();
        terminal.stop();
        let answer = terminal.ask("1\n", "=1=", Duration::from_millis(200));
        assert!(matches!(answer, Err(LabError::TooSlow { .. })));
        terminal.cont();
        terminal.wait_for_after(0, "=1=", LIMIT).unwrap();
        terminal.kill9();
        let killed = Exit::Signal { number: 9, core: false };
        assert_eq!(terminal.wait_exit(LIMIT).unwrap(), killed);
        assert!(!terminal.is_running());
    }
}
