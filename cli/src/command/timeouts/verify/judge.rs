//! What was seen, beside what is configured: one verdict for each side's keepalives. Numbers in,
//! values out; words are `report`'s.

use std::time::Duration;

use abide_relay::{End, Exchange};
use abide_timeouts::{
    Alive, Effect, Firing, IdleAs, Limit, Quirk, Reason, Side, Situation, Timer, predict,
};

use super::configured::Configured;
use super::giving_up::GivingUp;
use super::seen::{Ended, Seen};

/// OpenSSH counts whole seconds, and the machine may be busy.
const TOLERANCE: Duration = Duration::from_millis(1_250);

/// Of anything that was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is as it should be.
    AsConfigured,
    /// It is not.
    Differs,
    /// Nothing can be said.
    NotChecked,
}

/// Why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// None is configured, and none came.
    Off,
    /// Each came when it was due and was answered.
    Regular,
    /// One came after another silence than it should: after which.
    OffRhythm(Duration),
    /// This many got no answer.
    Unanswered(usize),
    /// None came, though the side heard nothing for this long.
    Absent(Duration),
    /// None was due: the side never heard nothing for longer than this.
    NotDue(Duration),
    /// None was due in so short a watch.
    TooShort,
    /// Some came, though none is configured.
    Unexpected,
    /// What is configured is not known.
    Unknown(Reason),
    /// A count of 0 lets this side hang up without asking.
    HangsUpUnasked,
}

/// The keepalives of one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Keepalives {
    pub(super) side: Side,
    /// How often they are due on an idle connection, and after how many it gives up.
    pub(super) configured: Result<Alive, Reason>,
    /// Those that came.
    pub(super) seen: Vec<Exchange>,
    pub(super) verdict: Verdict,
    pub(super) why: Why,
}

/// The end of a session that nobody cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EarlyEnd {
    pub(super) ended: Ended,
    /// What is configured to end it then.
    pub(super) timer: Option<Timer>,
    pub(super) verdict: Verdict,
}

/// Everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Judgement {
    pub(super) sides: [Keepalives; 2],
    /// The session did not last.
    pub(super) ended: Option<EarlyEnd>,
    pub(super) giving_up: Option<[GivingUp; 2]>,
}

impl Judgement {
    pub(super) fn of(configured: &Configured, seen: &Seen) -> Self {
        let mut sides = [Side::Client, Side::Server].map(|side| keepalives(configured, seen, side));
        not_tested(&mut sides);
        let ended = seen.ended.clone().map(|ended| early_end(configured, ended));
        let giving_up = seen.cut.map(|cut| GivingUp::both(configured, cut));
        Judgement { sides, ended, giving_up }
    }

    /// Nothing was to be seen: neither side has keepalives, or nobody knows, and none came.
    pub(super) fn tested_nothing(&self) -> bool {
        let idle =
            |it: &Keepalives| matches!(it.why, Why::Off | Why::Unknown(_)) && it.seen.is_empty();
        let has_cut = self.giving_up.is_some();
        self.sides.iter().all(idle) && self.ended.is_none() && !has_cut
    }

    /// Something is not as configured.
    pub(super) fn differs(&self) -> bool {
        let sides = self.sides.iter().map(|side| side.verdict);
        let ended = self.ended.iter().map(|early| early.verdict);
        let given_up = self.giving_up.iter().flatten().map(|it| it.verdict);
        sides.chain(ended).chain(given_up).any(|verdict| verdict == Verdict::Differs)
    }
}

/// That nothing came where neither side has any keepalives tests nothing.
fn not_tested(sides: &mut [Keepalives; 2]) {
    if sides.iter().all(|side| side.why == Why::Off) {
        sides.iter_mut().for_each(|side| side.verdict = Verdict::NotChecked);
    }
}

const fn end(side: Side) -> End {
    match side {
        Side::Client => End::Client,
        Side::Server => End::Server,
    }
}

fn keepalives(configured: &Configured, seen: &Seen, side: Side) -> Keepalives {
    let exchanges = seen.packets.exchanges();
    let own: Vec<Exchange> = exchanges.into_iter().filter(|it| it.by == end(side)).collect();
    let alive = configured.alive(side);
    let silence = seen.packets.longest_silence(end(side), seen.until);
    let (verdict, why) = match &alive {
        Err(reason) => (Verdict::NotChecked, Why::Unknown(reason.clone())),
        Ok(alive) => judge(alive, &own, silence, seen.watched),
    };
    Keepalives { side, configured: alive, seen: own, verdict, why }
}

fn judge(alive: &Alive, own: &[Exchange], silence: Duration, watched: Duration) -> (Verdict, Why) {
    let period = match alive.period() {
        Limit::After(period) => period,
        Limit::Off if !own.is_empty() => return (Verdict::Differs, Why::Unexpected),
        Limit::Off if alive.interval == Limit::Off => return (Verdict::AsConfigured, Why::Off),
        Limit::Off => return (Verdict::AsConfigured, Why::HangsUpUnasked),
    };
    let tolerance = TOLERANCE.max(period / 20);
    if own.is_empty() {
        return match silence {
            _ if silence > period + tolerance => (Verdict::Differs, Why::Absent(silence)),
            _ if watched < period + tolerance => (Verdict::NotChecked, Why::TooShort),
            _ => (Verdict::AsConfigured, Why::NotDue(silence)),
        };
    }
    // The last one may still be on its way to an answer.
    let before_last = &own[..own.len() - 1];
    let unanswered = before_last.iter().filter(|it| it.answer.is_none()).count();
    if unanswered > 0 {
        return (Verdict::Differs, Why::Unanswered(unanswered));
    }
    let off = own.iter().filter_map(|it| it.silence).find(|it| it.abs_diff(period) > tolerance);
    match off {
        Some(silence) => (Verdict::Differs, Why::OffRhythm(silence)),
        None => (Verdict::AsConfigured, Why::Regular),
    }
}

