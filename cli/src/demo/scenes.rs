//! What happens in the demo, in order, and what it is called.

use std::time::Duration;

use abide_demo::trial::{Fault, Part, Timing};

/// A session that has not answered by then counts as dead; ssh alone makes the demo wait so long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// How long the parts of each trial take.
pub(crate) const TIMING: Timing = Timing {
    calm: Duration::from_millis(1500),
    recovery: PATIENCE,
    settle: Duration::from_secs(2),
};

/// One fault, with its words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene {
    pub(crate) fault: Fault,
    /// Its name in the table; the table's first column is as wide as the longest.
    pub(crate) name: &'static str,
    during: &'static str,
    after: &'static str,
}

/// The whole demo.
pub(crate) const SCENES: [Scene; 5] = [
    Scene {
        fault: Fault::Cable(Duration::from_secs(5)),
        name: "cable out for 5 s",
        during: "the cable is out",
        after: "the cable is back in",
    },
    Scene {
        fault: Fault::Address,
        name: "new address",
        during: "the client moves to another network",
        after: "the client has moved to another network",
    },
    Scene {
        fault: Fault::Nat,
        name: "NAT forgets",
        during: "the NAT drops its table",
        after: "the NAT has dropped its table",
    },
    Scene {
        fault: Fault::Reset,
        name: "connection reset",
        during: "TCP connections are reset",
        after: "TCP connections were reset",
    },
    Scene {
        fault: Fault::UdpBlocked(Duration::from_secs(8)),
        name: "UDP out for 8 s",
        during: "UDP is blocked, TCP works",
        after: "UDP passes again",
    },
];

impl Scene {
    /// What is going on.
    pub(crate) fn words(&self, part: Part) -> &'static str {
        match part {
            Part::Before => "both sessions run undisturbed",
            Part::Fault => self.during,
            Part::After => self.after,
            Part::Closing => "counting what was lost",
        }
    }

    /// How long the fault lasts; zero for one that happens at once.
    pub(crate) fn lasts(&self) -> Duration {
        match self.fault {
            Fault::Cable(time) | Fault::UdpBlocked(time) => time,
            Fault::None | Fault::Address | Fault::Nat | Fault::Reset => Duration::ZERO,
        }
    }
}
