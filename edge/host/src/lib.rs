//! The operating system behind small, safe functions: time, randomness, terminals, processes,
//! sockets, network changes, files and users. Linux.
//!
//! The only crate with `unsafe`, and each module that needs it says so at its top. Nothing here
//! knows about sessions, links or ssh, and nothing here prints, exits or runs an event loop:
//! descriptors come out non-blocking, ready for one.

pub mod agent;
pub mod child;
pub mod clock;
pub mod command;
pub mod descriptors;
pub mod detach;
pub mod files;
pub mod listening;
pub mod local;
pub mod memory;
pub mod modes;
pub mod network;
pub mod process;
pub mod pty;
pub mod random;
pub mod readiness;
pub mod signals;
pub mod syslog;
pub mod tty;
pub mod udp;
pub mod users;

#[cfg(test)]
mod scratch;
