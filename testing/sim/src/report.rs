//! Figures of runs.

use std::time::Duration;

/// What happened in runs; sums over all of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Totals {
    /// Runs.
    pub runs: u64,
    /// Virtual time.
    pub virtual_time: Duration,
    /// Faults.
    pub faults: u64,
    /// Bytes delivered to programs.
    pub bytes: u64,
    /// Frames (or heads of frames) that links gave to carriers.
    pub frames: u64,
    /// Keys typed.
    pub keys: u64,
    /// Streams opened and ended.
    pub streams: u64,
    /// Carriers that joined a link.
    pub carriers: u64,
    /// Bytes that links repeated to mask losses.
    pub repeated: u64,
    /// Quarters of an hour without fault or traffic that were checked for quiet.
    pub quiet_quarters: u64,
    /// How often the client's link fell silent though nothing had been wrong for a minute,
    /// on a path that loses none.
    pub false_alarms: u64,
    /// Most packets that an hour at this quarter's pace would have, on a path that loses none.
    pub most_idle_packets: u64,
}

/// One run's figures.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What happened.
    pub totals: Totals,
    /// From the end of all faults to the first echo of a key typed before, each time, where UDP works.
    pub recoveries: Vec<Duration>,
    /// The same where only ssh goes through, or the two ends are on one machine.
    pub slow_recoveries: Vec<Duration>,
    /// Size of each transfer, and the time from its first byte written to its end read.
    pub transfers: Vec<(u64, Duration)>,
    /// Time from typing to echo of keys typed in calm.
    pub echoes: Vec<Duration>,
}

impl Report {
    /// Adds another run's.
    pub fn add(&mut self, other: Report) {
        let (mine, theirs) = (&mut self.totals, other.totals);
        mine.runs += theirs.runs;
        mine.virtual_time += theirs.virtual_time;
        mine.faults += theirs.faults;
        mine.bytes += theirs.bytes;
        mine.frames += theirs.frames;
        mine.keys += theirs.keys;
        mine.streams += theirs.streams;
        mine.carriers += theirs.carriers;
        mine.repeated += theirs.repeated;
        mine.quiet_quarters += theirs.quiet_quarters;
        mine.false_alarms += theirs.false_alarms;
        mine.most_idle_packets = mine.most_idle_packets.max(theirs.most_idle_packets);
        self.recoveries.extend(other.recoveries);
        self.slow_recoveries.extend(other.slow_recoveries);
        self.transfers.extend(other.transfers);
        self.echoes.extend(other.echoes);
    }
}

/// The time that `percent` of all stay under.
pub fn percentile(times: &[Duration], percent: f64) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let last = sorted.len().saturating_sub(1);
    let index = (sorted.len() as f64 * percent / 100.0) as usize;
    sorted.get(index.min(last)).copied().unwrap_or_default()
}
