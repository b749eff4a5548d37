//! ssh's lines as events: how far a login came, what became of each forward. What ssh says of its
//! own end is read by `abide_openssh::classify`.

/// What ssh says with `-v` and people need not read.
const CHATTER: [&str; 5] = [
    "OpenSSH_",
    "Transferred: ",
    "Bytes per second: ",
    "Pseudo-terminal will not be ",
    "Authenticated using ",
];

/// A line of `ssh -v`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// The server answers.
    Connected,
    /// Signed in.
    Authenticated,
    /// The session began: what listens here listens.
    Session,
    /// The server listens for one `-R`.
    RemoteBound,
    /// The port that the server chose for a `-R 0:...`.
    Allocated { port: u16, target: String },
    /// ssh cannot listen here.
    LocalTaken { listen: String, reason: String },
    /// The server will not listen there.
    RemoteFailed { listen: String },
    /// The server could not, or would not, connect to a target.
    OpenFailed { reason: String },
    /// ssh could not connect to a `-R`'s target here.
    TargetFailed { target: String },
    /// Somebody connected to a `-R`'s port on the server.
    Forwarded { port: u16 },
    /// Something for people.
    Said,
    /// ssh thinking aloud.
    Thought,
}

pub(crate) fn hear(line: &str) -> Heard {
    match line.strip_prefix("debug1: ") {
        Some(thought) => hear_thought(thought),
        None if line.starts_with("debug") => Heard::Thought,
        None => hear_said(line),
    }
}

fn hear_thought(line: &str) -> Heard {
    if line.starts_with("Connection established") || line.starts_with("Remote protocol version") {
        Heard::Connected
    } else if line.starts_with("Entering interactive session") {
        Heard::Session
    } else if line.starts_with("remote forward success for: ") {
        Heard::RemoteBound
    } else if let Some(port) = between(line, "client_request_forwarded_tcpip: listen ", ",") {
        let port = port.rsplit_once("port ").and_then(|(_, port)| port.parse().ok());
        port.map_or(Heard::Thought, |port| Heard::Forwarded { port })
    } else {
        Heard::Thought
    }
}

fn hear_said(line: &str) -> Heard {
    if line.starts_with("Authenticated to ") {
        return Heard::Authenticated;
    }
    if let Some((_, listen)) = line.split_once("remote port forwarding failed for listen ") {
        let listen = listen.trim_start_matches("port ").trim_start_matches("path ");
        return Heard::RemoteFailed { listen: listen.trim_end_matches('.').to_owned() };
    }
    if let Some(rest) = line.strip_prefix("bind [")
        && let Some((listen, reason)) = rest.split_once(": ")
    {
        let listen = crate::forward::plain_brackets(&format!("[{listen}"));
        return Heard::LocalTaken { listen, reason: reason.to_owned() };
    }
    if let Some(rest) = line.strip_prefix("unix_listener: cannot bind to path ")
        && let Some((listen, reason)) = rest.rsplit_once(": ")
    {
        return Heard::LocalTaken { listen: listen.to_owned(), reason: reason.to_owned() };
    }
    if line.starts_with("channel ")
        && let Some((_, reason)) = line.split_once(": open failed: ")
    {
        return Heard::OpenFailed { reason: reason.to_owned() };
    }
    if let Some(target) = between(line, "connect_to ", ": failed.") {
        return Heard::TargetFailed { target: target.replace(" port ", ":") };
    }
    if let Some(rest) = line.strip_prefix("Allocated port ")
        && let Some((port, target)) = rest.split_once(" for remote forward to ")
        && let Ok(port) = port.parse()
    {
        return Heard::Allocated { port, target: target.to_owned() };
    }
    let chatter = line.trim().is_empty() || CHATTER.iter().any(|start| line.starts_with(start));
    if chatter { Heard::Thought } else { Heard::Said }
}

fn between<'a>(line: &'a str, start: &str, end: &str) -> Option<&'a str> {
    line.strip_prefix(start)?.split_once(end).map(|(found, _)| found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_openssh_9_are_heard() {
        let text = str::to_owned;
        for (line, heard) in [
            ("debug1: Connection established.", Heard::Connected),
            ("Authenticated to h ([::1]:22) using \"publickey\".", Heard::Authenticated),
            ("debug1: Entering interactive session.", Heard::Session),
            ("debug1: remote forward success for: listen 18022, connect h:1", Heard::RemoteBound),
            (
                "Allocated port 41539 for remote forward to 127.0.0.1:1",
                Heard::Allocated { port: 41_539, target: text("127.0.0.1:1") },
            ),
            (
                "bind [127.0.0.1]:2299: Address already in use",
                Heard::LocalTaken {
                    listen: text("127.0.0.1:2299"),
                    reason: text("Address already in use"),
                },
            ),
            (
                "Error: remote port forwarding failed for listen port 2299",
                Heard::RemoteFailed { listen: text("2299") },
            ),
            (
                "Warning: remote port forwarding failed for listen path /tmp/r",
                Heard::RemoteFailed { listen: text("/tmp/r") },
            ),
            (
                "channel 3: open failed: connect failed: Connection refused",
                Heard::OpenFailed { reason: text("connect failed: Connection refused") },
            ),
            (
                "connect_to 127.0.0.1 port 1: failed.",
                Heard::TargetFailed { target: text("127.0.0.1:1") },
            ),
            (
                "debug1: client_request_forwarded_tcpip: listen localhost port 18022, originator 1 port 2",
                Heard::Forwarded { port: 18_022 },
            ),
            ("debug1: kex: algorithm: x", Heard::Thought),
            ("debug2: x", Heard::Thought),
            ("Welcome", Heard::Said),
        ] {
            assert_eq!(hear(line), heard, "{line}");
        }
    }
}
