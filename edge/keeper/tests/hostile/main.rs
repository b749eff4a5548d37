//! Hostile input at a real keeper with a live session: whatever comes to its socket and its port,
//! the session answers within a second, memory and descriptors stay bounded, and the log says who was
//! refused and why.

mod floods;
mod half_open;
mod kept;
mod links;
mod live;
mod socket;
mod udp;
