//! OpenSSH and Linux as they come: the values that act where nobody sets any. For predictions, and
//! as a base for values that were read.

use crate::{
    ChannelTimeouts, ClientSettings, Fact, Kernel, Limit, Persist, Probing, Reason, RekeyLimit,
    Route, ServerSettings, Setup, Switch, Version,
};

const SSH: &str = "OpenSSH's own: readconf.c, fill_default_options";
const SSHD: &str = "OpenSSH's own: servconf.c, fill_default_server_options";
const LINUX: &str = "Linux's own: Documentation/networking/ip-sysctl.rst";
const NEVER_SET: &str = "OpenSSH sets no TCP_USER_TIMEOUT";

/// sshd's LoginGraceTime where nobody sets it, seconds.
const LOGIN_GRACE: u64 = 120;
/// Both sides' count where nobody sets it.
const COUNT: u32 = 3;

impl Probing {
    /// An interval in seconds (0: off) and a count, as somebody states them.
    pub const fn stated(interval: u64, count: u32) -> Self {
        Probing { interval: Fact::stated(Limit::from_secs(interval)), count: Fact::stated(count) }
    }

    const fn stock(source: &'static str) -> Self {
        Probing {
            interval: Fact::default_of(Limit::Off, source),
            count: Fact::default_of(COUNT, source),
        }
    }

    /// Neither value was seen.
    pub fn not_checked(reason: &Reason) -> Self {
        Probing {
            interval: Fact::NotChecked(reason.clone()),
            count: Fact::NotChecked(reason.clone()),
        }
    }
}

impl ClientSettings {
    /// ssh of that release without any configuration, straight to the server.
    pub fn stock(version: Version) -> Self {
        ClientSettings {
            version: Fact::stated(version),
            alive: Probing::stock(SSH),
            tcp_keep_alive: Fact::default_of(Switch::On, SSH),
            connect_timeout: Fact::default_of(Limit::Off, SSH),
            connection_attempts: Fact::default_of(1, SSH),
            channel_timeout: Fact::default_of(ChannelTimeouts::default(), SSH),
            rekey: Fact::default_of(RekeyLimit::DEFAULT, SSH),
            persist: Fact::default_of(Persist::No, SSH),
            shared: Fact::default_of(Switch::Off, SSH),
            route: Fact::default_of(Route::Direct, SSH),
        }
    }
}

impl ClientSettings {
    /// Nothing was seen, for one reason.
    pub fn not_checked(reason: &Reason) -> Self {
        ClientSettings {
            version: Fact::NotChecked(reason.clone()),
            alive: Probing::not_checked(reason),
            tcp_keep_alive: Fact::NotChecked(reason.clone()),
            connect_timeout: Fact::NotChecked(reason.clone()),
            connection_attempts: Fact::NotChecked(reason.clone()),
            channel_timeout: Fact::NotChecked(reason.clone()),
            rekey: Fact::NotChecked(reason.clone()),
            persist: Fact::NotChecked(reason.clone()),
            shared: Fact::NotChecked(reason.clone()),
            route: Fact::NotChecked(reason.clone()),
        }
    }
}

impl ServerSettings {
    /// sshd of that release without any configuration, and a login without limits.
    pub fn stock(version: Version) -> Self {
        ServerSettings {
            version: Fact::stated(version),
            alive: Probing::stock(SSHD),
            tcp_keep_alive: Fact::default_of(Switch::On, SSHD),
            login_grace: Fact::default_of(Limit::from_secs(LOGIN_GRACE), SSHD),
            channel_timeout: Fact::default_of(ChannelTimeouts::default(), SSHD),
            unused_connection: Fact::default_of(Limit::Off, SSHD),
            rekey: Fact::default_of(RekeyLimit::DEFAULT, SSHD),
            shell_timeout: Fact::default_of(Limit::Off, "bash(1): no TMOUT by default"),
            stop_idle: Fact::default_of(Limit::Off, "logind.conf(5): infinity"),
        }
    }

    /// Nothing was seen, for one reason.
    pub fn not_checked(reason: &Reason) -> Self {
        ServerSettings {
            version: Fact::NotChecked(reason.clone()),
            alive: Probing::not_checked(reason),
            tcp_keep_alive: Fact::NotChecked(reason.clone()),
            login_grace: Fact::NotChecked(reason.clone()),
            channel_timeout: Fact::NotChecked(reason.clone()),
            unused_connection: Fact::NotChecked(reason.clone()),
            rekey: Fact::NotChecked(reason.clone()),
            shell_timeout: Fact::NotChecked(reason.clone()),
            stop_idle: Fact::NotChecked(reason.clone()),
        }
    }
}

impl Kernel {
    /// Linux as it comes, without a tracker of connections.
    pub const fn stock() -> Self {
        Kernel {
            keepalive_time: Fact::default_of(Limit::from_secs(7_200), LINUX),
            keepalive_interval: Fact::default_of(Limit::from_secs(75), LINUX),
            keepalive_probes: Fact::default_of(9, LINUX),
            retries2: Fact::default_of(15, LINUX),
            syn_retries: Fact::default_of(6, LINUX),
            syn_linear: Fact::default_of(4, LINUX),
            rto_max: Fact::default_of(Limit::from_secs(120), LINUX),
            user_timeout: Fact::default_of(Limit::Off, NEVER_SET),
            conntrack: Fact::default_of(Limit::Off, LINUX),
        }
    }

    /// Nothing was seen, for one reason; but what OpenSSH never sets is known all the same.
    pub fn not_checked(reason: &Reason) -> Self {
        Kernel {
            keepalive_time: Fact::NotChecked(reason.clone()),
            keepalive_interval: Fact::NotChecked(reason.clone()),
            keepalive_probes: Fact::NotChecked(reason.clone()),
            retries2: Fact::NotChecked(reason.clone()),
            syn_retries: Fact::NotChecked(reason.clone()),
            syn_linear: Fact::NotChecked(reason.clone()),
            rto_max: Fact::NotChecked(reason.clone()),
            user_timeout: Fact::default_of(Limit::Off, NEVER_SET),
            conntrack: Fact::NotChecked(reason.clone()),
        }
    }
}

impl Setup {
    /// Two ends of these releases without any configuration, on a path of which nothing is known.
    pub fn stock(client: Version, server: Version) -> Self {
        Setup {
            client: ClientSettings::stock(client),
            client_kernel: Kernel::stock(),
            server: ServerSettings::stock(server),
            server_kernel: Kernel::stock(),
            path: Fact::NotChecked(Reason::NotTold("a measurement of the path".to_owned())),
        }
    }
}
