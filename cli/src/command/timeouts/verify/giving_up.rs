//! When a side gave up after the cut, beside when it was to. One verdict for each side; words are
//! `report`'s.

use std::time::Duration;

use abide_timeouts::{Firing, Reason, Side, When};

use super::configured::Configured;
use super::judge::Verdict;
use super::seen::{Alone, Cut};

/// What a busy machine may add to a prediction, or a clock take from it.
const TOLERANCE: Duration = Duration::from_millis(300);

/// When a side was to give up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Then, by this timer.
    At(Box<Firing>),
    /// Nothing of OpenSSH's ends it.
    Never,
    /// What is configured is not known.
    Unknown(Reason),
}

/// One side after the cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct GivingUp {
    pub(super) side: Side,
    pub(super) due: Due,
    pub(super) alone: Alone,
    pub(super) verdict: Verdict,
}

impl GivingUp {
    pub(super) fn both(configured: &Configured, cut: Cut) -> [Self; 2] {
        let predicted = configured.when_cut();
        [(Side::Client, cut.client), (Side::Server, cut.server)].map(|(side, alone)| {
            let unknown = predicted.unknown.iter().find(|unknown| unknown.side == side);
            let due = match (predicted.first_of(side), unknown) {
                (_, Some(unknown)) => Due::Unknown(unknown.reason.clone()),
                (Some(firing), None) => Due::At(Box::new(firing.clone())),
                (None, None) => Due::Never,
            };
            let verdict = judge(&due, &alone);
            GivingUp { side, due, alone, verdict }
        })
    }
}

fn judge(due: &Due, alone: &Alone) -> Verdict {
    match (due, alone.stayed()) {
        (Due::Unknown(_), _) => Verdict::NotChecked,
        (Due::At(firing), Some(stayed)) if is_on_time(firing.after, stayed) => {
            Verdict::AsConfigured
        }
        (Due::Never, None) => Verdict::AsConfigured,
        (Due::At(_), _) | (Due::Never, Some(_)) => Verdict::Differs,
    }
}

fn is_on_time(due: When, stayed: Duration) -> bool {
    let slack = TOLERANCE.max(due.likely / 20);
    stayed + TOLERANCE >= due.earliest && stayed <= due.latest + slack
}

#[cfg(test)]
mod tests {
    use super::*;
    use abide_terms::Moment;
    use abide_timeouts::{Effect, Timer};

    fn alone(stayed: Option<u64>) -> Alone {
        let heard = Moment::from_nanos(1);
        let gave_up = stayed.map(|millis| heard + Duration::from_millis(millis));
        Alone { heard, gave_up, waited: Duration::from_secs(60), sent: 3 }
    }

    #[test]
    fn on_time_is_within_a_second_and_a_little() {
        let after = When::by_whole_seconds(Duration::from_secs(8));
        let effect = Effect::EndsConnection;
        let (timer, side) = (Timer::ServerAlive, Side::Client);
        let due = Due::At(Box::new(Firing { timer, side, after, effect, quirks: Vec::new() }));
        for (stayed, verdict) in [
            (Some(6_500), Verdict::Differs),
            (Some(7_010), Verdict::AsConfigured),
            (Some(8_200), Verdict::AsConfigured),
            (Some(9_900), Verdict::Differs),
            (None, Verdict::Differs),
        ] {
            assert_eq!(judge(&due, &alone(stayed)), verdict, "{stayed:?}");
        }
    }

    #[test]
    fn what_is_not_known_is_not_judged() {
        let unknown = Due::Unknown(Reason::NotAsked);
        assert_eq!(judge(&unknown, &alone(Some(8_000))), Verdict::NotChecked);
        assert_eq!(judge(&Due::Never, &alone(None)), Verdict::AsConfigured);
        assert_eq!(judge(&Due::Never, &alone(Some(8_000))), Verdict::Differs);
    }
}
