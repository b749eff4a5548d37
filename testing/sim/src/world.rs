//! The whole simulated world and its loop: take the next event, let it happen, check.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use abide_link::{CarrierId, LinkKey, Role};
use abide_terms::{LinkId, Moment};

use crate::client::Client;
use crate::end::End;
use crate::ledger::Ledger;
use crate::path::Path;
use crate::profile::{Profile, Reach};
use crate::queue::{CLIENT, Event, KEEPER, Queue};
use crate::report::{Report, Totals};
use crate::rng::Rng;
use crate::scenario::{Failure, Scenario};
use crate::watch::Watch;
use crate::wire::Wire;

/// The link of all runs.
pub(crate) const LINK: LinkId = LinkId([0xab; 16]);
/// Time for everything to arrive when all faults are over, beside what the bandwidth needs.
const DRAIN_MAX: Duration = Duration::from_secs(300);
/// Events of one run: far above what any needs.
const EVENTS_MAX: u64 = 200_000_000;

/// Everything there is.
pub(crate) struct World {
    seed: u64,
    length: Duration,
    typing: u64,
    pub(crate) now: Moment,
    pub(crate) queue: Queue,
    pub(crate) rng: Rng,
    pub(crate) profile: Profile,
    pub(crate) faults_every: Option<Duration>,
    pub(crate) path: Path,
    pub(crate) key: LinkKey,
    pub(crate) ends: [End; 2],
    pub(crate) wires: BTreeMap<CarrierId, Wire>,
    pub(crate) wires_opened: u64,
    pub(crate) client: Client,
    pub(crate) ledger: Ledger,
    pub(crate) watch: Watch,
    pub(crate) totals: Totals,
    /// When each byte was typed that the shell has not read.
    pub(crate) typed: VecDeque<Moment>,
    /// Where in the output each answer ends, and when its key was typed.
    pub(crate) echoes: VecDeque<(Moment, u64)>,
    pub(crate) recovered_at: Moment,
    pub(crate) recoveries: Vec<Duration>,
    pub(crate) echo_times: Vec<Duration>,
    pub(crate) transfers: Vec<(u64, Duration)>,
    /// The time for faults and programs is over.
    pub(crate) over: bool,
    pub(crate) failure: Option<String>,
}

impl World {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let mut rng = Rng::new(scenario.seed);
        let by_chance = Profile::random(&mut rng);
        let profile = scenario.profile.clone().unwrap_or(by_chance);
        let offsets = [rng.scale(1, 1 << 60), rng.scale(1, 1 << 60)];
        let has_udp = profile.reach == Reach::SshAndUdp;
        let client = Client::new(Moment::from_nanos(offsets[CLIENT]), has_udp, rng.number());
        let mut world = World {
            seed: scenario.seed,
            length: scenario.length,
            typing: scenario.typing,
            now: Moment::ZERO,
            queue: Queue::default(),
            profile,
            faults_every: scenario.faults_every,
            path: Path::new(),
            key: LinkKey::from_bytes([rng.below(256) as u8; 32]),
            ends: [
                End::new(Role::Client, rng.number(), offsets[CLIENT]),
                End::new(Role::Keeper, rng.number(), offsets[KEEPER]),
            ],
            rng,
            wires: BTreeMap::new(),
            wires_opened: 0,
            client,
            ledger: Ledger::default(),
            watch: Watch::new(),
            totals: Totals::default(),
            typed: VecDeque::new(),
            echoes: VecDeque::new(),
            recovered_at: Moment::ZERO,
            recoveries: Vec::new(),
            echo_times: Vec::new(),
            transfers: Vec::new(),
            over: false,
            failure: None,
        };
        world.open_first_streams();
        for (after, fault) in &scenario.script {
            world.queue.plan(Moment::ZERO + *after, Event::Fault(*fault));
        }
        for (after, keeper, size) in &scenario.transfers {
            let opener = if *keeper { KEEPER } else { CLIENT };
            let transfer = Event::Transfer { opener, size: *size, scripted: true };
            world.queue.plan(Moment::ZERO + *after, transfer);
        }
        world
    }

    pub(crate) fn run(mut self) -> Result<Report, Box<Failure>> {
        self.connect_first();
        self.step();
        let keys = if self.types_steadily() { self.typing } else { 5 };
        self.queue.plan(Moment::ZERO + Duration::from_secs(1), Event::Key { left: keys });
        self.queue.plan(Moment::ZERO + Duration::from_secs(5), Event::NextFault);
        self.queue.plan(Moment::ZERO, Event::Quarter);
        self.run_until(Moment::ZERO + self.length);
        self.calm_down();
        let backlog = self.ends.iter().map(|end| {
            end.uses
                .iter()
                .map(|(id, usage)| usage.to_write + end.link.unacknowledged(*id) as u64)
                .sum::<u64>()
        });
        let needs = backlog.sum::<u64>() * 4 / self.profile.bandwidth;
        self.run_until(self.now + DRAIN_MAX + Duration::from_secs(needs));
        self.check_drained();
        self.close();
        match self.failure.take() {
            Some(what) => Err(Box::new(Failure {
                seed: self.seed,
                at: self.now,
                what,
                profile: self.profile,
            })),
            None => Ok(self.report()),
        }
    }

    /// The person types at one pace, and each key is answered by a few bytes.
    pub(crate) fn types_steadily(&self) -> bool {
        self.typing > 0
    }

    fn report(mut self) -> Report {
        self.totals.runs = 1;
        self.totals.virtual_time = self.now.since(Moment::ZERO);
        let mut report = Report {
            totals: self.totals,
            recoveries: self.recoveries,
            echoes: self.echo_times,
            transfers: self.transfers,
            ..Report::default()
        };
        if self.profile.reach != Reach::SshAndUdp {
            std::mem::swap(&mut report.recoveries, &mut report.slow_recoveries);
        }
        report
    }

    pub(crate) fn run_until(&mut self, until: Moment) {
        let mut events = 0;
        while self.failure.is_none() {
            let Some((at, event)) = self.queue.next() else { return };
            if at > until {
                self.queue.plan(at, event);
                self.now = until;
                return;
            }
            events += 1;
            if events > EVENTS_MAX {
                return self.fail("too many events".into());
            }
            self.check_progress(at);
            self.happen(event);
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Wake(end) => self.wake(end),
            Event::Step => self.step(),
            Event::Tick { wire, to, lane } => self.tick(wire, to, lane),
            Event::Datagram { wire, to, bytes } => self.on_datagram(wire, to, bytes),
            Event::Sign { wire, to } => self.on_sign(wire, to),
            Event::Gone { wire, end } => self.on_gone(wire, end),
            Event::KnockAnswered => self.on_knock_answered(),
            Event::SshEnds { began_up, attempt } => self.on_ssh_ends(began_up, attempt),
            Event::SignIn => self.on_sign_in(),
            Event::HandshakeOver { wire } => self.on_handshake_over(wire),
            Event::Tidy { end, wire } => self.tidy(end, wire),
            Event::NextFault => self.on_next_fault(),
            Event::Fault(fault) => self.begin_scripted(fault),
            Event::Heal(fault) => self.heal(fault),
            Event::Flap { until, down } => self.on_flap(until, down),
            Event::Key { left } => self.on_key(left),
            Event::Transfer { opener, size, scripted } => self.on_transfer(opener, size, scripted),
            Event::ReadAgain { end, stream } => self.on_read_again(end, stream),
            Event::StuckCheck { calm_since } => self.on_stuck_check(calm_since),
            Event::Quarter => self.on_quarter(),
        }
    }
}
