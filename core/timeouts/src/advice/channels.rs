//! ChannelTimeout: patterns that match nothing, releases that do not know it, what it leaves open.

use super::{seen, set};
use crate::{
    ChannelTimeouts, Evidence, Fact, Finding, Limit, Origin, Problem, Quirk, Remedy, Setup,
    Severity, Side,
};

const KEYWORD: &str = "ChannelTimeout";

pub(super) fn advise(setup: &Setup, found: &mut Vec<Finding>) {
    for side in [Side::Client, Side::Server] {
        let timeouts = match side {
            Side::Client => &setup.client.channel_timeout,
            Side::Server => &setup.server.channel_timeout,
        };
        let Fact::Known(value, _) = timeouts else { continue };
        if value.rules.is_empty() {
            continue;
        }
        matches_nothing(side, value, timeouts, found);
        unknown(setup, side, timeouts, found);
    }
    leaves_open(setup, found);
}

fn matches_nothing(
    side: Side,
    value: &ChannelTimeouts,
    fact: &Fact<ChannelTimeouts>,
    found: &mut Vec<Finding>,
) {
    for rule in value.idle_rules() {
        let meant = (rule.pattern == "session").then_some("session:*");
        let seconds = super::limit_text(rule.limit);
        let remedy = match meant {
            Some(meant) => set(side, KEYWORD, format!("{meant}={seconds}")),
            None => fact.origin().map_or(Remedy::None, |it| Remedy::Remove(it.clone())),
        };
        found.push(Finding {
            severity: Severity::Wrong,
            problem: Problem::ChannelPatternMatchesNothing {
                side,
                pattern: rule.pattern.clone(),
                limit: rule.limit,
                meant,
            },
            evidence: evidence(fact),
            remedy,
        });
    }
}

/// In a file it keeps every older ssh or sshd from starting.
fn unknown(setup: &Setup, side: Side, fact: &Fact<ChannelTimeouts>, found: &mut Vec<Finding>) {
    let (version, quirk) = match side {
        Side::Client => (&setup.client.version, Quirk::ClientChannelTimeout),
        Side::Server => (&setup.server.version, Quirk::ServerChannelTimeout),
    };
    let since = quirk.row().and_then(|row| row.since);
    let (Some(version), Some(since), Some(Origin::File { .. })) =
        (version.known(), since, fact.origin())
    else {
        return;
    };
    if !quirk.is_in(*version) {
        found.push(Finding {
            severity: Severity::Wrong,
            problem: Problem::KeywordUnknownToRelease {
                side,
                keyword: KEYWORD,
                since,
                version: *version,
            },
            evidence: evidence(fact),
            remedy: fact.origin().map_or(Remedy::None, |it| Remedy::Remove(it.clone())),
        });
    }
}

/// A closed session leaves `ssh -N` and shared connections where they are.
fn leaves_open(setup: &Setup, found: &mut Vec<Finding>) {
    let server = &setup.server;
    let closes = server.channel_timeout.known().and_then(ChannelTimeouts::shortest_of_sessions);
    let Some(closes) = closes.filter(|_| server.unused_connection.known() == Some(&Limit::Off))
    else {
        return;
    };
    found.push(Finding {
        severity: Severity::Note,
        problem: Problem::SessionClosesConnectionStays,
        evidence: evidence(&server.channel_timeout),
        remedy: set(Side::Server, "UnusedConnectionTimeout", closes.as_secs()),
    });
}

fn evidence(fact: &Fact<ChannelTimeouts>) -> Vec<Evidence> {
    seen(KEYWORD, fact, |value| {
        let rules = value.rules.iter();
        let words = rules.map(|it| format!("{}={}", it.pattern, super::limit_text(it.limit)));
        words.collect::<Vec<_>>().join(" ")
    })
}
