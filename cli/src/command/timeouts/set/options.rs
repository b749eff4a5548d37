//! The options of `abide timeouts set`. Not the reading of what follows them.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use abide_settings::Profile;
use abide_settings::server::ServerPlace;
use abide_terms::parse_span;

/// How long a server keeps an unconfirmed change.
const CONFIRM_WITHIN: Duration = Duration::from_secs(120);

// What was given on the command line. A doc comment would be shown as the command's description.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(super) options: Options,
    /// [ssh's flags] HOST [KEYWORD=VALUE ...]; KEYWORD= takes its lines away
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "HOST KEYWORD=VALUE")]
    pub(super) words: Vec<OsString>,
}

// Our own options; they may stand before or after the host.
#[derive(clap::Args, Clone, Debug, Default)]
pub(crate) struct Options {
    /// Notice a dead connection after this long
    #[arg(long, value_name = "TIME", value_parser = parse_span)]
    pub(super) dead_after: Option<Duration>,
    /// Send a keepalive after this much silence
    #[arg(long, value_name = "TIME", value_parser = parse_span)]
    pub(super) keepalive: Option<Duration>,
    /// Keep a session that is idle for this long
    #[arg(long, value_name = "TIME", value_parser = parse_span)]
    pub(super) survive_idle: Option<Duration>,
    /// Several settings at once: roaming, days; for servers also cis, stig, pci
    #[arg(long, value_name = "NAME")]
    pub(super) profile: Option<Profile>,
    /// For the hosts that match (server: for the connections, as in a Match line)
    #[arg(long = "for", value_name = "PATTERN", conflicts_with = "all")]
    pub(super) pattern: Option<String>,
    /// For all hosts
    #[arg(long)]
    pub(super) all: bool,
    /// Put the lines into this file
    #[arg(long, value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
    /// Change this machine's sshd; HOST then is a login that proves the door
    #[arg(long, conflicts_with = "on_server")]
    pub(super) server: bool,
    /// Change the sshd of HOST
    #[arg(long)]
    pub(super) on_server: bool,
    #[command(flatten)]
    pub(super) sshd: SshdOptions,
    /// Put a server's change back unless a fresh login confirms it within this long [default: 2m]
    #[arg(long, value_name = "TIME", value_parser = parse_span)]
    confirm_within: Option<Duration>,
    /// Ask nothing
    #[arg(long)]
    pub(super) yes: bool,
    /// Show what would be changed, and change nothing
    #[arg(long)]
    pub(super) dry_run: bool,
}

// Which sshd, where several run.
#[derive(clap::Args, Clone, Debug, Default)]
pub(crate) struct SshdOptions {
    /// The configuration of the sshd that is meant [default: /etc/ssh/sshd_config]
    #[arg(long, value_name = "FILE")]
    sshd_config: Option<PathBuf>,
    /// The file with its process number
    #[arg(long, value_name = "FILE")]
    sshd_pid_file: Option<PathBuf>,
    /// The sshd to ask
    #[arg(long, value_name = "FILE")]
    sshd_program: Option<PathBuf>,
    /// The command that makes it read its configuration again
    #[arg(long, value_name = "COMMAND")]
    reload_command: Option<String>,
}

impl Options {
    /// What taking a server's change back needs of them.
    pub(in super::super) fn for_undo(yes: bool, sshd: ServerPlace) -> Self {
        let sshd = SshdOptions {
            sshd_config: sshd.config,
            sshd_pid_file: sshd.pid_file,
            sshd_program: sshd.program,
            reload_command: sshd.reload_command,
        };
        Options { yes, sshd, ..Options::default() }
    }

    pub(super) fn confirm_within(&self) -> Duration {
        self.confirm_within.unwrap_or(CONFIRM_WITHIN)
    }

    /// Which sshd is meant.
    pub(super) fn place(&self) -> ServerPlace {
        let sshd = self.sshd.clone();
        ServerPlace {
            config: sshd.sshd_config,
            pid_file: sshd.sshd_pid_file,
            reload_command: sshd.reload_command,
            program: sshd.sshd_program,
        }
    }

    /// Files of this machine, named from its root.
    pub(super) fn make_absolute(&mut self) -> std::io::Result<()> {
        let sshd = &mut self.sshd;
        let files = [&mut self.file, &mut sshd.sshd_config, &mut sshd.sshd_pid_file];
        for file in files.into_iter().flatten() {
            *file = std::path::absolute(&*file)?;
        }
        Ok(())
    }

    /// These, and what the others say besides.
    pub(super) fn or(self, other: Options) -> Options {
        Options {
            dead_after: self.dead_after.or(other.dead_after),
            keepalive: self.keepalive.or(other.keepalive),
            survive_idle: self.survive_idle.or(other.survive_idle),
            profile: self.profile.or(other.profile),
            pattern: self.pattern.or(other.pattern),
            all: self.all || other.all,
            file: self.file.or(other.file),
            server: self.server || other.server,
            on_server: self.on_server || other.on_server,
            sshd: SshdOptions {
                sshd_config: self.sshd.sshd_config.or(other.sshd.sshd_config),
                sshd_pid_file: self.sshd.sshd_pid_file.or(other.sshd.sshd_pid_file),
                sshd_program: self.sshd.sshd_program.or(other.sshd.sshd_program),
                reload_command: self.sshd.reload_command.or(other.sshd.reload_command),
            },
            confirm_within: self.confirm_within.or(other.confirm_within),
            yes: self.yes || other.yes,
            dry_run: self.dry_run || other.dry_run,
        }
    }
}
