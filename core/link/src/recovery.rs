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
/// First wait between knocks while another carrier works and QUIC would only be better; it doubles.
const KNOCK_BETTER: Duration = Duration::from_secs(20);
/// How often it doubles: up to five minutes, so that a link without UDP is quiet too.
const KNOCK_BETTER_DOUBLINGS: u32 = 4;
/// How long knocks get before ssh is run, where UDP had worked.
const SSH_AFTER_UDP: Duration = Duration::from_secs(4);
/// How long where it had not.
const SSH_AFTER_PIPE: Duration = Duration::from_millis(1500);
/// How long a carrier that ssh gave may take to prove itself before ssh runs again.
const SSH_SETTLES: Duration = Duration::from_secs(4);
/// Between the end of one ssh attempt and the next, while the silence is young.
const SSH_EAGER: Duration = Duration::from_millis(500);
/// The same after [`EAGER_FOR`].
const SSH_PATIENT: Duration = Duration::from_secs(15);
/// The same after [`PATIENT_FOR`].
const SSH_SLOW: Duration = Duration::from_secs(60);

/// What the client should do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send knocks, to every address, from the present and from a fresh socket.
    Knock,
    /// Run ssh again for a new pipe.
    RunSsh,
}

/// State of an ssh attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ssh {
    /// None runs; the next may start then.
    Idle { next: Moment },
    /// One runs, or waits for the person.
    Running,
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
    /// Knocks since the link worked without UDP.
    better_knocks: u32,
    ssh: Ssh,
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
            better_knocks: 0,
            ssh: Ssh::Idle { next: now },
            jitter: seed | 1,
        }
    }

    /// The link fell silent: knock at once; ssh follows if that does not help.
    pub fn handle_silent(&mut self, now: Moment, any_carrier: bool) {
        self.silent_since.get_or_insert(now);
        self.next_knock = now;
        let wait = match (self.on_udp, any_carrier) {
            (true, _) => SSH_AFTER_UDP,
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
        self.better_knocks = 0;
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
        if let Ssh::Idle { next } = &mut self.ssh {
            *next = (*next).min(now + SSH_EAGER);
        }
    }

    /// An ssh attempt ended without a carrier. `needs_user`: it would have had to ask.
    pub fn handle_ssh_failed(&mut self, now: Moment, needs_user: bool) {
        self.ssh =
            if needs_user { Ssh::NeedsUser } else { Ssh::Idle { next: now + self.ssh_wait(now) } };
    }

    /// An ssh attempt gave a carrier.
    pub fn handle_ssh_done(&mut self, now: Moment) {
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
        self.ssh == Ssh::Running
    }

    /// What is due; call until `None`.
    pub fn poll_step(&mut self, now: Moment) -> Option<Step> {
        if self.knock_at().is_some_and(|at| at <= now) {
            self.next_knock = now + self.knock_wait(now);
            return Some(Step::Knock);
        }
        if self.ssh_at().is_some_and(|at| at <= now) {
            self.ssh = Ssh::Running;
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
            Ssh::Running | Ssh::NeedsUser => None,
        }
    }

    fn knock_wait(&mut self, now: Moment) -> Duration {
        match self.silent_since.map(|since| now.since(since)) {
            None => {
                let doublings = self.better_knocks.min(KNOCK_BETTER_DOUBLINGS);
                self.better_knocks = doublings + 1;
                KNOCK_BETTER * (1 << doublings)
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
        knocks(&mut recovery, 0);
        assert!(knocks(&mut recovery, 3_600) <= 12, "in an hour");
        recovery.handle_network_change(at(7_200_000));
        assert!(knocks(&mut recovery, 7_200) > 12, "eager again");
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
