//! What the driver does for a tunnel over a link alone: the command line of the process that carries it, and
//! what that tells.

use super::Driver;
use crate::link_news::LinkNews;
use crate::supervisor::login::Login;
use crate::supervisor::phase::Phase;
use crate::supervisor::report::News;
use crate::way::Way;
use abide_host::clock;
use abide_terms::Moment;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The files of one tunnel, in the directory of tunnels.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    /// ssh's control socket.
    pub(crate) control: PathBuf,
    /// Locked by the process that carries a link, as long as that runs.
    pub(crate) lock: PathBuf,
    /// A link's socket for probes.
    pub(crate) socks: PathBuf,
}

impl Files {
    /// Those of this process's tunnel of that number.
    pub(crate) fn new(directory: &Path, index: usize) -> Self {
        let place = |end| directory.join(format!("{}-{index}.{end}", std::process::id()));
        Files { control: place("ctl"), lock: place("link"), socks: place("socks") }
    }

    /// Takes away what is left of them.
    pub(super) fn remove(&self) {
        for path in [&self.control, &self.lock, &self.socks] {
            let _ = std::fs::remove_file(path);
        }
    }
}

impl Driver {
    /// What stands behind `abide`: see `cli/command/tunnel/carry`.
    pub(super) fn link_words(&self, argv: &[OsString]) -> Vec<OsString> {
        let mut words = vec![OsString::from("tunnel-link")];
        words.extend(
            [&self.files.lock, &self.files.socks].map(|path| path.clone().into_os_string()),
        );
        words.extend(["--name".into(), self.shared.session_name(&self.tunnel.name).into()]);
        if self.tunnel.link.no_udp {
            words.push("--no-udp".into());
        }
        if let Some(ports) = &self.tunnel.link.udp_ports {
            words.extend(["--udp-ports".into(), ports.into()]);
        }
        words.extend(argv.iter().cloned());
        words
    }

    pub(super) fn handle_told(&mut self, news: LinkNews) {
        let now = clock::now();
        match news {
            LinkNews::Sending { .. } => self.machine.handle_progress(now),
            LinkNews::Silent => {
                self.machine.handle_silent(now);
                self.probing = Box::pin(std::future::pending());
            }
            LinkNews::Heard => self.machine.handle_heard(now),
            LinkNews::On { carrier } => self.carrier = Some(carrier),
            LinkNews::SshFailed { cause } => self.machine.handle_ssh_failed(now, cause),
            // The rest is heard as if ssh had said it, or waits for the end.
            _ => {}
        }
    }

    /// Said once for one reason, however often it is tried.
    pub(super) fn handle_unfit(&mut self, why: String) {
        if !matches!(self.machine.phase(), Phase::Starting { .. }) {
            let cause = crate::Cause::Other { reason: why };
            return self.machine.handle_ended(clock::now(), cause);
        }
        self.machine.handle_unfit(clock::now());
        if self.plain_because.as_ref() != Some(&why) {
            self.shared.tell(&self.tunnel.name, &News::Unfit { why: why.clone() });
            self.plain_because = Some(why);
        }
    }

    pub(super) fn falls_back(&self) -> bool {
        self.machine.way() != self.tunnel.way
    }

    pub(super) fn pid_of(&self, way: Way) -> Option<u32> {
        self.login.as_ref().filter(|login| login.way() == way).and_then(Login::pid)
    }

    /// Says that an outage lasts, what is wrong meanwhile, and that it is over.
    pub(super) fn tell_outage(&mut self, now: Moment) {
        let name = &self.tunnel.name;
        match (self.outage, self.machine.quiet_since()) {
            (None, Some(since)) => {
                self.outage = Some(since);
                self.shared.tell(name, &News::Outage);
            }
            (Some(since), None) => {
                self.outage = None;
                if matches!(self.machine.phase(), Phase::Up { .. }) {
                    self.told = None;
                    self.shared.tell(name, &News::Back { seconds: now.since(since).as_secs() });
                }
            }
            (Some(_), Some(_)) if self.told.as_ref() != self.machine.cause() => {
                self.told = self.machine.cause().cloned();
                if let Some(cause) = self.told.clone() {
                    self.shared.tell(name, &News::Wrong { cause, next_seconds: None });
                }
            }
            _ => {}
        }
    }
}
