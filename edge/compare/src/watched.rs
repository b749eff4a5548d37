//! A client on a terminal of its own, and what that terminal shows at each moment. Types; does not
//! know what the bytes mean to the client.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use abide_host::child::{Child, Exit};
use abide_host::command::ShellCommand;
use abide_host::{clock, pty, signals};
use abide_screen::{Screen, Size};
use abide_terms::Moment;
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::io::Errno;

use crate::course::Cell;
use crate::stop::Stop;

/// Scrollback of the terminal watched, in lines.
const SCROLLBACK_LINES: usize = 10_000;
/// Bytes of the last output kept as they came, for what no screen is needed for.
const TAIL_MAX: usize = 4_096;
/// How long a client may leave its input unread.
const INPUT_LIMIT: Duration = Duration::from_secs(10);
/// Between two looks at the screen while waiting: what a wait's answer is exact to.
const LOOK_EVERY: Duration = Duration::from_micros(500);
/// How soon a wait notices that it is to stop.
const HEED_EVERY: Duration = Duration::from_millis(100);
/// How long a killed client may take to be gone.
const GONE_LIMIT: Duration = Duration::from_secs(2);

/// What is kept of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watch {
    /// The screen with scrollback.
    Screen,
    /// The last bytes alone, for floods on paths that are faster than the terminal model.
    Tail,
}

/// What was waited for and did not come.
#[derive(Debug, thiserror::Error)]
pub enum Missed {
    /// Not in time; with what the screen shows instead.
    #[error("{what}: not within {limit:?}; the screen shows {shown:?}")]
    Late {
        /// What was awaited.
        what: String,
        /// For how long.
        limit: Duration,
        /// The last lines with text.
        shown: String,
    },
    /// The client came to its end before.
    #[error("{what}: the client ended before; the screen shows {shown:?}")]
    Ended {
        /// What was awaited.
        what: String,
        /// The last lines with text.
        shown: String,
    },
    /// It was asked to stop.
    #[error("stopped")]
    Stopped,
    /// It asks something, and nobody is there to answer.
    #[error("it asks: {0:?}")]
    Question(String),
    /// The terminal fails.
    #[error(transparent)]
    Terminal(#[from] io::Error),
}

/// A letter that was typed and is to appear somewhere.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Awaited {
    pub(crate) cell: Cell,
    pub(crate) letter: char,
    pub(crate) typed: Moment,
    pub(crate) shown: Option<Moment>,
}

struct State {
    screen: Screen,
    watch: Watch,
    tail: Vec<u8>,
    bytes: u64,
    awaited: Vec<Awaited>,
    /// Before this one all have been shown.
    first_unseen: usize,
    ended: bool,
}

/// A client on a terminal. Killed, with its process group, when dropped.
pub struct Watched {
    child: Child,
    master: Arc<OwnedFd>,
    view: Arc<View>,
    stop: Arc<OwnedFd>,
    reader: Option<JoinHandle<()>>,
}

struct View {
    state: Mutex<State>,
    changed: Condvar,
    stop: Stop,
}

impl Watched {
    /// Starts a client on a terminal of this size. The environment wants a TERM like xterm's. Waits
    /// heed `wish`.
    ///
    /// # Errors
    /// No terminal can be had, or the program does not start.
    pub fn start(command: &ShellCommand, size: Size, wish: &Stop) -> io::Result<Watched> {
        let size = size.clamped();
        let cells = pty::Size { rows: size.rows, cols: size.cols, xpixel: 0, ypixel: 0 };
        let mut pty = pty::open(cells)?;
        let child = pty::spawn(&mut pty, command)?;
        let stop = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
        let state = State {
            screen: Screen::new(size, SCROLLBACK_LINES),
            watch: Watch::Screen,
            tail: Vec::new(),
            bytes: 0,
            awaited: Vec::new(),
            first_unseen: 0,
            ended: false,
        };
        let view = Arc::new(View {
            state: Mutex::new(state),
            changed: Condvar::new(),
            stop: wish.clone(),
        });
        let master = Arc::new(pty.master);
        let (from, to, stopped) = (Arc::clone(&master), Arc::clone(&view), Arc::clone(&stop));
        let reader = std::thread::Builder::new()
            .name("watched".to_owned())
            .spawn(move || to.follow(&from, &stopped))?;
        Ok(Watched { child, master, view, stop, reader: Some(reader) })
    }

