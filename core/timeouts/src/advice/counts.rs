//! Counts and intervals that do something else than they say.

use std::time::Duration;

use super::{keywords, seen, seen_alive, set};
use crate::{
    Alive, Finding, Flow, Limit, Problem, Quirk, Remedy, Setup, Severity, Side, Situation, Traffic,
    Version, login, predict, tcp,
};

/// A login with a push to a phone takes this long: half of what sshd grants by default.
const PERSON: Duration = Duration::from_secs(60);
/// No count beyond this is proposed: with an interval of 1 s it is longer than TCP's patience.
const MAX_COUNT: u32 = 1_000;
/// From here on a ClientAliveInterval is most likely meant as an idle limit: the shortest number of
/// compliance profiles.
const MEANT_AS_IDLE: Duration = Duration::from_secs(300);

pub(super) fn advise(setup: &Setup, found: &mut Vec<Finding>) {
    for side in [Side::Client, Side::Server] {
        let Ok(alive) = Alive::of(setup, side) else { continue };
        let Limit::After(interval) = alive.interval else { continue };
        if alive.count == 0 {
            found.push(zero(setup, alive, interval));
            continue;
        }
        beyond_tcp(setup, alive, found);
        if side == Side::Server {
            of_server(setup, alive, interval, found);
        }
    }
    login(setup, found);
}

fn zero(setup: &Setup, alive: Alive, interval: Duration) -> Finding {
    let ends = alive.period() == Limit::Off;
    let problem = match alive.side {
        Side::Client => Problem::ClientCountZero { after: interval },
        Side::Server => {
            Problem::ServerCountZero { interval, does: alive.quirks(Flow::None).last().copied() }
        }
    };
    Finding {
        severity: if ends { Severity::Wrong } else { Severity::Risk },
        problem,
        evidence: seen_alive(setup, alive.side),
        remedy: set(alive.side, keywords(alive.side).1, 3),
    }
}

fn beyond_tcp(setup: &Setup, alive: Alive, found: &mut Vec<Finding>) {
    let kernel = match alive.side {
        Side::Client if tcp::is_proxied(setup, Side::Client).is_some() => return,
        Side::Client => &setup.client_kernel,
        Side::Server => &setup.server_kernel,
    };
    let (Ok((_, tcp)), Some(promised), Some(first)) =
        (tcp::patience(kernel), alive.gives_up(Flow::None), alive.first_probe(Flow::None))
    else {
        return;
    };
    let real = tcp.likely.saturating_add(first);
    if promised <= real {
        return;
    }
    let mut evidence = seen_alive(setup, alive.side);
    evidence.extend(seen("net.ipv4.tcp_retries2", &kernel.retries2, u32::to_string));
    // The largest count that TCP leaves time for, if there is one.
    let fits = |count: u32| {
        let shorter = Alive { count, ..alive };
        shorter.gives_up(Flow::None).is_some_and(|promised| promised <= real)
    };
    let fitting = (1..alive.count.min(MAX_COUNT)).rev().find(|count| fits(*count));
    found.push(Finding {
        severity: Severity::Note,
        problem: Problem::CountBeyondTcp { side: alive.side, promised, real },
        evidence,
        remedy: fitting.map_or(Remedy::None, |it| set(alive.side, keywords(alive.side).1, it)),
    });
}

fn of_server(setup: &Setup, alive: Alive, interval: Duration, found: &mut Vec<Finding>) {
    let dead = alive.gives_up(Flow::None);
    if interval >= MEANT_AS_IDLE {
        let path = predict(setup, Situation::DeadPath(Traffic::IDLE));
        let dead = path.first_of(Side::Server).map(|firing| firing.after.likely);
        found.push(Finding {
            severity: Severity::Risk,
            problem: Problem::AliveIsNotIdle { interval, count: alive.count, dead },
            evidence: seen_alive(setup, Side::Server),
            remedy: set(
                Side::Server,
                "ChannelTimeout",
                format!("session:*={}", interval.as_secs()),
            ),
        });
    }
    let meant = interval.saturating_mul(alive.count.saturating_add(1));
    if let Some(real) = dead.filter(|_| alive.has(Quirk::DoubledInterval)) {
        found.push(Finding {
            severity: Severity::Risk,
            problem: Problem::DoubledInterval { version: alive.version, meant, real },
            evidence: seen_alive(setup, Side::Server),
            remedy: Remedy::Upgrade { side: Side::Server, to: Version::new(9, 5) },
        });
    }
    if let Some(idle) = dead.filter(|_| alive.has(Quirk::SilencedByOutput)) {
        let tcp = tcp::patience(&setup.server_kernel).ok().map(|(_, after)| after.likely);
        found.push(Finding {
            severity: Severity::Note,
            problem: Problem::SilencedByOutput { version: alive.version, idle, tcp },
            evidence: seen_alive(setup, Side::Server),
            remedy: Remedy::None,
        });
    }
}

fn login(setup: &Setup, found: &mut Vec<Finding>) {
    if let Ok(Some(limit)) = login::login_silence(setup)
        && limit < PERSON
    {
        let wanted = PERSON;
        let interval = setup.client.alive.interval.known().and_then(|it| it.duration());
        let count = wanted.as_secs().div_ceil(interval.map_or(1, |it| it.as_secs().max(1)));
        found.push(Finding {
            severity: Severity::Risk,
            problem: Problem::LoginTooShort { limit, wanted },
            evidence: seen_alive(setup, Side::Client),
            remedy: set(Side::Client, "ServerAliveCountMax", count),
        });
    }
}
