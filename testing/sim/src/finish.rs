//! The end of a run: faults stop, everything must arrive, the link is closed.

use std::time::Duration;

use abide_terms::{Blame, Ending, EndingCode};
use bytes::Bytes;

use crate::app::TERMINAL;
use crate::queue::{CLIENT, Event, KEEPER};
use crate::world::World;

impl World {
    /// No new faults; those that act end now.
    pub(crate) fn calm_down(&mut self) {
        self.over = true;
        let mut later = Vec::new();
        while let Some((at, event)) = self.queue.next() {
            match event {
                Event::Heal(_) | Event::Flap { down: false, .. } => {
                    later.push((self.now, event));
                }
                Event::Fault(_) | Event::Flap { .. } => {}
                other => later.push((at, other)),
            }
        }
        later.into_iter().for_each(|(at, event)| self.queue.plan(at, event));
    }

    pub(crate) fn check_drained(&mut self) {
        for end in [CLIENT, KEEPER] {
            let streams: Vec<_> = self.ends[end].uses.keys().copied().collect();
            for stream in streams {
                let (acknowledged, drained) = self.acknowledged(end, stream);
                let flow = self.ledger.flow(stream, end);
                let (read, written) = (flow.read, flow.written);
                if !drained || read < written {
                    self.fail(format!(
                        "end {end}, {stream:?}: {written} written, {acknowledged} acknowledged, {read} read at the end"
                    ));
                }
            }
            let left = self.ends[end].uses.len();
            if left > 2 {
                self.fail(format!(
                    "end {end} still has {left} streams at the end: {:?}",
                    self.ends[end].uses
                ));
            }
        }
        if let Some(typed) = self.oldest_key() {
            self.fail(format!("a key typed at {typed:?} was never echoed"));
        }
    }

    /// The client closes the link; the keeper is told, and neither has anything left to do.
    pub(crate) fn close(&mut self) {
        if self.failure.is_some() {
            return;
        }
        let ending = Ending::new(EndingCode::Finished, Blame::Program, "simulated");
        self.ends[CLIENT].link.close(ending);
        self.settle(CLIENT);
        self.run_until(self.now + Duration::from_secs(60) + self.profile.rtt * 10);
        match self.watch.closed.take() {
            Some(ending) if ending.code == EndingCode::Finished => {}
            other => self.fail(format!("the keeper was told {other:?}")),
        }
        for end in [CLIENT, KEEPER] {
            let timer = self.ends[end].link.poll_timeout();
            let refused = self.ends[end].link.write(TERMINAL, Bytes::from_static(b"x"));
            if timer.is_some() || refused.is_ok() {
                self.fail(format!(
                    "end {end}: a closed link has a timer ({timer:?}) or takes bytes"
                ));
            }
        }
    }
}
