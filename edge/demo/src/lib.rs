//! The stage for `abide demo`: a throw-away ssh server on loopback, a relay in front of it that
//! breaks the network on request, and trials that measure what a session lived through. It shows
//! nothing: the words and the picture are the command's. Everything here runs unprivileged and
//! touches nothing but loopback and one temporary directory.

mod leash;
pub mod playground;
pub mod relay;
pub mod report;
pub mod server;
mod sweep;
mod terminal;
pub mod trial;
mod watched;
mod worker;
