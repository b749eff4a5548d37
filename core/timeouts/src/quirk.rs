//! What differs between releases of OpenSSH, as a table with sources. Not the maths: `alive`,
//! `idle` and `login` ask here.

use crate::{Side, Version};

/// A peculiarity of some releases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Quirk {
    /// sshd counts each interval twice.
    DoubledInterval,
    /// sshd asks nobody anything while its own side wakes it more often than the interval.
    SilencedByOutput,
    /// ssh asks nothing while its own side wakes it more often than the interval.
    SilencedByInput,
    /// sshd with ClientAliveCountMax 0 asks for ever and never ends the connection.
    CountZeroNeverEnds,
    /// sshd with ClientAliveCountMax 0 ends the connection after one interval, unasked.
    CountZeroEndsUnasked,
    /// ssh with ServerAliveCountMax 0 ends the connection after one silent interval, unasked.
    ClientCountZeroEndsUnasked,
    /// ssh reads with a time limit of interval times count until the login is through.
    LoginSilence,
    /// sshd knows ChannelTimeout and UnusedConnectionTimeout.
    ServerChannelTimeout,
    /// ssh knows ChannelTimeout.
    ClientChannelTimeout,
    /// ChannelTimeout has `global=`.
    GlobalChannelTimeout,
    /// sshd adds up to 4 s to LoginGraceTime.
    GraceJitter,
    /// sshd logs by default why a connection broke.
    EndReasonLogged,
}

/// One row: from when, until when, and who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuirkRow {
    /// Which.
    pub quirk: Quirk,
    /// Whose release decides.
    pub side: Side,
    /// First release that has it; `None`: as far back as was looked.
    pub since: Option<Version>,
    /// First release without it; `None`: still so in 10.5.
    pub before: Option<Version>,
    /// Commit, file and line (of OpenSSH portable 10.5p1 unless said), or how it was measured.
    pub source: &'static str,
}

const fn row(
    quirk: Quirk,
    side: Side,
    since: Option<Version>,
    before: Option<Version>,
    source: &'static str,
) -> QuirkRow {
    QuirkRow { quirk, side, since, before, source }
}

const fn v(major: u16, minor: u16) -> Option<Version> {
    Some(Version::new(major, minor))
}

/// All of them.
pub const QUIRKS: [QuirkRow; 12] = [
    row(
        Quirk::DoubledInterval,
        Side::Server,
        v(9, 2),
        v(9, 5),
        "9.2 serverloop.c:259 compares with `>` (commit d478cdc7a), fixed by 9d7193a83 in 9.5; \
         measured with Debian's 9.2p1: 5 x 3 gave 40 s",
    ),
    row(
        Quirk::SilencedByOutput,
        Side::Server,
        v(9, 2),
        None,
        "serverloop.c:242 wants ppoll to have timed out, and each wake-up begins a new interval \
         (:203); measured with 9.2p1 and 10.5p1",
    ),
    row(
        Quirk::SilencedByInput,
        Side::Client,
        None,
        v(8, 4),
        "fixed by commit f11b23346 in 8.4; clientloop.c:751-758",
    ),
    row(
        Quirk::CountZeroNeverEnds,
        Side::Server,
        v(8, 2),
        None,
        "commit 69334996a in 8.2; serverloop.c:118; measured with 9.2p1 and 10.5p1",
    ),
    row(
        Quirk::CountZeroEndsUnasked,
        Side::Server,
        None,
        v(8, 2),
        "commit 69334996a, which changed it in 8.2",
    ),
    row(
        Quirk::ClientCountZeroEndsUnasked,
        Side::Client,
        None,
        None,
        "clientloop.c:497 counts before it asks; measured with 9.2p1",
    ),
    row(
        Quirk::LoginSilence,
        Side::Client,
        v(6, 5),
        None,
        "ssh.c:1714 calls ssh_packet_set_timeout (packet.c:338-350); measured: 2 x 2 gave 4.0 s",
    ),
    row(
        Quirk::ServerChannelTimeout,
        Side::Server,
        v(9, 2),
        None,
        "release notes of 9.2; channels.c:350, 2711",
    ),
    row(Quirk::ClientChannelTimeout, Side::Client, v(9, 6), None, "release notes of 9.6"),
    row(
        Quirk::GlobalChannelTimeout,
        Side::Server,
        v(9, 7),
        None,
        "release notes of 9.7; measured with 10.5p1",
    ),
    row(
        Quirk::GraceJitter,
        Side::Server,
        v(9, 9),
        None,
        "sshd-session.c:1212-1219; measured with 10.5p1: 4 s gave 6.1 s",
    ),
    row(
        Quirk::EndReasonLogged,
        Side::Server,
        v(9, 8),
        None,
        "commit 5603befe1 raised them from VERBOSE to INFO in 9.8",
    ),
];

impl Quirk {
    /// Its row.
    pub fn row(self) -> Option<&'static QuirkRow> {
        QUIRKS.iter().find(|row| row.quirk == self)
    }

    /// A release has it.
    pub fn is_in(self, version: Version) -> bool {
        self.row().is_some_and(|row| {
            row.since.is_none_or(|since| version >= since)
                && row.before.is_none_or(|before| version < before)
        })
    }

    /// Its stable name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Quirk::DoubledInterval => "doubled-interval",
            Quirk::SilencedByOutput => "silenced-by-output",
            Quirk::SilencedByInput => "silenced-by-input",
            Quirk::CountZeroNeverEnds => "count-zero-never-ends",
            Quirk::CountZeroEndsUnasked => "count-zero-ends-unasked",
            Quirk::ClientCountZeroEndsUnasked => "client-count-zero-ends-unasked",
            Quirk::LoginSilence => "login-silence",
            Quirk::ServerChannelTimeout => "server-channel-timeout",
            Quirk::ClientChannelTimeout => "client-channel-timeout",
            Quirk::GlobalChannelTimeout => "global-channel-timeout",
            Quirk::GraceJitter => "grace-jitter",
            Quirk::EndReasonLogged => "end-reason-logged",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_quirk_has_one_row_with_a_source() {
        for row in &QUIRKS {
            assert_eq!(QUIRKS.iter().filter(|it| it.quirk == row.quirk).count(), 1);
            assert_eq!(row.quirk.row(), Some(row));
            assert!(row.source.len() > 15, "{:?}", row.quirk);
        }
    }

    #[test]
    fn quirks_begin_and_end_with_releases() {
        for (quirk, version, expected) in [
            (Quirk::DoubledInterval, (9, 1), false),
            (Quirk::DoubledInterval, (9, 2), true),
            (Quirk::DoubledInterval, (9, 4), true),
            (Quirk::DoubledInterval, (9, 5), false),
            (Quirk::SilencedByOutput, (9, 1), false),
            (Quirk::SilencedByOutput, (10, 5), true),
            (Quirk::SilencedByInput, (8, 3), true),
            (Quirk::SilencedByInput, (8, 4), false),
            (Quirk::CountZeroEndsUnasked, (8, 1), true),
            (Quirk::CountZeroNeverEnds, (8, 1), false),
            (Quirk::CountZeroNeverEnds, (8, 2), true),
            (Quirk::GraceJitter, (9, 8), false),
            (Quirk::GraceJitter, (9, 9), true),
        ] {
            let version = Version::new(version.0, version.1);
            assert_eq!(quirk.is_in(version), expected, "{quirk:?} in {version}");
        }
    }
}
