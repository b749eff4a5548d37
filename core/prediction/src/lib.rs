//! What keystrokes will most likely do, shown before the server confirms it: the idea of mosh's
//! (K. Winstein and H. Balakrishnan, "Mosh: An Interactive Remote Shell for Mobile Clients", 2012),
//! drawn over the exact bytes of a terminal.
//!
//! A key whose effect can be guessed (text, backspace, left, right) is a guess; it is confirmed when
//! the server's screen shows it, and wrong when the server has had the key and does not. Guesses are
//! shown only where typing is known to be echoed. Any other key loses the place; what is typed after
//! it waits until the screen has come to rest.
//!
//! Does no I/O and reads no clock. Not a terminal model: that is `abide-screen`.

mod guess;
mod keys;
mod overlay;
mod predictor;
#[cfg(test)]
mod tests;
mod trigger;
mod trust;
mod wish;

pub use overlay::Overlay;
pub use predictor::{MAX_KEYS, MAX_TYPED, Predictor};
pub use trust::Tty;
pub use wish::{NoWish, Wish};
