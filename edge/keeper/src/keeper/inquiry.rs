//! Somebody wants to know who is attached: clients that were not heard of lately are asked whether they are
//! there, and whoever wants to know waits a moment for their answers. What is done with clients that do not
//! answer is not decided here.

use std::time::Duration;

use abide_session::{Reply, ReplyAnswer};
use abide_terms::Moment;
use tokio::sync::oneshot;

use super::Keeper;

/// Those who may wait at once; further ones are told what is known already.
const WAITING_MAX: usize = 16;
/// Who was heard this recently is there, and is not asked.
pub(crate) const HEARD_JUST_NOW: Duration = Duration::from_secs(1);
/// An answer is owed within two round trips, and within these bounds: the lower one covers a process
/// that has to be woken, the upper one is as long as a person likes to wait for a list.
pub(crate) const ANSWER_LEAST: Duration = Duration::from_millis(300);
pub(crate) const ANSWER_MOST: Duration = Duration::from_secs(1);

/// Somebody who waits for what clients answer.
#[derive(Debug)]
pub(crate) struct Inquiry {
    until: Moment,
    reply: oneshot::Sender<Vec<Reply>>,
}

impl Keeper {
    /// Describes the session, once its clients have had the time to show that they are there.
    pub(super) fn on_inquiry(&mut self, now: Moment, reply: oneshot::Sender<Vec<Reply>>) {
        let clients = self.attachments.iter_mut();
        let owed = clients.filter_map(|(_, client)| client.ask_for_a_sign(now)).max();
        match owed.filter(|_| self.inquiries.len() < WAITING_MAX) {
            Some(until) => self.inquiries.push(Inquiry { until, reply }),
            None => self.tell_who_is_there(now, reply),
        }
    }

    /// Tells those who need not wait any longer.
    pub(super) fn settle_inquiries(&mut self, now: Moment) {
        let owed = self.attachments.iter().any(|(_, client)| client.presence.owes_answer(now));
        let due = |inquiry: &mut Inquiry| !owed || inquiry.until <= now;
        let told: Vec<Inquiry> = self.inquiries.extract_if(.., due).collect();
        for inquiry in told {
            self.tell_who_is_there(now, inquiry.reply);
        }
    }

    pub(super) fn inquiries_until(&self) -> Option<Moment> {
        self.inquiries.iter().map(|inquiry| inquiry.until).min()
    }

    fn tell_who_is_there(&self, now: Moment, reply: oneshot::Sender<Vec<Reply>>) {
        let answer = ReplyAnswer::Description(self.describe(now));
        // Who asked may be gone.
        let _ = reply.send(vec![Reply { answer: Some(answer) }]);
    }
}
