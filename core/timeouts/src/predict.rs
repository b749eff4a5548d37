//! Which timers fire in a situation, when, and what they do: the one question everything else here
//! is asked through. The maths of each timer is in its own file.

use crate::{Effect, Quirk, Reason, Setup, Side, Situation, Timer, When};
use crate::{alive, idle, login, tcp};

/// A timer that fires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Firing {
    /// Which.
    pub timer: Timer,
    /// At whose end.
    pub side: Side,
    /// Counted from the situation's beginning.
    pub after: When,
    /// What it does.
    pub effect: Effect,
    /// Peculiarities of the release that made it so.
    pub quirks: Vec<Quirk>,
}

/// A timer that may or may not fire: what it depends on was not checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// Which.
    pub timer: Timer,
    /// At whose end.
    pub side: Side,
    /// Why.
    pub reason: Reason,
}

/// Everything that fires in a situation, first first, and what is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prediction {
    /// In the order in which they fire. One that ends something keeps the later ones of its side
    /// from firing; they are listed for what they would do.
    pub firings: Vec<Firing>,
    /// Timers of which nothing can be said. While there are any, the first firing is only the
    /// first of those known.
    pub unknown: Vec<Unknown>,
}

impl Prediction {
    /// The first timer to end something at either side.
    pub fn first(&self) -> Option<&Firing> {
        self.firings.iter().find(|firing| firing.effect != Effect::NewKeys)
    }

    /// The first timer to end something at that side.
    pub fn first_of(&self, side: Side) -> Option<&Firing> {
        let ends = |firing: &&Firing| firing.effect != Effect::NewKeys && firing.side == side;
        self.firings.iter().find(ends)
    }

    /// Every timer of that side's own that could end something is known: the path is not its own,
    /// and new keys end nothing.
    pub fn is_whole(&self, side: Side) -> bool {
        let ends = |it: &&Unknown| !matches!(it.timer, Timer::Path | Timer::Rekey);
        !self.unknown.iter().filter(ends).any(|unknown| unknown.side == side)
    }

    pub(crate) fn fires(&mut self, timer: Timer, side: Side, after: When, effect: Effect) {
        self.firings.push(Firing { timer, side, after, effect, quirks: Vec::new() });
    }

    pub(crate) fn not_known(&mut self, timer: Timer, side: Side, reason: Reason) {
        self.unknown.push(Unknown { timer, side, reason });
    }
}

/// What will happen. Pure: the same setup and situation always give the same answer.
pub fn predict(setup: &Setup, situation: Situation) -> Prediction {
    let mut found = Prediction::default();
    match situation {
        Situation::DeadPath(traffic) => {
            for side in [Side::Client, Side::Server] {
                alive::silence(setup, side, traffic, &mut found);
                tcp::silence(setup, side, traffic, &mut found);
            }
        }
        Situation::FrozenPeer(traffic) => {
            for side in [Side::Client, Side::Server] {
                alive::silence(setup, side, traffic, &mut found);
            }
        }
        Situation::Idle(doing) => idle::idle(setup, doing, &mut found),
        Situation::Connecting => login::connecting(setup, &mut found),
        Situation::NoBanner => login::no_banner(setup, &mut found),
        Situation::Login => login::login(setup, &mut found),
        Situation::MasterUnused => login::master_unused(setup, &mut found),
    }
    found.firings.sort_by_key(|firing| (firing.after.likely, firing.timer));
    found
}
