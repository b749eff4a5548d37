//! The session that command line and configuration together ask for, by ssh's rules. Knows
//! nothing of keepers and links.

use crate::{Effective, Escape, Invocation, SessionType, Target, TtyRequest};
use std::ffi::OsString;

/// What runs at the far end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionKind {
    /// The login shell.
    Shell,
    /// A command, for the login shell's `-c`.
    Command(OsString),
    /// A subsystem of the server, by name.
    Subsystem(OsString),
    /// A connection from the server to there, in a program's place.
    Connection(Target),
    /// Nothing.
    None,
}

/// The session asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// What runs.
    pub kind: SessionKind,
    /// What was asked about a terminal; see [`Session::wants_tty`].
    pub tty: TtyRequest,
    /// Read nothing from our own stdin.
    pub stdin_null: bool,
    /// The escape character (acts only with a terminal).
    pub escape: Escape,
}

/// The two sources contradict each other.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// ssh refuses this too.
    #[error("the configuration has RemoteCommand `{configured}` and the command line a command")]
    TwoCommands {
        /// The configuration's command.
        configured: String,
    },
    /// `SessionType subsystem` without a name.
    #[error("SessionType is subsystem, and no subsystem is named")]
    MissingSubsystem,
}

impl Session {
    /// Whether the far end gets a terminal, given whether our own stdin is one.
    pub fn wants_tty(&self, stdin_is_tty: bool) -> bool {
        let usable = stdin_is_tty && !self.stdin_null;
        match self.tty {
            _ if matches!(self.kind, SessionKind::None | SessionKind::Connection(_)) => false,
            TtyRequest::No => false,
            TtyRequest::Forced => true,
            TtyRequest::Wanted => usable,
            TtyRequest::Auto => usable && self.kind == SessionKind::Shell,
        }
    }
}

/// Merges the command line with the configuration: flags win.
///
/// # Errors
/// See [`SessionError`].
pub fn resolve(flags: &Invocation, settings: &Effective) -> Result<Session, SessionError> {
    Ok(Session {
        kind: kind(flags, settings)?,
        tty: if flags.tty == TtyRequest::Auto { settings.tty } else { flags.tty },
        stdin_null: flags.stdin_null || settings.stdin_null,
        escape: flags.escape.or(settings.escape).unwrap_or(Escape::DEFAULT),
    })
}

fn kind(flags: &Invocation, settings: &Effective) -> Result<SessionKind, SessionError> {
    // As with ssh nothing runs beside it, whatever else is asked for.
    if let Some(target) = &flags.stdio {
        return Ok(SessionKind::Connection(target.clone()));
    }
    let command = match (flags.command_text(), &settings.remote_command) {
        (Some(_), Some(configured)) => {
            return Err(SessionError::TwoCommands { configured: configured.clone() });
        }
        (given, configured) => given.or_else(|| configured.as_ref().map(OsString::from)),
    };
    if flags.no_command || settings.session_type == SessionType::None {
        return Ok(SessionKind::None);
    }
    match command {
        Some(name) if flags.subsystem => Ok(SessionKind::Subsystem(name)),
        Some(name) if settings.session_type == SessionType::Subsystem => {
            Ok(SessionKind::Subsystem(name))
        }
        None if settings.session_type == SessionType::Subsystem => {
            Err(SessionError::MissingSubsystem)
        }
        Some(command) => Ok(SessionKind::Command(command)),
        None => Ok(SessionKind::Shell),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CommandLine, parse};

    fn session(line: &[&str], settings: &Effective) -> Result<Session, SessionError> {
        let args: Vec<OsString> = line.iter().map(OsString::from).collect();
        let Ok(CommandLine::Session(flags)) = parse(&args) else { panic!("{line:?}") };
        resolve(&flags, settings)
    }

    #[test]
    fn terminals_as_ssh_gives_them() {
        let plain = Effective::default();
        let force = Effective { tty: TtyRequest::Forced, ..Effective::default() };
        // command line, settings, with stdin a terminal, with stdin none
        for (line, settings, on_tty, off_tty) in [
            (&["h"][..], &plain, true, false),
            (&["h", "ls"], &plain, false, false),
            (&["-t", "h", "ls"], &plain, true, false),
            (&["-tt", "h", "ls"], &plain, true, true),
            (&["-T", "h"], &force, false, false),
            (&["h", "ls"], &force, true, true),
            (&["-n", "h"], &plain, false, false),
            (&["-N", "h"], &force, false, false),
            (&["-s", "h", "sftp"], &plain, false, false),
        ] {
            let session = session(line, settings).expect("a session");
            assert_eq!(session.wants_tty(true), on_tty, "{line:?} on a tty");
            assert_eq!(session.wants_tty(false), off_tty, "{line:?} off a tty");
        }
    }

    #[test]
    fn commands_come_from_one_source() {
        let configured = Effective { remote_command: Some("top".into()), ..Effective::default() };
        let top = session(&["h"], &configured).expect("a session");
        assert_eq!(top.kind, SessionKind::Command("top".into()));
        let two = SessionError::TwoCommands { configured: "top".into() };
        assert_eq!(session(&["h", "ls"], &configured), Err(two));
        let none = Effective { session_type: SessionType::Subsystem, ..Effective::default() };
        assert_eq!(session(&["h"], &none), Err(SessionError::MissingSubsystem));
    }
}
