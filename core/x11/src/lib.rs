//! What forwarding X11 has to read: DISPLAY, xauth's lines, and the packet that opens a connection of
//! an X program, in which one cookie takes another's place. No sockets, no processes, and nothing of the
//! X protocol beyond its first packet.

mod cookie;
mod display;
mod setup;

pub use cookie::{COOKIE_LEN, Cookie, NoCookie, PROTOCOL, listed_cookie};
pub use display::{Display, NoDisplay, Place, TCP_FIRST};
pub use setup::{SETUP_MAX, Setup, Step, Wrong};
