//! What was measured of each tool, as values; what was not, with the reason. No words for people but
//! those reasons.

use std::time::Duration;

use abide_compare::{Recovery, Sample};

use super::tools::Kind;

/// A figure, or why there is none.
pub(super) type Measured<T> = Result<T, String>;

/// What typing showed.
#[derive(Clone, Debug)]
pub(super) struct Echo {
    /// Milliseconds of every letter that appeared, in no order.
    pub(super) times: Sample,
    /// Median difference of an echo from the one before, ms.
    pub(super) jitter: f64,
    /// Letters that never appeared.
    pub(super) never: usize,
    /// Cells that were wrong at the end.
    pub(super) wrong: usize,
}

/// What an idle session sent, both ways.
#[derive(Clone, Copy, Debug)]
pub(super) struct Idle {
    pub(super) packets: u64,
    pub(super) watched: Duration,
}

impl Idle {
    /// As many in an hour, if it goes on like this.
    pub(super) fn per_hour(self) -> f64 {
        self.packets as f64 * 3_600.0 / self.watched.as_secs_f64().max(1.0)
    }
}

/// One tool.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) kind: Kind,
    /// How it was called, for a person to repeat.
    pub(super) call: String,
    /// Time to the prompt.
    pub(super) open: Measured<Duration>,
    pub(super) echo: Measured<Echo>,
    pub(super) idle: Measured<Idle>,
    pub(super) recovery: Measured<Recovery>,
}

impl Row {
    /// Whether it got to a prompt at all.
    pub(super) fn opened(&self) -> bool {
        self.open.is_ok()
    }
}

/// All of it.
#[derive(Clone, Debug)]
pub(super) struct Comparison {
    pub(super) host: String,
    pub(super) keys: usize,
    pub(super) cut: Duration,
    pub(super) patience: Duration,
    pub(super) rows: Vec<Row>,
}

impl Comparison {
    /// The round trip as ssh's echo shows it, and how much it varies, ms; none without ssh.
    pub(super) fn path(&self) -> Option<(f64, f64)> {
        let ssh = self.rows.iter().find(|row| row.kind == Kind::Ssh)?;
        let echo = ssh.echo.as_ref().ok()?;
        Some((echo.times.median(), echo.jitter))
    }
}
