//! Memory of idle sessions with a shell: proportional set size, one contestant at a time, so that
//! nobody shares pages with another session.

use std::time::Duration;

use abide_lab::Profile;

use super::Trouble;
use super::field::Field;
use super::report::{Report, Target};
use super::task::{self, Memory};
use super::tool::Tool;

/// Before a session counts as left alone.
const SETTLING: Duration = Duration::from_secs(8);
/// MB of the two programs that stay.
const KEEPER_MAX: f64 = 6.0;
const CLIENT_MAX: f64 = 8.0;

const STAGE: &str = "memory (PSS)";

pub(crate) fn measure(report: &mut Report) -> Result<(), Trouble> {
    for tool in [Tool::Ssh, Tool::MoshNever, Tool::AbidePipe, Tool::Abide] {
        let field = Field::up(Profile::Lan)?;
        let terminal = field.open(tool)?;
        if tool == Tool::Abide {
            field.wait_for_carrier("quic", &[])?;
        }
        std::thread::sleep(SETTLING);
        let client = terminal.pid();
        tell(report, tool, "client", &[client])?;
        let helpers: Vec<u32> =
            field.client_processes().into_iter().filter(|pid| *pid != client).collect();
        tell(report, tool, "client's ssh", &helpers)?;
        let keepers: Vec<u32> = field.sessions()?.iter().map(|one| one.keeper_pid).collect();
        tell(report, tool, "keeper", &keepers)?;
        let mut rest = field.server_processes();
        rest.retain(|pid| !keepers.contains(pid));
        for (what, is_it) in RESTS {
            let (these, others) = rest.iter().partition::<Vec<u32>, _>(|pid| is_it(**pid));
            tell(report, tool, what, &these)?;
            rest = others;
        }
        field.leave(terminal)?;
    }
    Ok(())
}

type Kind = (&'static str, fn(u32) -> bool);

/// What else runs at the server; the shell itself is everybody's.
const RESTS: [Kind; 3] = [
    ("sshd of the login", |pid| task::name(pid).starts_with("sshd")),
    ("mosh-server", |pid| task::name(pid).starts_with("mosh-server")),
    ("keeper's hand in the login", |pid| task::command_line(pid).contains("abide keeper")),
];

fn tell(report: &mut Report, tool: Tool, what: &str, pids: &[u32]) -> Result<(), Trouble> {
    if pids.is_empty() {
        return Ok(());
    }
    let sum = pids
        .iter()
        .try_fold(Memory::default(), |sum, pid| Ok::<_, Trouble>(sum + task::memory(*pid)?))?;
    let mega = |bytes: u64| bytes as f64 / 1e6;
    let private = mega(sum.private);
    let note = format!("{} process(es), private {private:.2}", pids.len());
    let (name, size) = (format!("{}: {what}", tool.name()), (mega(sum.pss), "MB"));
    match (tool, what) {
        (Tool::Abide | Tool::AbidePipe, "client") => {
            report.judge(STAGE, name, size, Target::Most(CLIENT_MAX), note);
        }
        (Tool::Abide | Tool::AbidePipe, "keeper") => {
            report.judge(STAGE, name, size, Target::Most(KEEPER_MAX), note);
        }
        _ => report.add(STAGE, name, size, note),
    }
    Ok(())
}
