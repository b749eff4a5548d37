//! When a client tries what to get its link back: knocks are cheap and frequent, running ssh again
//! is dear. A machine beside the link: it decides, the client acts.

use std::time::Duration;

use abide_terms::Moment;

/// A first knock goes at once, the next ones this far apart.
const KNOCK_EAGER: Duration = Duration::from_millis(200);
/// How long knocks stay eager.
const EAGER_FOR: Duration = Duration::from_secs(600);
/// Between knocks after that, up to an hour of silence.
const KNOCK_PATIENT: Duration = Duration::from_secs(1);
/// How long they stay patient.
const PATIENT_FOR: Duration = Duration::from_secs(3600);
/// Between knocks after that, for ever.
const KNOCK_SLOW: Duration = Duration::from_secs(5);
/// Eager knocks after QUIC was lost, while another carrier works or is not in doubt yet.
const KNOCKS_BETTER: u32 = 20;
/// The same when a link begins: where UDP passes, one of these is answered unless the path loses most.
const KNOCKS_FIRST: u32 = 5;
/// First wait after these, when QUIC would only be better; it doubles.
const KNOCK_BETTER: Duration = Duration::from_secs(1);
/// Longest wait, so that a link without UDP is quiet too.
const KNOCK_BETTER_MAX: Duration = Duration::from_secs(300);
/// How long knocks get before ssh is run, where UDP had worked.
const SSH_AFTER_UDP: Duration = Duration::from_secs(4);
/// How long where it had not.
const SSH_AFTER_PIPE: Duration = Duration::from_millis(1500);
/// How long where addresses or routes have just changed: what ran over them is most likely dead.
const SSH_AFTER_CHANGE: Duration = Duration::from_millis(400);
/// Silence that begins within this after a change is put down to it.
const CHANGE_EXPLAINS: Duration = Duration::from_secs(5);
/// How often the patience with ssh doubles: up to eightfold.
const STALLS_MAX: u32 = 3;
/// How long a carrier that ssh gave may take to prove itself before ssh runs again.
const SSH_SETTLES: Duration = Duration::from_secs(4);
/// Between the beginnings of two ssh attempts, while the silence is young.
const SSH_EAGER: Duration = Duration::from_millis(500);
/// Between the end of one and the next after [`EAGER_FOR`].
const SSH_PATIENT: Duration = Duration::from_secs(15);
/// The same after [`PATIENT_FOR`].
const SSH_SLOW: Duration = Duration::from_secs(60);

/// What the client should do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send knocks, to every address, from the present and from a fresh socket.
    Knock,
    /// Run ssh again for a new pipe; an attempt that still runs is given up.
    RunSsh,
}

/// State of an ssh attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ssh {
    /// None runs; the next may start then.
    Idle { next: Moment },
    /// One runs, or waits for the person.
    Running { since: Moment },
    /// The last one needs the person; none is started until asked for.
    NeedsUser,
}

/// When to try what.
#[derive(Debug)]
pub struct Recovery {
    silent_since: Option<Moment>,
    has_udp: bool,
    on_udp: bool,
    next_knock: Moment,
    /// Knocks since UDP was lost or a change of the network gave hope.
    better_knocks: u32,
    ssh: Ssh,
    /// How often in a row the server was reached and the login did not get through in time.
    stalled: u32,
    /// When addresses or routes changed last.
    changed: Option<Moment>,
    jitter: u64,
}

impl Recovery {
    /// A link that works. `has_udp`: the keeper listens for QUIC.
    pub fn new(now: Moment, has_udp: bool, seed: u64) -> Self {
        Recovery {
            silent_since: None,
            has_udp,
            on_udp: false,
            next_knock: now,
            better_knocks: KNOCKS_BETTER - KNOCKS_FIRST,
            ssh: Ssh::Idle { next: now },
            stalled: 0,
            changed: None,
            jitter: seed | 1,
        }
    }

