//! Modes that a terminal keeps for an application but that do not change what a screen shows.

use std::fmt::Write as _;

/// Private modes that are remembered. Origin, autowrap and the alternate screen are not here: they
/// are part of the model. 2026 (synchronised update) lasts for one frame only.
const KEPT: [u16; 27] = [
    1, 5, 8, 9, 12, 25, 45, 66, 67, 1000, 1002, 1003, 1004, 1005, 1006, 1007, 1015, 1016, 1034,
    1035, 1036, 1039, 1042, 1043, 2004, 2027, 2031,
];

/// The one mode of these that every terminal has on at first.
const CURSOR_SHOWN: u16 = 25;

/// Most entries in a kitty keyboard stack; at the limit the oldest is dropped, as kitty does.
pub(crate) const MAX_KEYBOARD_STACK: usize = 16;

/// The last thing said about each private mode, in the order it was said. Terminals disagree on how
/// mouse modes exclude each other; telling a terminal the same things in the same order leaves that
/// to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ModeLog(Vec<(u16, bool)>);

impl ModeLog {
    /// Whether a mode is one that is remembered.
    pub(crate) fn keeps(mode: u16) -> bool {
        KEPT.contains(&mode)
    }

    pub(crate) fn note(&mut self, mode: u16, on: bool) {
        if Self::keeps(mode) {
            self.0.retain(|(known, _)| *known != mode);
            self.0.push((mode, on));
        }
    }

    /// Drops what says what is so at first.
    #[cfg(test)]
    pub(crate) fn forget_defaults(&mut self) {
        self.0.retain(|(mode, on)| *on != (*mode == CURSOR_SHOWN));
    }

    /// What was last said about a mode.
    pub(crate) fn last(&self, mode: u16) -> Option<bool> {
        self.0.iter().find(|(known, _)| *known == mode).map(|(_, on)| *on)
    }

    /// Puts modes back, as a reset does, that `other` says nothing of.
    pub(crate) fn undo(&self, other: &Self, out: &mut Vec<u8>) {
        let missing = self.0.iter().filter(|(mode, _)| other.last(*mode).is_none());
        // Where it is off at first, or nobody knows, off is left off.
        let changed = missing.filter(|(mode, on)| *on != (*mode == CURSOR_SHOWN));
        Self(changed.map(|(mode, on)| (*mode, !on)).collect()).write(out);
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        for (mode, on) in &self.0 {
            out.extend_from_slice(
                format!("\x1b[?{mode}{}", if *on { 'h' } else { 'l' }).as_bytes(),
            );
        }
    }
}

/// Kitty keyboard protocol flags of one screen. The first entry is the base, it is never popped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Keyboard(Vec<u8>);

impl Default for Keyboard {
    fn default() -> Self {
        Self(vec![0])
    }
}

impl Keyboard {
    pub(crate) fn push(&mut self, flags: u8) {
        if self.0.len() == MAX_KEYBOARD_STACK {
            self.0.remove(0);
        }
        self.0.push(flags);
    }

    pub(crate) fn pop(&mut self, count: usize) {
        if count >= self.0.len() {
            *self = Self::default();
        } else {
            self.0.truncate(self.0.len() - count);
        }
    }

    /// Changes the topmost flags by `change`.
    pub(crate) fn set(&mut self, change: impl FnOnce(u8) -> u8) {
        if let Some(top) = self.0.last_mut() {
            *top = change(*top);
        }
    }

    /// Takes back whatever was pushed; what the base was set to remains.
    pub(crate) fn undo(&self, out: &mut Vec<u8>) {
        if self.0.len() > 1 {
            out.extend_from_slice(format!("\x1b[<{}u", self.0.len() - 1).as_bytes());
        }
        if self.0[0] != 0 {
            out.extend_from_slice(b"\x1b[=0u");
        }
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let mut text = String::new();
        for (depth, flags) in self.0.iter().enumerate() {
            let _ = match depth {
                0 if *flags == 0 => Ok(()),
                0 => write!(text, "\x1b[={flags}u"),
                _ => write!(text, "\x1b[>{flags}u"),
            };
        }
        out.extend_from_slice(text.as_bytes());
    }
}
