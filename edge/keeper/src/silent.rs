//! A keeper that does not answer: what the system still tells of its process. Asks nobody.

use abide_session::{Start, decode_word};

/// A keeper's process, as its command line and its state show it.
pub(crate) struct Process {
    pub(crate) pid: u32,
    /// What the session was started with; `None` when this release does not understand it.
    pub(crate) start: Option<Start>,
    /// Stopped by a signal or a debugger, not merely busy.
    pub(crate) stopped: bool,
}

/// The process of a session's keeper, from /proc; `None` when it is not to be seen there.
pub(crate) fn process_of(session: &str) -> Option<Process> {
    std::fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let line = std::fs::read_to_string(entry.path().join("cmdline")).ok()?;
        let words: Vec<&str> = line.split('\0').collect();
        let [_, "keeper", "run", id, start, ..] = words[..] else { return None };
        let status = || std::fs::read_to_string(entry.path().join("stat")).ok();
        (id == session).then(|| Process {
            pid,
            start: decode_word(start).ok(),
            stopped: status().is_some_and(|text| is_stopped(&text)),
        })
    })
}

/// From the line of proc_pid_stat(5): the state follows the name in parentheses.
fn is_stopped(stat: &str) -> bool {
    stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with(['T', 't']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_read_behind_any_name() {
        assert!(is_stopped("7 (a) S (b) T 1 7 7"));
        assert!(!is_stopped("7 (T) S 1 7 7"));
        assert!(!is_stopped(""));
    }
}
