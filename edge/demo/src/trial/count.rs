//! Book-keeping of a trial: raw terminal output in, lines and answers counted. No clock and no
//! terminal.

use std::collections::HashMap;

use super::script::{self, Said};
use super::words::Words;

/// Numbers above this are noise, not counts: a trial that long does not exist.
const MAX_NUMBER: u64 = 1_000_000;
/// Bytes of one line that are kept; a longer line is no line of the script.
const MAX_LINE: usize = 256;
/// Bytes of the output's end kept for an error message.
const MAX_SAID: usize = 300;

/// Everything seen and typed in one session.
#[derive(Debug, Default)]
pub(super) struct Tally {
    words: Words,
    line: Vec<u8>,
    said: Vec<u8>,
    pid: Option<u32>,
    lines: Seen,
    answers: Seen,
    typed: u64,
}

/// How often each number was seen.
#[derive(Debug, Default)]
struct Seen {
    times: HashMap<u64, u64>,
    highest: u64,
}

impl Seen {
    fn note(&mut self, number: u64) {
        if (1..=MAX_NUMBER).contains(&number) {
            *self.times.entry(number).or_default() += 1;
            self.highest = self.highest.max(number);
        }
    }

    fn distinct(&self) -> u64 {
        self.times.len() as u64
    }

    fn doubled(&self) -> u64 {
        self.times.values().map(|times| times - 1).sum()
    }
}

impl Tally {
    /// Takes terminal output; returns the tokens newly answered by the shell that came up first.
    pub(super) fn take(&mut self, output: &[u8]) -> Vec<u64> {
        let mut answered = Vec::new();
        for &byte in output {
            if !self.words.is_text(byte) {
                continue;
            }
            self.keep_said(byte);
            if byte == b'\n' {
                answered.extend(self.end_line());
            } else if self.line.len() < MAX_LINE {
                self.line.push(byte);
            }
        }
        answered
    }

    fn end_line(&mut self) -> Option<u64> {
        let line = std::mem::take(&mut self.line);
        match script::parse(&String::from_utf8_lossy(&line))? {
            Said::Up(pid) => {
                self.pid.get_or_insert(pid);
                None
            }
            Said::Number(number) => {
                self.lines.note(number);
                None
            }
            // Another process's answer is another session's: it proves nothing about this one.
            Said::Answer(pid, token) => {
                if self.pid != Some(pid) || token > self.typed {
                    return None;
                }
                self.answers.note(token);
                Some(token)
            }
        }
    }

    fn keep_said(&mut self, byte: u8) {
        if self.said.len() >= 2 * MAX_SAID {
            self.said.drain(..MAX_SAID);
        }
        self.said.push(byte);
    }

    /// The next token to type; it counts as typed from now on.
    pub(super) fn next_token(&mut self) -> u64 {
        self.typed += 1;
        self.typed
    }

    /// The remote shell has come up.
    pub(super) fn is_up(&self) -> bool {
        self.pid.is_some()
    }

    pub(super) fn lines(&self) -> u64 {
        self.lines.distinct()
    }

    pub(super) fn answers(&self) -> u64 {
        self.answers.distinct()
    }

    pub(super) fn lines_lost(&self) -> u64 {
        self.lines.highest - self.lines.distinct()
    }

    pub(super) fn lines_doubled(&self) -> u64 {
        self.lines.doubled()
    }

    pub(super) fn keys_lost(&self) -> u64 {
        self.typed - self.answers.distinct()
    }

    pub(super) fn keys_doubled(&self) -> u64 {
        self.answers.doubled()
    }

    /// The end of the output as one line of text, for when no session came up.
    pub(super) fn said(&self) -> String {
        let tail = &self.said[self.said.len().saturating_sub(MAX_SAID)..];
        let text = String::from_utf8_lossy(tail);
        text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" / ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(output: &str) -> Tally {
        let mut tally = Tally { typed: 5, ..Tally::default() };
        // In small pieces, as a terminal may give them.
        output.as_bytes().chunks(3).for_each(|piece| drop(tally.take(piece)));
        tally
    }

    #[test]
    fn losses_and_repetitions_are_counted() {
        let tally = tally("pid 9\r\nn 1\r\nn 2\r\nn 5\r\nn 5\r\ngot 9 1\r\ngot 9 3\r\ngot 9 3\r\n");
        assert!(tally.is_up());
        assert_eq!((tally.lines(), tally.lines_lost(), tally.lines_doubled()), (3, 2, 1));
        assert_eq!((tally.answers(), tally.keys_lost(), tally.keys_doubled()), (2, 3, 1));
    }

    #[test]
    fn another_shell_and_untyped_tokens_answer_nothing() {
        let tally = tally("pid 9\r\ngot 8 1\r\ngot 9 6\r\npid 10\r\ngot 10 2\r\n");
        assert_eq!(tally.answers(), 0);
    }

    #[test]
    fn an_overlay_within_a_line_does_not_hurt_it() {
        let tally =
            tally("n 1\r\nn\x1b7\x1b[1;1H\x1b[7mno network for 3 s\x1b[m\x1b8 2\r\nn 3\r\n");
        assert_eq!((tally.lines(), tally.lines_lost()), (3, 0));
    }

    #[test]
    fn absurd_numbers_and_endless_lines_do_no_harm() {
        let tally = tally(&format!("n 18446744073709551615\n{}\nn 1\n", "x".repeat(100_000)));
        assert_eq!((tally.lines(), tally.lines_lost()), (1, 0));
        assert!(tally.said().len() < 2 * MAX_SAID);
    }
}
