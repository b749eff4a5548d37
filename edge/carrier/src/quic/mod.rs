//! QUIC as a carrier: datagrams for what is urgent, one ordered lane for each stream.

mod admitted;
mod bounded;
mod doorman;
mod far;
mod gate;
mod identity;
mod lanes;
mod near;
mod settings;
mod trust;
mod window;

pub use admitted::DoorKeys;
pub use far::{CLOSING_FOR, FarEndpoint, FarHandle, Refusal};
pub use identity::{Identity, IdentityError, PublicKey};
pub use lanes::QuicParts;
pub(crate) use lanes::{QuicOutlet, run};
pub use near::NearEndpoint;
