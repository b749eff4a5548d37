//! The keepalive exchange as it goes with a healthy, a silent and a recovering peer: steps in
//! order. When each happens comes from the model; nothing is computed here.

use std::time::Duration;

use abide_timeouts::Side;

/// Unanswered probes that are drawn one by one; of more, the middle is told as a number.
pub const MAX_PROBES: usize = 4;

/// The side that is not this one.
pub(crate) const fn other(side: Side) -> Side {
    match side {
        Side::Client => Side::Server,
        Side::Server => Side::Client,
    }
}

/// The exchange that one side begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// What it is about.
    pub heading: String,
    /// Who asks.
    pub prober: Side,
    /// How it goes, peer by peer.
    pub panels: Vec<Panel>,
}

/// How it goes with one kind of peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panel {
    /// The kind of peer.
    pub title: String,
    /// What happens, in order.
    pub steps: Vec<Step>,
    /// What comes of it.
    pub outcome: String,
    /// Whether the connection lives on.
    pub lives: Lives,
}

/// Whether a connection lives on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lives {
    /// It does.
    On,
    /// It is closed.
    No,
}

/// One thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// When, from the last packet; `None`: right after the step before.
    pub at: Option<Duration>,
    /// What.
    pub act: Act,
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// The peer's last packet arrives.
    LastPacket,
    /// A probe arrives at the peer.
    Probe(u32),
    /// Its answer arrives.
    Answer,
    /// A probe gets no answer.
    Lost(u32),
    /// So many more get none either.
    More(u32),
    /// The peer can be reached again.
    Back,
    /// Any packet of the peer's arrives.
    Packet,
    /// The prober closes the connection.
    Closes,
    /// And so on.
    AndSoOn,
}

/// When a side's probes and its verdict fall while nothing is heard, from the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// When the first probes go out, in order; at least the first [`MAX_PROBES`], if there are.
    pub probes: Vec<Duration>,
    /// How many go out before the verdict; `None`: without end.
    pub count: Option<u32>,
    /// When the last of them goes out, if that can be told.
    pub last: Option<Duration>,
    /// When the connection is closed.
    pub verdict: Option<Duration>,
}

impl Exchange {
    /// The three panels of one side's schedule. `closes` and `stays` are the outcomes in words.
    pub fn of(heading: String, prober: Side, schedule: &Schedule, words: &Words) -> Self {
        let panels = vec![healthy(schedule, words), silent(schedule, words), back(schedule, words)];
        Exchange { heading, prober, panels }
    }
}

/// What comes of each kind of peer, in words.
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// The peer answers.
    pub healthy: String,
    /// The peer is gone.
    pub silent: String,
    /// The peer was gone for a while.
    pub recovering: String,
}

const fn step(at: Option<Duration>, act: Act) -> Step {
    Step { at, act }
}

const LAST: Step = step(Some(Duration::ZERO), Act::LastPacket);

fn healthy(schedule: &Schedule, words: &Words) -> Panel {
    let mut steps = vec![LAST];
    for (number, at) in (1u32..).zip(schedule.probes.iter().take(2)) {
        steps.push(step(Some(*at), Act::Probe(number)));
        steps.push(step(None, Act::Answer));
    }
    // A side that never asks closes even on a peer that is there.
    let closes = schedule.verdict.filter(|_| schedule.probes.is_empty());
    let lives = if closes.is_some() { Lives::No } else { Lives::On };
    steps.push(closes.map_or(step(None, Act::AndSoOn), |at| step(Some(at), Act::Closes)));
    Panel { title: "healthy peer".to_owned(), steps, outcome: words.healthy.clone(), lives }
}

