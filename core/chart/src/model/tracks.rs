//! Tracks of time from predictions: beliefs, the other end gone, both ends idle.

use std::time::Duration;

use abide_timeouts::{
    Alive, Belief, Effect, Firing, Flow, Happening, IdleAs, Limit, Quirk, Setup, Side, Situation,
    Timer, Traffic, beliefs, gap, predict, timeline,
};

use super::answers::{COUNTS_ONCE, counted_once, frozen};
use super::words::{peer, program, short, timer};
use super::{Scope, asking};
use crate::axis::span;
use crate::story::{Answered, Beats, End, Group, Track};

/// What manual pages and guides say of the settings, the longest last.
pub(super) fn believed(setup: &Setup, scope: Scope) -> Vec<Track> {
    let mut tracks: Vec<Track> = Vec::new();
    for it in beliefs(setup).into_iter().filter(|it| scope.sides().contains(&it.side)) {
        let Some(alive) = asking(setup, it.side) else { continue };
        let (label, who) = match it.belief {
            Belief::IntervalTimesCount => ("man page", "the manual"),
            Belief::SixHundredTwiceIsAnHour => ("guides", "guides"),
            _ => continue,
        };
        tracks.push(Track {
            group: Group::Belief,
            label: label.to_owned(),
            beats: None,
            end: End::Believed(it.said),
            caption: format!(
                "{who}: \"{} is {}\". {}",
                short(&alive),
                span(it.said),
                so_it_is(&alive, it.said, it.real)
            ),
        });
    }
    tracks
}

fn so_it_is(alive: &Alive, said: Duration, real: Option<Duration>) -> String {
    match real {
        Some(real) if real == said && alive.has(Quirk::DoubledInterval) => {
            "Here it is, by a fault".to_owned()
        }
        Some(real) => format!("It is {}", span(real)),
        None => "It is for ever".to_owned(),
    }
}

/// The verdicts of the setup that a change would replace.
pub(super) fn before(now: &Setup, then: &Setup, scope: Scope) -> Vec<Track> {
    let sides = scope.sides().iter().filter(|side| asking(now, **side) != asking(then, **side));
    sides.filter_map(|side| keepalive(now, *side, " now")).collect()
}

/// Who notices that the other end is gone.
pub(super) fn gone(setup: &Setup, scope: Scope, is_what_if: bool) -> Vec<Track> {
    let mut tracks = Vec::new();
    let suffix = if is_what_if { " if" } else { "" };
    for side in scope.sides() {
        tracks.extend(keepalive(setup, *side, suffix));
        tracks.extend(after_upgrade(setup, *side));
        let dead = predict(setup, Situation::DeadPath(Traffic::IDLE));
        let kernel = dead.firings.iter().filter(|firing| firing.side == *side);
        tracks.extend(kernel.filter_map(|firing| by_kernel(firing, *side)));
        tracks.extend(silenced(setup, *side));
    }
    tracks
}

fn keepalive(setup: &Setup, side: Side, suffix: &str) -> Option<Track> {
    let alive = asking(setup, side)?;
    let end = frozen(setup, alive.timer(), side).map(|firing| firing.after.likely);
    let beats = beats(setup, &alive);
    let (asks, peer) = (program(side), peer(side));
    let caption = match (end, beats) {
        (Some(at), Some(_)) => {
            let questions = if alive.count == 1 {
                "its question".to_owned()
            } else {
                format!("its {} questions", alive.count)
            };
            format!("{asks}: no answer to {questions}; closed at {}", span(at))
        }
        (Some(at), None) => format!("{asks} asks nothing, and closes at {}", span(at)),
        (None, _) => format!("{asks} asks for ever, and never gives the {peer} up"),
    };
    Some(Track {
        group: Group::Gone,
        label: format!("{}{suffix}", timer(alive.timer())),
        beats,
        end: end.map_or(End::Never, End::Closes),
        caption,
    })
}

/// The unanswered questions of a side, from the model's line of events.
fn beats(setup: &Setup, alive: &Alive) -> Option<Beats> {
    let probes = probes(setup, alive);
    let first = *probes.first()?;
    let every = probes.get(1).map_or(first, |second| second.saturating_sub(first));
    let endless = frozen(setup, alive.timer(), alive.side).is_none();
    let times = (!endless).then_some(alive.count);
    Some(Beats { first, every, times, answered: Answered::No })
}

/// When a side's questions go out while the peer's process is silent.
pub(super) fn probes(setup: &Setup, alive: &Alive) -> Vec<Duration> {
    let events = timeline(setup, alive.side, Situation::FrozenPeer(Traffic::IDLE));
    let own = events.into_iter().filter(|event| event.timer == alive.timer());
    own.filter(|event| matches!(event.what, Happening::Probe(_))).map(|event| event.at).collect()
}

