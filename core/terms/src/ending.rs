//! Why something stopped, as a value. Words for people are made in `cli`.

/// Who ended it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The person at this client.
    You,
    /// Another client of the same session.
    AnotherClient,
    /// The command or shell itself.
    Program,
    /// The network between the two ends.
    Network,
    /// The other end broke the protocol.
    Peer,
    /// A limit that somebody set.
    Policy,
    /// One of the two machines (signal, reboot, full disk).
    Host,
}

/// Stable codes of endings: the same on the wire, in logs and in `--json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EndingCode {
    /// The command finished and all was delivered.
    Finished,
    /// A client left the session on purpose; the session goes on.
    Detached,
    /// Another client took the session over.
    Displaced,
    /// Somebody ended the session.
    Ended,
    /// The keeper stopped (signal or internal failure).
    KeeperStopped,
    /// The other end sent what the protocol does not allow.
    ProtocolBroken,
    /// The key shown was not the link's.
    WrongKey,
    /// No link of that id is known.
    UnknownLink,
    /// No version of the protocol is common to both.
    VersionMismatch,
    /// A newer carrier of the same kind replaced this one.
    CarrierReplaced,
    /// A carrier did not finish its handshake in time.
    HandshakeTimeout,
}

/// Every code with its number on the wire and its name in logs and JSON.
const CODES: [(EndingCode, u64, &str); 11] = [
    (EndingCode::Finished, 0, "finished"),
    (EndingCode::Detached, 1, "detached"),
    (EndingCode::Displaced, 2, "displaced"),
    (EndingCode::Ended, 3, "ended"),
    (EndingCode::KeeperStopped, 4, "keeper-stopped"),
    (EndingCode::ProtocolBroken, 16, "protocol-broken"),
    (EndingCode::WrongKey, 17, "wrong-key"),
    (EndingCode::UnknownLink, 18, "unknown-link"),
    (EndingCode::VersionMismatch, 19, "version-mismatch"),
    (EndingCode::CarrierReplaced, 20, "carrier-replaced"),
    (EndingCode::HandshakeTimeout, 21, "handshake-timeout"),
];

impl EndingCode {
    /// The code's number on the wire.
    pub fn number(self) -> u64 {
        CODES.iter().find(|(code, ..)| *code == self).map_or(u64::MAX, |(_, number, _)| *number)
    }

    /// The code of a number from the wire; `None` for one of a later release.
    pub fn from_number(number: u64) -> Option<Self> {
        CODES.iter().find(|(_, known, _)| *known == number).map(|(code, ..)| *code)
    }

    /// The code's name in logs and JSON.
    pub fn name(self) -> &'static str {
        CODES.iter().find(|(code, ..)| *code == self).map_or("unknown", |(.., name)| name)
    }
}

/// Why a link or a carrier stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// What happened.
    pub code: EndingCode,
    /// Who did it.
    pub blame: Blame,
    /// What was seen: a value, an address, a file and line. May be empty.
    pub evidence: String,
}

impl Ending {
    /// An ending with its evidence.
    pub fn new(code: EndingCode, blame: Blame, evidence: impl Into<String>) -> Self {
        Ending { code, blame, evidence: evidence.into() }
    }
}

impl std::fmt::Display for Ending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.evidence.as_str() {
            "" => f.write_str(self.code.name()),
            evidence => write!(f, "{}: {evidence}", self.code.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_travels() {
        for (code, number, _) in CODES {
            assert_eq!(code.number(), number);
            assert_eq!(EndingCode::from_number(number), Some(code));
        }
        assert_eq!(EndingCode::from_number(9_999), None);
    }
}
