//! The program of a session, on a terminal or on pipes, or the connection that stands in for one,
//! with what goes in and comes out.

mod life;
mod spawn;

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;

use abide_host::child::Exit;
use abide_host::descriptors::read_more;
use abide_host::pty;
use abide_session::{ProgramKind, Reading, RefusalCode, Refused, Start, Terminal};
use bytes::{Buf, Bytes, BytesMut};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use self::life::{Life, Signalled};

/// Bytes that wait for the program to read. At it the link's window closes.
const INPUT_MAX: usize = 64 * 1024;
/// Bytes taken from the program in one turn, at most.
pub(crate) const TURN_MAX: usize = 128 * 1024;
/// A turn ends when there is less room than this for more.
const ROOM_LEAST: usize = TURN_MAX / 8;

/// Which output of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The terminal, or standard output.
    Output,
    /// Standard error of a program on pipes.
    Errors,
}

/// A running (or exited) program.
pub(crate) struct Program {
    life: Life,
    exit: Option<Exit>,
    input: Option<AsyncFd<OwnedFd>>,
    input_queue: VecDeque<Bytes>,
    input_ends: bool,
    output: Option<AsyncFd<OwnedFd>>,
    errors: Option<AsyncFd<OwnedFd>>,
    on_terminal: bool,
    /// What output is read into: outputs that follow each other share its memory.
    taken: BytesMut,
    /// The other end of a connection to nobody.
    nowhere: Option<OwnedFd>,
}

impl Program {
    // What goes in.

    /// More input is welcome.
    pub(crate) fn wants_input(&self) -> bool {
        self.input.is_some() && self.input_queue.iter().map(Bytes::len).sum::<usize>() < INPUT_MAX
    }

    /// Gives input; what the program does not take at once is queued. Input after the program closed
    /// its end is dropped, as a terminal's would be.
    pub(crate) fn put_input(&mut self, bytes: Bytes) {
        if self.input.is_some() {
            self.input_queue.push_back(bytes);
            self.write_input();
        }
    }

    /// No more input will come.
    pub(crate) fn end_input(&mut self) {
        self.input_ends = true;
        self.close_spent_input();
    }

    pub(crate) fn has_input(&self) -> bool {
        self.input.is_some() && !self.input_queue.is_empty()
    }

    /// Waits until the program takes input; for ever when there is none.
    pub(crate) async fn input_ready(&self) {
        match &self.input {
            Some(input) if self.has_input() => {
                // An error shows when writing.
                let _ = input.writable().await.map(|mut ready| ready.retain_ready());
            }
            _ => std::future::pending().await,
        }
    }

