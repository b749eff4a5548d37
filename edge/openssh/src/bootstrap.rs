//! The client's half of the bootstrap: reads what comes over ssh's stdout until the keeper has
//! opened. Sans-IO; finds marker lines among whatever rc files print.
//!
//! ```text
//! loop {
//!     bootstrap.handle_bytes(&bytes_read)?;
//!     while let Some(event) = bootstrap.poll_event() {
//!         match event {
//!             // write answer_size(n) and exactly n bytes, or answer_none(), and nothing more
//!             Need { .. } => ..,
//!             // `rest` and all later bytes are the link's; stop calling handle_bytes
//!             Open { rest } => ..,
//!             _ => ..,
//!         }
//!     }
//! }
//! ```

use crate::{Architecture, Token};
use std::collections::VecDeque;

/// How much noise may precede the keeper in all, bytes; more is an error.
pub const MAX_NOISE: usize = 1 << 20;
/// How long a marker line may be, bytes; a longer one is an error.
pub const MAX_MARKER_LINE: usize = 8 * 1024;

/// Why a place cannot hold a keeper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailReason {
    /// It cannot be written: read-only, or not permitted.
    ReadOnly,
    /// Programs in it do not run.
    NoExec,
    /// Disk or quota full; also when the upload did not arrive whole.
    Full,
    /// It belongs to somebody else.
    Foreign,
    /// Its parent does not exist.
    Missing,
    /// The keeper arrived whole and did not run (wrong architecture, too old a system).
    WontRun,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BootstrapEvent {
    /// Output of the login shell, for the user.
    Noise(Vec<u8>),
    /// No keeper of this build is there; `place` can hold one. Answer with [`answer_size`] and
    /// the bytes, or [`answer_none`].
    Need {
        /// The server's system and machine.
        architecture: Architecture,
        /// The directory that will hold it.
        place: String,
    },
    /// A place was tried in vain; the script goes on to the next. After [`FailReason::WontRun`]
    /// the next `Need` is best answered by [`answer_none`].
    PlaceFailed {
        /// The directory.
        place: String,
        /// Why.
        reason: FailReason,
    },
    /// All places were tried in vain; the script exits.
    Nowhere,
    /// The keeper speaks.
    Open {
        /// What followed the marker: the link's first bytes.
        rest: Vec<u8>,
    },
}

/// The far end is not what it should be.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BootstrapError {
    /// [`MAX_NOISE`] was passed.
    #[error("the server printed more than {MAX_NOISE} bytes and no keeper answered")]
    NoiseTooLong,
    /// [`MAX_MARKER_LINE`] was passed.
    #[error("a marker line is longer than {MAX_MARKER_LINE} bytes")]
    MarkerTooLong,
    /// A line with our token that means nothing.
    #[error("unknown marker `{0}`")]
    BadMarker(String),
    /// Bytes after [`BootstrapEvent::Open`] was handed out: they are the link's.
    #[error("bytes given to a bootstrap that is over")]
    AlreadyOpen,
}

/// The machine; one per ssh process.
#[derive(Debug)]
pub struct Bootstrap {
    /// `\nABIDE-<token> `, the start of every marker.
    marker: Vec<u8>,
    buffer: Vec<u8>,
    noise: usize,
    /// A newline was added before the first byte, so that a marker may be the first line.
    pristine: bool,
    phase: Phase,
    events: VecDeque<BootstrapEvent>,
}

#[derive(Debug, PartialEq, Eq)]
enum Phase {
    Reading,
    /// The marker was seen; its event was not polled.
    Opening,
    Open,
}

impl Bootstrap {
    /// A machine that knows marker lines by `token`.
    pub fn new(token: Token) -> Self {
        Bootstrap {
            marker: format!("\nABIDE-{token} ").into_bytes(),
            buffer: vec![b'\n'],
            noise: 0,
            pristine: true,
            phase: Phase::Reading,
            events: VecDeque::new(),
        }
    }

    /// Takes bytes from ssh's stdout.
    ///
    /// # Errors
    /// See [`BootstrapError`]; the bootstrap has then failed for good.
    pub fn handle_bytes(&mut self, bytes: &[u8]) -> Result<(), BootstrapError> {
        if self.phase == Phase::Open {
            return Err(BootstrapError::AlreadyOpen);
        }
        self.buffer.extend_from_slice(bytes);
        while self.phase == Phase::Reading && self.take_line()? {}
        Ok(())
    }

