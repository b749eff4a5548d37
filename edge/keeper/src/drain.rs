//! How fast a path drains what waits for it, from acknowledgements. Only while more waits than any
//! path has under way does their pace say something about the path.

use std::collections::VecDeque;
use std::time::Duration;

use abide_terms::Moment;

/// A sample is taken at the first acknowledgement after this.
const SAMPLE: Duration = Duration::from_millis(100);
/// Samples that count: the best of them, so that a client which was busy for a moment does not look
/// like a slow path.
const SAMPLES_MAX: usize = 20;
/// More waiting than this is a backlog: what a link keeps in flight at least.
const BACKLOG: usize = 64 * 1024;
/// A pace that did not grow for two round trips and this is that of the path too.
const GROWTH_WITHIN: Duration = Duration::from_millis(500);

/// The pace of one client's acknowledgements.
#[derive(Debug, Default)]
pub(crate) struct Drain {
    acked: u64,
    /// The sample under way: since which acknowledgement, and bytes since.
    began: Option<Moment>,
    bytes: u64,
    samples: VecDeque<u64>,
    /// When the best pace last grew.
    grew: Option<Moment>,
    best: u64,
    /// All bytes of the samples, and how long they took.
    sum: (u64, Duration),
    known: Option<u64>,
}

impl Drain {
    /// `acked` bytes of the stream have arrived, `waiting` have not.
    pub(crate) fn handle(&mut self, now: Moment, acked: u64, waiting: usize) {
        let fresh = acked.saturating_sub(std::mem::replace(&mut self.acked, acked));
        let backlog = waiting >= BACKLOG;
        // The first acknowledgement of a backlog says when the first bytes were sent, not how fast.
        let Some(began) = self.began else {
            self.began = (backlog && fresh > 0).then_some(now);
            return;
        };
        if !backlog {
            return self.rest();
        }
        self.bytes += fresh;
        let lasted = now.since(began);
        if lasted >= SAMPLE && fresh > 0 {
            self.sum = (self.sum.0 + self.bytes, self.sum.1 + lasted);
            self.sampled(now, pace(self.bytes, lasted));
            self.began = Some(now);
            self.bytes = 0;
        }
    }

    fn sampled(&mut self, now: Moment, rate: u64) {
        if self.samples.len() == SAMPLES_MAX {
            self.samples.pop_front();
        }
        self.samples.push_back(rate);
        let best = self.samples.iter().copied().max().unwrap_or(0);
        if self.grew.is_none() || best > self.best + self.best / 4 {
            self.grew = Some(now);
        }
        self.best = best;
        self.known = Some(pace(self.sum.0, self.sum.1)).filter(|rate| *rate > 0).or(self.known);
    }

    /// Nothing waits: what was measured of this backlog is over.
    fn rest(&mut self) {
        (self.began, self.bytes, self.grew, self.best) = (None, 0, None, 0);
        self.sum = (0, Duration::ZERO);
        self.samples.clear();
    }

    /// Offsets count from 0 again; the path is the same.
    pub(crate) fn handle_new_stream(&mut self) {
        (self.acked, self.began, self.bytes) = (0, None, 0);
    }

    /// Bytes a second, as last measured: the mean, since bursts of acknowledgements are not the path's.
    pub(crate) fn rate(&self) -> Option<u64> {
        self.known
    }

    /// Bytes a second of the backlog that is there, once they say something about the path: they are
    /// steady, or have not grown for long. While a link finds out what a path carries, each round trip
    /// brings twice as much as the one before.
    pub(crate) fn settled(&self, now: Moment, rtt: Duration) -> Option<u64> {
        let grew = self.grew?;
        let mut youngest = self.samples.iter().rev();
        let pair = youngest.next().zip(youngest.next());
        let steady = pair.is_some_and(|(last, before)| {
            *last <= before + before / 2 && *last >= before / 3 && *last > 0
        });
        let grown = now.since(grew) >= rtt * 2 + GROWTH_WITHIN;
        (self.best > 0 && (steady || grown)).then_some(self.best)
    }
}

fn pace(bytes: u64, lasted: Duration) -> u64 {
    let rate = u128::from(bytes) * 1_000_000 / lasted.as_micros().max(1);
    u64::try_from(rate).unwrap_or(u64::MAX)
}
