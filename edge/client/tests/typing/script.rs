//! What a person types, as keys with pauses.

use std::time::Duration;

use super::recorded::Key;

/// Between keys of a text: five a second.
const PACE: Duration = Duration::from_millis(200);
/// After a key whose answer is read before going on.
const READ: Duration = Duration::from_millis(900);

#[derive(Default)]
pub(crate) struct Script(pub(crate) Vec<Key>);

impl Script {
    /// Text, a key at a time.
    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        for ch in text.chars() {
            self.push(ch.to_string().as_bytes(), PACE, false);
        }
        self
    }

    /// A key in the flow of typing.
    pub(crate) fn key(&mut self, bytes: &[u8]) -> &mut Self {
        self.push(bytes, PACE, false)
    }

    pub(crate) fn times(&mut self, count: usize, bytes: &[u8]) -> &mut Self {
        for _ in 0..count {
            self.key(bytes);
        }
        self
    }

    /// A key whose answer is read.
    pub(crate) fn look(&mut self, bytes: &[u8]) -> &mut Self {
        self.push(bytes, READ, false)
    }

    /// Enter that starts a program, or ends one.
    pub(crate) fn run(&mut self) -> &mut Self {
        self.push(b"\r", READ, true)
    }

    /// Enter that starts a program which says this when it is ready.
    pub(crate) fn run_until(&mut self, until: &'static str) -> &mut Self {
        self.run();
        if let Some(last) = self.0.last_mut() {
            last.until = until;
        }
        self
    }

    /// A key that ends a program.
    pub(crate) fn quit(&mut self, bytes: &[u8]) -> &mut Self {
        self.push(bytes, READ, true)
    }

    /// What is typed before, without waiting for the answer to it.
    pub(crate) fn ahead(&mut self) -> &mut Self {
        if let Some(last) = self.0.last_mut() {
            last.pause = Duration::from_millis(60);
        }
        self
    }

    fn push(&mut self, bytes: &[u8], pause: Duration, starts_program: bool) -> &mut Self {
        self.0.push(Key { bytes: bytes.to_vec(), pause, starts_program, until: "" });
        self
    }
}
