//! A server's settings, made of its report: sshd's by `sshd -T` where that is permitted, else off its
//! files; and the kernel's. The limits of the login are in `login_limits`.

use std::path::Path;

use abide_sshconf::{Context, Keyword, Resolved, Root, ServerContext, Tree, resolve};
use abide_timeouts::{
    ChannelTimeouts, Kernel, Limit, Probing, Reason, RekeyLimit, ServerSettings, Shadowed, Side,
};

use super::answer::{self, Answer, Both, Differs};
use super::client::shadowed;
use super::kernel;
use super::login_limits::{shell_timeout, stop_idle};
use super::report::Report;

/// What we read, print and compare.
const KEYWORDS: [Keyword; 7] = [
    Keyword::CLIENT_ALIVE_INTERVAL,
    Keyword::CLIENT_ALIVE_COUNT_MAX,
    Keyword::TCP_KEEP_ALIVE,
    Keyword::LOGIN_GRACE_TIME,
    Keyword::CHANNEL_TIMEOUT,
    Keyword::UNUSED_CONNECTION_TIMEOUT,
    Keyword::REKEY_LIMIT,
];

/// What was read.
#[derive(Clone, Debug)]
pub struct ServerRead {
    /// Every setting with its origin.
    pub settings: ServerSettings,
    /// The kernel's.
    pub kernel: Kernel,
    /// Lines about timers that have no effect for this login.
    pub shadowed: Vec<Shadowed>,
    /// Where we and `sshd -T` differ. Empty, unless one of the two has a fault.
    pub differs: Vec<Differs>,
    /// Why `sshd -T` told nothing, if so: what it or the login said.
    pub refused: Option<String>,
    /// What sshd says against its configuration, where it refuses it: the first line that it names.
    pub refuses: Option<String>,
    /// Files that were changed after sshd last read them: what they say does not act yet. Empty where
    /// there is no pid file to tell when that was.
    pub not_reloaded: Vec<String>,
}

/// Makes settings of a report.
pub fn server(report: &Report) -> ServerRead {
    // Where sshd itself tells nothing, a file that may not be read could hold anything.
    let is_partial = report.get("how").is_none() && report.get("unreadable").is_some();
    let is_read = report.failed().is_none() && !is_partial;
    let read = is_read.then(|| read_files(report)).flatten();
    let printed: String = report.all("set").map(|line| format!("{line}\n")).collect();
    let said = report.get("how").map(|_| Answer::parse(&printed));
    let refused = report.get("refused").or(report.failed()).map(str::to_owned);
    let both = Both {
        said: said.as_ref(),
        program: "sshd -T",
        read: read.as_ref(),
        missing: missing(report),
    };
    ServerRead {
        settings: settings(report, &both),
        kernel: kernel_of(report),
        shadowed: read.iter().flat_map(|it| shadowed(it, Side::Server, &KEYWORDS)).collect(),
        differs: both.differences(Side::Server, &KEYWORDS),
        refuses: report.get("bad").map(str::to_owned),
        refused,
        not_reloaded: report.all("newer").map(str::to_owned).collect(),
    }
}

/// Why sshd's settings are not known, where they are not.
fn missing(report: &Report) -> Reason {
    if let Some(failed) = report.failed() {
        return Reason::Failed(failed.to_owned());
    }
    if report.get("no-sshd").is_some() {
        return Reason::NotTold("an sshd, and none was found there".to_owned());
    }
    if let Some(file) = report.get("unreadable") {
        return Reason::NotPermitted(format!("permission to read {file}"));
    }
    // To root, what sshd itself said is the reason.
    match report.get("refused") {
        Some(said) if report.get("uid") == Some("0") => Reason::Failed(said.to_owned()),
        _ => Reason::NotPermitted("root".to_owned()),
    }
}

fn settings(report: &Report, both: &Both<'_>) -> ServerSettings {
    ServerSettings {
        version: report.version(),
        alive: Probing {
            interval: both.parsed(Keyword::CLIENT_ALIVE_INTERVAL, answer::limit),
            count: both.parsed(Keyword::CLIENT_ALIVE_COUNT_MAX, |text| text.parse().ok()),
        },
        tcp_keep_alive: both.parsed(Keyword::TCP_KEEP_ALIVE, answer::switch),
        login_grace: both.parsed(Keyword::LOGIN_GRACE_TIME, answer::limit),
        // 9.2 does not print one that is not set, and older releases know none.
        channel_timeout: both.parsed_or(
            Keyword::CHANNEL_TIMEOUT,
            ChannelTimeouts::default(),
            |text| ChannelTimeouts::parse(text).ok(),
        ),
        unused_connection: both.parsed_or(
            Keyword::UNUSED_CONNECTION_TIMEOUT,
            Limit::Off,
            answer::limit,
        ),
        rekey: both.parsed_or(Keyword::REKEY_LIMIT, RekeyLimit::DEFAULT, |text| {
            RekeyLimit::parse(text).ok()
        }),
        shell_timeout: shell_timeout(report),
        stop_idle: stop_idle(report),
    }
}