/// Where a release counts twice: what the same lines do once it is replaced.
fn after_upgrade(setup: &Setup, side: Side) -> Option<Track> {
    let alive = asking(setup, side).filter(|alive| alive.has(Quirk::DoubledInterval))?;
    let after = counted_once(setup, side)?;
    Some(Track {
        group: Group::Gone,
        label: format!("sshd {COUNTS_ONCE} on"),
        beats: None,
        end: End::Closes(after),
        caption: format!("after an upgrade; {} counts each interval twice, a fault", alive.version),
    })
}

/// While a program prints, some releases ask nothing: TCP alone notices then.
fn silenced(setup: &Setup, side: Side) -> Option<Track> {
    let (label, traffic, doing) = match side {
        Side::Server => ("during output", Traffic::OUTPUT, "a program prints"),
        Side::Client => ("while typing", Traffic::TYPING, "somebody types"),
    };
    asking(setup, side).filter(|alive| alive.is_silenced(Flow::Trickle))?;
    let found = predict(setup, Situation::DeadPath(traffic));
    let first = found.first_of(side)?;
    let (asks, at) = (program(side), span(first.after.likely));
    Some(Track {
        group: Group::Gone,
        label: label.to_owned(),
        beats: None,
        end: End::GivesUp(first.after.likely),
        caption: format!("{doing}, {asks} asks nothing: TCP ends it at {at}"),
    })
}

fn by_kernel(firing: &Firing, side: Side) -> Option<Track> {
    let at = span(firing.after.likely);
    let end = side.name();
    let caption = match firing.timer {
        Timer::TcpRetransmission => {
            format!("the {end}'s TCP repeats the question, and gives up at {at}")
        }
        Timer::TcpKeepAlive => format!("the {end}'s kernel asks by itself, and gives up at {at}"),
        Timer::TcpUserTimeout => format!("the {end}'s kernel was told to give up at {at}"),
        _ => return None,
    };
    Some(Track {
        group: Group::Gone,
        label: timer(firing.timer).to_owned(),
        beats: None,
        end: End::GivesUp(firing.after.likely),
        caption,
    })
}

/// What becomes of a session that nobody uses.
pub(super) fn idle(setup: &Setup, scope: Scope) -> Vec<Track> {
    let found = predict(setup, Situation::Idle(IdleAs::Prompt));
    let mut tracks: Vec<Track> = Vec::new();
    for side in scope.sides() {
        let Some(alive) = asking(setup, *side) else { continue };
        let closes = found.firings.iter().find(|it| it.timer == alive.timer() && it.side == *side);
        tracks.push(answered(&alive, closes));
    }
    if tracks.is_empty() {
        tracks.extend(nobody_asks(setup, scope));
    }
    for firing in &found.firings {
        let own = [Timer::ServerAlive, Timer::ClientAlive, Timer::Path, Timer::Rekey];
        if own.contains(&firing.timer) || !scope.sides().contains(&firing.side) {
            continue;
        }
        tracks.push(limit(firing));
    }
    tracks
}

fn answered(alive: &Alive, closes: Option<&Firing>) -> Track {
    let (asks, peer) = (program(alive.side), peer(alive.side));
    let beats = alive.period().duration().map(|every| Beats {
        first: every,
        every,
        times: None,
        answered: Answered::Yes,
    });
    let (end, caption) = match closes {
        Some(firing) => (
            End::Closes(firing.after.likely),
            format!("{asks} closes a session that was only quiet: count 0 does that"),
        ),
        None => (End::Never, format!("an idle {peer} answers, and stays: this is no idle timeout")),
    };
    Track { group: Group::Idle, label: timer(alive.timer()).to_owned(), beats, end, caption }
}

/// Known to be off at every end of the scope.
fn nobody_asks(setup: &Setup, scope: Scope) -> Option<Track> {
    let off = |side: &Side| Alive::of(setup, *side).is_ok_and(|alive| alive.interval == Limit::Off);
    if !scope.sides().iter().all(off) {
        return None;
    }
    let quiet = gap(setup).longest.known().and_then(|longest| longest.duration());
    let caption = quiet.map_or_else(
        || "nobody asks, nobody closes; nothing is sent at all".to_owned(),
        |quiet| format!("nobody asks, nobody closes; TCP sends something every {}", span(quiet)),
    );
    let label = "keepalives off".to_owned();
    Some(Track { group: Group::Idle, label, beats: None, end: End::Never, caption })
}

fn limit(firing: &Firing) -> Track {
    let what = match firing.effect {
        Effect::EndsShell => "the shell exits at its prompt",
        Effect::EndsSession => "the session's channel is closed",
        _ => "the session is ended",
    };
    Track {
        group: Group::Idle,
        label: timer(firing.timer).to_owned(),
        beats: None,
        end: End::Closes(firing.after.likely),
        caption: format!("{what}; no keepalive holds that off"),
    }
}
