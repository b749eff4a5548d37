//! What is configured for the connection that is watched: ssh's side from `ssh -G`, the server's as far
//! as it is known. Values in the terms of `abide_timeouts`, which says what they will do.

use std::ffi::OsStr;
use std::process::{Command, Stdio};
use std::time::Duration;

use abide_openssh::{Effective, EffectiveError, Invocation};
use abide_relay::KeepAlive;
use abide_settings::read;
use abide_timeouts::{
    Alive, Fact, Limit, Origin, Prediction, Probing, Reason, Setup, Side, Situation, Switch,
    Traffic, Version, predict,
};

use crate::complaint::Complaint;
use crate::explain;

/// Counts up to this are tested with an interval of two seconds, longer ones with one.
const FEW: u32 = 5;

/// An interval for the test in place of the configured one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Quick {
    /// The one for the test.
    pub(super) interval: Duration,
}

/// Everything that is known of both ends.
#[derive(Debug)]
pub(super) struct Configured {
    /// What acts in the test.
    pub(super) setup: Setup,
    /// What acts without `--quick`, where that differs.
    pub(super) real: Option<Setup>,
    /// What ssh will do otherwise.
    pub(super) effective: Effective,
    /// `ProxyUseFdpass`.
    pub(super) passes_descriptors: bool,
    /// `Compression`, which the server may still refuse.
    pub(super) compresses: bool,
}

impl Configured {
    /// Asks ssh. Of the server nothing is known yet.
    pub(super) fn ask(ssh: &OsStr, invocation: &Invocation) -> Result<Self, Complaint> {
        let failed = |error: EffectiveError| explain::settings(&error);
        let no_ssh =
            |source| failed(EffectiveError::NoSsh { ssh: ssh.display().to_string(), source });
        let mut asking = Command::new(ssh);
        asking.arg("-G").args(&invocation.passed).arg("--").arg(&invocation.destination.host);
        let answer = asking.stdin(Stdio::null()).output().map_err(no_ssh)?;
        if !answer.status.success() {
            let stderr = String::from_utf8_lossy(&answer.stderr).trim().to_owned();
            return Err(failed(EffectiveError::Refused { stderr }));
        }
        let effective = Effective::parse(&answer.stdout).map_err(failed)?;
        let version = Command::new(ssh).arg("-V").stdin(Stdio::null()).output().map_err(no_ssh)?;
        let version = String::from_utf8_lossy(&version.stderr).into_owned();
        Ok(Self::read(&String::from_utf8_lossy(&answer.stdout), effective, &version))
    }

