//! The two tools' command lines: the same server, the same relay, the same terminal.

use std::ffi::OsString;
use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::path::{Path, PathBuf};

use abide_demo::server::HOST;
use abide_demo::trial::Contestant;
use abide_host::command::ShellCommand;

/// The tools' names in the table.
pub(crate) const SSH: &str = "ssh";
pub(crate) const ABIDE: &str = "abide";

/// What the command lines are made of.
pub(crate) struct Makings<'a> {
    /// The file for `-F`.
    pub(crate) client_config: PathBuf,
    /// The relay's UDP port, where abide's datagrams must go to meet the faults.
    pub(crate) relay_udp: u16,
    /// The demo's own places for sockets and files.
    pub(crate) environment: &'a [(&'static str, PathBuf)],
}

impl Makings<'_> {
    /// Plain ssh, then this very program, whose keeper is to listen on that UDP port.
    pub(crate) fn contestants(&self, keeper_udp: u16) -> io::Result<[Contestant; 2]> {
        let ssh = self.command(Path::new("ssh"), &[]);
        Ok([
            Contestant { tool: SSH.into(), command: ssh },
            Contestant { tool: ABIDE.into(), command: self.abide(keeper_udp)? },
        ])
    }

    /// This very program, up to the host.
    pub(crate) fn abide(&self, keeper_udp: u16) -> io::Result<ShellCommand> {
        let ports = format!("--udp-ports={keeper_udp}");
        let mut abide = self.command(&abide_host::process::exe_path()?, &[ports]);
        let via = format!("127.0.0.1:{}", self.relay_udp);
        abide.env.push(("ABIDE_UDP_VIA".into(), via.into()));
        abide.env.extend(inherited("ABIDE_LOG"));
        let ours = self.environment.iter();
        abide.env.extend(ours.map(|(name, path)| (name.into(), path.into())));
        Ok(abide)
    }

    fn command(&self, program: &Path, first: &[String]) -> ShellCommand {
        let mut command = ShellCommand::new(program);
        command.args = first.iter().map(OsString::from).collect();
        command.args.extend(["-F".into(), self.client_config.clone().into()]);
        command.args.extend(["-tt".into(), HOST.into()]);
        command.env = ["PATH", "HOME"].into_iter().filter_map(inherited).collect();
        command.env.push(("TERM".into(), "xterm-256color".into()));
        command
    }
}

fn inherited(name: &str) -> Option<(OsString, OsString)> {
    Some((name.into(), std::env::var_os(name)?))
}

/// A UDP port that nobody has just now. Should somebody take it at once, abide does without UDP.
pub(crate) fn free_udp_port() -> io::Result<u16> {
    Ok(UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?.local_addr()?.port())
}
