//! A prediction as single events on a line of time, for pictures: probes, misses, verdicts. The
//! verdicts are `predict`'s; nothing is decided here.

use std::time::Duration;

use crate::{Alive, Setup, Side, Situation, Timer, Traffic, predict, tcp};

/// More events than these are left out: the last one kept is the verdict.
pub const MAX_EVENTS: usize = 256;

/// Something that happens at a side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// The n-th keepalive is sent, counted from 1; the one before, if any, was not answered.
    Probe(u32),
    /// The kernel sends unacknowledged bytes for the n-th time again.
    Retransmission(u32),
    /// The kernel's n-th keepalive probe.
    KernelProbe(u32),
    /// A timer fires.
    Verdict,
}

/// One event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Counted from the last byte that the side received.
    pub at: Duration,
    /// At whose end.
    pub side: Side,
    /// Whose doing.
    pub timer: Timer,
    /// What.
    pub what: Happening,
}

/// What happens at a side while nothing arrives, in order. Probes and retransmissions stop where
/// the first verdict falls; later verdicts of other timers follow, for what they would do.
/// Situations without a silent peer have verdicts alone.
pub fn timeline(setup: &Setup, side: Side, situation: Situation) -> Vec<Event> {
    let prediction = predict(setup, situation);
    let mut events: Vec<Event> = prediction
        .firings
        .iter()
        .filter(|firing| firing.side == side)
        .map(|firing| Event {
            at: firing.after.likely,
            side,
            timer: firing.timer,
            what: Happening::Verdict,
        })
        .collect();
    let end = prediction.first_of(side).map(|firing| firing.after.likely);
    let room = MAX_EVENTS.saturating_sub(events.len());
    let (traffic, tcp_acts) = match situation {
        Situation::DeadPath(traffic) => (traffic, true),
        Situation::FrozenPeer(traffic) => (traffic, false),
        _ => return events,
    };
    let before_end = |at: &Duration| end.is_none_or(|end| *at < end);
    let mut steps = probes(setup, side, traffic, before_end, room);
    if tcp_acts {
        steps.extend(kernel_steps(setup, side, traffic, &events, before_end));
    }
    steps.sort_by_key(|event| event.at);
    steps.truncate(room);
    events.extend(steps);
    events.sort_by_key(|event| (event.at, event.what == Happening::Verdict));
    events
}

fn probes(
    setup: &Setup,
    side: Side,
    traffic: Traffic,
    before_end: impl Fn(&Duration) -> bool,
    room: usize,
) -> Vec<Event> {
    let Ok(alive) = Alive::of(setup, side) else { return Vec::new() };
    let Some(every) = alive.first_probe(traffic.from(side)) else { return Vec::new() };
    let numbers = 1..=u32::try_from(room).unwrap_or(u32::MAX);
    let timed = numbers.map(|n| (n, every.saturating_mul(n)));
    timed
        .take_while(|(_, at)| before_end(at))
        .map(|(n, at)| Event { at, side, timer: alive.timer(), what: Happening::Probe(n) })
        .collect()
}

/// Retransmissions of the first unacknowledged bytes, or the kernel's probes of an idle peer.
fn kernel_steps(
    setup: &Setup,
    side: Side,
    traffic: Traffic,
    verdicts: &[Event],
    before_end: impl Fn(&Duration) -> bool,
) -> Vec<Event> {
    let (kernel, _) = tcp::side_of(setup, side);
    let mut steps = Vec::new();
    if verdicts.iter().any(|it| it.timer == Timer::TcpKeepAlive) {
        let (Some(time), Some(every), Some(count)) = (
            kernel.keepalive_time.known().and_then(|it| it.duration()),
            kernel.keepalive_interval.known().and_then(|it| it.duration()),
            kernel.keepalive_probes.known(),
        ) else {
            return steps;
        };
        let probes = (0..*count).map(|n| (n + 1, time.saturating_add(every.saturating_mul(n))));
        for (n, at) in probes.take_while(|(_, at)| before_end(at)).take(MAX_EVENTS) {
            let what = Happening::KernelProbe(n);
            steps.push(Event { at, side, timer: Timer::TcpKeepAlive, what });
        }
        return steps;
    }
    let Ok(Some(sent)) = tcp::first_unacknowledged(setup, side, traffic) else { return steps };
    let longest = kernel.rto_max.known().and_then(|it| it.duration());
    let Some(longest) = longest.filter(|_| tcp::is_proxied(setup, side).is_none()) else {
        return steps;
    };
    let mut at = sent;
    for n in 0..MAX_EVENTS as u32 {
        at = at.saturating_add(tcp::pause(n, tcp::SHORT_RTO, longest));
        if !before_end(&at) {
            break;
        }
        let what = Happening::Retransmission(n + 1);
        steps.push(Event { at, side, timer: Timer::TcpRetransmission, what });
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Probing, Version};

    fn of(events: &[Event], timer: Timer) -> Vec<(u64, Happening)> {
        let own = events.iter().filter(|event| event.timer == timer);
        own.map(|event| (event.at.as_secs(), event.what)).collect()
    }

    #[test]
    fn three_probes_then_the_verdict_one_interval_later() {
        let mut setup = Setup::stock(Version::new(9, 2), Version::new(9, 2));
        setup.client.alive = Probing::stated(15, 3);
        let events = timeline(&setup, Side::Client, Situation::DeadPath(Traffic::IDLE));
        let expected = vec![
            (15, Happening::Probe(1)),
            (30, Happening::Probe(2)),
            (45, Happening::Probe(3)),
            (60, Happening::Verdict),
        ];
        assert_eq!(of(&events, Timer::ServerAlive), expected);
        let again = of(&events, Timer::TcpRetransmission);
        assert_eq!(again.first(), Some(&(15, Happening::Retransmission(1))));
        assert_eq!(again.last().map(|it| it.1), Some(Happening::Verdict));
        let frozen = timeline(&setup, Side::Client, Situation::FrozenPeer(Traffic::IDLE));
        assert_eq!(of(&frozen, Timer::TcpRetransmission), vec![]);
    }

    #[test]
    fn idle_kernels_ask_for_two_hours() {
        let setup = Setup::stock(Version::new(9, 2), Version::new(9, 2));
        let events = timeline(&setup, Side::Server, Situation::DeadPath(Traffic::IDLE));
        let kernel = of(&events, Timer::TcpKeepAlive);
        assert_eq!(kernel.first(), Some(&(7_200, Happening::KernelProbe(1))));
        assert_eq!(kernel.last(), Some(&(7_875, Happening::Verdict)));
        assert_eq!(kernel.len(), 10);
    }

    #[test]
    fn events_are_bounded_and_keep_the_verdict() {
        let mut setup = Setup::stock(Version::new(9, 2), Version::new(9, 2));
        setup.client.alive = Probing::stated(1, u32::MAX);
        let events = timeline(&setup, Side::Client, Situation::DeadPath(Traffic::IDLE));
        assert!(events.len() <= MAX_EVENTS);
        assert_eq!(events.last().map(|it| it.what), Some(Happening::Verdict));
        assert!(events.is_sorted_by_key(|event| event.at));
    }
}
