//! Faults: which, when, and what they do.

use std::time::Duration;

use abide_link::CarrierId;

use crate::profile::Reach;
use crate::queue::{CLIENT, EndIndex, Event, KEEPER};
use crate::scenario::Fault;
use crate::wire::Curse;
use crate::world::World;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

impl World {
    /// Chooses a fault, and what the programs do about that time; then plans the next.
    pub(crate) fn on_next_fault(&mut self) {
        let Some(every) = self.faults_every.filter(|_| !self.over) else { return };
        let night = self.rng.once_in(400);
        let wait = match night {
            true => self.rng.span(HOUR * 2, HOUR * 6),
            false => every.mul_f64(-(1.0 - self.rng.fraction()).ln()),
        };
        self.queue.plan(self.now + wait, Event::NextFault);
        let fault = self.random_fault(night);
        self.begin(fault);
        if night {
            return;
        }
        let soon = fault.lasts().clamp(SECOND * 2, MINUTE);
        if self.rng.once_in(2) {
            let (at, left) = (self.now + self.rng.upto(soon), self.rng.between(1, 6));
            self.queue.plan(at, Event::Key { left });
        }
        if self.rng.once_in(25) {
            let most = (self.profile.bandwidth * 20).min(1_500_000);
            let size = match self.rng.once_in(60) {
                true => (self.profile.bandwidth * 60).min(9_000_000),
                false => self.rng.scale(1_000, most),
            };
            let opener = self.rng.below(2) as EndIndex;
            let at = self.now + self.rng.upto(soon);
            self.queue.plan(at, Event::Transfer { opener, size, scripted: false });
        }
        if self.rng.once_in(150) {
            self.queue.plan(self.now + wait / 2, Event::Key { left: 150 });
        }
    }

    fn random_fault(&mut self, long: bool) -> Fault {
        let rng = &mut self.rng;
        let short = rng.span(SECOND, SECOND * 30);
        let lasts = match rng.below(20) {
            0 => rng.span(SECOND * 30, MINUTE * 10),
            _ if long => rng.span(MINUTE * 10, HOUR * 3),
            _ => short,
        };
        let coin = rng.once_in(2);
        match rng.below(17) {
            0..=2 => Fault::Outage(lasts),
            3 => Fault::OneWay { towards_client: coin, lasts },
            4 => Fault::Loss { ppm: rng.between(50_000, 500_000), lasts },
            5..=6 => Fault::NatForgets { pipes_too: coin, kick_cures: rng.once_in(2) },
            7..=8 => Fault::CarrierDies { keeper_told: coin },
            9 if long => Fault::ClientSleeps(rng.span(HOUR, HOUR * 60)),
            9..=10 => Fault::ClientSleeps(lasts),
            11 => Fault::KeeperPauses(short),
            12 => Fault::BothPause(lasts),
            13 => Fault::Replaced,
            14 => Fault::Flapping(SECOND * 40),
            15 if rng.once_in(3) => Fault::ClockJumps { client: coin, by: lasts * 60 },
            15 => Fault::Congested(lasts),
            _ => Fault::UdpBlocked(lasts * if coin { 10 } else { 1 }),
        }
    }

    /// A fault of the script; the person types in the midst of it, and when it is over.
    pub(crate) fn begin_scripted(&mut self, fault: Fault) {
        let lasts = fault.lasts();
        self.queue.plan(self.now + lasts / 2, Event::Key { left: 3 });
        self.queue.plan(self.now + lasts + SECOND / 10, Event::Key { left: 3 });
        self.begin(fault);
    }

    /// A fault begins.
    pub(crate) fn begin(&mut self, fault: Fault) {
        if self.over {
            return;
        }
        self.totals.faults += 1;
        self.watch.disturbed = self.now;
        self.path.last_fault = self.now;
        match fault {
            Fault::Outage(_) => self.shift_down([1, 1]),
            Fault::OneWay { towards_client, .. } => {
                self.shift_down(if towards_client { [1, 0] } else { [0, 1] });
            }
            Fault::Loss { ppm, .. } => self.path.loss_ppm = ppm,
            Fault::NatForgets { pipes_too, kick_cures } => {
                self.forget_mappings(pipes_too, kick_cures)
            }
            Fault::CarrierDies { keeper_told } => self.break_carrier(keeper_told),
            Fault::ClientSleeps(_) => self.ends[CLIENT].asleep += 1,
            Fault::KeeperPauses(_) => self.ends[KEEPER].asleep += 1,
            Fault::BothPause(_) => self.ends.iter_mut().for_each(|end| end.asleep += 1),
            Fault::ClockJumps { client, by } => self.jump(if client { CLIENT } else { KEEPER }, by),
            Fault::Replaced => self.replace_carrier(),
            Fault::Flapping(lasts) => {
                let flap = Event::Flap { until: self.now + lasts, down: true };
                self.queue.plan(self.now, flap);
            }
            Fault::UdpBlocked(_) => self.path.udp_blocked += 1,
            Fault::Congested(_) => self.path.congested += 1,
        }
        if fault.lasts() > Duration::ZERO {
            self.path.active += 1;
            self.queue.plan(self.now + fault.lasts(), Event::Heal(fault));
        } else if self.path.active == 0 {
            self.path.calm_since = self.now;
            self.plan_stuck_check();
        }
    }

