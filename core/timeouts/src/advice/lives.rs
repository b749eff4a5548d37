//! Connections that nobody notices to be dead.

use super::{KEEPALIVE, seen_alive, set};
use crate::{
    Alive, Finding, Limit, Problem, Setup, Severity, Side, Situation, Switch, Traffic, predict,
};

pub(super) fn advise(setup: &Setup, found: &mut Vec<Finding>) {
    let dead = predict(setup, Situation::DeadPath(Traffic::IDLE));
    for side in [Side::Client, Side::Server] {
        if dead.is_whole(side) && dead.first_of(side).is_none() {
            let keyword = super::keywords(side).0;
            found.push(Finding {
                severity: Severity::Risk,
                problem: Problem::NobodyNotices { side },
                evidence: seen_alive(setup, side),
                remedy: set(side, keyword, if side == Side::Client { KEEPALIVE } else { 60 }),
            });
        }
    }
    shared(setup, found);
}

/// New sessions over a shared connection that died hang until its master notices.
fn shared(setup: &Setup, found: &mut Vec<Finding>) {
    let is_shared = setup.client.shared.known() == Some(&Switch::On);
    let off = Alive::of(setup, Side::Client).is_ok_and(|alive| alive.interval == Limit::Off);
    if !is_shared || !off {
        return;
    }
    // A new session is a request that nobody acknowledges: bytes are sent again from then on.
    let typing = predict(setup, Situation::DeadPath(Traffic::TYPING));
    let until = typing.first_of(Side::Client).map(|firing| firing.after.likely);
    found.push(Finding {
        severity: Severity::Risk,
        problem: Problem::SharedWithoutKeepalive { until },
        evidence: seen_alive(setup, Side::Client),
        remedy: set(Side::Client, "ServerAliveInterval", KEEPALIVE),
    });
}
