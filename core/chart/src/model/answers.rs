//! What to take away at a glance: what the settings are not, and what they do.

use std::time::Duration;

use abide_timeouts::{
    Alive, Belief, Believed, Effect, Firing, IdleAs, Prediction, Quirk, Setup, Side, Situation,
    Timer, Traffic, Version, beliefs, predict,
};

use super::words::{peer, program, short, timer};
use super::{Scope, asking};
use crate::axis::span;
use crate::story::{Answer, Sign};

/// The first release of sshd that counts each interval once again.
pub(super) const COUNTS_ONCE: Version = Version::new(9, 5);

/// All of them.
pub(super) fn of(setup: &Setup, scope: Scope) -> Vec<Answer> {
    let mut answers = Vec::new();
    let mut harmless = Vec::new();
    for side in scope.sides() {
        let Some(alive) = asking(setup, *side) else { continue };
        answers.extend(refutation(setup, &alive));
        answers.push(verdict(setup, &alive));
        match closes_idle(setup, &alive) {
            Some(answer) => answers.push(answer),
            None => harmless.push(alive),
        }
    }
    answers.extend(not_idle(&harmless));
    if answers.is_empty() {
        answers.extend(nobody_asks(setup, scope));
    }
    answers.extend(limits(setup, scope));
    answers
}

/// What guides say of exactly these numbers.
fn refutation(setup: &Setup, alive: &Alive) -> Option<Answer> {
    let about =
        |it: &Believed| it.side == alive.side && it.belief == Belief::SixHundredTwiceIsAnHour;
    let believed = beliefs(setup).into_iter().find(about)?;
    let headline = format!("Not {}", in_words(believed.said));
    let sentence = if believed.real == Some(believed.said) {
        let once = counted_once(setup, alive.side).map_or_else(String::new, span);
        let fault = format!(
            "sshd {} counts each interval twice, by a fault that 9.5 mended. The same lines give \
             {once} there: the hour goes with the next upgrade.",
            alive.version
        );
        return Some(Answer {
            sign: Sign::IsNot,
            headline: format!("{headline}, but for a fault of this release"),
            sentence: fault,
        });
    } else {
        let real = believed.real.map_or("never".to_owned(), span);
        format!("Guides say that {} is {}. It is {real}.", short(alive), span(believed.said))
    };
    Some(Answer { sign: Sign::IsNot, headline, sentence })
}

fn in_words(time: Duration) -> String {
    if time == Duration::from_secs(3_600) { "an hour".to_owned() } else { span(time) }
}

/// When the same settings give up where each interval counts once.
pub(super) fn counted_once(setup: &Setup, side: Side) -> Option<Duration> {
    let mut later = setup.clone();
    later.server.version = abide_timeouts::Fact::stated(COUNTS_ONCE);
    let alive = asking(&later, side)?;
    frozen(&later, alive.timer(), side).map(|firing| firing.after.likely)
}

/// The verdict of a keepalive on a peer whose kernel still acknowledges.
pub(super) fn frozen(setup: &Setup, timer: Timer, side: Side) -> Option<Firing> {
    let found = predict(setup, Situation::FrozenPeer(Traffic::IDLE));
    found.firings.into_iter().find(|firing| firing.timer == timer && firing.side == side)
}

fn verdict(setup: &Setup, alive: &Alive) -> Answer {
    let (asks, peer) = (program(alive.side), peer(alive.side));
    let Some(own) = frozen(setup, alive.timer(), alive.side) else {
        return Answer {
            sign: Sign::IsNot,
            headline: format!("{asks} never gives up on a {peer}"),
            sentence: format!("With a count of {} it asks for ever.", alive.count),
        };
    };
    let dead = predict(setup, Situation::DeadPath(Traffic::IDLE));
    let earlier = dead
        .first_of(alive.side)
        .filter(|first| first.timer != alive.timer() && first.after.likely < own.after.likely);
    let after = span(own.after.likely);
    let sentence = earlier.map_or_else(
        || reckoning(alive),
        |first| {
            let tcp = span(first.after.likely);
            format!(
                "{} Where the network is gone, TCP gives up on {asks}'s question before: {tcp}.",
                reckoning(alive)
            )
        },
    );
    Answer {
        sign: Sign::Is,
        headline: format!("A {peer} that is gone: closed after {after}"),
        sentence,
    }
}

