//! The programs that ask to carry: how each is started with the same forwards. Judges nothing.

use std::process::Command;

use abide_lab::Trouble;

use crate::stage::Stage;

/// A program that forwards ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Supplicant {
    Abide,
    /// `abide tunnel`: a supervised link.
    Tunnel,
    Ssh,
    Autossh,
}

/// Death noticed within 15 s: what careful users of ssh and autossh set.
const KEEPALIVES: [&str; 4] = ["-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=2"];
const FAIL: [&str; 2] = ["-o", "ExitOnForwardFailure=yes"];

impl Supplicant {
    /// Those that are compared; a tunnel is carried as abide's forwards are.
    pub(crate) const ALL: [Supplicant; 3] =
        [Supplicant::Abide, Supplicant::Ssh, Supplicant::Autossh];

    /// Whether what it carries may not be lost.
    pub(crate) fn is_ours(self) -> bool {
        matches!(self, Supplicant::Abide | Supplicant::Tunnel)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Supplicant::Abide => "abide",
            Supplicant::Tunnel => "tunnel",
            Supplicant::Ssh => "ssh",
            Supplicant::Autossh => "autossh",
        }
    }

    /// The command that keeps the forwards up: `-N` and no terminal.
    pub(crate) fn command(self, stage: &Stage, forwards: &[String]) -> Result<Command, Trouble> {
        let mut command = match self {
            Supplicant::Abide => stage.client(stage.abide()),
            Supplicant::Tunnel => {
                let mut command = stage.client(stage.abide());
                // Often, so that a probe would come into the darkness if one were made then.
                command.args(["tunnel", "--probe-every", "2s"]);
                command
            }
            Supplicant::Ssh => stage.client("ssh"),
            Supplicant::Autossh => {
                let mut command = stage.client("autossh");
                command.args(["-M", "0"]).env("AUTOSSH_GATETIME", "0");
                command
            }
        };
        if !self.is_ours() {
            command.args(KEEPALIVES);
        }
        command.args(FAIL).arg("-F").arg(stage.lab.ssh_config_path()).args(forwards);
        command.args(["-N", "lab"]);
        Ok(command)
    }
}
