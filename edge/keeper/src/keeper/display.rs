//! To which client the session's display leads: to the last one that came with `-X`, and to none once
//! that one is gone. What is let through is decided at its end.

use abide_carrier::LinkTag;
use abide_forward::Kind;
use abide_session::{DISPLAY_LISTENER, DisplayGiven};

use super::Keeper;
use crate::attachment::Attachment;
use crate::display::Display;
use crate::environment::Lent;

impl Keeper {
    /// What of the first client's machine the program may use.
    pub(super) fn lent(&self) -> Lent {
        let display = self.display.as_ref().map(|display| display.name().to_owned());
        Lent { agent: self.agent_path(), display }
    }

    /// What a client is told that asked for the display.
    pub(super) fn display_given(&self, asked: bool) -> Option<DisplayGiven> {
        self.display.as_ref().filter(|_| asked).map(Display::given)
    }

    /// Leads the display to this client from now on.
    pub(super) fn lead_display_to(&mut self, tag: LinkTag, client: &mut Attachment) {
        let Some(display) = &mut self.display else { return };
        for (_, other) in &mut self.attachments {
            other.forwards.unlisten(DISPLAY_LISTENER);
        }
        let listens = display
            .sockets()
            .and_then(|sockets| client.forwards.listen(DISPLAY_LISTENER, sockets, Kind::Plain));
        match listens {
            Ok(()) => {
                display.idle = None;
                self.display_at = Some(tag);
            }
            Err(error) => tracing::warn!(%error, "the display leads nowhere"),
        }
    }

    /// Programs are to know at once that nobody is there to show what they draw.
    pub(super) fn settle_display(&mut self) {
        let Some(display) = self.display.as_mut().filter(|display| display.idle.is_none()) else {
            return;
        };
        let at = self.display_at;
        if self.attachments.iter().any(|(tag, _)| Some(*tag) == at) {
            return;
        }
        match display.sockets() {
            Ok(sockets) => display.idle = Some(sockets.turn_away()),
            Err(error) => tracing::warn!(%error, "connections to the display wait"),
        }
    }
}
