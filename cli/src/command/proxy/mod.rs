//! `abide proxy`: as ProxyCommand of any ssh client, carries its connection to sshd over a link. The
//! client's own encryption, authentication and host key check go from end to end; what is here carries
//! bytes.

mod inner;
mod install;
mod line;
mod marker;

use std::ffi::OsString;

use abide_session::{OwnSshd, ProgramKind, encode_word};
use clap::Args;

use crate::args::{LinkArgs, Place};
use crate::command::session::{identity, serve};
use crate::command::target::read_host;
use crate::complaint::Complaint;
use crate::exit::Exit;
use crate::planning;

/// What `abide proxy` is asked for.
#[derive(Args, Debug)]
pub(crate) struct ProxyArgs {
    #[command(flatten)]
    pub(crate) link: LinkArgs,
    /// The host as ssh_config knows it: abide's own login uses its settings, without the ProxyCommand
    #[arg(long, value_name = "NAME")]
    pub(crate) alias: Option<OsString>,
    /// Put the ProxyCommand for HOST into ~/.ssh/config: difference shown, checked by ssh, undoable
    #[arg(long, conflicts_with_all = ["alias", "uninstall"])]
    pub(crate) install: bool,
    /// Take it out again
    #[arg(long, conflicts_with = "alias")]
    pub(crate) uninstall: bool,
    /// With --install or --uninstall: show what would change, and change nothing
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,
    /// With --install or --uninstall: ask nothing
    #[arg(long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// Carries stdin and stdout to the sshd of a host, or sees to it that ssh has it done.
pub(crate) fn run(args: ProxyArgs) -> Result<Exit, Complaint> {
    match (args.install, args.uninstall) {
        (true, _) => install::install(&args),
        (_, true) => install::uninstall(&args),
        _ => carry(args),
    }
}

fn carry(args: ProxyArgs) -> Result<Exit, Complaint> {
    let (invocation, port) = read_host(&args.place)?;
    let port = read_port(&port)?;
    let marks = marker::pass(args.alias.as_deref(), &invocation.destination.host, port)?;
    let quiet = invocation.quiet;
    let plan = inner::plan(*invocation, args.alias, port, marks, &args.link)?;
    let identity = identity()?;
    let what = ProgramKind::OwnSshd(OwnSshd { port: port.into() });
    let start = planning::start_of(what, &args.link, identity.public().0.to_vec());
    let start = abide_session::Start { waits: true, ..start };
    let keeper = ["keeper", "start", &encode_word(&start)].map(str::to_owned).to_vec();
    serve(&plan, keeper, identity, quiet)
}

fn read_port(text: &str) -> Result<u16, Complaint> {
    let usage = |error: String| {
        Complaint::new(error)
            .because("the form is: abide proxy [ssh's flags] HOST PORT")
            .try_this("ProxyCommand abide proxy %h %p, in ~/.ssh/config")
            .exit(Exit::USAGE)
    };
    match text.parse() {
        Ok(0) | Err(_) if text.is_empty() => Err(usage("no port given".to_owned())),
        Ok(0) | Err(_) => Err(usage(format!("`{text}` is not a port"))),
        Ok(port) => Ok(port),
    }
}
