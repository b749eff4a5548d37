//! The terminal of a session as the keeper knows it: what a client needs that comes to it, or that
//! skipped some of its output.

use abide_screen::{Looks, Screen, Size};
use abide_session::Terminal;
use bytes::{Bytes, BytesMut};

/// Lines of scrollback that the model keeps.
const SCROLLBACK_LINES: usize = 10_000;
/// Bytes of a half received sequence that are kept for clients that jump in the middle of it. In the
/// middle of a longer one, such as an image, nobody jumps.
const UNFINISHED_MAX: usize = 64 * 1024;

/// The state of a session for one client.
pub(crate) struct Present {
    /// Brings a fresh terminal there.
    pub(crate) state: Bytes,
    /// Lines of scrollback in it.
    pub(crate) lines: usize,
    /// Lines that ever scrolled off.
    pub(crate) scrolled: u64,
    /// The beginning of a sequence whose rest is still to come.
    pub(crate) unfinished: Bytes,
}

/// The terminal as all clients see it.
pub(crate) struct Canvas {
    screen: Screen,
    terminal: Terminal,
    unfinished: BytesMut,
}

impl Canvas {
    pub(crate) fn new(terminal: &Terminal) -> Self {
        Canvas {
            screen: Screen::new(size(terminal), SCROLLBACK_LINES),
            terminal: terminal.clone(),
            unfinished: BytesMut::new(),
        }
    }

    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.screen.feed(bytes);
        match self.screen.unfinished() {
            0 => self.unfinished.clear(),
            half if half <= bytes.len() => {
                self.unfinished.clear();
                self.keep(&bytes[bytes.len() - half..]);
            }
            _ => self.keep(bytes),
        }
    }

    fn keep(&mut self, half: &[u8]) {
        let room = UNFINISHED_MAX.saturating_sub(self.unfinished.len());
        self.unfinished.extend_from_slice(&half[..half.len().min(room)]);
    }

    /// Takes a new size; true when it differs from the present one.
    pub(crate) fn resize(&mut self, terminal: &Terminal) -> bool {
        let sides =
            |terminal: &Terminal| (terminal.rows, terminal.cols, terminal.width, terminal.height);
        if sides(&self.terminal) == sides(terminal) {
            return false;
        }
        self.terminal = terminal.clone();
        self.screen.resize(size(terminal));
        true
    }

    /// The size that all clients see.
    pub(crate) fn terminal(&self) -> &Terminal {
        &self.terminal
    }

    /// The present for a client with a terminal of its own size, with at most `lines_bytes` of
    /// scrollback. None in the middle of a sequence that is too long to be kept.
    pub(crate) fn present(&self, lines_bytes: usize, theirs: Option<&Terminal>) -> Option<Present> {
        if self.screen.unfinished() > self.unfinished.len() {
            return None;
        }
        let fitted =
            theirs.map(size).filter(|theirs| *theirs != self.screen.size()).map(|theirs| {
                let mut fitted = self.screen.clone();
                fitted.resize(theirs);
                fitted
            });
        let screen = fitted.as_ref().unwrap_or(&self.screen);
        let (state, lines) = replay(screen, lines_bytes);
        let scrolled = screen.scrolled();
        Some(Present { state, lines, scrolled, unfinished: self.half() })
    }

    /// What is kept of a half received sequence. Control characters within a control sequence were
    /// acted upon already.
    fn half(&self) -> Bytes {
        let is_string = self.unfinished.get(1).is_some_and(|kind| b"]PX^_".contains(kind));
        if is_string {
            return Bytes::copy_from_slice(&self.unfinished);
        }
        self.unfinished.iter().copied().filter(|byte| *byte >= b' ' || *byte == 0x1b).collect()
    }

    /// Scrollback and screen as text.
    pub(crate) fn listing(&self, lines_max: usize, looks: Looks) -> Vec<u8> {
        self.screen.listing(lines_max, looks)
    }

    pub(crate) fn title(&self) -> String {
        self.screen.title().unwrap_or_default().to_owned()
    }
}

/// A replay with as many lines of scrollback as fit, and how many these are.
fn replay(screen: &Screen, lines_bytes: usize) -> (Bytes, usize) {
    let bare = screen.replay_last(0).len();
    let held = screen.scrollback_len();
    // What lines take in the scrollback is about what they take in a replay.
    let each = screen.scrollback_bytes() / held.max(1) + 1;
    let mut lines = held.min(lines_bytes / each * 5 / 4);
    loop {
        let replay = screen.replay_last(lines);
        if lines == 0 || replay.len() <= bare + lines_bytes {
            return (Bytes::from(replay), lines);
        }
        lines = lines * 3 / 4;
    }
}

fn size(terminal: &Terminal) -> Size {
    let side = |value: u32, default: u16| match u16::try_from(value) {
        Ok(0) | Err(_) => default,
        Ok(value) => value,
    };
    Size { rows: side(terminal.rows, 24), cols: side(terminal.cols, 80) }.clamped()
}