    /// The link fell silent: knock at once; ssh follows if that does not help.
    pub fn handle_silent(&mut self, now: Moment, any_carrier: bool) {
        self.silent_since.get_or_insert(now);
        self.next_knock = now;
        let changed = self.changed.is_some_and(|at| now.since(at) < CHANGE_EXPLAINS);
        let wait = match (self.on_udp, any_carrier) {
            (true, _) => SSH_AFTER_UDP,
            (false, true) if changed => SSH_AFTER_CHANGE,
            (false, true) => SSH_AFTER_PIPE,
            (false, false) => Duration::ZERO,
        };
        if let Ssh::Idle { next } = self.ssh {
            self.ssh = Ssh::Idle { next: next.max(now + wait) };
        }
    }

    /// The link was heard again.
    pub fn handle_heard(&mut self, now: Moment) {
        self.silent_since = None;
        self.better_knocks = KNOCKS_BETTER;
        self.next_knock = now + KNOCK_BETTER;
    }

    /// QUIC became, or stopped being, the carrier in use.
    pub fn handle_udp(&mut self, now: Moment, in_use: bool) {
        if self.on_udp && !in_use {
            self.better_knocks = 0;
            self.next_knock = now;
        }
        self.on_udp = in_use;
    }

    /// Addresses or routes changed, or the machine woke: whatever was waited for, try now.
    pub fn handle_network_change(&mut self, now: Moment) {
        self.better_knocks = 0;
        self.next_knock = now;
        self.changed = Some(now);
        match &mut self.ssh {
            Ssh::Idle { next } => *next = (*next).min(now + SSH_AFTER_CHANGE),
            // It began on a network that is no more.
            Ssh::Running { since } if now.since(*since) > SSH_AFTER_CHANGE => {
                self.ssh = Ssh::Idle { next: now + SSH_AFTER_CHANGE };
            }
            Ssh::Running { .. } | Ssh::NeedsUser => {}
        }
    }

    /// An ssh attempt ended without a carrier. `needs_user`: it would have had to ask.
    pub fn handle_ssh_failed(&mut self, now: Moment, needs_user: bool) {
        let next = match self.ssh {
            _ if needs_user => return self.ssh = Ssh::NeedsUser,
            // Of attempts that took their time the next may follow at once.
            Ssh::Running { since } if self.is_eager(now) => now.max(since + self.ssh_wait(now)),
            _ => now + self.ssh_wait(now),
        };
        self.ssh = Ssh::Idle { next };
    }

    /// The server was reached, but the login did not get through in time: the next attempt gets more.
    pub fn handle_ssh_stalled(&mut self, now: Moment) {
        self.stalled = (self.stalled + 1).min(STALLS_MAX);
        self.handle_ssh_failed(now, false);
    }

    /// By how much the next attempt is to be more patient than usual.
    pub fn ssh_patience(&self) -> u32 {
        1 << self.stalled
    }

    /// An ssh attempt gave a carrier.
    pub fn handle_ssh_done(&mut self, now: Moment) {
        self.stalled = 0;
        self.ssh = Ssh::Idle { next: now + SSH_SETTLES };
    }

    /// The person wants to sign in now.
    pub fn handle_sign_in(&mut self, now: Moment) {
        self.ssh = Ssh::Idle { next: now };
    }

    /// The last attempt needs the person.
    pub fn needs_user(&self) -> bool {
        self.ssh == Ssh::NeedsUser
    }

    /// An attempt is under way.
    pub fn ssh_running(&self) -> bool {
        matches!(self.ssh, Ssh::Running { .. })
    }

    /// What is due; call until `None`.
    pub fn poll_step(&mut self, now: Moment) -> Option<Step> {
        if self.knock_at().is_some_and(|at| at <= now) {
            self.next_knock = now + self.knock_wait(now);
            return Some(Step::Knock);
        }
        if self.ssh_at().is_some_and(|at| at <= now) {
            self.ssh = Ssh::Running { since: now };
            return Some(Step::RunSsh);
        }
        None
    }

