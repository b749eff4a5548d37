//! Names of timers and ends as they stand in a chart. Not numbers.

use abide_timeouts::{Alive, Side, Timer};

/// A timer's name, as its setting is called where it has one.
pub(super) fn timer(timer: Timer) -> &'static str {
    match timer {
        Timer::ServerAlive => "ServerAlive",
        Timer::ClientAlive => "ClientAlive",
        Timer::TcpRetransmission => "TCP retries",
        Timer::TcpKeepAlive => "TCPKeepAlive",
        Timer::TcpUserTimeout => "TCP_USER_TIMEOUT",
        Timer::TcpConnect => "TCP connect",
        Timer::ConnectTimeout => "ConnectTimeout",
        Timer::LoginSilence => "login silence",
        Timer::LoginGrace => "LoginGraceTime",
        Timer::ChannelTimeout => "ChannelTimeout",
        Timer::UnusedConnection => "UnusedConnectionTimeout",
        Timer::Rekey => "RekeyLimit",
        Timer::ControlPersist => "ControlPersist",
        Timer::ShellTimeout => "TMOUT",
        Timer::StopIdle => "StopIdleSessionSec",
        Timer::Path => "the path's memory",
    }
}

/// The program that asks.
pub(super) fn program(side: Side) -> &'static str {
    match side {
        Side::Client => "ssh",
        Side::Server => "sshd",
    }
}

/// What the program asks.
pub(super) fn peer(side: Side) -> &'static str {
    match side {
        Side::Client => "server",
        Side::Server => "client",
    }
}

/// The keywords of a side's keepalive: interval, count.
pub(super) fn keywords(side: Side) -> (&'static str, &'static str) {
    match side {
        Side::Client => ("ServerAliveInterval", "ServerAliveCountMax"),
        Side::Server => ("ClientAliveInterval", "ClientAliveCountMax"),
    }
}

/// `ClientAlive 600 × 2`, as guides write it: interval in seconds.
pub(super) fn short(alive: &Alive) -> String {
    let seconds = alive.interval.duration().unwrap_or_default().as_secs();
    format!("{} {seconds} × {}", timer(alive.timer()), alive.count)
}
