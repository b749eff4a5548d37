//! What client and keeper say to each other about a session: how one is opened, the messages on
//! the link's control stream, and requests on a keeper's socket. Protocol buffers: unknown fields
//! are skipped, so that neighbouring releases understand each other. No I/O.

mod codec;
pub mod control;
pub mod forward;
pub mod opening;
pub mod request;
mod streams;

pub use codec::{CodecError, MESSAGE_MAX, Messages, decode_word, encode, encode_word};
pub use control::{
    Exited, LogFollows, OutputBegins, OutputRestarts, Reading, Resize, ShowLog, ToClient, ToKeeper,
    to_client::Message as ClientMessage, to_keeper::Message as KeeperMessage,
};
pub use forward::{
    Addresses, Connect, Connected, Cut, Host, Listen, Listening, SocketPath,
    connect::To as ConnectTo, listen::At as ListenAt,
};
pub use opening::{
    Attach, DisplayGiven, DisplayWish, NoPacing, Opening, OwnSshd, Pacing, Program, Quic,
    RefusalCode, Refused, Start, Target, Terminal, Welcome, Word, answer::Answer as OpeningAnswer,
    program::What as ProgramKind,
};
pub use prost::Message;
pub use request::{
    AttachedClient, Describe, Description, Detach, Done, End, Failed, LOG_PART_MAX, Log, LogPart,
    Reply, Request, Resume, asks::Ask, reply::Answer as ReplyAnswer,
};
pub use streams::{
    AGENT_LISTENER, COMMAND_ERRORS, COMMAND_IO, DISPLAY_LISTENER, FORWARDS_FROM, LOGS_MAX,
    TERMINAL_INPUT, session_log, terminal_output,
};
