//! The one way in which a lab is removed: a small shell that waits for its owner's end, orderly or
//! not, then ends the processes in the lab's namespaces and removes namespaces and directory.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use crate::LabError;
use crate::names::{LabName, NAMESPACES, ROLES};

/// `$1` is the directory, the rest are namespaces. Processes get half a second to leave by
/// themselves. Touches nothing outside of the names it is given.
const SCRIPT: &str = r#"
trap '' INT HUP TERM
read -r _
directory=$1; shift
inside() { for n in "$@"; do ip netns pids "$n" 2>/dev/null; done; }
for signal in TERM TERM TERM TERM TERM TERM TERM TERM TERM TERM KILL KILL KILL; do
  pids=$(inside "$@")
  [ -z "$pids" ] && break
  kill -$signal $pids 2>/dev/null
  sleep 0.05
done
for n in "$@"; do ip netns del "$n" 2>/dev/null; done
rm -rf -- "$directory"
"#;

/// Removes a lab when dropped, or when this process dies.
pub(crate) struct Watchdog {
    shell: Child,
}

impl Watchdog {
    /// Starts watching over the lab of that name, before anything of it exists.
    pub(crate) fn start(name: LabName) -> Result<Self, LabError> {
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT, "lab-watchdog"]).arg(name.directory());
        command.args(ROLES.map(|role| name.namespace(role)));
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // Out of reach of a terminal's Ctrl-C, which is one of the ends that it waits for.
        let shell = command.process_group(0).spawn();
        Ok(Watchdog { shell: shell.map_err(LabError::system("starting the lab's watchdog"))? })
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ended_either_way = self.shell.wait();
    }
}

/// Removes what labs of dead owners left behind; returns their names.
pub(crate) fn sweep() -> Result<Vec<String>, LabError> {
    let mut dead: Vec<LabName> = Vec::new();
    for place in [std::path::PathBuf::from(NAMESPACES), std::env::temp_dir()] {
        let Ok(entries) = fs::read_dir(&place) else { continue };
        for entry in entries.flatten() {
            let lab = LabName::of(&entry.file_name().to_string_lossy());
            if let Some(lab) = lab.filter(|lab| !lab.owner_lives() && !dead.contains(lab)) {
                dead.push(lab);
            }
        }
    }
    let guards: Result<Vec<_>, _> = dead.iter().map(|name| Watchdog::start(*name)).collect();
    drop(guards?);
    Ok(dead.iter().map(LabName::to_string).collect())
}
