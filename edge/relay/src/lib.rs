//! A TCP relay on loopback between the user's own `ssh` and the real server: it counts what passes in
//! each direction, recognises keepalives by size and rhythm, and can be cut and healed. It sees the
//! encrypted stream alone: nothing is decrypted, changed or delayed.
//!
//! How `ssh` comes to it: as the last step of a `ProxyCommand` with `ProxyUseFdpass` a [`door`] hands
//! `ssh` a real TCP socket that leads here. Host names, host keys, users and tokens stay what they
//! are, and `ssh` still talks TCP. What is different behind a relay: TCP retransmission and
//! `TCPKeepAlive` act between `ssh` and the relay, and between the relay and the server, and no
//! longer from end to end.

pub mod door;
mod far;
mod framing;
mod keepalive;
mod lane;
mod pass;
mod record;
mod relay;
mod way;

pub use far::{Family, FarSettings, KeepAlive};
pub use framing::{Framing, Request, framings};
pub use keepalive::{Answer, Evidence, Exchange, MAX_EXCHANGES, Recogniser};
pub use lane::MAX_HELD;
pub use pass::{Pass, PassError};
pub use record::{Closing, Direction, End, Event, Fate, What};
pub use relay::{Relay, RelayError};
pub use way::{MAX_WAY, Way, WayError};
