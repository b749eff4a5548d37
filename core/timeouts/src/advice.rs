//! The rules that find something wrong with a setup. Each looks at known values alone: what was
//! not checked is never blamed.

mod channels;
mod counts;
mod lives;
mod path;

use crate::{Evidence, Fact, Finding, Limit, Origin, Problem, Remedy, Setup, Severity, Side};

/// A line of a configuration file that never takes effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shadowed {
    /// Whose file.
    pub side: Side,
    /// Its keyword, as OpenSSH spells it.
    pub keyword: String,
    /// Its value as text.
    pub value: String,
    /// Where it stands.
    pub origin: Origin,
    /// The value that wins.
    pub winner: String,
    /// Where that stands.
    pub winner_origin: Origin,
}

/// Everything that is wrong, worst first.
pub fn advise(setup: &Setup, shadowed: &[Shadowed]) -> Vec<Finding> {
    let mut found = Vec::new();
    path::advise(setup, &mut found);
    counts::advise(setup, &mut found);
    channels::advise(setup, &mut found);
    lives::advise(setup, &mut found);
    found.extend(shadowed.iter().map(no_effect));
    found.sort_by_key(|finding| (finding.severity, finding.code()));
    found
}

fn no_effect(line: &Shadowed) -> Finding {
    let same = line.value.eq_ignore_ascii_case(&line.winner);
    Finding {
        severity: if same { Severity::Note } else { Severity::Risk },
        problem: Problem::LineHasNoEffect(line.clone()),
        evidence: Vec::new(),
        remedy: Remedy::Remove(line.origin.clone()),
    }
}

/// Evidence of one setting, if it is known.
fn seen<T>(name: &'static str, fact: &Fact<T>, text: impl FnOnce(&T) -> String) -> Vec<Evidence> {
    match fact {
        Fact::Known(value, origin) => {
            vec![Evidence { name, value: text(value), origin: origin.clone() }]
        }
        Fact::NotChecked(_) => Vec::new(),
    }
}

/// The keywords of a side's keepalive.
const fn keywords(side: Side) -> (&'static str, &'static str) {
    match side {
        Side::Client => ("ServerAliveInterval", "ServerAliveCountMax"),
        Side::Server => ("ClientAliveInterval", "ClientAliveCountMax"),
    }
}

/// Evidence of a side's keepalive.
fn seen_alive(setup: &Setup, side: Side) -> Vec<Evidence> {
    let alive = match side {
        Side::Client => &setup.client.alive,
        Side::Server => &setup.server.alive,
    };
    let (interval, count) = keywords(side);
    let mut evidence = seen(interval, &alive.interval, |it| limit_text(*it));
    evidence.extend(seen(count, &alive.count, u32::to_string));
    evidence
}

fn limit_text(limit: Limit) -> String {
    limit.duration().map_or_else(|| "0".to_owned(), |it| it.as_secs().to_string())
}

fn set(side: Side, keyword: &'static str, value: impl ToString) -> Remedy {
    Remedy::Set { side, keyword, value: value.to_string() }
}

/// Every 30 s: shorter than any device of the table keeps, and than most that are in none.
const KEEPALIVE: u64 = 30;

#[cfg(test)]
mod tests;
