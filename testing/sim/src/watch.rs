//! Limits on what may happen, checked while it happens.

use std::time::Duration;

use abide_link::StreamId;
use abide_link::limits::{
    RECEIVE_WINDOW, SEND_BUFFER_MAX, SEND_GROWTH_MAX, WINDOW_FIRST, WINDOW_GROWTH_MAX,
};
use abide_terms::{Ending, Moment};

use crate::queue::{CLIENT, EndIndex, Event, KEEPER};
use crate::world::World;

/// A carrier in doubt for so long beside a better one is dropped.
pub(crate) const DOUBTFUL_FOR: Duration = Duration::from_secs(120);
/// A pipe that is not wanted beside QUIC goes after this.
pub(crate) const SPARE_AFTER: Duration = Duration::from_secs(10);
/// Frames that one event may cause.
pub(crate) const TRANSMITS_MAX: u64 = 50_000;
/// Events at one and the same moment.
const EVENTS_AT_ONCE_MAX: u64 = 20_000;
/// Packets of an idle link, both directions, in an hour.
pub(crate) const IDLE_PACKETS_MAX: u64 = 260;
/// Packets beyond that on a path that loses some.
const IDLE_LOSSES_MAX: u64 = 800;
/// Timers of an idle link that fire in an hour, both ends.
const IDLE_WAKES_MAX: u64 = 600;
/// What is still stuck so long after all faults are over is stuck for ever.
const STUCK_AFTER: Duration = Duration::from_secs(180);
/// A paused reader goes on within this.
const STUCK_AGAIN: Duration = Duration::from_secs(60);
const QUARTER: Duration = Duration::from_secs(900);

/// Counters for these limits.
#[derive(Debug)]
pub(crate) struct Watch {
    pub(crate) packets: u64,
    pub(crate) wakes: u64,
    /// When a fault began or ended, or a program did something.
    pub(crate) disturbed: Moment,
    pub(crate) review_client: bool,
    pub(crate) closed: Option<Ending>,
    at_once: u64,
}

impl Watch {
    pub(crate) fn new() -> Self {
        Watch {
            packets: 0,
            wakes: 0,
            disturbed: Moment::ZERO,
            review_client: false,
            closed: None,
            at_once: 0,
        }
    }
}

impl World {
    /// Notes the first broken rule.
    pub(crate) fn fail(&mut self, what: String) {
        self.failure.get_or_insert(what);
    }

    pub(crate) fn check_buffers(&mut self, end: EndIndex) {
        let (most, growing) = self.ends[end].link.most_buffered();
        let first = self.ends[end].uses.len() as u64 * 2 * WINDOW_FIRST;
        if most > SEND_BUFFER_MAX as u64 + RECEIVE_WINDOW {
            self.fail(format!("end {end} buffers {most} bytes of one stream"));
        }
        if growing > SEND_GROWTH_MAX as u64 + WINDOW_GROWTH_MAX + first {
            self.fail(format!("end {end} buffers {growing} bytes of growing streams"));
        }
    }

    /// Moves the world's clock.
    pub(crate) fn check_progress(&mut self, at: Moment) {
        self.watch.at_once = if at > self.now { 0 } else { self.watch.at_once + 1 };
        if self.watch.at_once > EVENTS_AT_ONCE_MAX {
            self.fail("time stands still".into());
        }
        self.now = at;
    }

    /// Quiet quarters of an hour must be quiet.
    pub(crate) fn on_quarter(&mut self) {
        let (packets, wakes) =
            (std::mem::take(&mut self.watch.packets), std::mem::take(&mut self.watch.wakes));
        self.queue.plan(self.now + QUARTER, Event::Quarter);
        let settled = self.watch.disturbed + QUARTER + Duration::from_secs(600);
        let fair = self.path.active == self.path.udp_blocked;
        if self.now < settled || !fair || self.ends[CLIENT].link.silent_since().is_some() {
            return;
        }
        self.totals.quiet_quarters += 1;
        if self.profile.loss_ppm == 0 {
            self.totals.most_idle_packets = self.totals.most_idle_packets.max(packets * 4);
        }
        // What a lossy path loses is asked for again; chance may put much of that into one quarter.
        let lossy = self.profile.loss_ppm > 0;
        let most = IDLE_PACKETS_MAX + if lossy { IDLE_LOSSES_MAX } else { 0 };
        if packets * 4 > most || wakes * 4 > IDLE_WAKES_MAX {
            self.fail(format!("{packets} packets and {wakes} wakes in a quiet quarter of an hour"));
        }
    }

    /// After a fault: plans to look whether anything is stuck.
    pub(crate) fn plan_stuck_check(&mut self) {
        let calm_since = self.path.calm_since;
        self.marks_cleared();
        self.queue.plan(self.now + STUCK_AFTER, Event::StuckCheck { calm_since });
    }

    fn marks_cleared(&mut self) {
        let uses = self.ends.iter_mut().flat_map(|end| end.uses.values_mut());
        uses.for_each(|usage| usage.mark = None);
    }

    /// All was calm for a while: the link is heard, and every stream has ended or gets on.
    pub(crate) fn on_stuck_check(&mut self, calm_since: Moment) {
        if self.path.active > 0 || self.path.calm_since != calm_since {
            return;
        }
        if self.client.recovery.needs_user() {
            return;
        }
        let silent_since = self.ends[CLIENT].link.silent_since();
        let silence = silent_since.map(|since| self.local(CLIENT).since(since));
        if silence > Some(STUCK_AFTER / 2) {
            return self
                .fail(format!("silent for {silence:?}, {STUCK_AFTER:?} after the last fault"));
        }
        let mut waits = false;
        for end in [CLIENT, KEEPER] {
            let streams: Vec<StreamId> = self.ends[end].uses.keys().copied().collect();
            for stream in streams {
                waits |= self.check_stream(end, stream);
            }
        }
        if waits {
            self.queue.plan(self.now + STUCK_AGAIN, Event::StuckCheck { calm_since });
        }
    }

    /// True while a stream is not drained; two checks without progress between them are a failure.
    fn check_stream(&mut self, end: EndIndex, stream: StreamId) -> bool {
        let (acknowledged, drained) = self.acknowledged(end, stream);
        let Some(usage) = self.ends[end].uses.get_mut(&stream) else { return false };
        let before = usage.mark.replace(acknowledged);
        if drained {
            usage.mark = None;
        } else if before == Some(acknowledged) {
            let left = self.ends[end].link.unacknowledged(stream);
            self.fail(format!(
                "end {end}, {stream:?}: stuck at {acknowledged}, {left} bytes not acknowledged"
            ));
        }
        !drained
    }
}
