//! Where autossh's words go: syslog, a file, stderr. Nothing is lost for want of one of them, and
//! none of them can stop a tunnel: what cannot be written is dropped.

use super::environment::{Level, LogSettings};
use jiff::{Zoned, tz::TimeZone};
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::net::UnixDatagram;

/// Where syslog listens.
const SYSLOG: &str = "/dev/log";
/// syslog's facility of users' programs.
const USER: usize = 1 << 3;

/// Says a line to the person at the terminal.
pub type Speak = Box<dyn Fn(&str)>;

/// The log.
pub(super) struct Log {
    level: Level,
    speak: Option<Speak>,
    sink: Sink,
}

enum Sink {
    File(File),
    /// Connected anew for each line, as syslog's daemon may have been restarted.
    Syslog,
}

impl Log {
    /// Opens the log; `speak` reaches stderr.
    ///
    /// # Errors
    /// AUTOSSH_LOGFILE cannot be opened.
    pub(super) fn open(settings: &LogSettings, speak: Speak) -> io::Result<Self> {
        let sink = match &settings.file {
            Some(path) => Sink::File(File::options().append(true).create(true).open(path)?),
            None => Sink::Syslog,
        };
        let speak = Some(speak).filter(|_| settings.to_stderr && settings.file.is_none());
        Ok(Log { level: settings.level, speak, sink })
    }

    /// Writes a line, if it is grave enough.
    pub(super) fn write(&mut self, level: Level, line: impl std::fmt::Display) {
        if level > self.level {
            return;
        }
        let pid = std::process::id();
        let time = now();
        if let Some(speak) = &self.speak {
            speak(&format!("autossh[{pid}]: {line}"));
        }
        match &mut self.sink {
            Sink::File(file) => {
                let time = time.strftime("%Y/%m/%d %H:%M:%S");
                let _ = file.write_all(format!("{time} autossh[{pid}]: {line}\n").as_bytes());
            }
            Sink::Syslog => {
                let priority = USER | level as usize;
                let time = time.strftime("%b %e %H:%M:%S");
                send(&format!("<{priority}>{time} autossh[{pid}]: {line}"));
            }
        }
    }
}

fn now() -> Zoned {
    let time = jiff::Timestamp::try_from(abide_host::clock::wall()).unwrap_or_default();
    time.to_zoned(TimeZone::system())
}

fn send(line: &str) {
    let sent = UnixDatagram::unbound().and_then(|socket| {
        // A full log must not hold a tunnel up.
        socket.set_nonblocking(true)?;
        socket.send_to(line.as_bytes(), SYSLOG)
    });
    drop(sent);
}
