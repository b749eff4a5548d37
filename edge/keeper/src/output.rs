//! Where a session's output goes: into the screen model and to every client that keeps up.

use abide_screen::{Screen, Size};
use abide_session::Terminal;
use bytes::Bytes;

/// Lines of scrollback that the model keeps.
const SCROLLBACK_LINES: usize = 10_000;

/// The terminal as all clients see it.
pub(crate) struct Canvas {
    screen: Screen,
    terminal: Terminal,
}

impl Canvas {
    pub(crate) fn new(terminal: &Terminal) -> Self {
        Canvas { screen: Screen::new(size(terminal), SCROLLBACK_LINES), terminal: terminal.clone() }
    }

    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.screen.feed(bytes);
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

    /// All that a fresh terminal needs to show the session, at most `length_max` bytes: the oldest
    /// scrollback goes first.
    pub(crate) fn snapshot(&self, length_max: usize) -> Bytes {
        let mut lines = self.screen.scrollback_len();
        loop {
            let replay = self.screen.replay_last(lines);
            if replay.len() <= length_max || lines == 0 {
                return Bytes::from(replay);
            }
            lines /= 2;
        }
    }

    pub(crate) fn title(&self) -> String {
        self.screen.title().unwrap_or_default().to_owned()
    }
}

fn size(terminal: &Terminal) -> Size {
    let side = |value: u32, default: u16| match u16::try_from(value) {
        Ok(0) | Err(_) => default,
        Ok(value) => value,
    };
    Size { rows: side(terminal.rows, 24), cols: side(terminal.cols, 80) }.clamped()
}
