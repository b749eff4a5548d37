//! The keepalive exchange of each side that asks, from the model's line of events.

use abide_timeouts::{Alive, IdleAs, Setup, Side, Situation, predict};

use super::answers::frozen;
use super::tracks::probes;
use super::words::{peer, program, short};
use super::{Scope, asking};
use crate::axis::span;
use crate::exchange::{Exchange, Schedule, Words};

/// One for each side that asks.
pub(super) fn exchanges(setup: &Setup, scope: Scope) -> Vec<Exchange> {
    let asks = scope.sides().iter().filter_map(|side| asking(setup, *side));
    asks.map(|alive| exchange(setup, &alive)).collect()
}

fn exchange(setup: &Setup, alive: &Alive) -> Exchange {
    let probes = probes(setup, alive);
    let verdict = frozen(setup, alive.timer(), alive.side).map(|firing| firing.after.likely);
    let every = alive.period().duration();
    let schedule = Schedule {
        count: verdict.map(|_| if probes.is_empty() { 0 } else { alive.count }),
        // One interval before the verdict; the list of events may be too long to reach it.
        last: verdict
            .zip(every)
            .map(|(verdict, every)| verdict.saturating_sub(every))
            .filter(|last| probes.iter().all(|probe| probe <= last)),
        verdict,
        probes,
    };
    let heading = format!("What {} asks and hears: {}", program(alive.side), short(alive));
    Exchange::of(heading, alive.side, &schedule, &words(setup, alive, &schedule))
}

fn words(setup: &Setup, alive: &Alive, schedule: &Schedule) -> Words {
    let peer = peer(alive.side);
    let kills = closes_idle(setup, alive);
    Words {
        healthy: if kills {
            format!("Closed, though the {peer} was there.")
        } else {
            "Each answer starts the count anew: never closed.".to_owned()
        },
        silent: schedule.verdict.map_or_else(
            || "Asked for ever, never closed.".to_owned(),
            |at| format!("Closed {} after the last packet.", span(at)),
        ),
        recovering: "Any packet starts the count anew: the session lives on.".to_owned(),
    }
}

fn closes_idle(setup: &Setup, alive: &Alive) -> bool {
    let found = predict(setup, Situation::Idle(IdleAs::Prompt));
    let own = |side: Side| side == alive.side;
    found.firings.iter().any(|firing| firing.timer == alive.timer() && own(firing.side))
}
