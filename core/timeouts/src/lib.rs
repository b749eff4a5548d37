//! Every timer between the keyboard and the remote shell: what each does, which fires first, and
//! what people believe. Not a reader of settings: values are handed in.
//!
//! A [`Setup`] holds every setting of both ends, each [`Fact::Known`] with its origin or
//! [`Fact::NotChecked`] with the reason. [`predict`] answers, for a [`Situation`], which timers
//! fire, when and with what effect:
//!
//! ```
//! use std::time::Duration;
//! use abide_timeouts::{Probing, Setup, Side, Situation, Timer, Traffic, Version, predict};
//!
//! let mut setup = Setup::stock(Version::new(9, 2), Version::new(9, 2));
//! setup.server.alive = Probing::stated(5, 3);
//! let dead = predict(&setup, Situation::DeadPath(Traffic::IDLE));
//! let first = dead.first_of(Side::Server).expect("the server notices");
//! assert_eq!(first.timer, Timer::ClientAlive);
//! // Not 15 s: one interval more, and sshd 9.2 to 9.4 counts each one twice.
//! assert_eq!(first.after.likely, Duration::from_secs(40));
//! ```
//!
//! [`timeline`] gives the same as single events for a picture, [`path`] which device forgets the
//! connection, [`beliefs`] what is said of these settings and is not so, [`advise`] the findings.

mod advice;
mod alive;
mod belief;
mod channel;
mod fact;
mod finding;
mod idle;
mod limit;
mod login;
mod middlebox;
mod path;
mod predict;
mod quirk;
mod rekey;
mod settings;
mod situation;
mod stock;
pub mod tcp;
mod timeline;
mod timer;
mod version;

pub use advice::{Shadowed, advise};
pub use alive::{Alive, SSHD_WINDOW};
pub use belief::{Belief, Believed, beliefs};
pub use channel::{ChannelError, ChannelRule, ChannelTimeouts, MAX_CHANNEL_RULES};
pub use fact::{Fact, Origin, Reason};
pub use finding::{Evidence, Finding, FindingCode, Problem, Remedy, Severity};
pub use limit::{Limit, When};
pub use middlebox::{Expiry, MIDDLEBOXES, Middlebox};
pub use path::{Fate, Gap, GapMaker, gap, path};
pub use predict::{Firing, Prediction, Unknown, predict};
pub use quirk::{QUIRKS, Quirk, QuirkRow};
pub use rekey::{RekeyError, RekeyLimit};
pub use settings::{
    ClientSettings, Kernel, Persist, Probing, Route, ServerSettings, Setup, Switch,
};
pub use situation::{Flow, IdleAs, Situation, Traffic};
pub use timeline::{Event, Happening, MAX_EVENTS, timeline};
pub use timer::{Effect, Side, Timer};
pub use version::Version;
