//! The system's log, by its socket. Not a log of our own; see `tracing` for that.

use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

/// Where the system's log listens.
pub const SYSTEM_LOG: &str = "/dev/log";
/// Longest text of a record, in bytes; longer ones are cut. RFC 3164 has 1024 for the whole.
pub const RECORD_MAX: usize = 900;

/// Facility auth (4) and severity info (6), as sshd's own records of logins have them.
const PRIORITY: u32 = 4 * 8 + 6;

/// A system's log.
#[derive(Clone, Debug)]
pub struct SystemLog {
    path: PathBuf,
}

impl SystemLog {
    /// The log whose socket is at `path`.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        SystemLog { path: path.into() }
    }

    /// Says something about who did what. Where no log listens, or it takes no more just now, nothing
    /// is said: nobody's work waits for a log.
    pub fn say(&self, text: &str) {
        // Nobody hears of it otherwise.
        let _ = send(&self.path, &record(std::process::id(), text));
    }
}

impl Default for SystemLog {
    fn default() -> Self {
        Self::at(SYSTEM_LOG)
    }
}

fn send(path: &Path, record: &str) -> std::io::Result<()> {
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    socket.send_to(record.as_bytes(), path)?;
    Ok(())
}

/// One line, without control characters: nobody can write a second record into it. The log adds the
/// time, as it does for every record without one.
fn record(pid: u32, text: &str) -> String {
    let clean = text.chars().map(|letter| if letter.is_control() { '?' } else { letter });
    let mut record = format!("<{PRIORITY}>abide[{pid}]: ");
    for letter in clean {
        if record.len() + letter.len_utf8() > RECORD_MAX {
            break;
        }
        record.push(letter);
    }
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_one_line_of_bounded_length() {
        assert_eq!(record(7, "a\nb\u{1b}c"), "<38>abide[7]: a?b?c");
        assert!(record(7, &"é".repeat(2000)).len() <= RECORD_MAX);
    }

    #[test]
    fn it_arrives_and_nobody_waits_for_a_log_that_is_not_there() {
        let folder = crate::scratch::Scratch::new();
        let path = folder.path().join("log");
        let log = SystemLog::at(&path);
        log.say("into the void");
        let socket = UnixDatagram::bind(&path).unwrap();
        log.say("here");
        let mut buffer = [0; 100];
        let count = socket.recv(&mut buffer).unwrap();
        let heard = String::from_utf8_lossy(&buffer[..count]);
        assert!(heard.starts_with("<38>abide[") && heard.ends_with("]: here"), "{heard}");
    }
}
