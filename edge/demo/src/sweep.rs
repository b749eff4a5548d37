//! Ends processes that left their parents on purpose, such as keepers, found by a variable in their
//! environment that nothing else on the machine has. Where there is no /proc it finds nothing.

use std::ffi::OsStr;
use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use abide_host::clock;
use rustix::process::{Pid, PidfdFlags, Signal, getpid, pidfd_open, pidfd_send_signal};

/// How long processes may take to end in order.
const GRACE: Duration = Duration::from_secs(3);
/// How long killed processes may take to be gone; longer means that they sit in the kernel.
const BURIAL: Duration = Duration::from_secs(2);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);

/// Asks every process with `name=value` in its environment to end, then kills those that did not.
/// What they start meanwhile inherits the mark and is found as well. Blocks, but not for ever.
pub(crate) fn sweep(name: &str, value: &Path) {
    let mark = [name.as_bytes(), b"=", value.as_os_str().as_bytes()].concat();
    for (signal, patience) in [(Signal::TERM, GRACE), (Signal::KILL, BURIAL)] {
        let deadline = clock::now() + patience;
        let mut asked = Vec::new();
        loop {
            let found = marked(&mark);
            if found.is_empty() {
                return;
            }
            if clock::now() >= deadline {
                break;
            }
            for (pid, process) in found {
                if !asked.contains(&pid) {
                    // It may be gone by now, which is as good.
                    let _ = pidfd_send_signal(&process, signal);
                    asked.push(pid);
                }
            }
            sleep(LOOK);
        }
    }
}

fn marked(mark: &[u8]) -> Vec<(Pid, OwnedFd)> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| pid(&entry.file_name()));
    pids.filter(|pid| *pid != getpid())
        .filter_map(|pid| {
            // Held before it is looked at, so that no other process can take its number meanwhile.
            let process = pidfd_open(pid, PidfdFlags::empty()).ok()?;
            has(pid, mark).then_some((pid, process))
        })
        .collect()
}

fn pid(name: &OsStr) -> Option<Pid> {
    Pid::from_raw(name.to_str()?.parse().ok()?)
}

fn has(pid: Pid, mark: &[u8]) -> bool {
    // Other users' environments cannot be read, and those of the dead are empty.
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    environment.split(|byte| *byte == 0).any(|variable| variable == mark)
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn only_what_has_the_mark_ends_even_if_it_will_not() {
        let value = std::env::temp_dir().join(format!("sweep-{}", getpid()));
        let start = |value: &Path| {
            let mut command = Command::new("sh");
            command.args(["-c", "trap '' TERM; echo in; read -r line"]).env("SWEEP_TEST", value);
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
        };
        let (mut ours, mut other) = (start(&value), start(&value.join("more")));
        for child in [&mut ours, &mut other] {
            child.stdout.as_mut().unwrap().read_exact(&mut [0; 3]).unwrap();
        }
        sweep("SWEEP_TEST", &value);
        assert!(ours.try_wait().unwrap().is_some());
        assert!(other.try_wait().unwrap().is_none());
        other.kill().unwrap();
        other.wait().unwrap();
    }
}
