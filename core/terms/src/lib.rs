//! Vocabulary shared by every crate: ids, moments, spans of time, endings. No logic beyond
//! parsing and printing, no I/O.

mod ending;
mod id;
mod moment;
mod span;

pub use ending::{Blame, Ending, EndingCode};
pub use id::{IdError, LinkId, SessionId, SessionName};
pub use moment::Moment;
pub use span::{SpanError, parse_span, print_span};
