//! QUIC as a carrier: datagrams for what is urgent, one ordered lane for each stream.

mod doorman;
mod far;
mod identity;
mod lanes;
mod near;
mod settings;
mod trust;
mod window;

pub use far::{DoorKeys, FarEndpoint, FarHandle, Refusal};
pub use identity::{Identity, IdentityError, PublicKey};
pub use lanes::QuicParts;
pub(crate) use lanes::{QuicOutlet, run};
pub use near::NearEndpoint;
