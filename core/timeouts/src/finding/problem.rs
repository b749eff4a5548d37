//! What can be wrong, each with its numbers.

use std::time::Duration;

use super::FindingCode;
use crate::{Limit, Middlebox, Quirk, Shadowed, Side, Timer, Version};

/// What was found, with its numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The path keeps idle connections for `limit`, packets come every `gap`.
    KeepaliveSlowerThanPath {
        /// Between two packets.
        gap: Limit,
        /// What the path keeps.
        limit: Duration,
    },
    /// Devices that would forget it, shortest first.
    KeepaliveSlowerThanCommon {
        /// Between two packets.
        gap: Duration,
        /// Who sends them.
        maker: Timer,
        /// From where.
        side: Side,
        /// Who forgets.
        devices: Vec<&'static Middlebox>,
    },
    /// Neither end of OpenSSH sends anything on an idle connection.
    NothingKeepsPath {
        /// The kernel's first packet; `Off`: none either.
        gap: Limit,
    },
    /// ssh ends a healthy idle session after this long.
    ClientCountZero {
        /// After this much silence.
        after: Duration,
    },
    /// sshd never ends anything, or at once.
    ServerCountZero {
        /// The interval.
        interval: Duration,
        /// What this release does, if known.
        does: Option<Quirk>,
    },
    /// A line that does nothing.
    LineHasNoEffect(Shadowed),
    /// It ends dead connections after `dead`, idle ones never.
    AliveIsNotIdle {
        /// The interval.
        interval: Duration,
        /// The count.
        count: u32,
        /// When a client is noticed whose path is dead, if that is known.
        dead: Option<Duration>,
    },
    /// sshd of this release counts twice.
    DoubledInterval {
        /// Its release.
        version: Version,
        /// What the settings say: (count + 1) intervals.
        meant: Duration,
        /// When it gives up on a client that says nothing.
        real: Duration,
    },
    /// A dead client of a session that prints is noticed by TCP alone.
    SilencedByOutput {
        /// Its release.
        version: Version,
        /// When ClientAlive would have noticed an idle one.
        idle: Duration,
        /// When TCP notices, if known.
        tcp: Option<Duration>,
    },
    /// A pattern that no channel has.
    ChannelPatternMatchesNothing {
        /// Whose file.
        side: Side,
        /// As it stands there.
        pattern: String,
        /// Its limit.
        limit: Limit,
        /// The pattern that was meant, if it is plain.
        meant: Option<&'static str>,
    },
    /// A keyword too new.
    KeywordUnknownToRelease {
        /// Whose file.
        side: Side,
        /// Which.
        keyword: &'static str,
        /// The first release that knows it.
        since: Version,
        /// The release there.
        version: Version,
    },
    /// The server may be silent for this long during the login.
    LoginTooShort {
        /// interval x count.
        limit: Duration,
        /// What a login with a push to a phone may take.
        wanted: Duration,
    },
    /// The count promises more than TCP gives.
    CountBeyondTcp {
        /// At whose end.
        side: Side,
        /// (count + 1) intervals.
        promised: Duration,
        /// When TCP gives up.
        real: Duration,
    },
    /// New sessions over the shared connection hang for this long after an outage.
    SharedWithoutKeepalive {
        /// Until the master notices; `None`: never.
        until: Option<Duration>,
    },
    /// No timer of this side fires when the path dies.
    NobodyNotices {
        /// At whose end.
        side: Side,
    },
    /// ChannelTimeout closes sessions, and -N and shared connections stay.
    SessionClosesConnectionStays,
    /// What the file says does not act yet.
    NotReloaded {
        /// The file.
        file: String,
    },
    /// sshd refuses its configuration: it would not start again with it.
    ConfigurationRefused {
        /// What it said, with file and line.
        said: String,
    },
    /// `ssh -G` or `sshd -T` says otherwise.
    ResolverDiffers {
        /// Whose file.
        side: Side,
        /// Which keyword.
        keyword: String,
        /// What we make of the files.
        ours: String,
        /// What ssh says.
        theirs: String,
    },
}

impl Problem {
    /// The code of its findings.
    pub fn code(&self) -> FindingCode {
        match self {
            Problem::KeepaliveSlowerThanPath { .. } => FindingCode::KeepaliveSlowerThanPath,
            Problem::KeepaliveSlowerThanCommon { .. } => FindingCode::KeepaliveSlowerThanCommon,
            Problem::NothingKeepsPath { .. } => FindingCode::NothingKeepsPath,
            Problem::ClientCountZero { .. } => FindingCode::ClientCountZero,
            Problem::ServerCountZero { .. } => FindingCode::ServerCountZero,
            Problem::LineHasNoEffect(_) => FindingCode::LineHasNoEffect,
            Problem::AliveIsNotIdle { .. } => FindingCode::AliveIsNotIdle,
            Problem::DoubledInterval { .. } => FindingCode::DoubledInterval,
            Problem::SilencedByOutput { .. } => FindingCode::SilencedByOutput,
            Problem::ChannelPatternMatchesNothing { .. } => {
                FindingCode::ChannelPatternMatchesNothing
            }
            Problem::KeywordUnknownToRelease { .. } => FindingCode::KeywordUnknownToRelease,
            Problem::LoginTooShort { .. } => FindingCode::LoginTooShort,
            Problem::CountBeyondTcp { .. } => FindingCode::CountBeyondTcp,
            Problem::SharedWithoutKeepalive { .. } => FindingCode::SharedWithoutKeepalive,
            Problem::NobodyNotices { .. } => FindingCode::NobodyNotices,
            Problem::SessionClosesConnectionStays => FindingCode::SessionClosesConnectionStays,
            Problem::NotReloaded { .. } => FindingCode::NotReloaded,
            Problem::ConfigurationRefused { .. } => FindingCode::ConfigurationRefused,
            Problem::ResolverDiffers { .. } => FindingCode::ResolverDiffers,
        }
    }
}
