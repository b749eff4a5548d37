//! The names of all timers, whose they are, and what they do when they fire. No maths.

/// One of the two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// This machine: ssh and its kernel.
    Client,
    /// The other: sshd, its kernel, the login.
    Server,
}

impl Side {
    /// The side's name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Side::Client => "client",
            Side::Server => "server",
        }
    }
}

/// Something that counts time between the keyboard and the remote shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// ssh's `ServerAliveInterval` and `ServerAliveCountMax`.
    ServerAlive,
    /// sshd's `ClientAliveInterval` and `ClientAliveCountMax`.
    ClientAlive,
    /// The kernel sends unacknowledged bytes again, and gives up.
    TcpRetransmission,
    /// The kernel asks an idle peer (`TCPKeepAlive`, tcp_keepalive_*), and gives up.
    TcpKeepAlive,
    /// TCP_USER_TIMEOUT, set by a wrapper: OpenSSH never does.
    TcpUserTimeout,
    /// The kernel tries to connect, and gives up.
    TcpConnect,
    /// `ConnectTimeout`: TCP and the banner.
    ConnectTimeout,
    /// ServerAliveInterval times ServerAliveCountMax as the time that the server may be silent
    /// during key exchange and login.
    LoginSilence,
    /// `LoginGraceTime`.
    LoginGrace,
    /// `ChannelTimeout` of a session or forward.
    ChannelTimeout,
    /// `UnusedConnectionTimeout`.
    UnusedConnection,
    /// `RekeyLimit` by time. Never ends anything.
    Rekey,
    /// `ControlPersist`.
    ControlPersist,
    /// The shell's TMOUT.
    ShellTimeout,
    /// logind's StopIdleSessionSec.
    StopIdle,
    /// What the path is known to keep an idle connection for.
    Path,
}

impl Timer {
    /// The timer's stable name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Timer::ServerAlive => "server-alive",
            Timer::ClientAlive => "client-alive",
            Timer::TcpRetransmission => "tcp-retransmission",
            Timer::TcpKeepAlive => "tcp-keepalive",
            Timer::TcpUserTimeout => "tcp-user-timeout",
            Timer::TcpConnect => "tcp-connect",
            Timer::ConnectTimeout => "connect-timeout",
            Timer::LoginSilence => "login-silence",
            Timer::LoginGrace => "login-grace",
            Timer::ChannelTimeout => "channel-timeout",
            Timer::UnusedConnection => "unused-connection",
            Timer::Rekey => "rekey",
            Timer::ControlPersist => "control-persist",
            Timer::ShellTimeout => "shell-timeout",
            Timer::StopIdle => "stop-idle",
            Timer::Path => "path",
        }
    }
}

/// What a timer does when it fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// The connection ends at this side: ssh exits with 255, or the session there is hung up.
    EndsConnection,
    /// The session's channel is closed; a plain ssh then exits with 255.
    EndsSession,
    /// The shell exits, as if the person had.
    EndsShell,
    /// The attempt to log in ends.
    EndsLogin,
    /// The shared connection ends when nobody uses it.
    EndsMaster,
    /// New keys are made; nobody notices.
    NewKeys,
    /// The path forgets the connection: neither end knows until it sends.
    Forgotten,
}

impl Effect {
    /// The effect's stable name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Effect::EndsConnection => "ends-connection",
            Effect::EndsSession => "ends-session",
            Effect::EndsShell => "ends-shell",
            Effect::EndsLogin => "ends-login",
            Effect::EndsMaster => "ends-master",
            Effect::NewKeys => "new-keys",
            Effect::Forgotten => "forgotten",
        }
    }
}
