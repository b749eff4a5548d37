//! What a chart tells, as data: tracks of time, a map, exchanges. Not how it is drawn, and not
//! where the numbers come from: `model` fills it from `abide-timeouts`.

use std::time::Duration;

use crate::exchange::Exchange;
use crate::map::Map;

/// All that one chart tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Story {
    /// What it is about: a host, or this server.
    pub title: String,
    /// The settings that it follows from, one a line.
    pub settings: Vec<Setting>,
    /// What to take away at a glance.
    pub answers: Vec<Answer>,
    /// Time from the last packet.
    pub tracks: Vec<Track>,
    /// Interval and count against the time to a verdict, for each side that has a choice.
    pub maps: Vec<Map>,
    /// What the two ends say to each other, for each side that probes.
    pub exchanges: Vec<Exchange>,
    /// What could not be seen, and why; nothing is drawn of it.
    pub not_checked: Vec<String>,
}

/// One side's settings in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Whose.
    pub side: String,
    /// What is set.
    pub value: String,
    /// Where it comes from.
    pub origin: String,
}

/// A sentence with its sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// How it is meant.
    pub sign: Sign,
    /// In a few words.
    pub headline: String,
    /// In a sentence.
    pub sentence: String,
}

/// How an answer is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// So it is.
    Is,
    /// So people believe, and it is not.
    IsNot,
}

/// One line of time, from the last packet on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    /// Under which heading it stands.
    pub group: Group,
    /// What it is about, in at most [`Track::MAX_LABEL`] letters.
    pub label: String,
    /// What is sent again and again meanwhile.
    pub beats: Option<Beats>,
    /// How it ends.
    pub end: End,
    /// What that means. May be empty.
    pub caption: String,
}

impl Track {
    /// Longer labels are cut.
    pub const MAX_LABEL: usize = 15;
}

/// What a track belongs to. They are drawn in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// What people believe.
    Belief,
    /// The other end has gone: who notices, and when.
    Gone,
    /// Both ends are there and nobody types.
    Idle,
    /// Boxes on the way.
    Path,
}

/// Something sent at equal distances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beats {
    /// The first.
    pub first: Duration,
    /// Between two.
    pub every: Duration,
    /// How many; `None` for as long as the track goes on.
    pub times: Option<u32>,
    /// Whether there is an answer to them.
    pub answered: Answered,
}

/// Whether the other end answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// It does.
    Yes,
    /// It does not: a miss.
    No,
}

/// How a track ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// ssh or sshd closes the connection then.
    Closes(Duration),
    /// The kernel gives the connection up then.
    GivesUp(Duration),
    /// A box on the way forgets a connection that was quiet for so long.
    Forgets {
        /// After this.
        after: Duration,
        /// Whether this connection is ever quiet for so long.
        fate: Fate,
        /// Which boxes do.
        who: String,
    },
    /// The longest time without a packet ends.
    Silence {
        /// Then; `None`: never.
        ends: Option<Duration>,
        /// Who ends it.
        who: String,
    },
    /// People believe that it ends then.
    Believed(Duration),
    /// It never ends.
    Never,
}

impl End {
    /// When, if ever.
    pub fn at(&self) -> Option<Duration> {
        match self {
            End::Closes(at) | End::GivesUp(at) | End::Believed(at) => Some(*at),
            End::Forgets { after, .. } => Some(*after),
            End::Silence { ends, .. } => *ends,
            End::Never => None,
        }
    }
}

/// What becomes of an idle connection at a box on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Something passes in time.
    Held,
    /// Nothing passes for longer than that.
    Forgotten,
    /// It depends on what was not checked.
    Unknown,
}
