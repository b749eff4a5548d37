//! POSIX getopt over ssh's flags: clusters, attached and separate arguments, `--`. Stops at the
//! first word that is not a flag. Knows which flags take an argument, not what they mean.

use super::FlagError;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

const PLAIN: &[u8] = b"1246afgkntqsvxACGKMNTVXYy";
const WITH_ARGUMENT: &[u8] = b"bceilmopBDEFIJLOPQRSWw";

/// Whether the flag takes an argument.
pub(super) fn takes_argument(letter: u8) -> bool {
    WITH_ARGUMENT.contains(&letter)
}

/// One flag, with its argument when it takes one (else empty).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Flag {
    pub(super) letter: u8,
    pub(super) value: OsString,
}

/// Walks over the flags of one argument list.
pub(super) struct Getopt<'a> {
    args: &'a [OsString],
    next: usize,
    cluster: &'a [u8],
}

impl<'a> Getopt<'a> {
    pub(super) fn new(args: &'a [OsString]) -> Self {
        Getopt { args, next: 0, cluster: &[] }
    }

    /// The next flag; `None` at the first word that is none.
    pub(super) fn next_flag(&mut self) -> Result<Option<Flag>, FlagError> {
        if self.cluster.is_empty() && !self.open_word() {
            return Ok(None);
        }
        let (letter, tail) = self.cluster.split_first().map_or((b'-', &[][..]), |(a, b)| (*a, b));
        self.cluster = tail;
        if PLAIN.contains(&letter) {
            return Ok(Some(Flag { letter, value: OsString::new() }));
        }
        if !takes_argument(letter) {
            return Err(FlagError::UnknownFlag(char::from(letter)));
        }
        self.argument(letter).map(|value| Some(Flag { letter, value }))
    }

    /// Whether `--` ended the flags: as ssh, by a look at the last word that was used.
    pub(super) fn terminated(&self) -> bool {
        self.next > 0 && self.args[self.next - 1] == "--"
    }

    /// What follows the flags.
    pub(super) fn rest(&self) -> &'a [OsString] {
        &self.args[self.next..]
    }

    fn open_word(&mut self) -> bool {
        let Some(word) = self.args.get(self.next) else { return false };
        match word.as_bytes() {
            b"--" => {
                self.next += 1;
                false
            }
            [b'-', cluster @ ..] if !cluster.is_empty() => {
                self.next += 1;
                self.cluster = cluster;
                true
            }
            _ => false,
        }
    }

    fn argument(&mut self, letter: u8) -> Result<OsString, FlagError> {
        if !self.cluster.is_empty() {
            return Ok(OsStr::from_bytes(std::mem::take(&mut self.cluster)).to_owned());
        }
        let word = self.args.get(self.next);
        self.next += 1;
        word.cloned().ok_or(FlagError::MissingArgument(char::from(letter)))
    }
}
