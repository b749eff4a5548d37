//! What is asked of a run: how long, which faults, and what comes out of it.

use std::time::Duration;

use abide_terms::Moment;

use crate::profile::Profile;
use crate::report::Report;
use crate::world::World;

/// Something that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// No packet passes.
    Outage(Duration),
    /// No packet passes towards the client, or towards the keeper.
    OneWay {
        /// Which direction is dead.
        towards_client: bool,
        /// How long.
        lasts: Duration,
    },
    /// Many packets are lost.
    Loss {
        /// Parts per million.
        ppm: u64,
        /// How long.
        lasts: Duration,
    },
    /// QUIC connections lead nowhere from now on; nobody is told.
    NatForgets {
        /// So do pipes.
        pipes_too: bool,
        /// A new socket cures it (else only a new connection).
        kick_cures: bool,
    },
    /// A carrier breaks with an error.
    CarrierDies {
        /// The keeper is told as well.
        keeper_told: bool,
    },
    /// The client sleeps.
    ClientSleeps(Duration),
    /// The keeper's machine is paused.
    KeeperPauses(Duration),
    /// Both are.
    BothPause(Duration),
    /// A clock that counts suspended time jumps ahead.
    ClockJumps {
        /// The client's clock, else the keeper's.
        client: bool,
        /// How far.
        by: Duration,
    },
    /// The client opens another carrier of a kind that it has.
    Replaced,
    /// The path comes and goes every second or so.
    Flapping(Duration),
    /// UDP passes no more.
    UdpBlocked(Duration),
    /// Little bandwidth and long queues.
    Congested(Duration),
}

/// One run.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Everything that is left to chance follows from it.
    pub seed: u64,
    /// How long faults and programs go on. Then all must arrive.
    pub length: Duration,
    /// Mean time between faults by chance; `None` for none.
    pub faults_every: Option<Duration>,
    /// Faults at given times.
    pub script: Vec<(Duration, Fault)>,
    /// Transfers at given times: whether the keeper sends, and how many bytes.
    pub transfers: Vec<(Duration, bool, u64)>,
    /// Keys typed steadily, five a second, each answered by a few bytes; none by chance then.
    pub typing: u64,
    /// The way between the ends; `None` for one by chance.
    pub profile: Option<Profile>,
}

impl Scenario {
    /// All by chance.
    pub fn random(seed: u64, length: Duration, faults_every: Duration) -> Self {
        Scenario {
            seed,
            length,
            faults_every: Some(faults_every),
            script: Vec::new(),
            transfers: Vec::new(),
            typing: 0,
            profile: None,
        }
    }

    /// These faults alone, on this way.
    pub fn scripted(length: Duration, profile: Profile, script: &[(Duration, Fault)]) -> Self {
        Scenario {
            seed: 1,
            length,
            faults_every: None,
            script: script.to_vec(),
            transfers: Vec::new(),
            typing: 0,
            profile: Some(profile),
        }
    }
}

/// A run that broke a rule.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Of which run.
    pub seed: u64,
    /// When, since its start.
    pub at: Moment,
    /// Which rule.
    pub what: String,
    /// The way between the ends.
    pub profile: Profile,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Failure { seed, at, what, profile } = self;
        write!(f, "seed {seed}, {:.6} s: {what}; on {profile:?}", at.as_nanos() as f64 / 1e9)
    }
}

/// Runs it to its end, or to the first broken rule.
pub fn run(scenario: &Scenario) -> Result<Report, Box<Failure>> {
    World::new(scenario).run()
}
