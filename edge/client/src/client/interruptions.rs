//! Time and the machine: alarms, sleep, network changes, signals, a new window size.

use std::time::Duration;

use abide_session::{KeeperMessage, Resize};
use abide_terms::Moment;

use super::Client;
use crate::interruption::Interruption;
use crate::outcome::Outcome;

/// An alarm later than this means that the machine slept, or we were stopped.
const OVERSLEPT: Duration = Duration::from_secs(2);

impl Client<'_> {
    pub(super) fn on_alarm(&mut self, now: Moment) {
        if self.due.is_some_and(|due| now.since(due) > OVERSLEPT) {
            self.on_wake(now);
        }
        self.driver.handle_timeout(now);
    }

    /// Whatever was known of the network may be over: ask at once.
    pub(super) fn on_wake(&mut self, now: Moment) {
        tracing::info!("network changed, or time passed");
        for (id, _) in self.driver.carriers() {
            self.driver.link.kick(now, id);
        }
        self.recovery.handle_network_change(now);
        if self.plan.unattended && self.recovery.needs_user() {
            self.recovery.handle_sign_in(now);
        }
        self.driver.pump(now);
    }

    pub(super) fn on_interruption(
        &mut self,
        now: Moment,
        interruption: Interruption,
    ) -> Option<Outcome> {
        match interruption {
            Interruption::Resized => {
                self.on_resized();
                None
            }
            Interruption::Continued | Interruption::Network => {
                self.on_wake(now);
                None
            }
            // The pager's to heed.
            Interruption::Stop(_) if self.paging.is_some() => None,
            // A terminal's session outlives the terminal; a command ends with who asked for it.
            Interruption::Stop(number) => Some(Outcome::Signalled { number, told: false }),
        }
    }

    fn on_resized(&mut self) {
        let Some(local) = &mut self.local else { return };
        let before = local.screen().size().cols;
        let terminal = local.resized();
        let is_rewrapped = local.screen().size().cols != before;
        let drawn = self.prediction.as_mut().is_some_and(|it| it.forget(local.screen()));
        self.tell(KeeperMessage::Resize(Resize { terminal: Some(terminal) }));
        // Terminals wrap what was drawn over the output anew with all the rest: nobody knows where it went.
        if drawn || (is_rewrapped && self.outage.forget()) {
            self.redraw();
        }
    }
}
