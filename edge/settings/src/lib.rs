//! OpenSSH settings where they lie: read from this machine or a server, changed, proved, rolled
//! back. What the values mean is `abide-timeouts`; where lines go is `abide-sshconf`.

mod behaviour;
mod change;
mod client;
mod disk;
mod keepalives;
mod ledger;
mod planned;
mod profile;
pub mod read;
pub mod server;
mod wanted;

pub use behaviour::{Behaviour, Values, behaviour, changed, ends_idle, number};
pub use change::change;
pub use client::{ClientError, ClientPlace};
pub use disk::Disk;
pub use ledger::{About, Ledger, Place, open as open_ledger, stands, tidy};
pub use planned::{PlanError, Planned, Reading, ValueChange, plan};
pub use profile::{Profile, UnknownProfile};
pub use wanted::{Intention, Present, Wanted, WantedError, wanted};
