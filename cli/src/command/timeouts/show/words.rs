//! Words for what `abide-timeouts` calls by names: timers, effects, releases' peculiarities, spans.

use std::time::Duration;

use abide_terms::print_span;
use abide_timeouts::{Effect, Firing, Limit, Prediction, Quirk, Reason, Side, Timer, When};

/// A span as people say it; what is too long to ever pass is so.
pub(super) fn span(span: Duration) -> String {
    /// Beyond this nobody waits.
    const EVER: Duration = Duration::from_secs(100 * 365 * 86_400);
    if span >= EVER { "over 100 years".to_owned() } else { print_span(span) }
}

/// A limit in a cell.
pub(super) fn limit(limit: Limit) -> String {
    limit.duration().map_or_else(|| "off".to_owned(), span)
}

/// When something fires: about then, where it is not exact.
pub(super) fn when(when: When) -> String {
    let loose = when.latest.saturating_sub(when.earliest) > Duration::from_secs(10);
    if loose { format!("about {}", span(when.likely)) } else { span(when.likely) }
}

/// A timer as the person knows it, short.
pub(super) const fn timer(timer: Timer) -> &'static str {
    match timer {
        Timer::ServerAlive => "ServerAlive",
        Timer::ClientAlive => "ClientAlive",
        Timer::TcpRetransmission => "TCP retries",
        Timer::TcpKeepAlive => "TCP keepalive",
        Timer::TcpUserTimeout => "TCP user timeout",
        Timer::TcpConnect => "TCP connect",
        Timer::ConnectTimeout => "ConnectTimeout",
        Timer::LoginSilence => "ServerAlive",
        Timer::LoginGrace => "LoginGraceTime",
        Timer::ChannelTimeout => "ChannelTimeout",
        Timer::UnusedConnection => "UnusedConnection",
        Timer::Rekey => "RekeyLimit",
        Timer::ControlPersist => "ControlPersist",
        Timer::ShellTimeout => "TMOUT",
        Timer::StopIdle => "StopIdleSession",
        Timer::Path => "path forgets",
    }
}

/// A timer in a sentence.
pub(super) const fn timer_at_length(timer: Timer) -> &'static str {
    match timer {
        Timer::ServerAlive => "ServerAliveInterval and ServerAliveCountMax",
        Timer::ClientAlive => "ClientAliveInterval and ClientAliveCountMax",
        Timer::TcpRetransmission => "the kernel, which sends unacknowledged bytes again",
        Timer::TcpKeepAlive => "the kernel's TCP keepalive",
        Timer::TcpUserTimeout => "TCP_USER_TIMEOUT",
        Timer::TcpConnect => "the kernel's tcp_syn_retries",
        Timer::ConnectTimeout => "ConnectTimeout",
        Timer::LoginSilence => "ServerAliveInterval times ServerAliveCountMax",
        Timer::LoginGrace => "LoginGraceTime",
        Timer::ChannelTimeout => "ChannelTimeout",
        Timer::UnusedConnection => "UnusedConnectionTimeout",
        Timer::Rekey => "RekeyLimit",
        Timer::ControlPersist => "ControlPersist",
        Timer::ShellTimeout => "the shell's TMOUT",
        Timer::StopIdle => "logind's StopIdleSessionSec",
        Timer::Path => "the path's idle limit",
    }
}

/// What a firing does, after "after 5m".
pub(super) const fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::EndsConnection => "ends the connection",
        Effect::EndsSession => "closes the session",
        Effect::EndsShell => "logs the shell out",
        Effect::EndsLogin => "ends the attempt",
        Effect::EndsMaster => "ends the shared connection",
        Effect::NewKeys => "makes new keys, and nobody notices",
        Effect::Forgotten => "is over: the next packet finds the connection forgotten",
    }
}

/// Why a release does it so.
pub(super) const fn quirk(quirk: Quirk) -> &'static str {
    match quirk {
        Quirk::DoubledInterval => "sshd 9.2 to 9.4 counts each interval twice",
        Quirk::SilencedByOutput => "since 9.2 sshd asks nothing while output keeps it busy",
        Quirk::SilencedByInput => "before 8.4 ssh asks nothing while input keeps it busy",
        Quirk::CountZeroNeverEnds => "since 8.2 a count of 0 means: ask for ever, end never",
        Quirk::CountZeroEndsUnasked => "before 8.2 a count of 0 means: end unasked",
        Quirk::ClientCountZeroEndsUnasked => "to ssh a count of 0 means: end unasked",
        Quirk::LoginSilence => "until the login is through ssh waits interval x count",
        Quirk::ServerChannelTimeout => "sshd knows ChannelTimeout since 9.2",
        Quirk::ClientChannelTimeout => "ssh knows ChannelTimeout since 9.6",
        Quirk::GlobalChannelTimeout => "ChannelTimeout has global= since 9.7",
        Quirk::GraceJitter => "since 9.9 sshd adds up to 4 s",
        Quirk::EndReasonLogged => "since 9.8 sshd logs why a connection broke",
    }
}

/// What a side is called in a sentence.
pub(super) const fn side(side: Side) -> &'static str {
    match side {
        Side::Client => "ssh",
        Side::Server => "the server",
    }
}

/// Whose file a keyword of that side stands in.
pub(super) const fn file(side: Side) -> &'static str {
    match side {
        Side::Client => "ssh_config",
        Side::Server => "sshd_config",
    }
}

/// Why something was not checked.
pub(super) fn why(reason: &Reason) -> String {
    reason.to_string()
}

/// What a side does first, in a cell.
pub(super) fn first_in_cell(prediction: &Prediction, side: Side) -> String {
    match prediction.first_of(side) {
        Some(firing) => {
            let open = if prediction.is_whole(side) { "" } else { " *" };
            format!("{} {}{open}", span(firing.after.likely), timer(firing.timer))
        }
        None if prediction.is_whole(side) => "-".to_owned(),
        None => "not checked".to_owned(),
    }
}

/// A firing in a sentence, after the side's name: "notices after 2m (...)".
pub(super) fn by(firing: &Firing) -> String {
    let mut words = format!("after {}, by {}", when(firing.after), timer_at_length(firing.timer));
    for it in &firing.quirks {
        words.push_str(&format!(" ({})", quirk(*it)));
    }
    words
}
