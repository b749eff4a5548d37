//! Ends the session that a new one is to replace: what a client that was killed or cut off has left
//! behind, with the ports that its successor wants.

use std::time::Duration;

use abide_host::clock;
use rustix::process::{Pid, Signal, kill_process};

use crate::requests::{Found, Lookup, RequestError, find};

/// How long a keeper may take to tell its clients and go; then it is killed.
const GOES_WITHIN: Duration = Duration::from_secs(3);
/// How long the system may take to end one that is killed.
const DIES_WITHIN: Duration = Duration::from_secs(2);
/// How often it is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Sessions of one name that are ended: there is one as a rule.
const MAX_REPLACED: usize = 16;

/// Ends every session of that name, and returns once its ports are free. Blocking, with limits.
///
/// # Errors
/// Sessions could not be looked up.
pub fn replace(name: &str) -> Result<(), RequestError> {
    if name.is_empty() {
        // That would mean whichever session there is.
        return Ok(());
    }
    let found = match find(name)? {
        Lookup::None => Vec::new(),
        Lookup::One(found) | Lookup::Silent(found) => vec![*found],
        Lookup::Several(found) => found,
    };
    // By name alone: an id is nobody's to replace.
    let named = found.iter().filter(|found| found.description.name == name);
    named.take(MAX_REPLACED).for_each(end);
    Ok(())
}

fn end(found: &Found) {
    let pid = i32::try_from(found.description.pid).ok().and_then(Pid::from_raw);
    let Some(pid) = pid else { return };
    for (signal, within) in [(Signal::TERM, GOES_WITHIN), (Signal::KILL, DIES_WITHIN)] {
        // Gone already is as good.
        let _ = kill_process(pid, signal);
        if is_gone_within(pid, within) {
            return;
        }
    }
}

fn is_gone_within(pid: Pid, within: Duration) -> bool {
    let until = clock::now() + within;
    while is_running(pid) {
        if clock::now() >= until {
            return false;
        }
        std::thread::sleep(LOOK_EVERY);
    }
    true
}

/// From the line of proc_pid_stat(5): a process that is over, and waits to be taken note of, has state Z.
fn is_running(pid: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    let is_over =
        |stat: &str| stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with(['Z', 'X']));
    stat.is_ok_and(|stat| !is_over(&stat))
}
