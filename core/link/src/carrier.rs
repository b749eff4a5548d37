//! What a link knows of one carrier: its kind, its timing, what was sent on it. Not a driver.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use abide_terms::Moment;

use crate::flight::Flight;
use crate::frame::Frame;
use crate::limits::{
    DATA_HEAD_MAX, DOUBT_MAX, EARLY_CHECK, KEEPALIVE_DATAGRAM, KEEPALIVE_MIN, KEEPALIVE_PIPE,
    PONGS_MAX, RIDE_WITHIN, TAIL_MAX,
};
use crate::masking::{Copies, Masking};
use crate::rtt::Rtt;
use crate::stream_id::StreamId;

/// Names one carrier of one link, for as long as the process lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CarrierId(pub u64);

/// What a carrier can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CarrierKind {
    /// A socket on this machine: ordered, and never lost but with one of the two ends.
    Local,
    /// A QUIC connection: datagrams for what is urgent, an ordered lane for each stream.
    Quic {
        /// Largest datagram, in bytes.
        payload_max: usize,
    },
    /// The stdio of an ssh process: one ordered lane.
    SshPipe,
}

impl CarrierKind {
    /// Smaller is better.
    fn rank(self) -> u8 {
        match self {
            CarrierKind::Local => 0,
            CarrierKind::Quic { .. } => 1,
            CarrierKind::SshPipe => 2,
        }
    }

    pub(crate) fn datagram_max(self) -> Option<usize> {
        match self {
            CarrierKind::Quic { payload_max } => Some(payload_max),
            CarrierKind::Local | CarrierKind::SshPipe => None,
        }
    }

    /// Longest tail that one datagram repeats whole.
    pub(crate) fn tail_max(self) -> Option<usize> {
        self.datagram_max().map(|max| max.saturating_sub(DATA_HEAD_MAX).min(TAIL_MAX))
    }

    fn keepalive_after(self) -> Duration {
        let usual = match self {
            CarrierKind::Quic { .. } => KEEPALIVE_DATAGRAM,
            CarrierKind::SshPipe | CarrierKind::Local => KEEPALIVE_PIPE,
        };
        usual.max(KEEPALIVE_MIN)
    }
}

/// What was sent of one stream on one carrier.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lane {
    /// Next offset for the ordered lane.
    pub(crate) cursor: u64,
    /// How far the last datagram reached.
    pub(crate) tail_end: u64,
    /// When it went.
    pub(crate) tail_at: Option<Moment>,
    /// How often it was repeated since something new was in it.
    pub(crate) tries: u32,
    /// Repeats that do not wait for that.
    pub(crate) copies: Copies,
    /// It goes once more with an acknowledgement that is just being sent.
    pub(crate) rides: bool,
}

/// PINGs that were not answered. An answer to any of them answers all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question {
    pub(crate) first: Moment,
    pub(crate) last: Moment,
}

/// One carrier of a link.
#[derive(Debug)]
pub(crate) struct Carrier {
    pub(crate) id: CarrierId,
    pub(crate) kind: CarrierKind,
    pub(crate) rtt: Rtt,
    pub(crate) masking: Masking,
    pub(crate) flight: Flight,
    /// Bytes that the driver takes now. Nothing goes out on an ordered lane at zero.
    pub(crate) budget: usize,
    /// The peer has said what it received; large backlogs wait for that.
    pub(crate) resumed: bool,
    /// How much of the link's `news` was told on it.
    pub(crate) told: u64,
    /// How much is to be told now, before anything else.
    pub(crate) resume: Option<u64>,
    /// Of streams that wait for acknowledgement of something sent on it.
    pub(crate) lanes: BTreeMap<StreamId, Lane>,
    pub(crate) queue: VecDeque<Frame>,
    /// Since when an answer from the peer's link is owed.
    pub(crate) owed: Option<Moment>,
    /// Since when any sign of life is owed (an unanswered keepalive).
    pub(crate) owed_sign: Option<Moment>,
    /// Since when it is in doubt.
    pub(crate) doubt: Option<Moment>,
    pub(crate) ping: Option<Question>,
    pub(crate) ping_tries: u32,
    /// Pings sent since something was delivered, because bulk was overdue.
    pub(crate) asked: u32,
    pub(crate) last_heard: Moment,
    pub(crate) last_sent: Moment,
    /// Data came since the last early check.
    pub(crate) early_check: bool,
    /// Varies the keepalive, so that many clients do not speak in step: up to a tenth, in parts of 1024.
    pub(crate) jitter: u32,
    /// A tail whose acknowledgement will be a round-trip sample.
    pub(crate) sample: Option<(StreamId, u64, Moment)>,
}