    /// A fault is over.
    pub(crate) fn heal(&mut self, fault: Fault) {
        self.watch.disturbed = self.now;
        match fault {
            Fault::Outage(_) => self.path.down.iter_mut().for_each(|down| *down -= 1),
            Fault::OneWay { towards_client, .. } => {
                self.path.down[if towards_client { CLIENT } else { KEEPER }] -= 1;
            }
            Fault::Loss { .. } => self.path.loss_ppm = 0,
            Fault::ClientSleeps(_) => self.wake_up(CLIENT),
            Fault::KeeperPauses(_) => self.wake_up(KEEPER),
            Fault::BothPause(_) => [CLIENT, KEEPER].into_iter().for_each(|end| self.wake_up(end)),
            Fault::UdpBlocked(_) => self.path.udp_blocked -= 1,
            Fault::Congested(_) => self.path.congested -= 1,
            _ => {}
        }
        self.path.active -= 1;
        if self.path.active == 0 {
            self.path.calm_since = self.now;
            self.plan_stuck_check();
        }
        self.unstall(None);
    }

    /// A flapping path is up or down for a second or two.
    pub(crate) fn on_flap(&mut self, until: abide_terms::Moment, down: bool) {
        let next = self.now + self.rng.span(SECOND / 3, SECOND * 3);
        if down && self.now < until {
            self.shift_down([1, 1]);
            self.queue.plan(next.min(until), Event::Flap { until, down: false });
        } else if !down {
            self.path.down.iter_mut().for_each(|down| *down -= 1);
            self.unstall(None);
            self.queue.plan(next, Event::Flap { until, down: true });
        }
    }

    fn shift_down(&mut self, by: [u32; 2]) {
        self.path.down[CLIENT] += by[0];
        self.path.down[KEEPER] += by[1];
    }

    fn forget_mappings(&mut self, pipes_too: bool, kick_cures: bool) {
        let curse = if kick_cures { Curse::UntilKick } else { Curse::ForEver };
        for wire in self.wires.values_mut() {
            if wire.is_quic() {
                wire.curse = curse;
            } else if pipes_too {
                wire.curse = Curse::ForEver;
            }
        }
        if self.rng.once_in(3) && self.ends[CLIENT].asleep == 0 {
            self.on_network_change();
        }
    }

    fn break_carrier(&mut self, keeper_told: bool) {
        let joined: Vec<CarrierId> =
            self.wires.iter().filter(|(_, wire)| wire.joined(CLIENT)).map(|(id, _)| *id).collect();
        let Some(id) = joined.get(self.rng.below(joined.len() as u64) as usize).copied() else {
            return;
        };
        self.queue.plan(self.now, Event::Gone { wire: id, end: CLIENT });
        if keeper_told {
            self.queue.plan(self.now + self.profile.rtt, Event::Gone { wire: id, end: KEEPER });
        }
    }

    fn replace_carrier(&mut self) {
        if self.ends[CLIENT].asleep > 0 {
            return;
        }
        match self.profile.reach {
            Reach::SshAndUdp if self.rng.once_in(2) => self.connect_quic(),
            _ => self.connect_stdio(),
        }
    }

    fn jump(&mut self, end: EndIndex, by: Duration) {
        self.ends[end].offset += by.as_nanos() as u64;
        self.settle(end);
        if end == CLIENT {
            self.step();
        }
    }

    fn wake_up(&mut self, end: EndIndex) {
        self.ends[end].asleep -= 1;
        if self.ends[end].asleep > 0 {
            return;
        }
        if end == CLIENT {
            if self.rng.once_in(3) {
                let pipes_too = self.rng.once_in(2);
                self.forget_mappings(pipes_too, false);
            }
            self.on_network_change();
        }
        let now = self.local(end);
        self.ends[end].link.handle_timeout(now);
        self.settle(end);
    }
}

impl Fault {
    /// How long it acts; zero for what happens at one moment.
    pub(crate) fn lasts(&self) -> Duration {
        match *self {
            Fault::Outage(lasts)
            | Fault::OneWay { lasts, .. }
            | Fault::Loss { lasts, .. }
            | Fault::ClientSleeps(lasts)
            | Fault::KeeperPauses(lasts)
            | Fault::BothPause(lasts)
            | Fault::Flapping(lasts)
            | Fault::UdpBlocked(lasts)
            | Fault::Congested(lasts) => lasts,
            Fault::NatForgets { .. }
            | Fault::CarrierDies { .. }
            | Fault::ClockJumps { .. }
            | Fault::Replaced => Duration::ZERO,
        }
    }
}
