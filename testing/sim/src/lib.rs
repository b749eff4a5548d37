//! Seeded simulation of a link: a client and a keeper, each with its own clock, the carriers between
//! them, everything that goes wrong with these, and programs that use the link meanwhile. Days pass
//! in milliseconds. The `Link`s, handshakes, knocks and the `Recovery` are the real ones; sockets,
//! time and chance are not. It reads no clock and does no I/O; a seed gives the same run each time.
//!
//! What is checked, all the time: every stream delivers exactly the bytes written, in order, once,
//! and its end after the last; buffers stay under their maximum; datagrams fit; timers move; quiet
//! hours are quiet; and when all faults are over, everything arrives within a time limit.

mod app;
mod client;
mod content;
mod datagrams;
mod end;
mod finish;
mod handshakes;
mod lanes;
mod ledger;
mod path;
mod profile;
mod queue;
mod report;
mod rng;
mod scenario;
mod terminal;
mod watch;
mod weather;
mod wire;
mod world;

pub use profile::{Profile, Reach};
pub use report::{Report, Totals, percentile};
pub use scenario::{Failure, Fault, Scenario, run};