impl Carrier {
    pub(crate) fn new(
        now: Moment,
        id: CarrierId,
        kind: CarrierKind,
        resumed: bool,
        jitter: u32,
    ) -> Self {
        Carrier {
            id,
            kind,
            rtt: Rtt::default(),
            masking: Masking::new(now),
            flight: Flight::new(),
            budget: 0,
            resumed,
            told: 0,
            resume: None,
            lanes: BTreeMap::new(),
            queue: VecDeque::new(),
            owed: None,
            owed_sign: None,
            doubt: None,
            ping: None,
            ping_tries: 0,
            asked: 0,
            last_heard: now,
            last_sent: now,
            early_check: false,
            jitter,
            sample: None,
        }
    }

    /// Order of preference: trusted before doubtful, proved before new, then kind, then the shorter
    /// round trip.
    pub(crate) fn preference(&self) -> (bool, bool, u8, Duration, CarrierId) {
        let rtt = self.rtt.smoothed();
        let (proved, rtt) = (rtt.is_some(), rtt.unwrap_or_default());
        (self.doubt.is_some(), !proved, self.kind.rank(), rtt, self.id)
    }

    /// In doubt, and nothing was heard lately either: what is sent now is most likely lost, and would
    /// fill the congestion window of a path that is dead.
    pub(crate) fn is_mute(&self, now: Moment) -> bool {
        self.doubt.is_some() && now >= self.last_heard + self.rtt.retransmit_after(0)
    }

    /// Drops all that waits to be said.
    pub(crate) fn hush(&mut self) {
        self.queue.clear();
        self.resume = None;
    }

    /// Queues a control frame. It replaces an older one that it makes moot, so that the queue is bounded.
    pub(crate) fn enqueue(&mut self, frame: Frame) {
        let moot = |old: &Frame| match (old, &frame) {
            (Frame::Ack(old), Frame::Ack(new)) => old.stream == new.stream,
            (old, new) => std::mem::discriminant(old) == std::mem::discriminant(new),
        };
        let pongs = self.queue.iter().filter(|queued| matches!(queued, Frame::Pong(_))).count();
        let full = !matches!(frame, Frame::Pong(_)) || pongs >= PONGS_MAX;
        if full && let Some(index) = self.queue.iter().position(moot) {
            self.queue.remove(index);
        }
        self.queue.push_back(frame);
    }

    /// When an answer is overdue. Bulk that stalls on a path that answers is asked about less and less
    /// often; `echo`: something waits that is answered at once.
    pub(crate) fn overdue_at(&self, echo: bool) -> Option<Moment> {
        if self.doubt.is_some() {
            return None;
        }
        let since = [self.owed, self.owed_sign].into_iter().flatten().min()?;
        let doublings = if echo || self.ping.is_some() { 0 } else { self.asked.min(8) };
        Some(since + (self.rtt.doubt_after() * (1 << doublings)).min(DOUBT_MAX))
    }

    /// When to ping again, while in doubt.
    pub(crate) fn next_ping_at(&self) -> Option<Moment> {
        self.doubt?;
        let question = self.ping?;
        Some(question.last + self.rtt.retransmit_after(self.ping_tries))
    }

    /// When silence calls for a keepalive or an early check; for the best carrier of a client.
    pub(crate) fn keepalive_at(&self) -> Option<Moment> {
        if self.doubt.is_some() || self.owed.is_some() || self.owed_sign.is_some() {
            return None;
        }
        if self.early_check {
            return Some(self.last_heard.max(self.last_sent) + EARLY_CHECK);
        }
        let usual = self.kind.keepalive_after();
        // NATs forget UDP at a round 30 s, so a datagram carrier's jitter goes down, and is small.
        let after = match self.kind.datagram_max() {
            Some(_) => usual - usual * self.jitter / 4096,
            None => usual + usual * self.jitter / 1024,
        };
        Some(self.last_heard.max(self.last_sent) + after)
    }

    /// An acknowledgement goes out in a datagram: tails that were sent a moment ago go with it, so that
    /// who hears that a key arrived has its echo, too.
    pub(crate) fn take_along(&mut self, now: Moment) {
        if self.kind.datagram_max().is_none() {
            return;
        }
        for lane in self.lanes.values_mut() {
            lane.rides |= lane.tail_at.is_some_and(|sent| sent < now && now <= sent + RIDE_WITHIN);
        }
    }

    /// Bytes of this stream sent on the ordered lane and not acknowledged.
    pub(crate) fn in_flight(&self, stream: StreamId, acked: u64) -> u64 {
        self.lanes.get(&stream).map_or(0, |lane| lane.cursor.saturating_sub(acked))
    }
}
