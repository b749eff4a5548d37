//! Keepalives against what a path keeps.

use super::{KEEPALIVE, seen, seen_alive, set};
use crate::{
    Alive, Fact, Fate, Finding, Limit, Problem, Setup, Severity, Side, Timer, gap, path as fates,
};

pub(super) fn advise(setup: &Setup, found: &mut Vec<Finding>) {
    let gap = gap(setup);
    if let Fact::Known(longest, _) = gap.longest {
        if is_slower_than_path(setup, longest, found) {
            return;
        }
        match gap.maker {
            Some(maker) if maker.timer != Timer::TcpKeepAlive => {
                slower_than_common(setup, longest, maker.timer, maker.side, found);
            }
            _ => nothing_keeps(setup, longest, found),
        }
    }
}

/// The path's limit is known: sessions do end.
fn is_slower_than_path(setup: &Setup, longest: Limit, found: &mut Vec<Finding>) -> bool {
    let Fact::Known(Limit::After(limit), _) = setup.path else { return false };
    if longest.duration().is_some_and(|longest| longest < limit) {
        return false;
    }
    let mut evidence = seen_alive(setup, Side::Client);
    evidence.extend(seen("idle limit of the path", &setup.path, |it| super::limit_text(*it)));
    found.push(Finding {
        severity: Severity::Wrong,
        problem: Problem::KeepaliveSlowerThanPath { gap: longest, limit },
        evidence,
        remedy: set(Side::Client, "ServerAliveInterval", KEEPALIVE.min(limit.as_secs() / 3).max(1)),
    });
    true
}

/// Somebody asks, and more rarely than common devices remember.
fn slower_than_common(
    setup: &Setup,
    longest: Limit,
    maker: Timer,
    side: Side,
    found: &mut Vec<Finding>,
) {
    let fates = fates(setup);
    let forgetful = fates.into_iter().filter(|(_, fate)| *fate == Fate::Forgotten);
    let devices: Vec<_> = forgetful.map(|(device, _)| device).collect();
    let (Limit::After(gap), false) = (longest, devices.is_empty()) else { return };
    found.push(Finding {
        severity: Severity::Risk,
        problem: Problem::KeepaliveSlowerThanCommon { gap, maker, side, devices },
        evidence: seen_alive(setup, side),
        remedy: set(Side::Client, "ServerAliveInterval", KEEPALIVE),
    });
}

/// Neither ssh nor, as far as is known, sshd asks. A server that was not read may do so.
fn nothing_keeps(setup: &Setup, longest: Limit, found: &mut Vec<Finding>) {
    let server = Alive::of(setup, Side::Server).map(|alive| alive.period());
    let mut evidence = seen_alive(setup, Side::Client);
    evidence.extend(seen_alive(setup, Side::Server));
    found.push(Finding {
        severity: if server.is_ok() { Severity::Risk } else { Severity::Note },
        problem: Problem::NothingKeepsPath { gap: longest },
        evidence,
        remedy: set(Side::Client, "ServerAliveInterval", KEEPALIVE),
    });
}
