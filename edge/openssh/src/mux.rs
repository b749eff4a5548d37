//! What is said to an ssh that serves its connection to others (ControlMaster): the messages of
//! OpenSSH's PROTOCOL.mux that questions about forwards need, as bytes. No sockets here.
//!
//! In proxy mode the messages are those of RFC 4254 themselves, so that the server's own reason for not
//! opening a channel comes through.

use crate::{ListenPlace, Target};

/// Longest message taken, in bytes: far beyond any that answers us.
pub const MUX_MESSAGE_MAX: usize = 256 * 1024;

const HELLO: u32 = 1;
const VERSION: u32 = 4;
const OPEN_FORWARD: u32 = 0x1000_0006;
const CLOSE_FORWARD: u32 = 0x1000_0007;
const PROXY: u32 = 0x1000_000f;
const OK: u32 = 0x8000_0001;
const DENIED: u32 = 0x8000_0002;
const FAILURE: u32 = 0x8000_0003;
const REMOTE_PORT: u32 = 0x8000_0007;
const PROXIED: u32 = 0x8000_000f;
const REMOTE: u32 = 2;
/// A port of a forward that is a unix socket (PORT_STREAMLOCAL).
const NO_PORT: u32 = (-2_i32).cast_unsigned();

const CHANNEL_OPEN: u8 = 90;
const CHANNEL_CONFIRMED: u8 = 91;
const CHANNEL_FAILED: u8 = 92;
const CHANNEL_CLOSE: u8 = 97;
const CHANNEL_REQUEST: u8 = 98;
const CHANNEL_SUCCESS: u8 = 99;
const CHANNEL_FAILURE: u8 = 100;
/// RFC 4254, 5.1.
const PROHIBITED: u32 = 1;
const UNKNOWN_KIND: u32 = 3;

/// What a session of ssh may have beside a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SessionPart {
    /// A display: X11 forwarding.
    Display,
    /// A terminal.
    Terminal,
}

/// What a serving ssh said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MuxAnswer {
    /// It speaks this protocol.
    Hello,
    /// Proxy mode begins.
    Proxied,
    /// Done.
    Done,
    /// Done, at this port of the server.
    RemotePort(u16),
    /// Not done: why.
    Failed(String),
}

/// What the server said about a channel, in proxy mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelAnswer {
    /// Opened.
    Opened {
        /// Our number for it.
        ours: u32,
        /// The server's.
        theirs: u32,
    },
    /// Not opened, since it is not permitted.
    Prohibited {
        /// Our number for it.
        ours: u32,
        /// The server's words.
        why: String,
    },
    /// Permitted, and not opened: the target was not reached.
    Unreached {
        /// Our number for it.
        ours: u32,
        /// The server's words.
        why: String,
    },
    /// What was requested on a channel is granted.
    Granted {
        /// Our number for it.
        ours: u32,
    },
    /// It is not.
    Denied {
        /// Our number for it.
        ours: u32,
    },
    /// Something about a channel that is none of these.
    Other,
}

/// The first message, from either end.
pub fn mux_hello() -> Vec<u8> {
    message(&[&word(HELLO), &word(VERSION)])
}

/// Asks for proxy mode.
pub fn mux_proxy() -> Vec<u8> {
    message(&[&word(PROXY), &word(0)])
}

/// Asks for a remote forward, as `ssh -O forward -R` does.
pub fn mux_open_remote(listen: &ListenPlace, target: &Target) -> Vec<u8> {
    message(&[&word(OPEN_FORWARD), &word(0), &forward(listen, target)])
}

/// Takes it back.
pub fn mux_close_remote(listen: &ListenPlace, target: &Target) -> Vec<u8> {
    message(&[&word(CLOSE_FORWARD), &word(0), &forward(listen, target)])
}

fn forward(listen: &ListenPlace, target: &Target) -> Vec<u8> {
    let (bind, port) = match listen {
        ListenPlace::Port { bind, port } => (bind.clone().unwrap_or_default(), u32::from(*port)),
        ListenPlace::Path(path) => (path.display().to_string(), NO_PORT),
    };
    // Where ssh itself would lead a connection that comes before we take the forward back.
    let (to, to_port) = match target {
        Target::Host { host, port } => (host.clone(), u32::from(*port)),
        Target::Path(path) => (path.display().to_string(), NO_PORT),
        Target::Socks => ("socks".to_owned(), 0),
    };
    [word(REMOTE).to_vec(), text(&bind), word(port).to_vec(), text(&to), word(to_port).to_vec()]
        .concat()
}

/// Asks the server to open a connection, in proxy mode. `Target::Socks` leads nowhere and is `None`.
pub fn channel_open(ours: u32, target: &Target) -> Option<Vec<u8>> {
    // No window: nothing is to be sent to us before we close it again.
    let head = |kind: &str| {
        [
            vec![0, CHANNEL_OPEN],
            text(kind),
            word(ours).to_vec(),
            word(0).to_vec(),
            word(32_768).to_vec(),
        ]
    };
    let body = match target {
        Target::Host { host, port } => [
            head("direct-tcpip").concat(),
            text(host),
            word(u32::from(*port)).to_vec(),
            text("127.0.0.1"),
            word(0).to_vec(),
        ]
        .concat(),
        Target::Path(path) => [
            head("direct-streamlocal@openssh.com").concat(),
            text(&path.display().to_string()),
            text(""),
            word(0).to_vec(),
        ]
        .concat(),
        Target::Socks => return None,
    };
    Some(message(&[&body]))
}

