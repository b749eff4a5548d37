//! What only a link has: outages that its connections live through, and servers where it cannot be.

use super::Machine;
use crate::cause::{Cause, Class};
use crate::supervisor::phase::{Phase, Quiet};
use crate::way::Way;
use abide_terms::Moment;
use std::time::Duration;

/// Silence before it is told: shorter ones pass unseen, as they do in a session.
const TOLD_AFTER: Duration = Duration::from_millis(2500);

impl Machine {
    /// It comes on: the keeper is being sent, which takes its time.
    pub(crate) fn handle_progress(&mut self, now: Moment) {
        if let Phase::Starting { since } = &mut self.phase {
            *since = now;
        }
    }

    /// No keeper can run there, and the process has ended: plain ssh has its turn, at once.
    pub(crate) fn handle_unfit(&mut self, now: Moment) {
        if matches!(self.phase, Phase::Starting { .. }) {
            self.way = Way::Plain;
            // It is the same start, another way.
            self.starts = self.starts.saturating_sub(1);
            self.on_start(now);
        }
    }

    /// Nothing answers any more. A probe that is under way means nothing.
    pub(crate) fn handle_silent(&mut self, now: Moment) {
        if let Phase::Up { quiet: quiet @ None, probing, .. } = &mut self.phase {
            *probing = false;
            *quiet = Some(Quiet { since: now, tell_at: Some(now + TOLD_AFTER), prod_at: None });
        }
    }

    /// The other end answers again: the forwards are looked through.
    pub(crate) fn handle_heard(&mut self, now: Moment) {
        let Phase::Up { quiet, probe_at, .. } = &mut self.phase else { return };
        let Some(over) = quiet.take() else { return };
        if over.tell_at.is_none() || self.cause.is_some() {
            *probe_at = self.limits.probe_every.map(|_| now);
            self.cause = None;
        }
        self.backoff.reset();
    }

    /// A link ran ssh for a new carrier, and that failed.
    pub(crate) fn handle_ssh_failed(&mut self, now: Moment, cause: Cause) {
        if let Phase::Up { quiet: Some(quiet), .. } = &mut self.phase {
            if cause.class() == Class::Person {
                // By itself it would not try again without a person.
                quiet.prod_at = Some(now + self.backoff.next(Class::Person));
            }
            self.cause = Some(cause);
        }
    }

    /// Since when nothing answers, once that is worth telling.
    pub(crate) fn quiet_since(&self) -> Option<Moment> {
        match &self.phase {
            Phase::Up { quiet: Some(Quiet { since, tell_at: None, .. }), .. } => Some(*since),
            _ => None,
        }
    }
}

impl Quiet {
    pub(super) fn poll_timeout(&self) -> Option<Moment> {
        [self.tell_at, self.prod_at].into_iter().flatten().min()
    }
}