    fn read(printed: &str, effective: Effective, version: &str) -> Self {
        let value = |key: &str| {
            let mut lines = printed.lines().filter_map(|line| line.split_once(' '));
            lines.find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value)
        };
        let number = |key| {
            let number = value(key).and_then(|text| text.parse::<u32>().ok());
            told(number, "ssh -G")
        };
        let version = Version::parse(version);
        let mut setup = Setup::stock(version.unwrap_or(UNTOLD), UNTOLD);
        setup.client.version = told(version, "ssh -V");
        setup.client.alive = Probing {
            interval: number("serveraliveinterval").map(|it| Limit::from_secs(u64::from(*it))),
            count: number("serveralivecountmax"),
        };
        let keepalive =
            value("tcpkeepalive").map(|it| if it == "no" { Switch::Off } else { Switch::On });
        setup.client.tcp_keep_alive = told(keepalive, "ssh -G");
        setup.server.version = Fact::NotChecked(Reason::NotTold("the server's banner".to_owned()));
        let unasked = || Reason::NotTold("`sshd -T` on the server".to_owned());
        setup.server.alive =
            Probing { interval: Fact::NotChecked(unasked()), count: Fact::NotChecked(unasked()) };
        let [passes_descriptors, compresses] =
            ["proxyusefdpass", "compression"].map(|key| value(key) == Some("yes"));
        Configured { setup, real: None, effective, passes_descriptors, compresses }
    }

    /// Asks the server by a login of its own, where that needs no answer of the person: a second
    /// prompt would be a high price for it. What it does not tell stays not checked.
    pub(super) fn ask_server(&mut self, ssh: &OsStr, invocation: &Invocation) {
        let mut quiet = invocation.clone();
        quiet.passed.splice(0..0, ["-o".into(), "BatchMode=yes".into()]);
        if let Ok(report) = read::report_there(ssh, &quiet) {
            self.setup.server = read::server(&report).settings;
        }
    }

    /// Takes somebody's word for what the server has.
    pub(super) fn state_server(&mut self, interval: u64, count: u32) {
        self.setup.server.alive = Probing {
            interval: Fact::stated(Limit::from_secs(interval)),
            count: Fact::stated(count),
        };
    }

    /// Scales ssh's interval down; `None` where there is nothing to scale.
    pub(super) fn quicken(&mut self) -> Option<Quick> {
        let alive = &self.setup.client.alive;
        let few = alive.count.known().is_some_and(|count| *count <= FEW);
        let interval = Duration::from_secs(if few { 2 } else { 1 });
        let configured = alive.interval.known()?.duration()?;
        if configured <= interval {
            return None;
        }
        self.real = Some(self.setup.clone());
        self.setup.client.alive.interval = Fact::stated(Limit::After(interval));
        Some(Quick { interval })
    }

    /// Takes the server's first line, which names its release.
    pub(super) fn take_banner(&mut self, line: Option<&str>) {
        let Some(line) = line else { return };
        let version = match Version::parse(line) {
            Some(version) => Fact::Known(version, Origin::Banner(line.to_owned())),
            // Asked by other means, and told.
            None if self.setup.server.version.known().is_some() => return,
            None => Fact::NotChecked(Reason::NotTold(format!("another server than `{line}`"))),
        };
        self.setup.server.version = version.clone();
        if let Some(real) = &mut self.real {
            real.server.version = version;
        }
    }

    /// `TCPKeepAlive` of ssh.
    pub(super) fn keepalive(&self) -> KeepAlive {
        match self.setup.client.tcp_keep_alive.known() {
            Some(Switch::Off) => KeepAlive::Off,
            Some(Switch::On) | None => KeepAlive::On,
        }
    }

    /// A side's keepalive, or why it is not known.
    pub(super) fn alive(&self, side: Side) -> Result<Alive, Reason> {
        Alive::of(&self.setup, side)
    }

    /// What happens in the test once nothing passes the relay any more: both kernels still get
    /// acknowledgements from it, so OpenSSH's own timers alone act.
    pub(super) fn when_cut(&self) -> Prediction {
        predict(&self.setup, Situation::FrozenPeer(Traffic::IDLE))
    }

    /// When a side gives up with the settings as they are, where the test has others.
    pub(super) fn really(&self, side: Side) -> Option<Duration> {
        let real = self.real.as_ref().filter(|_| side == Side::Client)?;
        let predicted = predict(real, Situation::FrozenPeer(Traffic::IDLE));
        predicted.first_of(side).map(|firing| firing.after.likely)
    }
}

/// Stands where a release is not known; the fact beside it says so.
const UNTOLD: Version = Version::new(0, 0);

fn told<T>(value: Option<T>, by: &str) -> Fact<T> {
    match value {
        Some(value) => Fact::Known(value, Origin::Program(by.to_owned())),
        None => Fact::NotChecked(Reason::NotTold(by.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = "host h\nhostname h\nuser u\nport 22\nserveraliveinterval 15\n\
        serveralivecountmax 3\ntcpkeepalive no\nproxyusefdpass no\n";

    fn configured() -> Configured {
        let effective = Effective::parse(PRINTED.as_bytes()).expect("settings");
        Configured::read(PRINTED, effective, "OpenSSH_9.2p1 Debian-2, OpenSSL 3.0.15")
    }

    #[test]
    fn ssh_side_is_read_and_the_server_is_not_guessed() {
        let configured = configured();
        let alive = configured.alive(Side::Client).expect("known");
        assert_eq!((alive.interval, alive.count), (Limit::from_secs(15), 3));
        assert_eq!(configured.keepalive(), KeepAlive::Off);
        assert!(configured.alive(Side::Server).is_err());
        let cut = configured.when_cut();
        assert_eq!(cut.first_of(Side::Client).map(|it| it.after.likely.as_secs()), Some(60));
        assert!(!cut.is_whole(Side::Server));
    }

    #[test]
    fn a_stated_server_needs_its_release_too() {
        let mut configured = configured();
        configured.state_server(5, 3);
        assert!(configured.alive(Side::Server).is_err(), "9.2 would double the interval");
        configured.take_banner(Some("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u10"));
        let cut = configured.when_cut();
        assert_eq!(cut.first_of(Side::Server).map(|it| it.after.likely.as_secs()), Some(40));
    }

    #[test]
    fn quick_scales_the_interval_alone() {
        let mut configured = configured();
        assert_eq!(configured.quicken(), Some(Quick { interval: Duration::from_secs(2) }));
        let cut = configured.when_cut();
        assert_eq!(cut.first_of(Side::Client).map(|it| it.after.likely.as_secs()), Some(8));
        assert!(configured.real.is_some());
        assert_eq!(configured.quicken(), None, "nothing is left to scale");
    }
}