    /// Writes what the program takes.
    pub(crate) fn write_input(&mut self) {
        while let (Some(input), Some(front)) = (&self.input, self.input_queue.front_mut()) {
            let written = input.try_io(Interest::WRITABLE, |fd| Ok(rustix::io::write(fd, front)?));
            match written {
                Ok(count) if count < front.len() => front.advance(count),
                Ok(_) => {
                    self.input_queue.pop_front();
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => {
                    // The program closed its input.
                    self.input_queue.clear();
                    self.close_input();
                }
            }
        }
        self.close_spent_input();
    }

    fn close_spent_input(&mut self) {
        if self.input_ends && self.input_queue.is_empty() && !self.on_terminal {
            self.close_input();
        }
    }

    fn close_input(&mut self) {
        if let Some(input) = self.input.take() {
            self.life.end_input(input.get_ref());
        }
    }

    // What comes out.

    /// Waits until the source has output, or its end; for ever when it is over.
    pub(crate) async fn output_ready(&self, source: Source) {
        match self.source(source) {
            Some(fd) => {
                // An error shows when reading.
                let _ = fd.readable().await.map(|mut ready| ready.retain_ready());
            }
            None => std::future::pending().await,
        }
    }

    /// Reads what is there, at most `TURN_MAX`; `None` when nothing is, or the source is over.
    pub(crate) fn read_output(&mut self, source: Source) -> Option<Bytes> {
        let (fd, taken) = match source {
            Source::Output => (&mut self.output, &mut self.taken),
            Source::Errors => (&mut self.errors, &mut self.taken),
        };
        let mut broken = false;
        while let Some(open) = fd
            && taken.len() + ROOM_LEAST <= TURN_MAX
            && (taken.is_empty() || taken.capacity() - taken.len() >= ROOM_LEAST)
        {
            let most = TURN_MAX - taken.len();
            match open.try_io(Interest::READABLE, |fd| read_more(fd, taken, most)) {
                Ok(0) => *fd = None,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // A terminal that every program has closed, or a connection that was reset.
                Err(_) => {
                    *fd = None;
                    broken = true;
                }
            }
        }
        if broken && self.life.is_connection() {
            self.input = None;
        }
        let taken = &mut self.taken;
        (!taken.is_empty()).then(|| taken.split().freeze())
    }

    pub(crate) fn is_over(&self, source: Source) -> bool {
        self.source(source).is_none()
    }

    /// The program on the terminal is gone: what other processes still print there is not waited for.
    pub(crate) fn close_terminal(&mut self) {
        if self.on_terminal {
            self.output = None;
            self.input = None;
        }
    }

    fn source(&self, source: Source) -> Option<&AsyncFd<OwnedFd>> {
        match source {
            Source::Output => self.output.as_ref(),
            Source::Errors => self.errors.as_ref(),
        }
    }

    // How it lives and ends.

    /// Waits for the program's exit; for ever once it is known.
    pub(crate) async fn exit_ready(&self) {
        match &self.life {
            Life::Process { exited, .. } if self.exit.is_none() => {
                let _ = exited.readable().await.map(|mut ready| ready.retain_ready());
            }
            // A connection's end shows in what goes in and comes out.
            _ => std::future::pending().await,
        }
    }

    /// How the program ended, once it has.
    pub(crate) fn exit(&mut self) -> Option<Exit> {
        if self.exit.is_none() {
            let spent = self.input.is_none() && self.output.is_none();
            self.exit = self.life.exit(spent);
        }
        self.exit
    }

    /// The characters that interrupt, quit or stop what runs on the terminal just now.
    pub(crate) fn interrupts(&self) -> Vec<u8> {
        let terminal = self.output.as_ref().filter(|_| self.on_terminal);
        // A terminal that is gone has nothing to interrupt.
        terminal.and_then(|output| pty::interrupts(output.get_ref()).ok()).unwrap_or_default()
    }

    /// Tells the terminal's programs a new size.
    pub(crate) fn resize(&self, terminal: &Terminal) {
        if let (true, Some(output)) = (self.on_terminal, &self.output) {
            // A terminal that is gone has no size.
            let _ = pty::set_size(output.get_ref(), size(terminal));
        }
    }

    /// How the terminal takes input just now.
    pub(crate) fn reading(&self) -> Option<Reading> {
        let output = self.output.as_ref().filter(|_| self.on_terminal)?;
        let modes = pty::modes(output.get_ref()).ok()?;
        Some(Reading { echo: modes.echo, lines: modes.canonical })
    }

    /// Sends a signal to the program and its children. One that is gone already needs none.
    pub(crate) fn signal(&mut self, number: i32) {
        if self.life.signal(number) == Signalled::Cut {
            self.input_queue.clear();
            self.input = None;
        }
    }
}

/// What a session runs, for people.
pub(crate) fn describe(start: &Start) -> String {
    if start.nothing {
        return "nothing, for its forwards".to_owned();
    }
    match start.program.as_ref().and_then(|program| program.what.as_ref()) {
        Some(ProgramKind::Command(line)) => line.clone(),
        Some(ProgramKind::Subsystem(name)) => format!("subsystem {name}"),
        Some(ProgramKind::Connection(target)) => match &*target.path {
            "" => format!("connection to {}:{}", target.host, target.port),
            path => format!("connection to {path}"),
        },
        Some(ProgramKind::OwnSshd(_)) => "connection to sshd".to_owned(),
        Some(ProgramKind::LoginShell(_)) | None => "login shell".to_owned(),
    }
}

fn size(terminal: &Terminal) -> pty::Size {
    let side = |value: u32, default: u16| match u16::try_from(value) {
        Ok(0) | Err(_) => default,
        Ok(value) => value,
    };
    pty::Size {
        rows: side(terminal.rows, 24),
        cols: side(terminal.cols, 80),
        xpixel: side(terminal.width, 0),
        ypixel: side(terminal.height, 0),
    }
}

pub(crate) fn refused(code: RefusalCode, evidence: impl Into<String>) -> Refused {
    Refused { code: code.into(), evidence: evidence.into(), remedy: String::new() }
}
