//! autossh's command line: takes out what is autossh's own and hands the rest to ssh. ssh's
//! options are told from their arguments, so that a command's words are left alone.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// ssh's flags without an argument.
const PLAIN: &[u8] = b"1246afgkntqsvxyACGKMNTVXY";
/// ssh's flags with one. (`-P` takes one since OpenSSH 9.4; kept in place, it means the same.)
const WITH_ARGUMENT: &[u8] = b"bceilmopBDEFIJLOPQRSWw";

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// `-V`.
    Version,
    /// Run ssh.
    Run(Arguments),
}

/// ssh's arguments without autossh's.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Arguments {
    /// `-M`'s argument, the last one.
    pub(super) port: Option<OsString>,
    /// `-f`.
    pub(super) background: bool,
    words: Vec<OsString>,
}

/// Not a command line of autossh's.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum UsageError {
    /// Not a flag of autossh's or ssh's.
    #[error("invalid option -- '{0}'")]
    UnknownFlag(char),
    /// A flag at the end without its argument.
    #[error("option requires an argument -- '{0}'")]
    MissingArgument(char),
    /// Nothing to connect to.
    #[error("no host given")]
    NoHost,
}

impl Arguments {
    /// All of ssh's arguments, the monitor's forwards first.
    pub(super) fn with_forwards(&self, forwards: Vec<OsString>) -> Vec<OsString> {
        [&forwards[..], &self.words].concat()
    }
}

/// Reads what follows the program's name.
pub(super) fn read(words: &[OsString]) -> Result<Asked, UsageError> {
    let mut reader = Reader { rest: words, ours: true, ..Reader::default() };
    while let Some(word) = reader.next() {
        match word.as_bytes() {
            b"--" if reader.ours && reader.host.is_some() => reader.command_follows(),
            b"--" if reader.ours => reader.ours = false,
            b"--" => reader.end_of_flags(word),
            [b'-', letters @ ..] if !letters.is_empty() && !reader.flags_ended => {
                if reader.cluster(letters)? {
                    return Ok(Asked::Version);
                }
            }
            _ if reader.host.is_none() => reader.host = Some(word.clone()),
            _ => reader.command(word),
        }
    }
    reader.finish().map(Asked::Run)
}

