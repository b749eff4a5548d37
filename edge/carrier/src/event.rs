//! What running carriers tell the driver of their link.

use abide_link::{CarrierId, Frame};

/// Tells the links of one process apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkTag(pub u64);

/// Something happened on a carrier.
#[derive(Debug)]
pub struct Event {
    /// Whose carrier.
    pub link: LinkTag,
    /// Which carrier.
    pub carrier: CarrierId,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Debug)]
pub enum What {
    /// Frames arrived.
    Frames(Vec<Frame>),
    /// There is room to send again.
    Room,
    /// The carrier is gone: who did what.
    Gone(String),
    /// The carrier is gone, and the connection below it is not: whoever held its other end has let go
    /// of it without a word, as a process does that is killed.
    Dropped,
}
