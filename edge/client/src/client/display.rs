//! Connections of X programs at the far end, led to the display of this machine: who is let through.

use abide_forward::Dial;
use abide_link::StreamId;
use abide_terms::Moment;
use abide_x11::{Setup, Wrong};

use super::Client;

impl Client<'_> {
    /// A program at the far end wants to use the display.
    pub(super) fn open_display(&mut self, now: Moment, stream: StreamId) {
        let plan = self.plan;
        let (Some(near), Some(fake)) = (&plan.display, self.forwarding.cookie.clone()) else {
            return self.refuse_display(
                now,
                stream,
                "administratively prohibited: no such forward",
            );
        };
        if near.until.is_some_and(|until| until <= now) {
            self.remark("Rejected X11 connection after ForwardX11Timeout expired");
            return self.refuse_display(now, stream, "the time for it is over");
        }
        let setup = Setup::new(fake, near.cookie.clone());
        match near.dial() {
            Some(dial) => self.dial_display(stream, dial, setup),
            None => self.refuse_display(now, stream, "connect failed: there is no such port"),
        }
    }

    fn dial_display(&mut self, stream: StreamId, dial: Dial, setup: Setup) {
        let words = self.plan.display.as_ref().map(|near| near.display.to_string());
        let words = format!("display {}", words.unwrap_or_default());
        self.forwarding.forwards.dial_display(stream, dial, words, setup);
    }

    fn refuse_display(&mut self, now: Moment, stream: StreamId, why: &str) {
        self.forwarding.forwards.refuse(now, &mut self.driver.link, stream, why);
    }

    /// It did not know the cookie.
    pub(super) fn display_refused(&mut self, wrong: Wrong) {
        tracing::warn!(?wrong, "an X connection was refused");
        self.remark("X11 connection rejected because of wrong authentication.");
    }
}
