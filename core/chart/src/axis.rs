//! The scale of time that tracks share: linear, from the last packet to a horizon. Ends beyond the
//! horizon are drawn at its edge with their number.

use std::time::Duration;

use abide_terms::print_span;

use crate::story::{Answered, Beats, End, Group, Track};

/// Steps between ticks that people count in, in seconds; above the last, tenfold again and again.
const STEPS: [u64; 24] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200,
    86_400, 172_800, 432_000, 864_000, 2_592_000, 8_640_000, 31_536_000,
];

/// At most so many ticks, or their words would touch in 80 columns.
const MAX_TICKS: u64 = 6;

/// Where nothing else says how far to look: past the kernel's own keepalive.
const NOTHING_TO_SEE: Duration = Duration::from_secs(9_000);

const YEAR: u64 = 31_536_000;
/// From here on people count years, not days.
const TEN_YEARS: u64 = 10 * YEAR;
/// From here on a span says no more than "for ever".
const AGES: u64 = 10_000 * YEAR;

/// A scale of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Axis {
    horizon: Duration,
}

/// Where a time falls.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Place {
    /// On the scale, 0 to 1.
    At(f64),
    /// Past the horizon.
    Beyond,
}

impl Axis {
    /// A scale on which the verdicts of the keepalives and the beliefs about them can be compared.
    /// The kernel's and the boxes' may fall beyond, unless there is nothing else.
    pub(crate) fn over(tracks: &[Track]) -> Self {
        let verdicts = tracks.iter().filter_map(|track| match track.end {
            End::Closes(at) | End::Believed(at) => Some(at),
            _ => None,
        });
        let beats = tracks.iter().filter_map(|track| {
            let beats = track.beats.filter(|beats| beats.answered == Answered::Yes)?;
            Some(beats.first.saturating_add(beats.every.saturating_mul(2)))
        });
        let others = tracks.iter().filter(|track| track.group == Group::Gone);
        let furthest = verdicts.chain(beats).max();
        let furthest = furthest.or_else(|| others.filter_map(|track| track.end.at()).max());
        let furthest = furthest.filter(|at| !at.is_zero()).unwrap_or(NOTHING_TO_SEE);
        // An eighth more, so that what ends there is seen to end.
        Axis { horizon: furthest.saturating_add(furthest / 8) }
    }

    /// Where `time` falls.
    pub(crate) fn place(self, time: Duration) -> Place {
        if time > self.horizon {
            return Place::Beyond;
        }
        Place::At(time.as_secs_f64() / self.horizon.as_secs_f64().max(f64::MIN_POSITIVE))
    }

    /// Ticks with their places and words, 0 first.
    pub(crate) fn ticks(self) -> Vec<(f64, String)> {
        let step = self.step();
        let times = (0..=MAX_TICKS).map(|number| step.saturating_mul(number));
        let shown = times.take_while(|seconds| *seconds <= self.horizon.as_secs());
        let place = |seconds| match self.place(Duration::from_secs(seconds)) {
            Place::At(place) => place,
            Place::Beyond => 1.0,
        };
        let mut ticks: Vec<(f64, String)> =
            shown.map(|seconds| (place(seconds), span(Duration::from_secs(seconds)))).collect();
        // Past all numbers that mean something, the words are the same.
        ticks.dedup_by(|later, earlier| later.1 == earlier.1);
        ticks
    }

    /// Where beats are seen, at most one in each of `slots` equal parts of the scale: with an
    /// interval of a second on a scale of days there are millions, and nobody could see them.
    pub(crate) fn beats(self, beats: Beats, slots: usize) -> Vec<f64> {
        let horizon = self.horizon.as_secs_f64();
        let (first, every) = (beats.first.as_secs_f64(), beats.every.as_secs_f64());
        if every <= 0.0 || horizon <= 0.0 {
            return Vec::new();
        }
        let times = f64::from(beats.times.unwrap_or(u32::MAX));
        let slot = horizon / slots.max(1) as f64;
        let mut places = Vec::new();
        let mut free_from = 0.0_f64;
        while places.len() < slots {
            let number = ((free_from - first) / every).ceil().max(0.0);
            let at = first + number * every;
            if number >= times || at > horizon {
                break;
            }
            places.push(at / horizon);
            free_from = at + slot;
        }
        places
    }

    fn step(self) -> u64 {
        let enough = self.horizon.as_secs().div_ceil(MAX_TICKS).max(1);
        let known = STEPS.into_iter().find(|step| *step >= enough);
        known.unwrap_or_else(|| {
            let mut step = STEPS[STEPS.len() - 1];
            while step < enough {
                step = step.saturating_mul(10);
            }
            step
        })
    }
}

/// A span in few letters, whatever its size: `0`, `45s`, `2h11m`, `30y`, `ages`.
pub(crate) fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 if time.is_zero() => "0".to_owned(),
        0 => format!("{}ms", time.as_millis()),
        AGES.. => "ages".to_owned(),
        TEN_YEARS.. => format!("{}y", seconds / YEAR),
        _ => print_span(time),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(end: End) -> Track {
        Track { group: Group::Gone, label: String::new(), beats: None, end, caption: String::new() }
    }

    fn words(axis: Axis) -> Vec<String> {
        axis.ticks().into_iter().map(|(_, words)| words).collect()
    }

    #[test]
    fn ticks_are_round_and_few() {
        let hour = Axis::over(&[ends(End::Closes(Duration::from_secs(3_600)))]);
        assert_eq!(words(hour), ["0", "15m", "30m", "45m", "1h"]);
        for seconds in [0, 1, 7, 45, 1_800, 86_400, 123_456_789, u64::MAX / 2, u64::MAX] {
            let axis = Axis::over(&[ends(End::Closes(Duration::from_secs(seconds)))]);
            let ticks = axis.ticks();
            assert!((2..=7).contains(&ticks.len()), "{seconds}: {ticks:?}");
            assert!(ticks.iter().all(|(place, _)| (0.0..=1.0).contains(place)), "{ticks:?}");
            assert!(ticks.iter().all(|(_, words)| words.len() <= 8), "{ticks:?}");
        }
    }

    #[test]
    fn beats_are_seen_where_they_fall_and_never_too_many() {
        let axis = Axis::over(&[ends(End::Closes(Duration::from_secs(1_600)))]);
        let beats = |first, every, times| Beats {
            first: Duration::from_secs(first),
            every: Duration::from_secs(every),
            times,
            answered: Answered::No,
        };
        let places = axis.beats(beats(600, 600, Some(2)), 30);
        assert_eq!(places.len(), 2);
        assert!((places[0] - 1.0 / 3.0).abs() < 1e-9 && (places[1] - 2.0 / 3.0).abs() < 1e-9);
        assert_eq!(axis.beats(beats(600, 600, None), 30).len(), 3);
        assert!(axis.beats(beats(1, 1, None), 30).len() <= 30);
        assert!(axis.beats(beats(0, 0, None), 30).is_empty());
        assert!(axis.beats(beats(u64::MAX, u64::MAX, Some(0)), 30).is_empty());
    }

    #[test]
    fn the_kernel_does_not_stretch_the_scale_of_the_keepalives() {
        let tracks = [
            ends(End::Closes(Duration::from_secs(60))),
            ends(End::GivesUp(Duration::from_secs(7_875))),
        ];
        assert_eq!(Axis::over(&tracks).place(Duration::from_secs(7_875)), Place::Beyond);
        assert!(matches!(Axis::over(&tracks[1..]).place(Duration::from_secs(7_875)), Place::At(_)));
    }
}
