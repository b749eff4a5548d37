//! The end: the keeper is told why we go, and the terminal is put in order.

use std::time::Duration;

use abide_host::clock;
use abide_terms::{Blame, Ending, EndingCode};
use bytes::Bytes;

use super::{Client, Inlets, Wake};
use crate::input::Input;
use crate::interruption::Interruption;
use crate::outcome::Outcome;
use crate::terminal::LEAVE;
use crate::writer::{close_stderr, close_stdout};

/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_millis(1000);
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
            if matches!(outcome, Outcome::Signalled { .. }) && self.plan.lingers {
                self.linger(inlets).await;
            }
            self.driver.link.close(ending);
            self.driver.pump(clock::now());
            // Who is out of reach is not waited for.
            let heeded = self.driver.link.silent_since().is_none()
                && tokio::time::timeout(FAREWELL, self.until_heeded(inlets)).await.is_ok();
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

    /// Waits until the keeper is within reach, with nothing left in our hands that others wait for the
    /// end of. Another signal, or whatever ends the session meanwhile, ends the waiting.
    async fn linger(&mut self, inlets: &mut Inlets) {
        self.input = Input::Ended;
        self.stdout.finish(close_stdout);
        self.stderr.finish(close_stderr);
        let begun = clock::now();
        let until = begun + LATE_FAREWELL;
        // A network that failed just now is not known to have failed yet.
        for (id, _) in self.driver.carriers() {
            self.driver.link.kick(begun, id);
        }
        while self.driver.link.heard_at().is_none_or(|heard| heard <= begun) {
            let left = until.since(clock::now());
            let over = self.settle(clock::now()).is_some_and(|it| it != Outcome::OutputClosed);
            if over || left.is_zero() {
                return;
            }
            match tokio::time::timeout(left, self.wait(inlets)).await {
                Ok(Ok(Wake::Interruption(Interruption::Stop(_))) | Err(_)) | Err(_) => return,
                Ok(Ok(wake)) => {
                    if !matches!(self.handle(clock::now(), wake).await, Ok(None)) {
                        return;
                    }
                }
            }
        }
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