fn silent(schedule: &Schedule, words: &Words) -> Panel {
    let mut steps = vec![LAST];
    let count = schedule.count.unwrap_or(u32::MAX);
    let all = usize::try_from(count).unwrap_or(usize::MAX);
    let one_by_one = if all > MAX_PROBES { MAX_PROBES - 2 } else { MAX_PROBES };
    for (number, at) in (1u32..).zip(schedule.probes.iter().take(one_by_one)) {
        steps.push(step(Some(*at), Act::Lost(number)));
    }
    match schedule.count {
        Some(count) if all > MAX_PROBES => {
            let told = u32::try_from(one_by_one).unwrap_or(0) + 1;
            steps.push(step(None, Act::More(count.saturating_sub(told))));
            steps.push(step(schedule.last, Act::Lost(count)));
        }
        Some(_) => {}
        None => steps.push(step(None, Act::AndSoOn)),
    }
    let lives = if schedule.verdict.is_some() { Lives::No } else { Lives::On };
    steps.extend(schedule.verdict.map(|at| step(Some(at), Act::Closes)));
    Panel { title: "silent peer".to_owned(), steps, outcome: words.silent.clone(), lives }
}

fn back(schedule: &Schedule, words: &Words) -> Panel {
    let mut steps = vec![LAST];
    let mut probes = (1u32..).zip(schedule.probes.iter());
    if let Some((number, at)) = probes.next() {
        steps.push(step(Some(*at), Act::Lost(number)));
    }
    steps.push(step(None, Act::Back));
    match probes.next() {
        Some((number, at)) if schedule.count.is_none_or(|count| count >= number) => {
            steps.push(step(Some(*at), Act::Probe(number)));
            steps.push(step(None, Act::Answer));
        }
        _ => steps.push(step(None, Act::Packet)),
    }
    steps.push(step(None, Act::AndSoOn));
    let outcome = words.recovering.clone();
    Panel { title: "recovering peer".to_owned(), steps, outcome, lives: Lives::On }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(count: Option<u32>) -> Schedule {
        let minute = |number: u32| Duration::from_secs(60).saturating_mul(number);
        let drawn = count.unwrap_or(9).min(9);
        Schedule {
            probes: (1..=drawn).map(minute).collect(),
            count,
            last: count.map(minute),
            verdict: count.map(|count| minute(count.saturating_add(1))),
        }
    }

    fn acts(panel: &Panel) -> Vec<Act> {
        panel.steps.iter().map(|step| step.act).collect()
    }

    #[test]
    fn a_silent_peer_is_closed_after_the_last_miss() {
        let exchange =
            Exchange::of(String::new(), Side::Server, &schedule(Some(2)), &Words::default());
        let [healthy, silent, back] = &exchange.panels[..] else { panic!("three panels") };
        assert_eq!(acts(silent), [Act::LastPacket, Act::Lost(1), Act::Lost(2), Act::Closes]);
        assert_eq!((healthy.lives, silent.lives, back.lives), (Lives::On, Lives::No, Lives::On));
        assert_eq!(acts(back)[1..5], [Act::Lost(1), Act::Back, Act::Probe(2), Act::Answer],);
    }

    #[test]
    fn many_probes_are_told_as_a_number() {
        for count in [5, 6, 1_000, u32::MAX] {
            let exchange = Exchange::of(
                String::new(),
                Side::Client,
                &schedule(Some(count)),
                &Words::default(),
            );
            let silent = acts(&exchange.panels[1]);
            let [.., Act::Lost(2), Act::More(more), Act::Lost(last), Act::Closes] = silent[..]
            else {
                panic!("{silent:?}")
            };
            assert_eq!((more, last), (count - 3, count));
        }
    }

    #[test]
    fn without_a_probe_and_without_an_end() {
        let none = Schedule {
            probes: vec![],
            count: Some(0),
            last: None,
            verdict: Some(Duration::from_secs(5)),
        };
        let exchange = Exchange::of(String::new(), Side::Client, &none, &Words::default());
        assert_eq!(acts(&exchange.panels[0]), [Act::LastPacket, Act::Closes]);
        assert_eq!(acts(&exchange.panels[1]), [Act::LastPacket, Act::Closes]);
        let endless = Exchange::of(String::new(), Side::Client, &schedule(None), &Words::default());
        assert_eq!(endless.panels[1].lives, Lives::On);
        assert_eq!(acts(&endless.panels[1]).last(), Some(&Act::AndSoOn));
    }
}
