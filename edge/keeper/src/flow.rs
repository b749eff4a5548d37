//! How fast a program prints just now. Time is an argument.

use std::time::Duration;

use abide_terms::Moment;

/// One sample, and how long the last one counts.
const SAMPLE: Duration = Duration::from_millis(100);

/// The pace of a program's output.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    sample: Option<(Moment, u64)>,
    /// When it last printed.
    last: Option<Moment>,
    /// Bytes a second of the sample before.
    before: u64,
}

impl Flow {
    pub(crate) fn handle_printed(&mut self, now: Moment, bytes: u64) {
        let rested = self.last.is_some_and(|last| now.since(last) > SAMPLE);
        let (began, sum) = self.sample.filter(|_| !rested).unwrap_or((now, 0));
        if rested {
            self.before = 0;
        }
        self.last = Some(now);
        self.sample = Some((began, sum + bytes));
        let lasted = now.since(began);
        if lasted >= SAMPLE {
            self.before = rate(sum + bytes, lasted);
            self.sample = Some((now, 0));
        }
    }

    /// Bytes a second; 0 once it is quiet.
    pub(crate) fn rate(&self, now: Moment) -> u64 {
        if self.last.is_none_or(|last| now.since(last) > SAMPLE) {
            return 0;
        }
        let under_way =
            self.sample.map_or(0, |(began, sum)| rate(sum, now.since(began).max(SAMPLE)));
        self.before.max(under_way)
    }
}

fn rate(bytes: u64, lasted: Duration) -> u64 {
    let rate = u128::from(bytes) * 1_000_000 / lasted.as_micros().max(1);
    u64::try_from(rate).unwrap_or(u64::MAX)
}
