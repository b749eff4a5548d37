//! Carriers: drivers that move a link's frames over pipes, local sockets and QUIC, and the knocks
//! that find out where QUIC gets through. No terminals, no sessions, no words for people.

mod alarm;
mod driver;
mod event;
mod greeting;
mod knocking;
mod pipe;
pub mod quic;
mod watched;
mod wire;

pub use alarm::Alarm;
pub use driver::{Driver, Loss};
pub use event::{Event, LinkTag, What};
pub use greeting::{GREETING_MAX, GreetingError, greet, welcome};
pub use knocking::{Answered, knock_everywhere};
pub use pipe::Pipe;
pub use watched::watch;
pub use wire::Parts;
