//! Collects flags one by one, with ssh's rules of which of two wins: flags override each other,
//! the last one wins; `-o` options only fill what is unset, the first one wins.

use super::getopt::{self, Flag};
use super::option::ConfigOption;
use super::{Destination, Escape, FlagError, Invocation, NotYet, PlainReason, TtyRequest};
use crate::Target;
use crate::forwards::stdio_target;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// A yes/no that a flag sets and an option may fill in.
#[derive(Default)]
struct Switch {
    by_flag: Option<bool>,
    by_option: Option<bool>,
}

impl Switch {
    fn fill(&mut self, option: &ConfigOption) {
        self.by_option.get_or_insert(option.is_on());
    }

    fn is_on(&self) -> bool {
        self.by_flag.or(self.by_option).unwrap_or(false)
    }
}

#[derive(Default)]
pub(super) struct Gathered {
    passed: Vec<OsString>,
    forwarding: Vec<OsString>,
    not_yet: Vec<NotYet>,
    stdio: Option<Target>,
    tty: TtyRequest,
    escape: Option<Escape>,
    stdin_null: bool,
    subsystem: bool,
    quiet: bool,
    verbose: u8,
    no_command: Switch,
    background: Switch,
    tun: Switch,
    clear_forwardings: Switch,
}

impl Gathered {
    /// Takes one flag; a reason when the whole line is ssh's alone.
    pub(super) fn take(&mut self, flag: Flag) -> Result<Option<PlainReason>, FlagError> {
        match flag.letter {
            b'G' => return Ok(Some(PlainReason::ShowConfig)),
            b'V' => return Ok(Some(PlainReason::ShowVersion)),
            b'Q' => return Ok(Some(PlainReason::ListAlgorithms)),
            b'O' => return Ok(Some(PlainReason::ControlMaster)),
            b't' if matches!(self.tty, TtyRequest::Wanted | TtyRequest::Forced) => {
                self.tty = TtyRequest::Forced;
            }
            b't' => self.tty = TtyRequest::Wanted,
            b'T' => self.tty = TtyRequest::No,
            b'n' => self.stdin_null = true,
            b's' => self.subsystem = true,
            b'e' => self.take_escape(&flag.value)?,
            b'N' => self.no_command.by_flag = Some(true),
            b'f' => self.background.by_flag = Some(true),
            b'g' | b'A' | b'L' | b'R' | b'D' | b'X' | b'Y' => self.take_forwarding(flag),
            b'W' => self.take_stdio(&flag.value)?,
            b'w' => self.not_yet.push(NotYet::TunDevice(flag.value)),
            _ => self.pass(flag),
        }
        Ok(None)
    }

    /// Takes the destination; what it says of user and port ranks where it stands.
    pub(super) fn take_destination(&mut self, word: &OsStr) -> Result<Destination, FlagError> {
        let destination = Destination::parse(word)?;
        if let Some(user) = &destination.user {
            self.passed.extend(["-l".into(), user.clone()]);
        }
        if let Some(port) = destination.port {
            self.passed.extend(["-p".into(), port.to_string().into()]);
        }
        Ok(destination)
    }

    pub(super) fn finish(
        self,
        destination: Destination,
        command: &[OsString],
    ) -> Result<Invocation, FlagError> {
        if self.subsystem && command.is_empty() {
            return Err(FlagError::MissingSubsystem);
        }
        Ok(Invocation {
            destination,
            command: command.to_vec(),
            tty: self.tty,
            stdin_null: self.stdin_null || self.background.is_on(),
            no_command: self.no_command.is_on(),
            background: self.background.is_on(),
            subsystem: self.subsystem,
            escape: self.escape,
            quiet: self.quiet,
            verbose: self.verbose,
            not_yet: self.not_yet(),
            passed: self.passed,
            forwarding: self.forwarding,
            stdio: self.stdio,
        })
    }

    fn take_stdio(&mut self, value: &OsStr) -> Result<(), FlagError> {
        let text = value.to_string_lossy();
        let target = stdio_target(&text).ok_or_else(|| FlagError::BadStdio(text.into_owned()))?;
        match self.stdio.replace(target) {
            None => Ok(()),
            Some(_) => Err(FlagError::TwoStdio),
        }
    }

    fn take_escape(&mut self, value: &OsStr) -> Result<(), FlagError> {
        let escape = Escape::parse(value.as_bytes());
        let bad = || FlagError::BadEscape(value.to_string_lossy().into_owned());
        self.escape = Some(escape.ok_or_else(bad)?);
        Ok(())
    }

    /// For `ssh -G`, and not for the ssh that brings a keeper up.
    fn take_forwarding(&mut self, flag: Flag) {
        self.forwarding.push(format!("-{}", char::from(flag.letter)).into());
        if getopt::takes_argument(flag.letter) {
            self.forwarding.push(flag.value);
        }
    }

    fn pass(&mut self, flag: Flag) {
        match flag.letter {
            b'q' => self.quiet = true,
            b'v' => self.verbose = self.verbose.saturating_add(1),
            b'a' => self.forwarding.push("-a".into()),
            b'x' => self.forwarding.push("-x".into()),
            b'o' => self.take_option(&ConfigOption::parse(&flag.value)),
            _ => {}
        }
        self.passed.push(format!("-{}", char::from(flag.letter)).into());
        if getopt::takes_argument(flag.letter) {
            self.passed.push(flag.value);
        }
    }

    fn take_option(&mut self, option: &ConfigOption) {
        match option.keyword.as_str() {
            "tunnel" => self.tun.fill(option),
            "clearallforwardings" => self.clear_forwardings.fill(option),
            "forkafterauthentication" => self.background.fill(option),
            "sessiontype" => {
                let none = option.value.eq_ignore_ascii_case("none");
                self.no_command.by_option.get_or_insert(none);
            }
            _ => {}
        }
    }

    fn not_yet(&self) -> Vec<NotYet> {
        let mut found = self.not_yet.clone();
        if self.tun.is_on() && !found.iter().any(|it| matches!(it, NotYet::TunDevice(_))) {
            found.push(NotYet::TunDevice("any".into()));
        }
        if self.clear_forwardings.is_on() {
            found.retain(|it| !it.cleared_by_option());
        }
        found
    }
}