#[derive(Default)]
struct Reader<'a> {
    rest: &'a [OsString],
    /// Until the first `--`, `-M`, `-f` and `-V` are autossh's.
    ours: bool,
    /// A second `--` stood before the host.
    flags_ended: bool,
    found: Arguments,
    host: Option<OsString>,
    command: Vec<OsString>,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<&'a OsString> {
        let (word, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(word)
    }

    /// A `--` that is ssh's.
    fn end_of_flags(&mut self, word: &OsString) {
        if self.host.is_some() {
            self.command(word);
        } else {
            self.flags_ended = true;
            self.found.words.push(word.clone());
        }
    }

    /// The first word of the command, and all that follow.
    fn command(&mut self, first: &OsString) {
        self.command.extend(Some(first).filter(|word| !word.is_empty()).cloned());
        self.command_follows();
    }

    /// All that is left stays as it is, but for empty words, which autossh drops.
    fn command_follows(&mut self) {
        let rest = std::mem::take(&mut self.rest).iter();
        self.command.extend(rest.filter(|word| !word.is_empty()).cloned());
    }

    /// One word of flags, without the leading `-`. True for `-V`.
    fn cluster(&mut self, letters: &[u8]) -> Result<bool, UsageError> {
        let mut kept = vec![b'-'];
        let mut letters = letters;
        while let Some((letter, tail)) = letters.split_first() {
            letters = tail;
            match *letter {
                b'V' if self.ours => return Ok(true),
                b'f' => self.found.background |= self.ours,
                b'M' if self.ours => {
                    self.keep(std::mem::take(&mut kept));
                    kept.push(b'-');
                    self.found.port = Some(self.argument(b'M', std::mem::take(&mut letters))?);
                }
                plain if PLAIN.contains(&plain) => kept.push(plain),
                with if WITH_ARGUMENT.contains(&with) => {
                    kept.push(with);
                    if letters.is_empty() {
                        self.keep(std::mem::take(&mut kept));
                        let value = self.argument(with, &[])?;
                        self.found.words.push(value);
                    } else {
                        kept.extend(std::mem::take(&mut letters));
                    }
                }
                other if self.ours => return Err(UsageError::UnknownFlag(char::from(other))),
                other => kept.push(other),
            }
        }
        self.keep(kept);
        Ok(false)
    }

    /// Passes a word of flags on, unless none is left in it.
    fn keep(&mut self, word: Vec<u8>) {
        if word.len() > 1 {
            self.found.words.push(OsString::from_vec(word));
        }
    }

    fn argument(&mut self, letter: u8, attached: &[u8]) -> Result<OsString, UsageError> {
        if !attached.is_empty() {
            return Ok(OsStr::from_bytes(attached).to_owned());
        }
        let next = self.next().cloned();
        next.ok_or(UsageError::MissingArgument(char::from(letter)))
    }

    fn finish(mut self) -> Result<Arguments, UsageError> {
        let host = self.host.filter(|host| !host.is_empty()).ok_or(UsageError::NoHost)?;
        self.found.words.push(host);
        self.found.words.extend(self.command);
        Ok(self.found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(line: &str) -> Result<Asked, UsageError> {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        read(&words)
    }

    /// What ssh gets, with `L` and `R` for the monitor's forwards; and whether `-f` was there.
    fn ssh(line: &str) -> (String, bool) {
        let Ok(Asked::Run(found)) = asked(line) else { panic!("{line}: {:?}", asked(line)) };
        let words = found.with_forwards(vec!["L".into(), "R".into()]);
        let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
        (words.join(" "), found.background)
    }

    #[test]
    fn what_autossh_does_right_is_done_alike() {
        for (line, argv, background) in [
            ("-M 0 host", "L R host", false),
            ("-M0 -N host", "L R -N host", false),
            ("-N -M 5000 host", "L R -N host", false),
            ("-N host", "L R -N host", false),
            ("host -N -M 0", "L R -N host", false),
            ("-M 0 -fN host", "L R -N host", true),
            ("-M 0 -4fnNTx -i f.key h -p 22 cmd", "L R -4nNTx -i f.key -p 22 h cmd", true),
            ("-M 1 -M 2 h", "L R h", false),
            ("-M 0 -- -M -S x host", "L R -M -S x host", false),
            ("-M 0 -- -f host -- ls", "L R host -- ls", false),
            ("-M 0 host -- -N", "L R host -N", false),
            ("-M 0 -p22 -oA=b h", "L R -p22 -oA=b h", false),
            ("-M 0 - x", "L R - x", false),
        ] {
            assert_eq!(ssh(line), (argv.to_owned(), background), "{line}");
        }
    }

    #[test]
    fn what_autossh_breaks_is_whole() {
        for (line, argv, background) in [
            ("-M 0 -J jump -N host", "L R -J jump -N host", false),
            ("-M 0 host ls -la", "L R host ls -la", false),
            ("-M 0 host ls --color", "L R host ls --color", false),
            ("-M 0 host tail -f /x", "L R host tail -f /x", false),
            ("-M 0 host -- tail -f /x", "L R host tail -f /x", false),
            ("-NM 0 host", "L R -N host", false),
            ("-fM 7000 -N host", "L R -N host", true),
            ("-M 0 -ff -N host", "L R -N host", true),
            ("-M 0 -B lo host", "L R -B lo host", false),
        ] {
            assert_eq!(ssh(line), (argv.to_owned(), background), "{line}");
        }
    }

    #[test]
    fn wrong_lines_are_told_apart() {
        assert_eq!(asked("-V"), Ok(Asked::Version));
        assert_eq!(asked("-h"), Err(UsageError::UnknownFlag('h')));
        assert_eq!(asked("--help"), Err(UsageError::UnknownFlag('-')));
        assert_eq!(asked("-M 0 -N"), Err(UsageError::NoHost));
        assert_eq!(asked("-M"), Err(UsageError::MissingArgument('M')));
        assert_eq!(asked("-M 0 h -L"), Err(UsageError::MissingArgument('L')));
    }
}
