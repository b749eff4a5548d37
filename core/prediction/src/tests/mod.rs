//! The whole of it against made-up programs, in virtual time.

mod editors;
mod programs;
mod properties;
mod recovery;
mod world;