/// Why the number is what it is, in numbers that the reader has set.
fn reckoning(alive: &Alive) -> String {
    let asks = program(alive.side);
    let period = alive.period().duration().map(span);
    match (period, alive.count) {
        (None, _) => format!("{asks} asks nothing, and closes after one silent interval."),
        (Some(period), count) => {
            let twice = if alive.has(Quirk::DoubledInterval) {
                format!(", twice the interval: a fault of {} to 9.4", Version::new(9, 2))
            } else {
                String::new()
            };
            let questions = if count == 1 {
                "1 question goes".to_owned()
            } else {
                format!("{count} questions go")
            };
            format!(
                "{asks} asks every {period}{twice}. {questions} unanswered, then one more \
                 interval passes."
            )
        }
    }
}

/// A count of 0 closes what is only quiet.
fn closes_idle(setup: &Setup, alive: &Alive) -> Option<Answer> {
    let found = predict(setup, Situation::Idle(IdleAs::Prompt));
    let own = |firing: &&Firing| firing.timer == alive.timer() && firing.side == alive.side;
    let firing = found.firings.iter().find(own)?;
    let (asks, peer) = (program(alive.side), peer(alive.side));
    Some(Answer {
        sign: Sign::IsNot,
        headline: format!("Closes healthy sessions after {}", span(firing.after.likely)),
        sentence: format!("{asks} closes a {peer} that was only quiet, without asking it."),
    })
}

/// The belief that costs most: it is no limit on idle people.
fn not_idle(alive: &[Alive]) -> Option<Answer> {
    let (headline, peer, what) = match alive {
        [] => return None,
        [one] => ("Not an idle timeout", peer(one.side), timer(one.timer()).to_owned()),
        _ => ("Neither is an idle timeout", "peer", "neither of the two".to_owned()),
    };
    let closes = if alive.len() > 1 { "closes" } else { "does not close" };
    Some(Answer {
        sign: Sign::IsNot,
        headline: headline.to_owned(),
        sentence: format!(
            "A {peer} that is there answers every question. However long nobody types, {what} \
             {closes} it."
        ),
    })
}

fn nobody_asks(setup: &Setup, scope: Scope) -> Option<Answer> {
    let is_known = |side: &&Side| Alive::of(setup, **side).is_ok();
    let sides: Vec<&Side> = scope.sides().iter().filter(is_known).collect();
    let who: Vec<&str> = sides.iter().map(|side| program(**side)).collect();
    let dead = predict(setup, Situation::DeadPath(Traffic::IDLE));
    let first =
        sides.iter().filter_map(|side| dead.first_of(**side)).min_by_key(|it| it.after.likely);
    let sentence = first.map_or("Nobody notices that the other end is gone.".to_owned(), |first| {
        let kernel = timer(first.timer);
        format!(
            "That the other end is gone is noticed after {}, by {kernel}.",
            span(first.after.likely)
        )
    });
    let headline = match who[..] {
        [] => return None,
        [one] => format!("{one} asks nothing, and closes nothing"),
        _ => "Neither end asks, and neither closes".to_owned(),
    };
    Some(Answer { sign: Sign::Is, headline, sentence })
}

/// What does end an idle session, whatever the keepalives do.
fn limits(setup: &Setup, scope: Scope) -> Option<Answer> {
    let found: Prediction = predict(setup, Situation::Idle(IdleAs::Prompt));
    let alive = [Timer::ServerAlive, Timer::ClientAlive];
    let first = found.firings.iter().find(|firing| {
        firing.effect != Effect::NewKeys
            && !alive.contains(&firing.timer)
            && scope.sides().contains(&firing.side)
    })?;
    let after = span(first.after.likely);
    Some(match first.effect {
        Effect::Forgotten => Answer {
            sign: Sign::IsNot,
            headline: format!("The path forgets an idle session after {after}"),
            sentence: "Nothing passes for that long; neither end knows until it sends.".to_owned(),
        },
        _ => Answer {
            sign: Sign::Is,
            headline: format!("{} ends an idle session after {after}", timer(first.timer)),
            sentence: "No keepalive holds that off.".to_owned(),
        },
    })
}