    /// The client's process number.
    pub fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// Types bytes.
    ///
    /// # Errors
    /// The terminal is gone, or the client has not read its input for ten seconds.
    pub fn send(&self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        let mut rest = bytes.as_ref();
        while !rest.is_empty() {
            match rustix::io::write(&*self.master, rest) {
                Ok(count) => rest = &rest[count..],
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    let mut entry = [PollFd::new(&*self.master, PollFlags::OUT)];
                    let limit = Timespec { tv_sec: INPUT_LIMIT.as_secs() as i64, tv_nsec: 0 };
                    if poll(&mut entry, Some(&limit)) == Ok(0) {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Types a letter that is to appear in this cell; [`Watched::awaited`] has when it did.
    pub(crate) fn send_awaited(&self, letter: char, cell: Cell) -> io::Result<()> {
        let typed = clock::now();
        self.view.lock().awaited.push(Awaited { cell, letter, typed, shown: None });
        self.send(letter.encode_utf8(&mut [0; 4]))
    }

    /// The letters typed so far, and forgets them.
    pub(crate) fn take_awaited(&self) -> Vec<Awaited> {
        let mut state = self.view.lock();
        state.first_unseen = 0;
        std::mem::take(&mut state.awaited)
    }

    /// Changes what is kept. After a time of [`Watch::Tail`] the screen lacks what went by.
    pub fn watch(&self, watch: Watch) {
        self.view.lock().watch = watch;
    }

    /// The screen at this moment.
    pub fn screen(&self) -> Screen {
        self.view.lock().screen.clone()
    }

    /// Bytes of output so far.
    pub fn bytes(&self) -> u64 {
        self.view.lock().bytes
    }

    /// Whether the client still runs.
    pub fn is_running(&self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits until `look` finds something on the screen.
    ///
    /// # Errors
    /// [`Missed`] when it found nothing within `limit`, or the output came to its end without it.
    pub fn wait<T>(
        &self,
        what: &str,
        limit: Duration,
        mut look: impl FnMut(&Screen) -> Option<T>,
    ) -> Result<T, Missed> {
        self.view.wait(what, limit, |state| look(&state.screen))
    }

    /// Waits until the screen has a line with this text.
    ///
    /// # Errors
    /// As [`Watched::wait`].
    pub fn wait_for_text(&self, text: &str, limit: Duration) -> Result<(), Missed> {
        let shows = |screen: &Screen| screen.lines().iter().any(|line| line.contains(text));
        self.wait(text, limit, |screen| shows(screen).then_some(()))
    }

    /// Waits until the screen has exactly this line.
    ///
    /// # Errors
    /// As [`Watched::wait`].
    pub fn wait_for_line(&self, text: &str, limit: Duration) -> Result<(), Missed> {
        let shows = |screen: &Screen| screen.lines().iter().any(|line| line == text);
        self.wait(text, limit, |screen| shows(screen).then_some(()))
    }

    /// The error for a client that asks something.
    pub(crate) fn missed_question(&self) -> Missed {
        Missed::Question(shown(&self.view.lock().screen))
    }

    /// Whether it was asked to stop.
    pub(crate) fn is_stopped(&self) -> bool {
        self.view.stop.is_set()
    }

    /// Waits until the last bytes of output have this text, whatever of it a screen would show.
    ///
    /// # Errors
    /// As [`Watched::wait`].
    pub fn wait_for_bytes(&self, text: &str, limit: Duration) -> Result<(), Missed> {
        let wanted = text.as_bytes();
        self.view.wait(text, limit, |state| {
            state.tail.windows(wanted.len()).any(|window| window == wanted).then_some(())
        })
    }

    /// Sends a signal by name (`STOP`, `TERM`) to the client alone.
    pub fn signal(&self, name: &str) {
        if let Some(number) = signals::signal_number(name) {
            let _ended_already = self.child.signal(number);
        }
    }

    /// Waits for the client's end; `None` when it still runs after `limit`.
    ///
    /// # Errors
    /// The system refuses.
    pub fn wait_exit(&self, limit: Duration) -> io::Result<Option<Exit>> {
        self.child.wait_within(limit)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        for signal in ["CONT", "KILL"] {
            if let Some(number) = signals::signal_number(signal) {
                let _ended_already = self.child.signal_group(number);
            }
        }
        let _cannot_overflow = rustix::io::write(&*self.stop, &1u64.to_ne_bytes());
        if let Some(reader) = self.reader.take() {
            let _panicked_already_told = reader.join();
        }
        // So that no zombie stays; the kill above cannot be refused.
        let _ended = self.child.wait_within(GONE_LIMIT);
    }
}

impl View {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads until the terminal's end or the order to stop.
    fn follow(&self, master: &OwnedFd, stop: &OwnedFd) {
        let mut buffer = [0; 65_536];
        loop {
            let mut entries =
                [PollFd::new(stop, PollFlags::IN), PollFd::new(master, PollFlags::IN)];
            let polled = poll(&mut entries, None);
            if !entries[0].revents().is_empty() || !matches!(polled, Ok(_) | Err(Errno::INTR)) {
                break;
            }
            match pty::read(master, &mut buffer) {
                Ok(0) => break,
                Ok(count) => {
                    self.lock().take(&buffer[..count]);
                    self.changed.notify_all();
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => break,
            }
        }
        self.lock().ended = true;
        self.changed.notify_all();
    }

    fn wait<T>(
        &self,
        what: &str,
        limit: Duration,
        mut look: impl FnMut(&State) -> Option<T>,
    ) -> Result<T, Missed> {
        let deadline = clock::now() + limit;
        loop {
            let state = self.lock();
            if let Some(found) = look(&state) {
                return Ok(found);
            }
            let (what, shown) = (what.to_owned(), || shown(&state.screen));
            if state.ended {
                return Err(Missed::Ended { what, shown: shown() });
            }
            if self.stop.is_set() {
                return Err(Missed::Stopped);
            }
            let left = deadline.since(clock::now());
            if left.is_zero() {
                return Err(Missed::Late { what, limit, shown: shown() });
            }
            drop(self.changed.wait_timeout(state, left.min(HEED_EVERY)));
            // A flood changes the screen thousands of times a second.
            std::thread::sleep(LOOK_EVERY);
        }
    }
}

impl State {
    fn take(&mut self, bytes: &[u8]) {
        let now = clock::now();
        self.bytes += bytes.len() as u64;
        let kept = bytes.len().min(TAIL_MAX);
        let surplus = (self.tail.len() + kept).saturating_sub(TAIL_MAX);
        self.tail.drain(..surplus);
        self.tail.extend_from_slice(&bytes[bytes.len() - kept..]);
        if self.watch == Watch::Screen {
            self.screen.feed(bytes);
            self.look_for_awaited(now);
        }
    }

    fn look_for_awaited(&mut self, now: Moment) {
        for key in self.awaited[self.first_unseen..].iter_mut().filter(|key| key.shown.is_none()) {
            let glyph = self.screen.glyph(key.cell.row, key.cell.col);
            if glyph.is_some_and(|glyph| glyph.ch == key.letter) {
                key.shown = Some(now);
            }
        }
        let unseen = self.awaited[self.first_unseen..].iter();
        self.first_unseen += unseen.take_while(|key| key.shown.is_some()).count();
    }
}

/// The last lines of a screen that have text, for errors.
fn shown(screen: &Screen) -> String {
    let lines = screen.lines();
    let with_text: Vec<&String> = lines.iter().filter(|line| !line.is_empty()).collect();
    let from = with_text.len().saturating_sub(4);
    with_text[from..].iter().map(|line| line.as_str()).collect::<Vec<_>>().join("\n")
}
