//! One file as text: lines with their parts, printed back byte for byte. Knows no keyword's meaning.

use crate::text;

/// A configuration file, lossless: [`Document::to_bytes`] gives the bytes that were parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    pub(crate) lines: Vec<Line>,
}

/// One line, with its ending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    bytes: Vec<u8>,
    kind: LineKind,
    /// Where the value lies in `bytes`.
    value: std::ops::Range<usize>,
}

/// What a line is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineKind {
    /// Nothing that OpenSSH reads.
    Blank,
    /// A comment.
    Comment,
    /// A keyword and what follows it.
    Setting {
        /// The keyword as written, in lower case.
        keyword: String,
        /// What follows it, before it is cut into words; a comment may be at its end.
        value: String,
    },
}

impl Document {
    /// Reads a file. Every sequence of bytes is a document; what OpenSSH would refuse in it shows
    /// when it is resolved.
    pub fn parse(bytes: &[u8]) -> Self {
        Self { lines: bytes.split_inclusive(|byte| *byte == b'\n').map(Line::parse).collect() }
    }

    /// The file's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.lines.iter().flat_map(|line| line.bytes.iter().copied()).collect()
    }

    /// Its lines, in order; the first is line 1.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// How its lines end: CRLF if the first line does, else a newline.
    pub(crate) fn ending(&self) -> &'static [u8] {
        match self.lines.first() {
            Some(line) if line.bytes.ends_with(b"\r\n") => b"\r\n",
            _ => b"\n",
        }
    }
}

impl Line {
    /// Reads one line, which may end with a newline.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let seen = readable(bytes);
        let mut rest = Some(seen);
        let mut token = text::next_delimited(&mut rest);
        if token.as_ref().is_some_and(Vec::is_empty) {
            token = text::next_delimited(&mut rest);
        }
        let value = text::skip_white(rest.unwrap_or_default());
        let start = seen.len() - value.len();
        let kind = match token {
            None => LineKind::Blank,
            Some(token) if token.is_empty() => LineKind::Blank,
            Some(token) if token[0] == b'#' => LineKind::Comment,
            Some(token) => LineKind::Setting {
                keyword: String::from_utf8_lossy(&token).to_ascii_lowercase(),
                value: String::from_utf8_lossy(value).into_owned(),
            },
        };
        Self { bytes: bytes.to_vec(), kind, value: start..seen.len() }
    }

    /// Its bytes, with the line ending.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What it is.
    pub fn kind(&self) -> &LineKind {
        &self.kind
    }

    /// The value's bytes; empty for lines without one.
    pub(crate) fn value(&self) -> &[u8] {
        &self.bytes[self.value.clone()]
    }

    /// The same line with another value: indentation, keyword, separator, a comment after the value
    /// (where `words` says that the keyword's value is words, so that a comment may follow) and the
    /// line ending stay.
    pub(crate) fn with_value(&self, value: &str, words: bool) -> Vec<u8> {
        let old = self.value();
        let end = match text::split_words(old) {
            Ok(found) if words => found.end,
            _ => old.len(),
        };
        let (head, tail) = (&self.bytes[..self.value.start], &self.bytes[self.value.start + end..]);
        [head, value.as_bytes(), tail].concat()
    }

    /// The white space that it begins with.
    pub(crate) fn indentation(&self) -> &[u8] {
        let end = self.bytes.iter().position(|byte| !b" \t".contains(byte));
        &self.bytes[..end.unwrap_or(self.bytes.len())]
    }
}

/// The part of a line that OpenSSH looks at: up to a NUL, without white space at its end (but for the
/// first byte, which stays).
fn readable(line: &[u8]) -> &[u8] {
    let end = line.iter().position(|byte| *byte == 0).unwrap_or(line.len());
    let line = &line[..end];
    let kept = line.iter().rposition(|byte| !b" \t\r\n\x0c".contains(byte)).map_or(0, |at| at + 1);
    &line[..kept.max(1).min(line.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(line: &str) -> Option<(String, String)> {
        match Line::parse(line.as_bytes()).kind {
            LineKind::Setting { keyword, value } => Some((keyword, value)),
            LineKind::Blank | LineKind::Comment => None,
        }
    }

    #[test]
    fn lines_are_taken_apart_as_openssh_does() {
        let port = Some(("port".to_owned(), "22".to_owned()));
        assert_eq!(setting("Port 22\n"), port);
        assert_eq!(setting("\t PORT=22 \x0c\r\n"), port);
        assert_eq!(setting("\"Port\"22"), port);
        assert_eq!(setting("  # Port 22"), None);
        assert_eq!(setting("\r\n"), None);
        assert_eq!(setting("\"Port 22\n"), None, "an open quote in the keyword hides the line");
        assert_eq!(setting("Port\n"), Some(("port".to_owned(), String::new())));
    }

    #[test]
    fn a_changed_value_leaves_the_rest_of_its_line() {
        let line = Line::parse(b"\tPort = \"22\"  # ours\r\n");
        assert_eq!(line.with_value("23", true), b"\tPort = 23  # ours\r\n");
        let line = Line::parse(b"ProxyCommand nc %h # no comment\n");
        assert_eq!(line.with_value("none", false), b"ProxyCommand none\n");
    }

    #[test]
    fn every_byte_comes_back() {
        let bytes = b"\xef\xbb\xbfPort 22\r\n\n#x\0y\n \"\n\xff=\r";
        assert_eq!(Document::parse(bytes).to_bytes(), bytes);
    }
}
