//! Whether a client is still there, from what is heard of it. A client that is out of reach looks the
//! same as one that is gone, until its process is seen to have let go of a connection that stands. Pure:
//! time is an argument.

use std::time::Duration;

use abide_terms::Moment;

/// No client that is there is quiet for longer: it sends a keepalive after 66 s at the latest.
const QUIET_AT_MOST: Duration = Duration::from_secs(75);
/// How long a client whose process let go of its connection may take to answer by another.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How long a command waits for a client that is out of reach: as long as a session may be wanted.
const ABSENT_AT_MOST: Duration = Duration::from_secs(30 * 24 * 3600);

/// What is known of one client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Presence {
    heard: Moment,
    dropped: Option<Moment>,
    /// It was asked whether it is there, and owes an answer until then.
    owes_until: Option<Moment>,
    /// It has said something.
    met: bool,
}

impl Presence {
    pub(crate) fn new(now: Moment) -> Self {
        Presence { heard: now, dropped: None, owes_until: None, met: false }
    }

    pub(crate) fn handle_heard(&mut self, now: Moment) {
        *self = Presence { met: true, ..Presence::new(now) };
    }

    /// A connection of its ended. Who never said a word before that has most likely ended with it, stopped
    /// while it logged in.
    pub(crate) fn handle_lost(&mut self, now: Moment) {
        if !self.met {
            self.handle_dropped(now);
        }
    }

    /// Its process let go of a connection that stands.
    pub(crate) fn handle_dropped(&mut self, now: Moment) {
        self.dropped.get_or_insert(now);
    }

    /// It was asked whether it is there, and has until then to answer; or until when it has, having been asked
    /// before.
    pub(crate) fn handle_asked(&mut self, until: Moment) -> Moment {
        *self.owes_until.get_or_insert(until)
    }

    /// It was asked, and has not answered yet.
    pub(crate) fn owes_answer(&self, now: Moment) -> bool {
        self.owes_until.is_some_and(|until| now < until)
    }

    pub(crate) fn heard_at(&self) -> Moment {
        self.heard
    }

    /// Since when it is quiet, when that is longer than a client that is there ever is, or when it did not
    /// answer in time.
    pub(crate) fn quiet_since(&self, now: Moment) -> Option<Moment> {
        let owed = self.owes_until.is_some_and(|until| until <= now);
        (owed || now.since(self.heard) > QUIET_AT_MOST).then_some(self.heard)
    }

    /// When it is given up; `waits`: a program waits for it. A terminal's program does not.
    pub(crate) fn given_up_at(&self, waits: bool) -> Option<Moment> {
        let answered = self.dropped.map(|at| at + ANSWER_WITHIN);
        answered.or(waits.then(|| self.heard + ABSENT_AT_MOST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::ZERO + Duration::from_secs(seconds)
    }

    #[test]
    fn a_client_that_was_never_heard_is_not_waited_for() {
        let mut presence = Presence::new(at(0));
        presence.handle_lost(at(1));
        assert_eq!(presence.given_up_at(true), Some(at(11)));
        presence.handle_heard(at(5));
        presence.handle_lost(at(6));
        assert_eq!(presence.given_up_at(false), None);
    }

    #[test]
    fn a_client_that_was_asked_is_silent_once_its_answer_is_overdue() {
        let mut presence = Presence::new(at(0));
        presence.handle_heard(at(10));
        assert_eq!(presence.handle_asked(at(31)), at(31));
        assert_eq!(presence.handle_asked(at(32)), at(31), "the first question counts");
        assert!(presence.owes_answer(at(30)) && !presence.owes_answer(at(31)));
        assert_eq!(
            (presence.quiet_since(at(30)), presence.quiet_since(at(31))),
            (None, Some(at(10)))
        );
        assert_eq!(presence.given_up_at(false), None, "silent is not gone");
        presence.handle_heard(at(33));
        assert_eq!(presence.quiet_since(at(34)), None);
    }

    #[test]
    fn a_client_that_let_go_is_given_up_unless_it_is_heard() {
        let mut presence = Presence::new(at(0));
        assert_eq!(presence.given_up_at(false), None);
        assert_eq!(presence.given_up_at(true), Some(at(30 * 24 * 3600)));
        presence.handle_dropped(at(5));
        presence.handle_dropped(at(9));
        assert_eq!(presence.given_up_at(false), Some(at(15)));
        presence.handle_heard(at(14));
        assert_eq!(presence.given_up_at(false), None);
        assert_eq!(presence.quiet_since(at(80)), None);
        assert_eq!(presence.quiet_since(at(90)), Some(at(14)));
    }
}
