//! One `-o` argument, split into keyword and value as ssh_config lines are. Not a parser of
//! configuration files, and no list of keywords: ssh checks them.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// A keyword in lower case with its value, quotes around the whole value removed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ConfigOption {
    pub(super) keyword: String,
    pub(super) value: OsString,
}

impl ConfigOption {
    /// `Key value`, `Key=value`, `Key = value`, `Key "value"`.
    pub(super) fn parse(text: &OsStr) -> Self {
        let text = text.as_bytes().trim_ascii();
        let end = text.iter().position(|b| b.is_ascii_whitespace() || *b == b'=');
        let (keyword, tail) = text.split_at(end.unwrap_or(text.len()));
        let tail = tail.trim_ascii();
        let value = tail.strip_prefix(b"=").unwrap_or(tail).trim_ascii();
        let bare = value.strip_prefix(b"\"").and_then(|v| v.strip_suffix(b"\"")).unwrap_or(value);
        ConfigOption {
            keyword: String::from_utf8_lossy(keyword).to_ascii_lowercase(),
            value: OsStr::from_bytes(bare).to_owned(),
        }
    }

    /// ssh takes `yes`/`true` and `no`/`false`; anything else here counts as on.
    pub(super) fn is_on(&self) -> bool {
        !matches!(self.value.as_bytes().to_ascii_lowercase().as_slice(), b"no" | b"false")
    }
}
