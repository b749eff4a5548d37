//! The user's own OpenSSH client: its command line, its effective settings, the one connection
//! that brings a keeper up, and why it ended. Parsing and text; no async, no sockets. The only
//! process started here is `ssh -G`.

mod argv;
mod binary;
mod bootstrap;
mod effective;
mod ending;
mod flags;
mod forwards;
mod mux;
mod remote_line;
mod session;
mod silence;
mod token;

pub use argv::{Beside, Bring, bootstrap_argv};
pub use binary::{Architecture, BinaryError, BuildId, own_build};
pub use bootstrap::{
    Bootstrap, BootstrapError, BootstrapEvent, FailReason, MAX_MARKER_LINE, MAX_NOISE, answer_none,
    answer_size, open_marker,
};
pub use effective::{
    AddressFamily, Effective, EffectiveError, Proxy, SessionType, parse_forward, query,
};
pub use ending::{RetryAdvice, SshEnding, classify};
pub use flags::{
    CommandLine, Destination, Escape, FlagError, Invocation, NotYet, PlainReason, TtyRequest, parse,
};
pub use forwards::{Forward, ListenPlace, Side, Target};
pub use mux::{
    ChannelAnswer, MUX_MESSAGE_MAX, MuxAnswer, SessionPart, channel_close, channel_open,
    mux_close_remote, mux_hello, mux_open_remote, mux_proxy, next_mux_message, read_channel_answer,
    read_mux_answer, session_open, session_request,
};
pub use remote_line::{BootstrapPlan, LineError, MAX_REMOTE_LINE, RemoteLine};
pub use session::{Session, SessionError, SessionKind, resolve};
pub use silence::{Silence, explain_silence};
pub use token::{Token, TokenError};
