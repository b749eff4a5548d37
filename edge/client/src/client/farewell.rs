//! The end: the keeper is told why we go, and the terminal is put in order.

use std::time::Duration;

use abide_host::clock;
use abide_link::CarrierKind;
use abide_terms::{Blame, Ending, EndingCode, Moment};
use bytes::Bytes;

use super::{Client, Inlets, Wake};
use crate::input::Input;
use crate::interruption::Interruption;
use crate::outcome::Outcome;
use crate::terminal::LEAVE;
use crate::writer::{close_stderr, close_stdout};

/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_millis(1000);
/// How long it may take to come back to the keeper where the signal that stops us ended ssh as well: one
/// that is typed at a terminal, or sent to a process group, does.
const FAREWELL_ANEW: Duration = Duration::from_secs(6);
/// A signal to a process group ends its ssh a moment after it has reached us: what was heard over that ssh
/// before does not say that it still takes our farewell there.
const SSH_DIES_WITHIN: Duration = Duration::from_millis(250);
/// A link that is silent for longer than this when a signal comes is one without a network.
const FRESH: Duration = Duration::from_secs(1);
/// How long a farewell waits for the network where nobody waits for us: a night and a day. After it
/// the session is left to its own limits.
const LATE_FAREWELL: Duration = Duration::from_secs(24 * 60 * 60);

impl Client<'_> {
    /// Tells the keeper why we go, and puts the terminal in order.
    pub(super) async fn farewell(&mut self, outcome: &mut Outcome, inlets: &mut Inlets) {
        let ending = match &*outcome {
            Outcome::Exited(_) => Some(Ending::new(EndingCode::Finished, Blame::Program, "")),
            Outcome::Detached => Some(Ending::new(EndingCode::Detached, Blame::You, "")),
            Outcome::Signalled { .. } if self.local.is_some() => {
                Some(Ending::new(EndingCode::Detached, Blame::You, ""))
            }
            Outcome::Signalled { .. }
            | Outcome::Left { .. }
            | Outcome::OutputClosed
            | Outcome::ForwardFailed => {
                Some(Ending::new(EndingCode::Ended, Blame::You, "its client left"))
            }
            Outcome::Closed(_) | Outcome::Lost(_) => None,
        };
        if let Some(ending) = ending {
            // Who was out of reach before is not waited for.
            let begun = clock::now();
            let silent = self.driver.link.silent_since();
            let mut reached = silent.is_none_or(|since| begun.since(since) <= FRESH);
            if matches!(outcome, Outcome::Signalled { .. }) && self.local.is_none() {
                reached |= self.reach_keeper(begun, reached, inlets).await;
            }
            self.driver.link.close(ending);
            self.driver.pump(clock::now());
            let heeded =
                reached && tokio::time::timeout(FAREWELL, self.until_heeded(inlets)).await.is_ok();
            if let Outcome::Signalled { told, .. } = outcome {
                *told = heeded;
            }
        }
        self.lift();
        if let Some(local) = &self.local {
            let mut last = self.outage.remove(local.screen());
            if !matches!(outcome, Outcome::Exited(_)) {
                last.extend(LEAVE);
                last.extend(b"\r\n");
            }
            self.stdout.put(Bytes::from(last));
        }
        while !self.stdout.is_flushed() {
            if tokio::time::timeout(FAREWELL, self.stdout.progress()).await.is_err() {
                break;
            }
        }
        self.local = None;
    }

    /// Waits until the keeper answers, by another ssh if need be; whether it did. Another signal, or
    /// whatever ends the session meanwhile, ends the waiting; so does an outage, unless nobody waits for
    /// us: then nothing is left in our hands that others wait for the end of.
    async fn reach_keeper(&mut self, begun: Moment, reached: bool, inlets: &mut Inlets) -> bool {
        let mut asked = begun;
        self.input = Input::Ended;
        let until = if self.plan.lingers {
            self.stdout.finish(close_stdout);
            self.stderr.finish(close_stderr);
            begun + LATE_FAREWELL
        } else {
            begun + FAREWELL_ANEW
        };
        // A network that failed just now is not known to have failed yet.
        for (id, _) in self.driver.carriers() {
            self.driver.link.kick(begun, id);
        }
        loop {
            let now = clock::now();
            let heard = self.driver.link.heard_at().is_some_and(|heard| heard > asked);
            let doubtful = asked == begun && now.since(begun) < SSH_DIES_WITHIN && self.is_on_ssh();
            if heard && !doubtful && !self.driver.is_bare() {
                return true;
            }
            let left = if heard && doubtful { begun + SSH_DIES_WITHIN } else { until }.since(now);
            let over = self.settle(clock::now()).is_some_and(|it| it != Outcome::OutputClosed);
            // Carriers that fell silent, and no ssh that ended: the network is at fault.
            let silent = self.driver.link.silent_since().is_some() && !self.driver.is_bare();
            let outage = !reached || (silent && asked == begun);
            if over || left.is_zero() || (outage && !self.plan.lingers) {
                return false;
            }
            match tokio::time::timeout(left, self.wait(inlets)).await {
                Err(_) if heard && doubtful => {}
                Ok(Ok(Wake::Interruption(Interruption::Stop(_))) | Err(_)) | Err(_) => {
                    return false;
                }
                Ok(Ok(wake)) => {
                    let known = self.driver.carriers();
                    if !matches!(self.handle(clock::now(), wake).await, Ok(None)) {
                        return false;
                    }
                    if self.driver.carriers().iter().any(|carrier| !known.contains(carrier)) {
                        asked = clock::now();
                    }
                }
            }
        }
    }

    /// Nothing but ssh leads to the keeper.
    fn is_on_ssh(&self) -> bool {
        self.driver.carriers().iter().all(|(_, kind)| *kind == CarrierKind::SshPipe)
    }

    /// Waits until the keeper has closed a carrier: then it knows.
    pub(super) async fn until_heeded(&mut self, inlets: &mut Inlets) {
        while let Some(event) = inlets.carriers.recv().await {
            let lost = self.driver.handle(clock::now(), event).is_some();
            if lost || self.driver.is_bare() {
                return;
            }
            self.driver.pump(clock::now());
        }
    }
}
