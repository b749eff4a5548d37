//! Settings as they are, on this machine and on servers: each known with its origin, or not checked
//! with the reason. Changes nothing, judges nothing, and reads no environment.

mod answer;
mod client;
mod kernel;
mod login;
mod login_limits;
mod report;
mod server;

pub(crate) use answer::same;
pub use client::{ClientRead, ClientReadError, Differs, Person, client};
pub use kernel::kernel;
pub use report::{Report, ReportError, report_here, report_there};
pub use server::{ServerRead, server};