/// Our own reading of the files that the report has; `None` where the main one is missing.
fn read_files(report: &Report) -> Option<Resolved> {
    let main = Path::new(report.get("config")?);
    report.files.iter().find(|(path, _)| path == main)?;
    let mut tree = Tree::new();
    for (path, text) in &report.files {
        tree.insert(path, text.clone().into_bytes());
    }
    let mut words = report.get("connection")?.split_whitespace();
    let peer = words.next().unwrap_or("127.0.0.1");
    let local = words.nth(1).unwrap_or("127.0.0.1");
    let flags = report.get("flags").unwrap_or_default();
    let mut context = ServerContext {
        user: report.get("login").map(str::to_owned),
        host: Some(peer.to_owned()),
        address: peer.parse().ok(),
        local_address: local.parse().ok(),
        local_port: words.next().unwrap_or("22").parse().ok(),
        options: flags.split(" -o ").filter(|it| !it.is_empty()).map(flag_of).collect(),
        ..ServerContext::default()
    };
    if let Some(version) = report.version().known() {
        context.release = (*version).into();
    }
    Some(resolve(&[Root::server(main)], &Context::Server(context), &tree))
}

fn flag_of(text: &str) -> String {
    text.trim().trim_start_matches("-o ").to_owned()
}

fn kernel_of(report: &Report) -> Kernel {
    if let Some(failed) = report.failed() {
        return Kernel::not_checked(&Reason::Failed(failed.to_owned()));
    }
    kernel::from(report.get("linux").is_some(), |wanted| {
        let values = report.all("kernel").filter_map(|line| line.split_once(' '));
        let mut mine = values.filter(|(name, _)| *name == wanted);
        mine.next().map(|(_, value)| value.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use abide_timeouts::{Fact, Origin};
    use std::path::PathBuf;

    #[test]
    fn a_server_that_was_asked_is_known() {
        let read = server(&Report::of(&[
            "how sshd -T",
            "set ClientAliveInterval 600",
            "set clientalivecountmax 2",
            "set tcpkeepalive yes",
            "set logingracetime 120",
            "set unusedconnectiontimeout none",
            "version OpenSSH_9.2p1",
            "linux",
            "kernel tcp_keepalive_time 7200",
            "tmout-searched",
            "logind-searched",
            "newer /etc/ssh/sshd_config",
        ]));
        assert_eq!(read.not_reloaded, ["/etc/ssh/sshd_config"]);
        let settings = read.settings;
        let program = Origin::Program("sshd -T".into());
        assert_eq!(settings.alive.interval, Fact::Known(Limit::from_secs(600), program));
        assert_eq!(settings.alive.count.known(), Some(&2));
        assert_eq!(settings.channel_timeout.known(), Some(&ChannelTimeouts::default()));
        assert_eq!(settings.shell_timeout.known(), Some(&Limit::Off));
        assert_eq!(settings.stop_idle.known(), Some(&Limit::Off));
        assert_eq!(read.kernel.keepalive_time.known(), Some(&Limit::from_secs(7_200)));
    }

    #[test]
    fn a_login_that_failed_tells_nothing_and_why() {
        let mut failed = Report::of(&[]);
        failed.failed = Some("Permission denied (publickey).".into());
        let read = server(&failed);
        let why = Reason::Failed("Permission denied (publickey).".into());
        assert_eq!(read.settings.alive.interval, Fact::NotChecked(why.clone()));
        assert_eq!(read.settings.channel_timeout, Fact::NotChecked(why.clone()));
        assert_eq!(read.settings.shell_timeout, Fact::NotChecked(why.clone()));
        assert_eq!(read.kernel.retries2, Fact::NotChecked(why));
    }

    #[test]
    fn an_sshd_that_refuses_leaves_what_needs_root() {
        let read = server(&Report::of(&["refused sshd: no hostkeys available", "tmout-searched"]));
        let why = Reason::NotPermitted("root".into());
        assert_eq!(read.settings.alive.interval, Fact::NotChecked(why));
        assert_eq!(read.refused.as_deref(), Some("sshd: no hostkeys available"));
    }

    #[test]
    fn files_count_where_all_of_them_can_be_read() {
        let main = PathBuf::from("/etc/ssh/sshd_config");
        let lines = ["config /etc/ssh/sshd_config", "connection", "login ann", "refused no keys"];
        let mut whole = Report::of(&lines);
        whole.files.push((main.clone(), "ClientAliveInterval 5m\n".into()));
        let read = server(&whole).settings.alive;
        let origin = Origin::File { path: main.display().to_string(), line: 1 };
        assert_eq!(read.interval, Fact::Known(Limit::from_secs(300), origin));
        assert_eq!(read.count.known(), Some(&3));
        let mut partial = whole;
        let hidden = "/etc/ssh/sshd_config.d/50-cloud-init.conf";
        partial.lines.push(("unreadable".into(), hidden.into()));
        let why = Reason::NotPermitted(format!("permission to read {hidden}"));
        assert_eq!(server(&partial).settings.alive.interval, Fact::NotChecked(why));
    }

    #[test]
    fn blocks_that_could_not_be_decided_leave_a_value_unchecked() {
        let mut report = Report::of(&["config /c", "connection", "login ann", "refused no keys"]);
        let text = "Match Group wheel\n ClientAliveInterval 5m\n";
        report.files.push((PathBuf::from("/c"), text.into()));
        let alive = server(&report).settings.alive;
        assert!(alive.interval.known().is_none(), "{alive:?}");
        assert_eq!(alive.count.known(), Some(&3));
    }
}
