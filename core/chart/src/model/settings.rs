//! The settings that a chart follows from, with where they come from.

use abide_timeouts::{Fact, Limit, Probing, Setup, Side, Version};

use super::Question;
use super::words::{keywords, program};
use crate::story::Setting;

/// One line for each side; with a change, the side that changes has two.
pub(super) fn lines(question: &Question<'_>) -> Vec<Setting> {
    let mut lines = Vec::new();
    for side in question.scope.sides() {
        lines.push(line(question.now, *side, side.name().to_owned()));
        let changed = question.what_if.filter(|what_if| {
            (probing(what_if, *side), version(what_if, *side))
                != (probing(question.now, *side), version(question.now, *side))
        });
        lines.extend(changed.map(|what_if| line(what_if, *side, "what if".to_owned())));
    }
    lines
}

fn probing(setup: &Setup, side: Side) -> &Probing {
    match side {
        Side::Client => &setup.client.alive,
        Side::Server => &setup.server.alive,
    }
}

fn version(setup: &Setup, side: Side) -> &Fact<Version> {
    match side {
        Side::Client => &setup.client.version,
        Side::Server => &setup.server.version,
    }
}

fn line(setup: &Setup, side: Side, label: String) -> Setting {
    let probing = probing(setup, side);
    let release = match version(setup, side) {
        Fact::Known(version, _) => format!("{} {version}", program(side)),
        Fact::NotChecked(_) => format!("{}, release not checked", program(side)),
    };
    let origin = match &probing.interval {
        Fact::Known(_, origin) => format!("{release}; {origin}"),
        Fact::NotChecked(_) => release,
    };
    Setting { side: label, value: value(probing, side), origin }
}

fn value(probing: &Probing, side: Side) -> String {
    let (interval, count) = keywords(side);
    let count = match &probing.count {
        Fact::Known(number, _) => format!("{count} {number}"),
        Fact::NotChecked(_) => format!("{count} not checked"),
    };
    match &probing.interval {
        Fact::Known(Limit::Off, _) => format!("{interval} 0: asks nothing"),
        Fact::Known(Limit::After(every), _) => format!("{interval} {}, {count}", every.as_secs()),
        Fact::NotChecked(reason) => format!("{interval} not checked: {reason}"),
    }
}