    /// When something is due.
    pub fn poll_timeout(&self) -> Option<Moment> {
        [self.knock_at(), self.ssh_at()].into_iter().flatten().min()
    }

    fn knock_at(&self) -> Option<Moment> {
        let wanted = self.has_udp && (self.silent_since.is_some() || !self.on_udp);
        wanted.then_some(self.next_knock)
    }

    fn ssh_at(&self) -> Option<Moment> {
        self.silent_since?;
        match self.ssh {
            Ssh::Idle { next } => Some(next),
            Ssh::Running { .. } | Ssh::NeedsUser => None,
        }
    }

    fn is_eager(&self, now: Moment) -> bool {
        self.silent_since.is_none_or(|since| now.since(since) < EAGER_FOR)
    }

    fn knock_wait(&mut self, now: Moment) -> Duration {
        match self.silent_since.map(|since| now.since(since)) {
            None => {
                self.better_knocks = self.better_knocks.saturating_add(1);
                match self.better_knocks.checked_sub(KNOCKS_BETTER + 1) {
                    None => KNOCK_EAGER,
                    Some(doublings) => {
                        (KNOCK_BETTER * (1 << doublings.min(16))).min(KNOCK_BETTER_MAX)
                    }
                }
            }
            Some(silence) if silence < EAGER_FOR => KNOCK_EAGER,
            Some(silence) if silence < PATIENT_FOR => KNOCK_PATIENT,
            Some(_) => KNOCK_SLOW,
        }
    }

    /// Jittered by up to a half, so that many clients of one server do not return in step.
    fn ssh_wait(&mut self, now: Moment) -> Duration {
        let base = match self.silent_since.map_or(Duration::ZERO, |since| now.since(since)) {
            silence if silence < EAGER_FOR => SSH_EAGER,
            silence if silence < PATIENT_FOR => SSH_PATIENT,
            _ => SSH_SLOW,
        };
        self.jitter = self.jitter.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        base + base * ((self.jitter >> 33) % 512) as u32 / 1024
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: u64) -> Moment {
        Moment::ZERO + Duration::from_millis(milliseconds)
    }

    fn quiet(on_udp: bool) -> Recovery {
        let mut recovery = Recovery::new(at(0), true, 1);
        recovery.handle_udp(at(0), on_udp);
        recovery
    }

    #[test]
    fn a_good_link_is_left_alone() {
        let mut recovery = quiet(true);
        assert_eq!((recovery.poll_step(at(1_000_000)), recovery.poll_timeout()), (None, None));
    }

    #[test]
    fn knocks_come_first_and_ssh_later() {
        let mut recovery = quiet(true);
        recovery.handle_silent(at(0), true);
        assert_eq!(recovery.poll_step(at(0)), Some(Step::Knock));
        assert_eq!(recovery.poll_timeout(), Some(at(200)));
        let steps: Vec<Step> =
            (0..=4_100).step_by(10).filter_map(|ms| recovery.poll_step(at(ms))).collect();
        assert_eq!(
            steps.iter().filter(|step| **step == Step::RunSsh).count(),
            1,
            "once, and not again while it runs"
        );
        recovery.handle_ssh_failed(at(5_000), true);
        assert!(recovery.needs_user());
        assert!(
            (5_000..100_000)
                .step_by(100)
                .all(|ms| recovery.poll_step(at(ms)) != Some(Step::RunSsh))
        );
        recovery.handle_sign_in(at(100_000));
        assert!((0..3).any(|_| recovery.poll_step(at(100_000)) == Some(Step::RunSsh)));
    }

    #[test]
    fn without_any_carrier_ssh_runs_at_once() {
        let mut recovery = Recovery::new(at(0), false, 1);
        recovery.handle_silent(at(100), false);
        assert_eq!(recovery.poll_step(at(100)), Some(Step::RunSsh));
    }

