//! What the script says, read line by line: our own lines among whatever a login prints. Not what it
//! means.

/// The most that one run may say. A server's whole configuration is a hundredth of it.
pub(super) const MAX_SAID: usize = 4 * 1024 * 1024;

/// One thing that the script said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// A word and the rest of its line.
    Line {
        /// The first word.
        key: String,
        /// What follows it.
        value: String,
    },
    /// A content, whole.
    File {
        /// What it is called.
        name: String,
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// A verb is done.
    Done {
        /// Its exit status was 0.
        well: bool,
    },
}

/// Reads lines; remembers a content that is not whole yet.
#[derive(Debug)]
pub(super) struct Reader {
    mark: Vec<u8>,
    open: Option<(String, Vec<u8>)>,
    taken: usize,
}

impl Reader {
    pub(super) fn new(token: &str) -> Self {
        Reader { mark: format!("abide:{token}:").into_bytes(), open: None, taken: 0 }
    }

    /// Takes a line without its end. Lines that are not ours, and everything beyond [`MAX_SAID`], are
    /// passed over.
    pub(super) fn take(&mut self, line: &[u8]) -> Option<Said> {
        let line = line.strip_prefix(&self.mark[..])?;
        self.taken = self.taken.saturating_add(line.len());
        if self.taken > MAX_SAID {
            return None;
        }
        if let (Some((_, bytes)), Some(part)) = (&mut self.open, line.strip_prefix(b"|")) {
            bytes.extend(part);
            bytes.push(b'\n');
            return None;
        }
        let text = String::from_utf8_lossy(line);
        let (key, value) = text.split_once(' ').unwrap_or((&text, ""));
        match key {
            "begin" => {
                self.open = Some((value.to_owned(), Vec::new()));
                None
            }
            "end" => {
                let (name, mut bytes) = self.open.take()?;
                // The script ends each content with an x, so that a missing line end is seen.
                bytes.truncate(bytes.len().saturating_sub("x\n".len()));
                Some(Said::File { name, bytes })
            }
            "done" => Some(Said::Done { well: value.ends_with(" 0") }),
            _ => Some(Said::Line { key: key.to_owned(), value: value.trim_end().to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Said> {
        let mut reader = Reader::new("7");
        text.split('\n').filter_map(|line| reader.take(line.as_bytes())).collect()
    }

    #[test]
    fn our_lines_are_found_among_others() {
        let said = read("Welcome!\nabide:8:uid 1\nabide:7:uid 0\nabide:7:done look 0\n");
        let uid = Said::Line { key: "uid".into(), value: "0".into() };
        assert_eq!(said, [uid, Said::Done { well: true }]);
    }

    #[test]
    fn contents_come_back_to_the_byte() {
        for (lines, expected) in [
            ("abide:7:|a\nabide:7:|x", "a\n"),
            ("abide:7:|ax", "a"),
            ("abide:7:|x", ""),
            ("abide:7:|\nabide:7:||x\nabide:7:|x", "\n|x\n"),
        ] {
            let said = read(&format!("abide:7:begin f\n{lines}\nabide:7:end f"));
            assert_eq!(said, [Said::File { name: "f".into(), bytes: expected.into() }]);
        }
    }

    #[test]
    fn too_much_is_passed_over() {
        let mut reader = Reader::new("7");
        let long = [b"abide:7:a ".to_vec(), vec![b'x'; MAX_SAID]].concat();
        assert_eq!(reader.take(&long), None);
        assert_eq!(reader.take(b"abide:7:uid 0"), None);
    }
}
