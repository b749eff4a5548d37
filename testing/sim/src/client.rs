//! What the client does to get its link back, as the real `Recovery` tells it.

use std::time::Duration;

use abide_link::recovery::{Recovery, Step};
use abide_link::{CarrierId, CarrierKind, knock};
use abide_terms::Moment;

use crate::profile::Reach;
use crate::queue::{CLIENT, Event, KEEPER};
use crate::watch::SPARE_AFTER;
use crate::wire::Curse;
use crate::world::{LINK, World};

/// So long after the last fault nothing has reason to fall silent.
const FALSE_ALARM_AFTER: Duration = Duration::from_secs(60);

/// The client's side of getting carriers.
pub(crate) struct Client {
    pub(crate) recovery: Recovery,
    /// When its next `Step` is planned.
    pub(crate) step_at: Option<Moment>,
    /// Counts ssh attempts; a new one gives the last up.
    attempt: u64,
    /// Wires whose handshake runs.
    ssh: Option<CarrierId>,
    quic: Option<CarrierId>,
    /// Which connection was kicked last, and when.
    kicked: Option<(CarrierId, Moment)>,
    on_udp: bool,
    knocks: u64,
}

impl Client {
    pub(crate) fn new(now: Moment, has_udp: bool, seed: u64) -> Self {
        Client {
            recovery: Recovery::new(now, has_udp, seed),
            step_at: None,
            attempt: 0,
            ssh: None,
            quic: None,
            kicked: None,
            on_udp: false,
            knocks: 0,
        }
    }
}

impl World {
    /// The first carrier of a link comes with it.
    pub(crate) fn connect_first(&mut self) {
        self.client.ssh = Some(self.connect(self.stdio()));
    }

    fn stdio(&self) -> CarrierKind {
        match self.profile.reach {
            Reach::Local => CarrierKind::Local,
            Reach::Ssh | Reach::SshAndUdp => CarrierKind::SshPipe,
        }
    }

    /// Does what recovery wants done now, and plans for the next time.
    pub(crate) fn step(&mut self) {
        if self.client.step_at == Some(self.now) {
            self.client.step_at = None;
        }
        if self.ends[CLIENT].asleep > 0 {
            return;
        }
        let now = self.local(CLIENT);
        while let Some(step) = self.client.recovery.poll_step(now) {
            match step {
                Step::Knock => self.knock(),
                Step::RunSsh => self.run_ssh(),
            }
        }
        let Some(at) = self.client.recovery.poll_timeout() else { return };
        let at = Moment::from_nanos(at.as_nanos().saturating_sub(self.ends[CLIENT].offset));
        let at = at.max(self.now);
        if self.client.step_at.is_none_or(|planned| at < planned) {
            self.client.step_at = Some(at);
            self.queue.plan(at, Event::Step);
        }
    }

    fn knock(&mut self) {
        self.watch.packets += 1;
        self.client.knocks += 1;
        let awake = self.ends[KEEPER].asleep == 0;
        if !awake || !self.path.answers_udp(&self.profile, &mut self.rng) {
            return;
        }
        self.watch.packets += 1;
        let number = self.client.knocks;
        let asked = knock::read(&knock::knock(&self.key, LINK, number));
        let answer = asked.and_then(|claim| claim.answer(&self.key));
        let answered = answer.and_then(|answer| knock::read(&answer)?.answered(&self.key));
        if answered != Some(number) {
            return self.fail("a knock was not understood".into());
        }
        self.queue.plan(self.now + self.profile.rtt, Event::KnockAnswered);
    }

    /// UDP works now: kick the connection that is there, or open another.
    pub(crate) fn on_knock_answered(&mut self) {
        if self.ends[CLIENT].asleep > 0 || self.client.quic.is_some() {
            return;
        }
        let present = self.wires.iter().find(|(_, wire)| wire.is_quic() && wire.joined(CLIENT));
        let Some(id) = present.map(|(id, _)| *id) else {
            return self.connect_quic();
        };
        if !self.ends[CLIENT].link.in_doubt(id) {
            return;
        }
        let patience = (self.profile.rtt * 2).max(Duration::from_millis(300));
        match self.client.kicked.filter(|(kicked, _)| *kicked == id) {
            None => self.kick(id),
            Some((_, at)) if self.now.since(at) > patience => self.connect_quic(),
            Some(_) => {}
        }
    }

    pub(crate) fn connect_quic(&mut self) {
        let kind = CarrierKind::Quic { payload_max: self.profile.datagram_max };
        self.client.quic = Some(self.connect(kind));
    }

    /// Opens another pipe (or local socket) at once.
    pub(crate) fn connect_stdio(&mut self) {
        if self.client.ssh.is_none() {
            self.client.ssh = Some(self.connect(self.stdio()));
        }
    }

