//! Everything that happens because time passed.

use abide_terms::Moment;

use crate::carrier::{Carrier, CarrierId};
use crate::frame::Frame;
use crate::limits::TAIL_MAX;
use crate::link::{Link, LinkEvent};
use crate::stream_id::{Class, Role, StreamId};

/// What a link waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timer {
    /// When to acknowledge a stream, if no echo carried it before.
    Ack,
    /// When to repeat an unanswered tail in a datagram.
    Tail(CarrierId, StreamId),
    /// When to ask, or to doubt, a carrier that owes an answer.
    Doubt(CarrierId),
    /// When to ask a doubtful carrier again.
    Ping(CarrierId),
    /// When to keep a quiet carrier's path alive, or to check it early.
    Keepalive(CarrierId),
}

impl Link {
    /// When to call `handle_timeout` next; `None` while nothing can become due.
    pub fn poll_timeout(&self) -> Option<Moment> {
        self.timers().map(|(at, _)| at).min()
    }

    /// Does all that is due at `now`.
    pub fn handle_timeout(&mut self, now: Moment) {
        let due: Vec<Timer> =
            self.timers().filter(|(at, _)| *at <= now).map(|(_, timer)| timer).collect();
        for timer in due {
            match timer {
                Timer::Ack | Timer::Tail(..) => {} // poll_transmit finds them
                Timer::Doubt(id) => self.on_overdue(now, id),
                Timer::Ping(id) => self.ping(now, id),
                Timer::Keepalive(id) => self.on_quiet(now, id),
            }
        }
    }

    fn timers(&self) -> impl Iterator<Item = (Moment, Timer)> + '_ {
        let open = self.ending.is_none();
        let best = self.best();
        let acks = self.streams.next_ack().map(|(at, _)| (at, Timer::Ack)).into_iter();
        let carriers = self.carriers.iter().filter(move |_| open).flat_map(move |carrier| {
            let echo = carrier.asked > 0 && self.awaits_echo(carrier);
            let keeps = self.role == Role::Client && Some(carrier.id) == best;
            let keepalive = keeps.then(|| carrier.keepalive_at()).flatten();
            let single = [
                carrier.overdue_at(echo).map(|at| (at, Timer::Doubt(carrier.id))),
                carrier.next_ping_at().map(|at| (at, Timer::Ping(carrier.id))),
                keepalive.map(|at| (at, Timer::Keepalive(carrier.id))),
            ];
            single.into_iter().flatten().chain(self.tail_timers(carrier.id))
        });
        let may_send = open && best.is_some();
        acks.filter(move |_| may_send).chain(carriers)
    }

    fn tail_timers(&self, id: CarrierId) -> impl Iterator<Item = (Moment, Timer)> + '_ {
        let carrier = self.carriers.iter().find(move |carrier| carrier.id == id);
        let speaks = Some(id) == self.best() || self.silent.is_some();
        let carrier = carrier.filter(|carrier| speaks && carrier.kind.datagram_max().is_some());
        carrier.into_iter().flat_map(move |carrier| {
            self.streams.undrained(Class::Interactive).filter_map(move |stream_id| {
                let outbox = &self.streams.get(stream_id)?.outbox;
                let lane = carrier.lanes.get(&stream_id)?;
                let sent = lane.tail_at.filter(|_| outbox.tail_fits(carrier.kind))?;
                let repeat = sent + carrier.rtt.retransmit_after(lane.tries);
                let copy = lane.copies.due_at().filter(|_| carrier.doubt.is_none());
                let at = copy.map_or(repeat, |copy| copy.min(repeat));
                Some((at, Timer::Tail(id, stream_id)))
            })
        })
    }

    /// Something owed is overdue. What peers answer at once is a reason for doubt; bulk may take long to
    /// cross, and one keepalive may be lost: these are a reason to ask.
    fn on_overdue(&mut self, now: Moment, id: CarrierId) {
        let Some(index) = self.carriers.iter().position(|carrier| carrier.id == id) else { return };
        let outstanding = self.is_outstanding(index);
        let prompt = self.awaits_echo(&self.carriers[index]);
        let carrier = &mut self.carriers[index];
        let owes_sign = carrier.owed_sign.take().is_some();
        match carrier.ping {
            None if !outstanding && !owes_sign => carrier.owed = None, // another carrier delivered it
            None if !prompt => {
                carrier.owed = None;
                carrier.asked = carrier.asked.saturating_add(1);
                self.ping(now, id);
            }
            Some(question) if !prompt && now < question.first + carrier.rtt.doubt_after() => {
                carrier.owed = Some(question.first);
            }
            _ => self.on_doubt(now, id),
        }
    }

    /// Echo-sized bytes of an interactive stream wait for their acknowledgement.
    fn awaits_echo(&self, carrier: &Carrier) -> bool {
        self.streams.undrained(Class::Interactive).any(|id| {
            let small =
                self.streams.get(id).is_some_and(|stream| stream.outbox.buffered() <= TAIL_MAX);
            small && carrier.lanes.contains_key(&id)
        })
    }

    /// An answer is overdue: ask every carrier, and let tails go out on all.
    fn on_doubt(&mut self, now: Moment, id: CarrierId) {
        let Some(carrier) = self.carrier_mut(id) else { return };
        carrier.doubt = Some(now);
        carrier.owed = None;
        carrier.owed_sign = None;
        carrier.ping_tries = 0;
        carrier.sample = None;
        self.events.push_back(LinkEvent::Doubt(id));
        let unasked: Vec<CarrierId> = self
            .carriers
            .iter()
            .filter(|other| other.id == id || other.ping.is_none())
            .map(|other| other.id)
            .collect();
        unasked.into_iter().for_each(|other| self.ping(now, other));
        self.review_silence(now);
    }

    /// Nothing was said for a while.
    fn on_quiet(&mut self, now: Moment, id: CarrierId) {
        let Some(carrier) = self.carrier_mut(id) else { return };
        let checks = std::mem::take(&mut carrier.early_check);
        if checks || carrier.kind.datagram_max().is_none() {
            self.ping(now, id);
            return;
        }
        carrier.owed_sign.get_or_insert(now);
        carrier.last_sent = now;
        carrier.enqueue(Frame::Keepalive);
    }
}