    #[test]
    fn a_carrier_from_ssh_gets_time_to_prove_itself() {
        let mut recovery = Recovery::new(at(0), false, 1);
        recovery.handle_silent(at(0), false);
        assert_eq!(recovery.poll_step(at(0)), Some(Step::RunSsh));
        recovery.handle_ssh_done(at(1_000));
        assert_eq!(recovery.poll_step(at(1_000)), None, "not again before it could be heard");
        assert_eq!(recovery.poll_step(at(5_000)), Some(Step::RunSsh), "it was not");
    }

    #[test]
    fn knocks_for_something_better_become_rare() {
        let mut recovery = quiet(false);
        let knocks = |recovery: &mut Recovery, from: u64| {
            (from..from + 3_600)
                .filter(|second| recovery.poll_step(at(second * 1_000)).is_some())
                .count()
        };
        assert!(knocks(&mut recovery, 0) >= 15);
        assert!(knocks(&mut recovery, 3_600) <= 12, "in an hour");
        recovery.handle_network_change(at(7_200_000));
        assert!(knocks(&mut recovery, 7_200) > 30, "eager again");
        recovery.handle_udp(at(10_800_000), true);
        recovery.handle_udp(at(10_800_000), false);
        let eager = (0..4_000).filter(|ms| recovery.poll_step(at(10_800_000 + ms)).is_some());
        assert_eq!(eager.count(), 20, "the other carrier may be as dead");
    }

    #[test]
    fn a_slow_attempt_is_followed_at_once_and_a_quick_one_is_not() {
        let mut recovery = Recovery::new(at(0), false, 1);
        recovery.handle_silent(at(0), false);
        assert_eq!(recovery.poll_step(at(0)), Some(Step::RunSsh));
        recovery.handle_ssh_failed(at(10), false);
        assert!(recovery.poll_timeout() >= Some(at(500)), "refused: not in a circle");
        assert_eq!(recovery.poll_step(at(1_000)), Some(Step::RunSsh));
        recovery.handle_ssh_stalled(at(3_000));
        assert_eq!(recovery.poll_step(at(3_000)), Some(Step::RunSsh));
        assert_eq!(recovery.ssh_patience(), 2);
        (0..9).for_each(|_| recovery.handle_ssh_stalled(at(9_000)));
        assert_eq!(recovery.ssh_patience(), 8);
        recovery.handle_ssh_done(at(9_500));
        assert_eq!(recovery.ssh_patience(), 1);
    }

    #[test]
    fn an_attempt_on_a_network_that_is_gone_is_not_waited_for() {
        let mut recovery = Recovery::new(at(0), false, 1);
        recovery.handle_network_change(at(0));
        recovery.handle_silent(at(100), true);
        assert_eq!(recovery.poll_timeout(), Some(at(500)), "the change explains the silence");
        assert_eq!(recovery.poll_step(at(500)), Some(Step::RunSsh));
        recovery.handle_network_change(at(600));
        assert!(recovery.ssh_running(), "that was one change with several pieces of news");
        recovery.handle_network_change(at(2_000));
        assert_eq!(recovery.poll_step(at(2_400)), Some(Step::RunSsh));
    }

    #[test]
    fn a_network_change_ends_the_wait() {
        let mut recovery = quiet(true);
        recovery.handle_silent(at(0), true);
        while recovery.poll_step(at(4_000)).is_some() {}
        recovery.handle_ssh_failed(at(4_000_000), false);
        assert!(recovery.ssh_at() > Some(at(4_059_000)), "patient after an hour");
        recovery.handle_network_change(at(4_001_000));
        assert_eq!(recovery.poll_step(at(4_001_000)), Some(Step::Knock));
        assert!(recovery.ssh_at() <= Some(at(4_001_500)));
    }
}