    /// A new socket for the connection, and a question on it.
    pub(crate) fn kick(&mut self, id: CarrierId) {
        let now = self.local(CLIENT);
        self.client.kicked = Some((id, self.now));
        let Some(wire) = self.wires.get_mut(&id) else { return };
        if wire.curse == Curse::UntilKick {
            wire.curse = Curse::None;
        }
        self.unstall(Some(id));
        self.ends[CLIENT].link.kick(now, id);
        self.settle(CLIENT);
    }

    /// The host says that the network changed or the machine woke.
    pub(crate) fn on_network_change(&mut self) {
        let now = self.local(CLIENT);
        self.client.recovery.handle_network_change(now);
        let joined: Vec<CarrierId> =
            self.wires.iter().filter(|(_, wire)| wire.joined(CLIENT)).map(|(id, _)| *id).collect();
        joined.into_iter().for_each(|id| self.kick(id));
        self.step();
    }

    fn run_ssh(&mut self) {
        self.client.attempt += 1;
        if let Some(given_up) = self.client.ssh.take() {
            self.close_wire(CLIENT, given_up);
        }
        let began_up = self.ssh_works();
        let takes = match self.profile.reach {
            Reach::Local => Duration::from_millis(1),
            _ if began_up => {
                self.profile.rtt * self.rng.between(3, 5) as u32
                    + Duration::from_millis(self.rng.between(50, 300))
            }
            _ => Duration::from_millis(self.rng.between(2_000, 15_000)),
        };
        self.queue
            .plan(self.now + takes, Event::SshEnds { began_up, attempt: self.client.attempt });
    }

    fn ssh_works(&self) -> bool {
        let local = self.profile.reach == Reach::Local;
        self.ends[KEEPER].asleep == 0 && (local || self.path.answers_tcp())
    }

    pub(crate) fn on_ssh_ends(&mut self, began_up: bool, attempt: u64) {
        if attempt != self.client.attempt {
            return;
        }
        let now = self.local(CLIENT);
        let needs_user = self.rng.once_in(50);
        if began_up && self.ssh_works() && !needs_user && self.ends[CLIENT].asleep == 0 {
            return self.client.ssh = Some(self.connect(self.stdio()));
        }
        let needs_user = needs_user && began_up;
        self.client.recovery.handle_ssh_failed(now, needs_user);
        if needs_user {
            let at = self.now + Duration::from_millis(self.rng.between(5_000, 60_000));
            self.queue.plan(at, Event::SignIn);
        }
        self.step();
    }

    pub(crate) fn on_sign_in(&mut self) {
        if self.client.recovery.needs_user() {
            let now = self.local(CLIENT);
            self.client.recovery.handle_sign_in(now);
            self.step();
        }
    }

    pub(crate) fn on_client_joined(&mut self, id: CarrierId) {
        let now = self.local(CLIENT);
        if self.client.ssh == Some(id) {
            self.client.ssh = None;
            self.client.recovery.handle_ssh_done(now);
        }
        if self.client.quic == Some(id) {
            self.client.quic = None;
            let ids = self.wires.keys();
            let tidy = |wire: &CarrierId| Event::Tidy { end: CLIENT, wire: *wire };
            ids.for_each(|wire| self.queue.plan(self.now + SPARE_AFTER, tidy(wire)));
        }
        self.step();
    }

    /// The client lost a wire, joined or not.
    pub(crate) fn on_client_lost(&mut self, id: CarrierId) {
        if self.client.ssh == Some(id) {
            self.client.ssh = None;
            let now = self.local(CLIENT);
            self.client.recovery.handle_ssh_failed(now, false);
        }
        if self.client.quic == Some(id) {
            self.client.quic = None;
        }
        self.step();
    }

    pub(crate) fn on_client_silence(&mut self, silent: bool) {
        let now = self.local(CLIENT);
        let any_carrier = self.ends[CLIENT].link.carriers().next().is_some();
        if silent {
            let calm = self.path.active == 0
                && self.now.since(self.path.last_fault.max(self.path.calm_since))
                    > FALSE_ALARM_AFTER;
            self.totals.false_alarms += u64::from(calm && self.profile.loss_ppm == 0);
            self.client.recovery.handle_silent(now, any_carrier);
        } else {
            self.client.recovery.handle_heard(now);
            self.client.kicked = None;
        }
        self.watch.review_client = true;
    }

    /// After the client's link was drained: tells recovery what carries it now.
    pub(crate) fn review_client(&mut self) {
        let best = self.ends[CLIENT].link.best().and_then(|best| self.wires.get(&best));
        let on_udp = best.is_some_and(|best| best.is_quic());
        if on_udp != self.client.on_udp {
            self.client.on_udp = on_udp;
            let now = self.local(CLIENT);
            self.client.recovery.handle_udp(now, on_udp);
            self.watch.review_client = true;
        }
        if std::mem::take(&mut self.watch.review_client) {
            self.step();
        }
    }
}
