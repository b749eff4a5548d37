//! Every setting that the timers between two shells depend on, each known or not checked. Not the
//! reading of them, and nothing follows from them here.

use crate::{ChannelTimeouts, Fact, Limit, RekeyLimit, Version};

/// A keepalive exchange of OpenSSH's: ServerAlive* of ssh, ClientAlive* of sshd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probing {
    /// `ServerAliveInterval`, `ClientAliveInterval`.
    pub interval: Fact<Limit>,
    /// `ServerAliveCountMax`, `ClientAliveCountMax`.
    pub count: Fact<u32>,
}

/// A yes or no of a configuration file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Switch {
    /// `yes`.
    On,
    /// `no`.
    Off,
}

/// How ssh's bytes leave the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// ssh's own socket: its TCP settings act.
    Direct,
    /// `ProxyCommand` or `ProxyJump`: another process has the socket.
    Proxied(String),
}

/// `ControlPersist`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Persist {
    /// No sharing, or the connection ends with the session that opened it.
    No,
    /// For ever.
    Forever,
    /// This long after the last channel closed.
    For(std::time::Duration),
}

/// What ssh does on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSettings {
    /// Its release.
    pub version: Fact<Version>,
    /// `ServerAliveInterval`, `ServerAliveCountMax`.
    pub alive: Probing,
    /// `TCPKeepAlive`.
    pub tcp_keep_alive: Fact<Switch>,
    /// `ConnectTimeout`: per address, TCP and banner together.
    pub connect_timeout: Fact<Limit>,
    /// `ConnectionAttempts`.
    pub connection_attempts: Fact<u32>,
    /// `ChannelTimeout` (ssh 9.6).
    pub channel_timeout: Fact<ChannelTimeouts>,
    /// `RekeyLimit`.
    pub rekey: Fact<RekeyLimit>,
    /// `ControlPersist`.
    pub persist: Fact<Persist>,
    /// A multiplexing master is used or made (`ControlMaster`, `ControlPath`).
    pub shared: Fact<Switch>,
    /// `ProxyCommand`, `ProxyJump`.
    pub route: Fact<Route>,
}

/// What sshd and the login do on the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerSettings {
    /// sshd's release.
    pub version: Fact<Version>,
    /// `ClientAliveInterval`, `ClientAliveCountMax`.
    pub alive: Probing,
    /// `TCPKeepAlive`.
    pub tcp_keep_alive: Fact<Switch>,
    /// `LoginGraceTime`.
    pub login_grace: Fact<Limit>,
    /// `ChannelTimeout` (sshd 9.2).
    pub channel_timeout: Fact<ChannelTimeouts>,
    /// `UnusedConnectionTimeout` (sshd 9.2).
    pub unused_connection: Fact<Limit>,
    /// `RekeyLimit`.
    pub rekey: Fact<RekeyLimit>,
    /// The shell's TMOUT: how long a prompt waits for a line.
    pub shell_timeout: Fact<Limit>,
    /// logind's StopIdleSessionSec (systemd 252).
    pub stop_idle: Fact<Limit>,
}

/// What a machine's kernel does with TCP, and with the flows that it tracks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kernel {
    /// net.ipv4.tcp_keepalive_time: silence before the first probe.
    pub keepalive_time: Fact<Limit>,
    /// net.ipv4.tcp_keepalive_intvl: between probes.
    pub keepalive_interval: Fact<Limit>,
    /// net.ipv4.tcp_keepalive_probes: unanswered probes that end the connection.
    pub keepalive_probes: Fact<u32>,
    /// net.ipv4.tcp_retries2: how long unacknowledged bytes are sent again, see [`crate::tcp`].
    pub retries2: Fact<u32>,
    /// net.ipv4.tcp_syn_retries: how long connecting is tried.
    pub syn_retries: Fact<u32>,
    /// net.ipv4.tcp_syn_linear_timeouts (Linux 6.5; 0 before): tries a second apart before those.
    pub syn_linear: Fact<u32>,
    /// net.ipv4.tcp_rto_max_ms: longest pause between two retransmissions.
    pub rto_max: Fact<Limit>,
    /// TCP_USER_TIMEOUT of the connection. OpenSSH never sets it; a wrapper may.
    pub user_timeout: Fact<Limit>,
    /// net.netfilter.nf_conntrack_tcp_timeout_established, where flows are tracked.
    pub conntrack: Fact<Limit>,
}

/// All of it: the two ends, and what is known of the path between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// The near end.
    pub client: ClientSettings,
    /// The near end's kernel.
    pub client_kernel: Kernel,
    /// The far end.
    pub server: ServerSettings,
    /// The far end's kernel.
    pub server_kernel: Kernel,
    /// How long the path keeps an idle connection, where somebody knows.
    pub path: Fact<Limit>,
}
