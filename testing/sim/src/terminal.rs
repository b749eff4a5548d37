//! A person who types and a shell that answers. How their bytes travel is in `app`.

use std::time::Duration;

use abide_terms::Moment;

use crate::app::TERMINAL;
use crate::queue::{CLIENT, Event, KEEPER};
use crate::world::World;

impl World {
    /// The person types one key.
    pub(crate) fn on_key(&mut self, left: u64) {
        if self.ends[CLIENT].asleep > 0 || self.over {
            return;
        }
        let steady = self.types_steadily();
        let length = if !steady && self.rng.once_in(10) { 3 } else { 1 };
        if let Some(terminal) = self.ends[CLIENT].uses.get_mut(&TERMINAL) {
            terminal.to_write += length;
        }
        (0..length).for_each(|_| self.typed.push_back(self.now));
        self.totals.keys += 1;
        if left > 1 {
            let pause = match steady {
                true => Duration::from_millis(200),
                false => self.rng.span(Duration::from_millis(50), Duration::from_secs(2)),
            };
            self.queue.plan(self.now + pause, Event::Key { left: left - 1 });
        }
        self.settle(CLIENT);
    }

    /// The shell answers one byte: mostly little, sometimes a screenful, rarely a flood.
    pub(crate) fn echo(&mut self) {
        let size = match self.rng.below(5_000) {
            _ if self.types_steadily() => self.rng.between(1, 30),
            0 => self.rng.scale(100_000, 3_000_000).min(self.profile.bandwidth * 20),
            1..=12 => self.rng.scale(8_000, 256_000).min(self.profile.bandwidth),
            13..=150 => self.rng.scale(500, 8_000),
            _ => self.rng.between(1, 30),
        };
        let Some(typed) = self.typed.pop_front() else {
            return self.fail("the shell read more than was typed".into());
        };
        let Some(terminal) = self.ends[KEEPER].uses.get_mut(&TERMINAL) else { return };
        terminal.to_write += size;
        let end = self.ledger.flow(TERMINAL, KEEPER).written + terminal.to_write;
        self.echoes.push_back((typed, end));
    }

    /// The person sees the echoes that have arrived whole.
    pub(crate) fn see_echoes(&mut self) {
        let read = self.ledger.flow(TERMINAL, KEEPER).read;
        while let Some((typed, _)) = self.echoes.front().copied().filter(|(_, end)| *end <= read) {
            self.echoes.pop_front();
            let calm = self.path.calm_since;
            if self.path.active > 0 {
                continue;
            }
            if typed >= calm {
                self.echo_times.push(self.now.since(typed));
            } else if self.recovered_at < calm {
                self.recovered_at = self.now;
                self.recoveries.push(self.now.since(calm));
            }
        }
    }

    /// When the oldest key was typed that has no echo yet.
    pub(crate) fn oldest_key(&self) -> Option<Moment> {
        let unseen = self.echoes.front().map(|(typed, _)| *typed);
        unseen.into_iter().chain(self.typed.front().copied()).min()
    }
}
