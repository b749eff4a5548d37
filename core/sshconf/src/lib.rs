//! OpenSSH configuration files: lossless text, effective values with their origin, and edits that
//! land where they take effect. Not a reader of files: their bytes come in through [`Files`].
//!
//! ```
//! use abide_sshconf::*;
//!
//! let mut files = Tree::new();
//! files.insert("/home/u/.ssh/config", "Host *.lab\n  ServerAliveInterval 1m\n");
//! let context = Context::Client(ClientContext::new("a.lab", "u", "/home/u"));
//! let roots = [Root::user("/home/u/.ssh/config"), Root::system("/etc/ssh/ssh_config")];
//! let resolved = resolve(&roots, &context, &files);
//! let interval = resolved.get(Keyword::SERVER_ALIVE_INTERVAL).expect("modelled");
//! assert_eq!(interval.value, "60"); // as `ssh -G` prints it
//! assert_eq!(interval.origin.to_string(), "/home/u/.ssh/config:2");
//! ```
//!
//! The rules are those of OpenSSH 9.2 with Debian's keywords; where other releases differ, see
//! [`Release`].

mod address;
mod block;
mod client;
mod client_blocks;
mod client_include;
mod client_match;
mod context;
mod dialect;
mod document;
mod drop_in;
mod edit;
mod files;
mod glob;
mod jump;
mod keyword;
mod ledger;
mod outcome;
mod pattern;
mod plan;
mod reader;
mod refusal;
mod resolve;
mod resolved;
mod server;
mod server_match;
mod spec;
mod spot;
mod text;
mod time;
mod tokens;
mod trial;
mod trouble;
mod value;
mod walk;

pub use block::{Block, BlockKind};
pub use context::{ClientContext, Context, Root, RootKind, ServerContext};
pub use dialect::{Dialect, Release};
pub use document::{Document, Line, LineKind};
pub use drop_in::plan_drop_in;
pub use edit::{Change, Edit, EditRefusal, Scope, Target, Wish};
pub use files::{Answer, Files, Overlay, ReadError, Tree};
pub use glob::expand_glob;
pub use keyword::Keyword;
pub use plan::{plan_edit, plan_edits};
pub use resolve::resolve;
pub use resolved::{Doubt, Origin, Place, Resolved, Setting, Shadowed, Why};
pub use trouble::{Trouble, TroubleKind};
