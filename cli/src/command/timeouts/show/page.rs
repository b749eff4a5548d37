//! A page of text, 80 columns wide: headings, wrapped sentences, rows. Not what stands on it.

use crate::demo::sink::{Sink, Tone};

/// No line is longer; words that are longer by themselves stand alone on theirs.
pub(super) const WIDTH: usize = 80;

/// A page being written.
#[derive(Debug)]
pub(super) struct Page {
    /// What stands on it.
    pub(super) text: String,
    sink: Sink,
}

impl Page {
    /// In colours where they are wanted.
    pub(super) fn new() -> Self {
        Page { text: String::new(), sink: Sink::new(false) }
    }

    /// Without colours, wherever the tests run.
    #[cfg(test)]
    pub(super) fn plain() -> Self {
        Page { text: String::new(), sink: Sink::plain() }
    }

    /// The page's own heading.
    pub(super) fn heading(&mut self, words: &str) {
        for line in wrap(words, 0, 0) {
            self.text.push_str(&self.sink.paint(Tone::Heading, &line));
            self.text.push('\n');
        }
    }

    /// A part's heading, after an empty line.
    pub(super) fn part(&mut self, words: &str) {
        self.text.push('\n');
        self.heading(words);
    }

    /// A sentence, wrapped, all of it indented.
    pub(super) fn say(&mut self, indent: usize, words: &str) {
        self.hang(indent, indent, words);
    }

    /// A sentence whose first line is indented otherwise than the others.
    pub(super) fn hang(&mut self, first: usize, others: usize, words: &str) {
        for line in wrap(words, first, others) {
            self.text.push_str(&line);
            self.text.push('\n');
        }
    }

    /// A line as it is, with its first word in a colour.
    pub(super) fn marked(&mut self, tone: Tone, mark: &str, rest: &str) {
        self.text.push_str(&self.sink.paint(tone, mark));
        self.text.push_str(rest);
        self.text.push('\n');
    }

    /// A line less important than others.
    pub(super) fn aside(&mut self, indent: usize, words: &str) {
        for line in wrap(words, indent, indent) {
            self.text.push_str(&self.sink.paint(Tone::Aside, &line));
            self.text.push('\n');
        }
    }

    /// A row of cells, each as wide as said; the last may be as long as the line has room, and is
    /// cut at its beginning, where paths differ least.
    pub(super) fn row(&mut self, cells: &[(&str, usize)], last: &str) {
        let mut line = String::new();
        for (cell, width) in cells {
            let gap = width.saturating_sub(cell.chars().count()).max(1);
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', gap));
        }
        let room = WIDTH.saturating_sub(line.chars().count());
        line.push_str(&cut_front(last, room));
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }
}

/// The end of a text that is too long, after `..`.
pub(super) fn cut_front(text: &str, room: usize) -> String {
    let count = text.chars().count();
    if count <= room {
        return text.to_owned();
    }
    let kept: String = text.chars().skip(count - room.saturating_sub(2)).collect();
    format!("..{kept}")
}

fn wrap(words: &str, first: usize, others: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = " ".repeat(first);
    let mut is_empty = true;
    for word in words.split_whitespace() {
        let needed = line.chars().count() + usize::from(!is_empty) + word.chars().count();
        if needed > WIDTH && !is_empty {
            lines.push(std::mem::replace(&mut line, " ".repeat(others)));
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_wrap_within_the_page() {
        let mut page = Page::plain();
        page.hang(2, 4, &"word ".repeat(40));
        assert!(page.text.lines().all(|line| line.len() <= WIDTH), "{}", page.text);
        assert!(page.text.starts_with("  word") && page.text.contains("\n    word"));
    }

    #[test]
    fn long_ends_of_rows_lose_their_beginning() {
        let mut page = Page::plain();
        page.row(&[("name", 30), ("value", 20)], &"/a/very/long/path".repeat(4));
        assert_eq!(page.text.trim_end().chars().count(), WIDTH);
        assert!(page.text.contains("value               .."), "{}", page.text);
    }
}
