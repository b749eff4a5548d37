//! The near end: brings a keeper up through the user's own ssh, shows its session, and gets the link
//! back when the network takes it away. Never sees the keeper; never prints by itself: words for
//! people come from `cli` through [`Voice`].

mod again;
mod anchor;
mod client;
mod connect;
mod display;
mod escape;
mod forwards;
mod gate;
mod input;
mod interruption;
mod leftovers;
mod local;
mod news;
mod outage;
mod outcome;
mod paths;
mod permission;
mod plan;
mod prediction;
mod quic;
mod remote;
mod terminal;
mod upload;
mod writer;

pub use client::Client;
pub use connect::{ConnectError, Connected};
pub use display::{NearDisplay, NotGenerated, Trust};
pub use forwards::{Prepared, Unprepared, prepare};
pub use leftovers::clear_leftovers;
pub use local::connect_local;
pub use news::{CarrierNews, News};
pub use outage::{Doing, Outage};
pub use outcome::{LinkLost, Outcome};
pub use plan::{FirstQuestion, Notice, Plan, Voice, Way};
pub use remote::{Said, ask_remote};
