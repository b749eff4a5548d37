//! The way between the two machines as it is now. Who changes it is in `weather`.

use std::time::Duration;

use abide_terms::Moment;

use crate::profile::Profile;
use crate::queue::EndIndex;
use crate::rng::Rng;

/// What faults are acting. Counts, since faults overlap.
#[derive(Debug)]
pub(crate) struct Path {
    /// Nothing passes towards that end.
    pub(crate) down: [u32; 2],
    pub(crate) udp_blocked: u32,
    pub(crate) congested: u32,
    pub(crate) loss_ppm: u64,
    /// Faults of any kind that act now.
    pub(crate) active: u32,
    /// Since when none acts.
    pub(crate) calm_since: Moment,
    /// When the last one began.
    pub(crate) last_fault: Moment,
}

impl Path {
    pub(crate) fn new() -> Self {
        Path {
            down: [0, 0],
            udp_blocked: 0,
            congested: 0,
            loss_ppm: 0,
            active: 0,
            calm_since: Moment::ZERO,
            last_fault: Moment::ZERO,
        }
    }

    /// How long a packet to that end takes, without its own length.
    pub(crate) fn delay(&self, profile: &Profile, rng: &mut Rng) -> Duration {
        let queues = if self.congested > 0 { Duration::from_millis(150) } else { Duration::ZERO };
        profile.rtt / 2 + rng.upto(profile.jitter) + queues
    }

    pub(crate) fn bandwidth(&self, profile: &Profile) -> u64 {
        if self.congested > 0 { profile.bandwidth.min(60_000) } else { profile.bandwidth }
    }

    pub(crate) fn loss_ppm(&self, profile: &Profile) -> u64 {
        profile.loss_ppm.max(self.loss_ppm)
    }

    /// A question over UDP would be answered now.
    pub(crate) fn answers_udp(&self, profile: &Profile, rng: &mut Rng) -> bool {
        let loss = self.loss_ppm(profile);
        self.answers_tcp() && self.udp_blocked == 0 && !rng.ppm(loss) && !rng.ppm(loss)
    }

    pub(crate) fn answers_tcp(&self) -> bool {
        self.down == [0, 0]
    }

    pub(crate) fn passes(&self, to: EndIndex, udp: bool) -> bool {
        self.down[to] == 0 && !(udp && self.udp_blocked > 0)
    }
}
