//! Interval times count as a map of the time to a verdict, with the present setting on it. The
//! times come from the model through a function; nothing is computed here.

use std::time::Duration;

/// At most so many intervals: with more a row would not fit 80 columns.
pub const MAX_INTERVALS: usize = 8;
/// At most so many counts.
pub const MAX_COUNTS: usize = 6;

/// Intervals that people choose, in seconds.
const USUAL_INTERVALS: [u64; 8] = [15, 30, 60, 120, 300, 600, 1_200, 1_800];
/// Counts that people choose.
const USUAL_COUNTS: [u32; 6] = [0, 1, 2, 3, 5, 10];

/// One place on the map: what is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The interval.
    pub interval: Duration,
    /// The count.
    pub count: u32,
}

/// What a choice leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A verdict after this.
    After(Duration),
    /// No verdict, ever.
    Never,
}

/// The map of one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map {
    /// What it is the map of.
    pub heading: String,
    /// Keyword of the interval.
    pub interval_keyword: String,
    /// Keyword of the count.
    pub count_keyword: String,
    /// Intervals, shortest first: the columns.
    pub intervals: Vec<Duration>,
    /// Counts, smallest first: the rows.
    pub counts: Vec<u32>,
    /// For each count, for each interval.
    pub outcomes: Vec<Vec<Outcome>>,
    /// What is set now, if it is known and on.
    pub present: Option<Choice>,
    /// What is asked about.
    pub what_if: Option<Choice>,
    /// What people believe that the present setting leads to; the choices that do are marked.
    pub believed: Option<Duration>,
    /// For each interval, how many of the known boxes on the way keep the connection.
    pub kept: Vec<usize>,
    /// Of how many.
    pub boxes: usize,
}

/// What a map is made of, besides the outcomes.
#[derive(Clone, Debug, Default)]
pub struct Legend {
    /// What it is the map of.
    pub heading: String,
    /// Keyword of the interval.
    pub interval_keyword: String,
    /// Keyword of the count.
    pub count_keyword: String,
    /// What is set now.
    pub present: Option<Choice>,
    /// What is asked about.
    pub what_if: Option<Choice>,
    /// What people believe of the present setting.
    pub believed: Option<Duration>,
    /// After how long each box on the way forgets.
    pub limits: Vec<Duration>,
}

impl Map {
    /// Draws up a map: the usual choices and those that are set, each with its outcome. `silence`
    /// is how long nothing is sent with an interval, `None` for ever: a release may double it.
    pub fn draw_up(
        legend: Legend,
        outcome: impl Fn(Choice) -> Outcome,
        silence: impl Fn(Duration) -> Option<Duration>,
    ) -> Self {
        let set: Vec<Choice> = legend.present.into_iter().chain(legend.what_if).collect();
        let intervals = with(
            USUAL_INTERVALS.map(Duration::from_secs).to_vec(),
            set.iter().map(|choice| choice.interval).filter(|interval| !interval.is_zero()),
        );
        let counts = with(USUAL_COUNTS.to_vec(), set.iter().map(|choice| choice.count));
        let row = |count: &u32| {
            let choice = |interval: &Duration| Choice { interval: *interval, count: *count };
            intervals.iter().map(|interval| outcome(choice(interval))).collect()
        };
        let kept = |interval: &Duration| {
            let silence = silence(*interval);
            let outlasts = |limit: &&Duration| silence.is_some_and(|silence| silence < **limit);
            legend.limits.iter().filter(outlasts).count()
        };
        Map {
            outcomes: counts.iter().map(row).collect(),
            kept: intervals.iter().map(kept).collect(),
            boxes: legend.limits.len(),
            intervals,
            counts,
            heading: legend.heading,
            interval_keyword: legend.interval_keyword,
            count_keyword: legend.count_keyword,
            present: legend.present,
            what_if: legend.what_if,
            believed: legend.believed,
        }
    }

    /// Whether a place on the map is this choice.
    pub(crate) fn is_at(&self, choice: Option<Choice>, row: usize, column: usize) -> bool {
        choice.is_some_and(|choice| {
            self.counts.get(row) == Some(&choice.count)
                && self.intervals.get(column) == Some(&choice.interval)
        })
    }

    /// Whether a place on the map leads to what people believe of the present setting.
    pub(crate) fn is_believed(&self, outcome: Outcome) -> bool {
        self.believed.is_some_and(|believed| outcome == Outcome::After(believed))
    }

    /// What people believe, if a choice on the map leads to it.
    pub(crate) fn believed_and_shown(&self) -> Option<Duration> {
        let mut outcomes = self.outcomes.iter().flatten();
        self.believed.filter(|_| outcomes.any(|outcome| self.is_believed(*outcome)))
    }
}

/// The usual values and the wanted ones in order; each wanted one takes the place of the nearest.
fn with<T: Ord + Copy>(mut usual: Vec<T>, wanted: impl Iterator<Item = T>) -> Vec<T> {
    let wanted: Vec<T> = wanted.collect();
    for value in &wanted {
        if usual.contains(value) {
            continue;
        }
        let after = usual.iter().position(|it| it > value).unwrap_or(usual.len());
        usual.insert(after, *value);
        // What makes room is not the neighbour (it tells most), but an end that nobody asked for.
        let spare = [usual.len() - 1, 0, usual.len() - 2, 1];
        let spare =
            spare.into_iter().find(|at| usual.get(*at).is_some_and(|it| !wanted.contains(it)));
        if let Some(spare) = spare {
            usual.remove(spare);
        }
    }
    usual
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(present: (u64, u32), what_if: Option<(u64, u32)>) -> Map {
        let choice = |(seconds, count)| Choice { interval: Duration::from_secs(seconds), count };
        let legend = Legend {
            present: Some(choice(present)),
            what_if: what_if.map(choice),
            limits: vec![Duration::from_secs(240), Duration::from_secs(600)],
            ..Legend::default()
        };
        let outcome = |choice: Choice| match choice.count {
            0 => Outcome::Never,
            count => Outcome::After(choice.interval.saturating_mul(count)),
        };
        Map::draw_up(legend, outcome, Some)
    }

    #[test]
    fn whatever_is_set_is_on_the_map_and_the_map_keeps_its_size() {
        for (present, what_if) in [
            ((600, 2), None),
            ((1, 0), Some((u64::MAX, u32::MAX))),
            ((7, 4), Some((86_400, 99))),
            ((100_000, 11), Some((200_000, 12))),
            ((3, 7), Some((2, 8))),
        ] {
            let map = map(present, what_if);
            assert_eq!((map.intervals.len(), map.counts.len()), (MAX_INTERVALS, MAX_COUNTS));
            assert!(map.intervals.is_sorted() && map.counts.is_sorted());
            for choice in [map.present, map.what_if] {
                let places = (0..MAX_COUNTS)
                    .flat_map(|row| (0..MAX_INTERVALS).map(move |column| (row, column)))
                    .filter(|(row, column)| map.is_at(choice, *row, *column));
                assert_eq!(places.count(), usize::from(choice.is_some()), "{choice:?}: {map:?}");
            }
        }
    }

    #[test]
    fn an_interval_must_be_shorter_than_the_box_remembers() {
        let map = map((600, 2), None);
        let kept = |seconds| {
            let column = map.intervals.iter().position(|it| it.as_secs() == seconds);
            map.kept[column.expect("a usual interval")]
        };
        assert_eq!((kept(120), kept(300), kept(600)), (2, 1, 0));
    }
}
