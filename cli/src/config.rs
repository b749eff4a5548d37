//! The person's own settings: `abide/config.toml` below `$XDG_CONFIG_HOME` or `~/.config`. Every one
//! of them is an option on the command line, too, which wins. Read once, never written.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::complaint::Complaint;
use crate::exit::Exit;

/// A file longer than this is refused, bytes.
const FILE_MAX: u64 = 64 * 1024;

/// What the file says; what it does not say is `None`. A key that is not here is an error.
#[derive(Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// `--predict`
    pub(crate) predict: Option<String>,
    /// `--output`
    pub(crate) output: Option<String>,
}

impl Config {
    /// Reads the file; without one nothing is set.
    pub(crate) fn read() -> Result<Self, Complaint> {
        let Some(path) = path() else { return Ok(Self::default()) };
        let wrong = |why: String| {
            Complaint::new(format!("{} cannot be used", path.display()))
                .because(why)
                .try_this(format!("${{EDITOR:-vi}} {}", path.display()))
                .exit(Exit::USAGE)
        };
        match text(&path) {
            Ok(text) => toml::from_str(&text).map_err(|error| wrong(error.to_string())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(wrong(error.to_string())),
        }
    }
}

/// Where the file is.
pub(crate) fn path() -> Option<PathBuf> {
    let folder = |name: &str| {
        let value = std::env::var_os(name).map(PathBuf::from);
        value.filter(|folder| folder.is_absolute())
    };
    let base = folder("XDG_CONFIG_HOME").or_else(|| Some(folder("HOME")?.join(".config")));
    Some(base?.join("abide").join("config.toml"))
}

fn text(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let read = std::fs::File::open(path)?.take(FILE_MAX + 1).read_to_string(&mut text)?;
    if read as u64 > FILE_MAX {
        return Err(std::io::Error::other(format!("it is longer than {FILE_MAX} bytes")));
    }
    Ok(text)
}

/// What was wished for, by flag, environment and file, in that order, and where it was said.
pub(crate) fn wished(
    flag: Option<&str>,
    variable: &'static str,
    file: Option<&str>,
) -> Option<(String, String)> {
    let env = || std::env::var(variable).ok().filter(|value| !value.is_empty());
    flag.map(|word| (word.to_owned(), "the command line".to_owned()))
        .or_else(|| env().map(|word| (word, variable.to_owned())))
        .or_else(|| {
            let place = path().unwrap_or_default().display().to_string();
            file.map(|word| (word.to_owned(), place))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_keys_and_kinds_are_errors_with_their_line() {
        assert_eq!(toml::from_str::<Config>("").expect("empty"), Config::default());
        let error =
            toml::from_str::<Config>("predict = \"never\"\npredcit = 1\n").expect_err("two");
        assert!(error.to_string().contains("line 2"), "{error}");
        assert!(error.to_string().contains("unknown field `predcit`"), "{error}");
        assert!(toml::from_str::<Config>("predict = 3").is_err());
    }
}
