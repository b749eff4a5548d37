//! The end: the keeper is told why we go, and the terminal is put in order.

use std::time::Duration;

use abide_host::clock;
use abide_terms::{Blame, Ending, EndingCode};
use bytes::Bytes;

use super::{Client, Inlets};
use crate::outcome::Outcome;
use crate::terminal::LEAVE;

/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_millis(1000);

impl Client<'_> {
    /// Tells the keeper why we go, and puts the terminal in order.
    pub(super) async fn farewell(&mut self, outcome: &Outcome, inlets: &mut Inlets) {
        let ending = match outcome {
            Outcome::Exited(_) => Some(Ending::new(EndingCode::Finished, Blame::Program, "")),
            Outcome::Detached => Some(Ending::new(EndingCode::Detached, Blame::You, "")),
            Outcome::Signalled(_) if self.local.is_some() => {
                Some(Ending::new(EndingCode::Detached, Blame::You, ""))
            }
            Outcome::Signalled(_)
            | Outcome::Left { .. }
            | Outcome::OutputClosed
            | Outcome::ForwardFailed => {
                Some(Ending::new(EndingCode::Ended, Blame::You, "its client left"))
            }
            Outcome::Closed(_) | Outcome::Lost(_) => None,
        };
        if let Some(ending) = ending {
            self.driver.link.close(ending);
            self.driver.pump(clock::now());
            // Who is out of reach is not waited for.
            if self.driver.link.silent_since().is_none() {
                let _ = tokio::time::timeout(FAREWELL, self.until_heeded(inlets)).await;
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