/// Asks the server to open a session in which nothing is to run, in proxy mode.
pub fn session_open(ours: u32) -> Vec<u8> {
    let kind = text("session");
    message(&[&[0, CHANNEL_OPEN], &kind, &word(ours), &word(0), &word(32_768)])
}

/// Asks the server for a part of that session, in proxy mode.
pub fn session_request(theirs: u32, part: SessionPart) -> Vec<u8> {
    let (kind, rest) = match part {
        // One of many connections; a protocol and a cookie that nobody will use; screen 0.
        SessionPart::Display => (
            "x11-req",
            [&[0][..], &text("MIT-MAGIC-COOKIE-1"), &text(&"0".repeat(32)), &word(0)].concat(),
        ),
        // A size in characters, none in pixels, no modes.
        SessionPart::Terminal => (
            "pty-req",
            [text("dumb"), [word(80), word(24), word(0), word(0)].concat(), text("")].concat(),
        ),
    };
    message(&[&[0, CHANNEL_REQUEST], &word(theirs), &text(kind), &[1], &rest])
}

/// Closes a channel, in proxy mode.
pub fn channel_close(theirs: u32) -> Vec<u8> {
    message(&[&[0, CHANNEL_CLOSE], &word(theirs)])
}

/// Takes the next whole message off the front of `buffer`, without its length. `Err` for one that is
/// longer than [`MUX_MESSAGE_MAX`].
pub fn next_mux_message(buffer: &mut Vec<u8>) -> Result<Option<Vec<u8>>, usize> {
    let Some(head) = buffer.first_chunk::<4>() else { return Ok(None) };
    let length = u32::from_be_bytes(*head) as usize;
    if length > MUX_MESSAGE_MAX {
        return Err(length);
    }
    if buffer.len() < 4 + length {
        return Ok(None);
    }
    let rest = buffer.split_off(4 + length);
    let whole = std::mem::replace(buffer, rest);
    Ok(Some(whole[4..].to_vec()))
}

/// Reads an answer of the serving ssh; `None` for what is none.
pub fn read_mux_answer(message: &[u8]) -> Option<MuxAnswer> {
    let mut rest = Reader(message);
    match rest.word()? {
        HELLO => Some(MuxAnswer::Hello),
        PROXIED => Some(MuxAnswer::Proxied),
        OK => Some(MuxAnswer::Done),
        REMOTE_PORT => {
            rest.word()?;
            u16::try_from(rest.word()?).ok().map(MuxAnswer::RemotePort)
        }
        FAILURE | DENIED => {
            rest.word()?;
            Some(MuxAnswer::Failed(rest.text()?))
        }
        _ => None,
    }
}

/// Reads what the server said in proxy mode; `None` for what is no message.
pub fn read_channel_answer(message: &[u8]) -> Option<ChannelAnswer> {
    let [_padding, kind, rest @ ..] = message else { return None };
    let mut rest = Reader(rest);
    match *kind {
        CHANNEL_CONFIRMED => {
            Some(ChannelAnswer::Opened { ours: rest.word()?, theirs: rest.word()? })
        }
        CHANNEL_FAILED => {
            let (ours, reason, why) = (rest.word()?, rest.word()?, rest.text()?);
            Some(match reason {
                PROHIBITED | UNKNOWN_KIND => ChannelAnswer::Prohibited { ours, why },
                _ => ChannelAnswer::Unreached { ours, why },
            })
        }
        CHANNEL_SUCCESS => Some(ChannelAnswer::Granted { ours: rest.word()? }),
        CHANNEL_FAILURE => Some(ChannelAnswer::Denied { ours: rest.word()? }),
        _ => Some(ChannelAnswer::Other),
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn word(&mut self) -> Option<u32> {
        let (head, rest) = self.0.split_first_chunk::<4>()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*head))
    }

    fn text(&mut self) -> Option<String> {
        let length = self.word()? as usize;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(String::from_utf8_lossy(text).into_owned())
    }
}

fn word(value: u32) -> [u8; 4] {
    value.to_be_bytes()
}

fn text(value: &str) -> Vec<u8> {
    let mut bytes = word(value.len() as u32).to_vec();
    bytes.extend_from_slice(value.as_bytes());
    bytes
}

fn message(parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut bytes = word(length as u32).to_vec();
    parts.iter().for_each(|part| bytes.extend_from_slice(part));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_taken_whole() {
        let mut buffer = Vec::new();
        for byte in mux_hello() {
            assert_eq!(next_mux_message(&mut buffer), Ok(None));
            buffer.push(byte);
        }
        let whole = next_mux_message(&mut buffer).expect("short").expect("whole");
        assert_eq!(read_mux_answer(&whole), Some(MuxAnswer::Hello));
        assert!(buffer.is_empty());
        assert!(next_mux_message(&mut u32::MAX.to_be_bytes().to_vec()).is_err());
    }

    #[test]
    fn the_servers_reason_is_told_apart() {
        let failed = |reason: u32| {
            [&[0, 92][..], &word(5), &word(reason), &text("open failed"), &text("")].concat()
        };
        let (ours, why) = (5, "open failed".to_owned());
        let prohibited = ChannelAnswer::Prohibited { ours, why: why.clone() };
        assert_eq!(read_channel_answer(&failed(1)), Some(prohibited));
        let unreached = ChannelAnswer::Unreached { ours, why };
        assert_eq!(read_channel_answer(&failed(2)), Some(unreached));
        for cut in 0..failed(1).len() - 4 {
            assert_eq!(read_channel_answer(&failed(1)[..cut]), None, "{cut}");
        }
    }
}
