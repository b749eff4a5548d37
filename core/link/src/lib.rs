//! The resumable link between one client and one keeper: *every byte has an address*.
//!
//! A link carries streams; every byte of a stream has an offset. Frames say "stream S, offset O,
//! these bytes". Receivers deliver each offset once, in order, and acknowledge. So a frame may be
//! lost, repeated, reordered or sent over two carriers at once, and what is delivered never changes.
//!
//! This crate is that rule as a state machine. It has no sockets, no clock, no async, and knows
//! nothing of terminals or ssh. The wire format is specified in `docs/link-protocol.md`.
//!
//! # The drain contract
//!
//! A driver owns a [`Link`] and its carriers. After *anything* that it does to the link it drains it:
//!
//! 1. `poll_event` until `None`; for `Readable(s)` call `read(s)` until `Nothing` or `End`;
//! 2. `poll_reset` until `None`, dropping what the carriers' lanes hold of that stream; then
//!    `poll_transmit(now)` until `None`, handing each [`Transmit`] to its carrier;
//! 3. `poll_timeout` tells when to call `handle_timeout(now)` if nothing happens before.
//!
//! ```
//! # use abide_link::*; use abide_terms::Moment; use bytes::Bytes;
//! # fn deliver(_: Transmit) {} fn reset(_: StreamId) {} fn show(_: StreamId, _: Bytes) {}
//! fn drain(link: &mut Link, now: Moment) -> Option<Moment> {
//!     while let Some(event) = link.poll_event() {
//!         if let LinkEvent::Readable(stream) = event {
//!             while let Read::Bytes(bytes) = link.read(now, stream) {
//!                 show(stream, bytes);
//!             }
//!         }
//!     }
//!     while let Some(stream) = link.poll_reset() {
//!         reset(stream);
//!     }
//!     while let Some(transmit) = link.poll_transmit(now) {
//!         deliver(transmit);
//!     }
//!     link.poll_timeout()
//! }
//! # let mut link = Link::new(Role::Client, 1);
//! # drain(&mut link, Moment::ZERO);
//! ```
//!
//! A carrier joins after its [`handshake`]; frames come in through `handle_frame`, whose error means
//! that this carrier must be dropped, never the link. `set_budget` says how many bytes a carrier's
//! ordered lanes take; datagrams are never refused (a driver may drop them).

pub mod handshake;
pub mod knock;
pub mod limits;
pub mod recovery;

mod carrier;
mod clockwork;
mod decode;
mod flight;
mod frame;
mod gone;
mod inbox;
mod incoming;
mod key;
mod link;
mod masking;
mod outbox;
mod outgoing;
mod rtt;
mod stream_id;
mod streams;
mod varint;
mod window;

pub use carrier::{CarrierId, CarrierKind};
pub use decode::{FrameDecoder, FrameError, decode_datagram};
pub use frame::{Frame, Nonce, Proof, Received, padding};
pub use inbox::{Read, Trespass};
pub use incoming::Misbehaviour;
pub use key::LinkKey;
pub use link::{CarrierRefused, Lane, Link, LinkEvent, Transmit};
pub use outbox::WriteError;
pub use rtt::Rtt;
pub use stream_id::{Class, Role, StreamId};