    /// The next event, in the order things happened.
    pub fn poll_event(&mut self) -> Option<BootstrapEvent> {
        if self.events.is_empty() && self.phase == Phase::Opening {
            self.phase = Phase::Open;
            return Some(BootstrapEvent::Open { rest: std::mem::take(&mut self.buffer) });
        }
        self.events.pop_front()
    }

    /// Moves noise out, then one marker line; `false` when more bytes are needed.
    fn take_line(&mut self) -> Result<bool, BootstrapError> {
        let Some(start) = find(&self.buffer, &self.marker) else {
            let kept = longest_tail(&self.buffer, &self.marker);
            self.take_noise(self.buffer.len() - kept)?;
            return Ok(false);
        };
        self.take_noise(start)?;
        let line = self.marker.len();
        let length = self.buffer[line..].iter().position(|b| *b == b'\n');
        if length.unwrap_or(self.buffer.len() - line) > MAX_MARKER_LINE {
            return Err(BootstrapError::MarkerTooLong);
        }
        let Some(length) = length else { return Ok(false) };
        let text = String::from_utf8_lossy(&self.buffer[line..line + length]).into_owned();
        self.buffer.drain(..=line + length);
        self.pristine = false;
        self.take_marker(&text)?;
        Ok(true)
    }

    fn take_noise(&mut self, length: usize) -> Result<(), BootstrapError> {
        if length == 0 {
            return Ok(());
        }
        let mut noise: Vec<u8> = self.buffer.drain(..length).collect();
        if std::mem::take(&mut self.pristine) {
            noise.remove(0);
        }
        self.noise += noise.len();
        if self.noise > MAX_NOISE {
            return Err(BootstrapError::NoiseTooLong);
        }
        if !noise.is_empty() {
            self.events.push_back(BootstrapEvent::Noise(noise));
        }
        Ok(())
    }

    fn take_marker(&mut self, text: &str) -> Result<(), BootstrapError> {
        let bad = || BootstrapError::BadMarker(text.into());
        let (verb, tail) = text.split_once(' ').unwrap_or((text, ""));
        let event = match verb {
            "OPEN" => {
                self.phase = Phase::Opening;
                return Ok(());
            }
            "NOWHERE" => BootstrapEvent::Nowhere,
            "NEED" => {
                let mut words = tail.splitn(3, ' ');
                let mut word = || words.next().filter(|it| !it.is_empty()).ok_or_else(bad);
                let architecture = Architecture::from_uname(word()?, word()?);
                BootstrapEvent::Need { architecture, place: word()?.into() }
            }
            "FAILED" => {
                let (place, reason) = tail.rsplit_once(' ').ok_or_else(bad)?;
                let reason = fail_reason(reason).ok_or_else(bad)?;
                BootstrapEvent::PlaceFailed { place: place.into(), reason }
            }
            _ => return Err(bad()),
        };
        self.events.push_back(event);
        Ok(())
    }
}

/// What the keeper prints once it listens; everything after it belongs to the link.
pub fn open_marker(token: &Token) -> Vec<u8> {
    format!("\nABIDE-{token} OPEN\n").into_bytes()
}

/// The answer to `Need` before exactly `size` bytes of the binary. Write nothing else until the
/// next event. A size of 0 means [`answer_none`].
pub fn answer_size(size: u64) -> Vec<u8> {
    format!("{size}\n").into_bytes()
}

/// The answer to `Need` when there is no keeper for that architecture: the script exits.
pub fn answer_none() -> Vec<u8> {
    answer_size(0)
}

fn fail_reason(word: &str) -> Option<FailReason> {
    Some(match word {
        "readonly" => FailReason::ReadOnly,
        "noexec" => FailReason::NoExec,
        "full" => FailReason::Full,
        "foreign" => FailReason::Foreign,
        "missing" => FailReason::Missing,
        "wontrun" => FailReason::WontRun,
        _ => return None,
    })
}

fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    hay.windows(needle.len()).position(|window| window == needle)
}

/// How many bytes at the end of `hay` may be the start of `needle`.
fn longest_tail(hay: &[u8], needle: &[u8]) -> usize {
    let longest = hay.len().min(needle.len() - 1);
    (1..=longest).rev().find(|n| hay.ends_with(&needle[..*n])).unwrap_or(0)
}

#[cfg(test)]
mod tests;
