//! The table of settings: name, value, where it is from. Both ends, then the kernels.

use abide_timeouts::{
    ChannelTimeouts, ClientSettings, Fact, Kernel, Limit, Persist, RekeyLimit, Route,
    ServerSettings, Switch,
};

use super::page::Page;
use super::seen::Seen;
use super::words::{limit, span};

/// One row before it is set.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// The setting's name.
    pub(super) name: &'static str,
    /// Its value as text; `None`: not checked.
    pub(super) value: Option<String>,
    /// Its value as a number: seconds, or a count.
    pub(super) number: Option<u64>,
    /// Where it is from, or why it was not checked.
    pub(super) origin: String,
}

const NAME: usize = 29;
const VALUE: usize = 16;

/// Writes the tables of what was looked at.
pub(super) fn write(seen: &Seen, page: &mut Page) {
    if seen.client.is_some() {
        page.part("SSH HERE");
        table(page, client(&seen.setup.client));
        page.part("KERNEL HERE");
        table(page, kernel(&seen.setup.client_kernel));
    }
    let Some(server) = &seen.server else {
        page.part("SERVER");
        return page.say(2, "not checked: --local looks at this machine alone");
    };
    page.part("SERVER");
    if let Some(refused) = &server.refused {
        let was_there = seen.setup.server_kernel.keepalive_time.known().is_some();
        let who = if was_there { "sshd -T" } else { "The login" };
        page.say(2, &format!("{who} told nothing: {refused}"));
    }
    let rows = self::server(&seen.setup.server);
    if server.refused.is_some() && seen.setup.server.alive.interval.known().is_some() {
        page.say(
            2,
            match server.refuses {
                false => "What follows was read off its files.",
                true => "What follows was read off files that sshd refuses: it does not act.",
            },
        );
    }
    if rows.iter().skip(1).all(|row| row.value.is_none()) {
        table(page, rows[..1].to_vec());
        return page.say(2, "everything else: not checked");
    }
    table(page, rows);
    page.part("KERNEL OF THE SERVER");
    table(page, kernel(&seen.setup.server_kernel));
}

fn table(page: &mut Page, rows: Vec<Row>) {
    for row in rows {
        let name = format!("  {}", row.name);
        let value = row.value.as_deref().unwrap_or("not checked");
        page.row(&[(&name, NAME), (value, VALUE)], &row.origin);
    }
}

/// ssh's.
pub(super) fn client(ssh: &ClientSettings) -> Vec<Row> {
    vec![
        row("release", &ssh.version, |it| format!("OpenSSH {it}")),
        time("ServerAliveInterval", &ssh.alive.interval),
        count("ServerAliveCountMax", &ssh.alive.count),
        row("TCPKeepAlive", &ssh.tcp_keep_alive, |it| switch(*it)),
        time("ConnectTimeout", &ssh.connect_timeout),
        count("ConnectionAttempts", &ssh.connection_attempts),
        row("ChannelTimeout", &ssh.channel_timeout, channels),
        row("RekeyLimit", &ssh.rekey, rekey),
        row("shared connection", &ssh.shared, |it| switch(*it)),
        row("ControlPersist", &ssh.persist, persist),
        row("way", &ssh.route, route),
    ]
}

/// sshd's and the login's.
pub(super) fn server(sshd: &ServerSettings) -> Vec<Row> {
    vec![
        row("release", &sshd.version, |it| format!("OpenSSH {it}")),
        time("ClientAliveInterval", &sshd.alive.interval),
        count("ClientAliveCountMax", &sshd.alive.count),
        row("TCPKeepAlive", &sshd.tcp_keep_alive, |it| switch(*it)),
        time("LoginGraceTime", &sshd.login_grace),
        row("ChannelTimeout", &sshd.channel_timeout, channels),
        time("UnusedConnectionTimeout", &sshd.unused_connection),
        row("RekeyLimit", &sshd.rekey, rekey),
        time("TMOUT of the shell", &sshd.shell_timeout),
        time("StopIdleSessionSec", &sshd.stop_idle),
    ]
}

/// A kernel's.
pub(super) fn kernel(kernel: &Kernel) -> Vec<Row> {
    vec![
        time("tcp_keepalive_time", &kernel.keepalive_time),
        time("tcp_keepalive_intvl", &kernel.keepalive_interval),
        count("tcp_keepalive_probes", &kernel.keepalive_probes),
        count("tcp_retries2", &kernel.retries2),
        count("tcp_syn_retries", &kernel.syn_retries),
        time("connection tracking keeps", &kernel.conntrack),
    ]
}

fn row<T>(name: &'static str, fact: &Fact<T>, text: impl FnOnce(&T) -> String) -> Row {
    match fact {
        Fact::Known(value, origin) => {
            Row { name, value: Some(text(value)), number: None, origin: origin.to_string() }
        }
        Fact::NotChecked(reason) => {
            Row { name, value: None, number: None, origin: reason.to_string() }
        }
    }
}

/// Off is 0, as in OpenSSH's files.
fn time(name: &'static str, fact: &Fact<Limit>) -> Row {
    let number = fact.known().map(|it| it.duration().map_or(0, |it| it.as_secs()));
    Row { number, ..row(name, fact, |it| limit(*it)) }
}

fn count(name: &'static str, fact: &Fact<u32>) -> Row {
    Row { number: fact.known().map(|it| u64::from(*it)), ..row(name, fact, u32::to_string) }
}

fn switch(value: Switch) -> String {
    match value {
        Switch::On => "yes".to_owned(),
        Switch::Off => "no".to_owned(),
    }
}

/// `session:*=5m`, or `none`.
pub(super) fn channels(value: &ChannelTimeouts) -> String {
    if value.rules.is_empty() {
        return "none".to_owned();
    }
    let words = value.rules.iter().map(|it| format!("{}={}", it.pattern, limit(it.limit)));
    words.collect::<Vec<_>>().join(" ")
}

fn rekey(value: &RekeyLimit) -> String {
    let bytes = value.bytes.map_or_else(|| "default".to_owned(), |it| it.to_string());
    match value.time.duration() {
        Some(time) => format!("{bytes} {}", span(time)),
        None => bytes,
    }
}

fn persist(value: &Persist) -> String {
    match value {
        Persist::No => "no".to_owned(),
        Persist::Forever => "for ever".to_owned(),
        Persist::For(time) => span(*time),
    }
}

fn route(value: &Route) -> String {
    match value {
        Route::Direct => "direct".to_owned(),
        Route::Proxied(_) => "through a proxy".to_owned(),
    }
}
