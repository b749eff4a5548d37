//! A network on one machine for tests: a client, two NAT gateways, an emulated link, and a server
//! with a real sshd, each in a network namespace of its own. Needs root and Linux; says what is
//! missing otherwise. It is no measurement of the product and knows nothing about it.
//!
//! ```text
//!                 +-- eth0 -- gateway 1 (NAT) -- wan0 --+
//!   client -------|                                     |-- emulated link -- wan0 -- server (sshd)
//!                 +-- eth1 -- gateway 2 (NAT) -- wan0 --+
//! ```
//!
//! The emulated link is a thread of the process that owns the [`Lab`]; it holds one TUN device in
//! each gateway and in the server. Dropping the lab removes everything, and a small watching shell
//! does the same when the owner is killed.

mod addresses;
mod bulk;
mod commands;
mod control;
mod error;
mod lab;
pub mod link;
mod names;
mod namespace;
mod nat;
mod needs;
mod place;
mod program;
mod sshd;
pub mod terminal;
mod topology;
mod transcript;
mod tun;
mod waiting;
mod watchdog;

pub use bulk::{BULK_PORT, Bulk};
pub use error::LabError;
pub use lab::{Lab, World};
pub use link::{
    Blocking, Count, Direction, LinkHandle, LinkSettings, LinkStats, PathSettings, PathStats,
    Profile, Protocol,
};
pub use namespace::Namespace;
pub use place::Gateway;
pub use program::Program;
pub use terminal::Terminal;
pub use waiting::{Trouble, wait_until};
