//! What carriers and attempts to make new ones report, and what follows for the link: joining,
//! moving, running ssh again. When to try is `abide_link::recovery`'s to say.

use abide_carrier::{Event, Parts};
use abide_link::CarrierKind;
use abide_link::recovery::Step;
use abide_terms::Moment;

use super::Client;
use crate::again::{Again, Attempted, run_ssh_again};
use crate::news::{CarrierNews, News};
use crate::outcome::{LinkLost, Outcome};
use crate::plan::Notice;
use crate::quic::{Found, Moved, QuicSide};

impl Client<'_> {
    pub(super) fn on_carrier(&mut self, now: Moment, event: Event) {
        if let Some(loss) = self.driver.handle(now, event) {
            tracing::info!(kind = ?loss.kind, why = loss.why, "carrier lost");
            if loss.kind == CarrierKind::SshPipe {
                self.child = None;
            }
            // What ended one carrier may have ended more than that: the others are asked at once.
            for (id, _) in self.driver.carriers() {
                self.driver.link.kick(now, id);
            }
        }
    }

    pub(super) fn on_found(&mut self, now: Moment, found: Found) {
        let Some(quic) = &mut self.quic else { return };
        match found {
            Found::Candidates(candidates) => {
                tracing::info!(?candidates, "QUIC candidates");
                quic.set_candidates(candidates);
                quic.knock();
            }
            Found::Knock(answered) => {
                quic.handle_knock();
                let carrier = self.driver.quic();
                let trusted = carrier.is_some_and(|id| !self.driver.link.in_doubt(id));
                let Some(answered) = answered.filter(|_| !trusted) else { return };
                tracing::info!(address = %answered.address, "knock answered");
                if let (Moved::Rebound, Some(id)) =
                    (quic.use_path(answered, carrier.is_some()), carrier)
                {
                    self.driver.link.kick(now, id);
                    self.driver.pump(now);
                }
            }
            Found::Connection(connection) => match *connection {
                Ok((near, parts)) => {
                    tracing::info!(address = %parts.address(), "QUIC connected");
                    quic.handle_connected(near);
                    self.driver.join(now, Parts::Quic(parts), false);
                }
                Err(error) => {
                    tracing::info!(%error, "QUIC failed");
                    quic.handle_failed();
                }
            },
        }
    }

    pub(super) fn on_attempt(&mut self, now: Moment, attempt: Attempted) -> Option<Outcome> {
        match attempt {
            Attempted::Joined { child, pipe, questions } => {
                tracing::info!("ssh connected");
                self.recovery.handle_ssh_done(now);
                self.driver.join(now, Parts::Pipe(*pipe), false);
                self.child = Some(*child);
                self.questions = questions;
                self.forwarding.ssh_for_questions = false;
                self.open_gate();
            }
            Attempted::Failed { .. } | Attempted::Stalled if self.forwarding.ssh_for_questions => {
                self.give_up_questions("ssh could not be run again without asking you something");
            }
            Attempted::Failed { needs_user, ending } => {
                if let Some(ending) = &ending {
                    self.voice.tell(Notice::News(News::SshFailed(ending)));
                }
                self.recovery.handle_ssh_failed(now, needs_user);
            }
            Attempted::Stalled => self.recovery.handle_ssh_stalled(now),
            Attempted::SessionGone => return Some(Outcome::Lost(LinkLost::SessionGone)),
        }
        None
    }

    /// Only ssh leads to a keeper elsewhere; one of this machine is gone when its socket is.
    pub(super) fn run_ssh(&mut self) {
        let attempts = self.outlets.attempts.clone();
        self.attempt += 1;
        let Some(mut way) = self.plan.way.clone() else {
            // The receiver lives as long as the client.
            let _ = attempts.send((self.attempt, Attempted::SessionGone));
            return;
        };
        // The first login has led the agent to the keeper: it goes over the link.
        way.lends_agent = false;
        // Forwards may have been added since.
        way.asks |= !self.forwarding.rules.is_empty();
        let again = Again {
            number: self.attempt,
            way,
            session: self.session.clone(),
            link: self.identity_of_link.clone(),
            rtt: self.rtt,
            patience: self.recovery.ssh_patience(),
        };
        let running = tokio::spawn(run_ssh_again(again, attempts)).abort_handle();
        if let Some(older) = self.attempting.replace(running) {
            older.abort();
        }
    }

    fn tell_carrier(&mut self) {
        let best = self.driver.link.best();
        if best == self.told_best {
            return;
        }
        self.told_best = best;
        if let Some((_, kind)) = self.driver.carriers().first() {
            let carrier = match kind {
                CarrierKind::Local => CarrierNews::Local,
                CarrierKind::SshPipe => CarrierNews::Ssh,
                CarrierKind::Quic { .. } => CarrierNews::Quic,
            };
            self.voice.tell(Notice::News(News::On(carrier)));
        }
    }

    pub(super) fn recover(&mut self, now: Moment) {
        let trusted = self.driver.quic().is_some_and(|id| !self.driver.link.in_doubt(id));
        self.recovery.handle_udp(now, trusted);
        self.tell_carrier();
        let best = self.driver.link.best().and_then(|id| self.driver.link.rtt(id));
        self.rtt = best.and_then(|rtt| rtt.smoothed()).or(self.rtt);
        if let Some(quic) = self.quic.as_mut().filter(|_| trusted) {
            quic.handle_trusted();
        }
        while let Some(step) = self.recovery.poll_step(now) {
            match step {
                Step::Knock => self.quic.iter_mut().for_each(QuicSide::knock),
                Step::RunSsh => self.run_ssh(),
            }
        }
    }
}
