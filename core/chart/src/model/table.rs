//! Maps of interval and count, each outcome asked of the model.

use std::time::Duration;

use abide_timeouts::{Alive, Belief, Flow, Limit, Setup, Side, Version, beliefs};

use super::words::{keywords, peer, program};
use super::{Question, Scope, asking, path};
use crate::map::{Choice, Legend, Map, Outcome};

/// A map for each side that asks; where none does, for the side that could begin.
pub(super) fn maps(question: &Question<'_>) -> Vec<Map> {
    let asks = |side: &&Side| {
        asking(question.now, **side).is_some() || asking(question.told(), **side).is_some()
    };
    let sides: Vec<Side> = question.scope.sides().iter().filter(asks).copied().collect();
    if !sides.is_empty() {
        return sides.into_iter().filter_map(|side| map(question, side)).collect();
    }
    let begins = match question.scope {
        Scope::Connection => Side::Client,
        Scope::Server => Side::Server,
    };
    map(question, begins).into_iter().collect()
}

fn map(question: &Question<'_>, side: Side) -> Option<Map> {
    let version = version(question.told(), side)?;
    let (interval, count) = keywords(side);
    let choice = |setup: &Setup| asking(setup, side).as_ref().and_then(choice_of);
    let legend = Legend {
        heading: format!(
            "When {} {version} gives a silent {} up: {interval} × CountMax",
            program(side),
            peer(side)
        ),
        interval_keyword: interval.to_owned(),
        count_keyword: count.to_owned(),
        present: choice(question.now),
        what_if: question.what_if.and_then(choice),
        believed: believed(question.told(), side),
        limits: path::limits(),
    };
    let outcome = |choice| outcome(&alive(side, version, choice));
    let silence =
        |interval| alive(side, version, Choice { interval, count: 1 }).period().duration();
    Some(Map::draw_up(legend, outcome, silence))
}

fn version(setup: &Setup, side: Side) -> Option<Version> {
    match side {
        Side::Client => setup.client.version.known().copied(),
        Side::Server => setup.server.version.known().copied(),
    }
}

fn choice_of(alive: &Alive) -> Option<Choice> {
    alive.interval.duration().map(|interval| Choice { interval, count: alive.count })
}

fn alive(side: Side, version: Version, choice: Choice) -> Alive {
    let interval = Limit::After(choice.interval);
    Alive { side, version, interval, count: choice.count }
}

fn outcome(alive: &Alive) -> Outcome {
    alive.gives_up(Flow::None).map_or(Outcome::Never, Outcome::After)
}

/// The longest time that people believe the present setting to be.
fn believed(setup: &Setup, side: Side) -> Option<Duration> {
    let told = [Belief::IntervalTimesCount, Belief::SixHundredTwiceIsAnHour];
    let own = beliefs(setup).into_iter().filter(|it| it.side == side && told.contains(&it.belief));
    own.filter(|it| it.real != Some(it.said)).map(|it| it.said).max()
}