/// Whether something that is configured ends an idle and healthy session just so.
fn early_end(configured: &Configured, ended: Ended) -> EarlyEnd {
    let idle = predict(&configured.setup, Situation::Idle(IdleAs::QuietCommand));
    let on_time = |likely: Duration| ended.after.abs_diff(likely) <= TOLERANCE.max(likely / 20);
    let ends = |firing: &&Firing| {
        !matches!(firing.effect, Effect::NewKeys | Effect::Forgotten)
            && on_time(firing.after.likely)
    };
    // The model will not say it where the server's own keepalives are not known; it happened.
    let unasked = configured.alive(Side::Client).ok().filter(|alive| {
        alive.has(Quirk::ClientCountZeroEndsUnasked) && ended.by == Some(End::Client)
    });
    let unasked = unasked.and_then(|alive| alive.interval.duration()).filter(|it| on_time(*it));
    let timer = idle.firings.iter().find(ends).map(|firing| firing.timer);
    let timer = timer.or(unasked.map(|_| Timer::ServerAlive));
    let verdict = if timer.is_some() { Verdict::AsConfigured } else { Verdict::Differs };
    EarlyEnd { ended, timer, verdict }
}

#[cfg(test)]
mod tests {
    use super::*;
    use abide_relay::Recogniser;
    use abide_terms::Moment;
    use abide_timeouts::Version;

    fn at(millis: u64) -> Moment {
        Moment::from_nanos(millis * 1_000_000)
    }

    /// Probes of ssh's at these times, each answered after a millisecond.
    fn probes(times: &[u64]) -> (Vec<Exchange>, Recogniser) {
        let mut packets = Recogniser::after(at(0), at(0));
        for time in times {
            packets.see(End::Client, at(*time), 52);
            packets.see(End::Server, at(time + 1), 28);
        }
        (packets.exchanges(), packets)
    }

    fn ssh(interval: u64, count: u32) -> Alive {
        let version = Version::new(9, 2);
        Alive { side: Side::Client, version, interval: Limit::from_secs(interval), count }
    }

    fn judged(alive: &Alive, times: &[u64], until: u64) -> (Verdict, Why) {
        let (own, packets) = probes(times);
        let silence = packets.longest_silence(End::Client, at(until));
        judge(alive, &own, silence, Duration::from_millis(until))
    }

    #[test]
    fn keepalives_on_time_are_as_configured() {
        let five = ssh(5, 3);
        let regular = (Verdict::AsConfigured, Why::Regular);
        assert_eq!(judged(&five, &[4_200, 9_300, 14_300], 16_000), regular);
        let late = judged(&five, &[4_200, 14_300], 16_000);
        assert_eq!(late, (Verdict::Differs, Why::OffRhythm(Duration::from_millis(10_099))));
    }

    #[test]
    fn none_is_told_apart_from_none_due_and_from_too_short() {
        let five = ssh(5, 3);
        let verdict = |times: &[u64], until| judged(&five, times, until).0;
        assert_eq!(verdict(&[], 9_000), Verdict::Differs);
        assert_eq!(verdict(&[], 4_000), Verdict::NotChecked);
        assert_eq!(judged(&ssh(0, 3), &[], 9_000), (Verdict::AsConfigured, Why::Off));
        assert_eq!(judged(&ssh(0, 3), &[5_000], 9_000), (Verdict::Differs, Why::Unexpected));
        assert_eq!(judged(&ssh(5, 0), &[], 4_000), (Verdict::AsConfigured, Why::HangsUpUnasked));
    }

    #[test]
    fn the_others_keepalives_come_first() {
        // The server asks every two seconds: ssh is never silent for five.
        let mut packets = Recogniser::after(at(0), at(0));
        for time in [2_000, 4_000, 6_000, 8_000] {
            packets.see(End::Server, at(time), 60);
            packets.see(End::Client, at(time + 1), 36);
        }
        let silence = packets.longest_silence(End::Client, at(9_000));
        let verdict = judge(&ssh(5, 3), &[], silence, Duration::from_secs(9));
        assert_eq!(verdict, (Verdict::AsConfigured, Why::NotDue(Duration::from_secs(2))));
    }

    #[test]
    fn a_probe_without_an_answer_differs_unless_it_is_the_last() {
        let (mut own, _) = probes(&[5_000, 10_000, 15_000]);
        let judged =
            |own: &[Exchange]| judge(&ssh(5, 3), own, Duration::ZERO, Duration::from_secs(16)).0;
        own[2].answer = None;
        assert_eq!(judged(&own), Verdict::AsConfigured);
        own[1].answer = None;
        assert_eq!(judged(&own), Verdict::Differs);
    }
}
