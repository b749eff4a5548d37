//! The stable codes of findings: the same in text and JSON for ever.

/// A finding's stable code, the same in text and JSON for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingCode {
    /// Packets come more rarely than what the path keeps.
    KeepaliveSlowerThanPath,
    /// Packets come more rarely than common devices keep.
    KeepaliveSlowerThanCommon,
    /// Nothing at all is sent on an idle connection.
    NothingKeepsPath,
    /// ServerAliveInterval is set, its count is 0.
    ClientCountZero,
    /// ClientAliveInterval is set, its count is 0.
    ServerCountZero,
    /// An earlier line wins.
    LineHasNoEffect,
    /// ClientAlive is taken for an idle limit.
    AliveIsNotIdle,
    /// sshd counts each interval twice.
    DoubledInterval,
    /// Output keeps sshd from asking.
    SilencedByOutput,
    /// `ChannelTimeout session=` and other names that match nothing.
    ChannelPatternMatchesNothing,
    /// A keyword that this release does not know.
    KeywordUnknownToRelease,
    /// The login may be cut while a person or device answers.
    LoginTooShort,
    /// Retransmission gives up before the count is reached.
    CountBeyondTcp,
    /// A shared connection without keepalives hangs after an outage.
    SharedWithoutKeepalive,
    /// Nothing ever notices a dead peer.
    NobodyNotices,
    /// ChannelTimeout closes sessions and leaves the connection open.
    SessionClosesConnectionStays,
    /// A file was changed and sshd has not read it again.
    NotReloaded,
    /// sshd refuses its configuration.
    ConfigurationRefused,
    /// ssh's own answer differs from ours.
    ResolverDiffers,
}

impl FindingCode {
    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            FindingCode::KeepaliveSlowerThanPath => "keepalive-slower-than-path",
            FindingCode::KeepaliveSlowerThanCommon => "keepalive-slower-than-common",
            FindingCode::NothingKeepsPath => "nothing-keeps-path",
            FindingCode::ClientCountZero => "client-count-zero",
            FindingCode::ServerCountZero => "server-count-zero",
            FindingCode::LineHasNoEffect => "line-has-no-effect",
            FindingCode::AliveIsNotIdle => "alive-is-not-idle",
            FindingCode::DoubledInterval => "doubled-interval",
            FindingCode::SilencedByOutput => "silenced-by-output",
            FindingCode::ChannelPatternMatchesNothing => "channel-pattern-matches-nothing",
            FindingCode::KeywordUnknownToRelease => "keyword-unknown-to-release",
            FindingCode::LoginTooShort => "login-too-short",
            FindingCode::CountBeyondTcp => "count-beyond-tcp",
            FindingCode::SharedWithoutKeepalive => "shared-without-keepalive",
            FindingCode::NobodyNotices => "nobody-notices",
            FindingCode::SessionClosesConnectionStays => "session-closes-connection-stays",
            FindingCode::NotReloaded => "not-reloaded",
            FindingCode::ConfigurationRefused => "configuration-refused",
            FindingCode::ResolverDiffers => "resolver-differs",
        }
    }
}
