//! Book-keeping of a trial: terminal output in, lines and answers counted. While it runs, by what
//! each line looks like when it ends; in the end, by what the terminal shows in all. No clock.

use std::collections::HashMap;

use super::page::Page;
use super::script::{self, Said};

/// Numbers above this are noise, not counts: a trial that long does not exist.
const MAX_NUMBER: u64 = 1_000_000;
/// Characters of the output's end kept for an error message.
const MAX_SAID: usize = 300;

/// Everything seen and typed in one session.
#[derive(Debug, Default)]
pub(super) struct Tally {
    page: Page,
    pid: Option<u32>,
    lines: Seen,
    answers: Seen,
    typed: u64,
}

/// What a piece of output brought.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// Something of the script's came from the far end, and not only a tool's own words.
    pub(super) script: bool,
    /// The tokens answered by the shell that came up first.
    pub(super) answered: Vec<u64>,
}

/// What was lost and doubled of all that the terminal has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Losses {
    pub(super) lines_lost: u64,
    pub(super) lines_doubled: u64,
    pub(super) keys_lost: u64,
    pub(super) keys_doubled: u64,
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
    /// Takes terminal output.
    pub(super) fn take(&mut self, output: &[u8]) -> Heard {
        let mut heard = Heard::default();
        for &byte in output {
            let ended = self.page.take(byte);
            let Some(said) = ended.and_then(|line| script::parse(&line)) else { continue };
            heard.script = true;
            match said {
                Said::Up(pid) => {
                    self.pid.get_or_insert(pid);
                }
                Said::Number(number) => self.lines.note(number),
                Said::Answer(pid, token) => {
                    if self.is_ours(pid, token) {
                        self.answers.note(token);
                        heard.answered.push(token);
                    }
                }
            }
        }
        heard
    }

    /// Another process's answer is another session's: it proves nothing about this one.
    fn is_ours(&self, pid: u32, token: u64) -> bool {
        self.pid == Some(pid) && token <= self.typed
    }

    /// Counts anew, by all that the terminal shows.
    pub(super) fn losses(&self) -> Losses {
        let (mut lines, mut answers) = (Seen::default(), Seen::default());
        for said in self.page.all().filter_map(|line| script::parse(&line)) {
            match said {
                Said::Up(_) => {}
                Said::Number(number) => lines.note(number),
                Said::Answer(pid, token) if self.is_ours(pid, token) => answers.note(token),
                Said::Answer(..) => {}
            }
        }
        Losses {
            lines_lost: lines.highest - lines.distinct(),
            lines_doubled: lines.doubled(),
            keys_lost: self.typed - answers.distinct(),
            keys_doubled: answers.doubled(),
        }
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

    /// Everything typed has been answered.
    pub(super) fn is_answered(&self) -> bool {
        self.typed == self.answers.distinct()
    }

    /// The end of the output as one line of text, for when no session came up.
    pub(super) fn said(&self) -> String {
        let lines: Vec<String> = self.page.all().filter(|line| !line.is_empty()).collect();
        let text = lines.join(" / ");
        let skipped = text.chars().count().saturating_sub(MAX_SAID);
        text.chars().skip(skipped).collect()
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

    fn losses(losses: [u64; 4]) -> Losses {
        let [lines_lost, lines_doubled, keys_lost, keys_doubled] = losses;
        Losses { lines_lost, lines_doubled, keys_lost, keys_doubled }
    }

    #[test]
    fn losses_and_repetitions_are_counted() {
        let tally = tally("pid 9\r\nn 1\r\nn 2\r\nn 5\r\nn 5\r\ngot 9 1\r\ngot 9 3\r\ngot 9 3\r\n");
        assert!(tally.is_up());
        assert_eq!((tally.lines(), tally.answers()), (3, 2));
        assert_eq!(tally.losses(), losses([2, 1, 3, 1]));
    }

    #[test]
    fn another_shell_and_untyped_tokens_answer_nothing() {
        let tally = tally("pid 9\r\ngot 8 1\r\ngot 9 6\r\npid 10\r\ngot 10 2\r\n");
        assert_eq!((tally.answers(), tally.losses().keys_lost), (0, 5));
    }

    #[test]
    fn a_status_line_hurts_nothing_if_it_is_removed() {
        let drawn = "n 1\r\n\x1b[24;1H\x1b[7mno network for 3 s\x1b[m\x1b[K\x1b[2;1H";
        let removed = format!("{drawn}\x1b[24;1H\x1b[2K\x1b[2;1Hn 2\r\nn 3\r\n");
        assert_eq!(tally(&removed).losses().lines_lost, 0);
        let mut one = Tally::default();
        assert!(one.take(b"n 1\r\n").script);
        assert!(!one.take(b"\x1b[24;1Hno network\x1b[2;1H").script);
    }

    #[test]
    fn a_line_that_something_was_drawn_over_is_lost() {
        let tally = tally("n 1\r\nn 2\r\nn 3\r\n\x1b[2;1Hno network");
        assert_eq!((tally.lines(), tally.losses().lines_lost), (3, 1));
    }

    #[test]
    fn progress_before_the_session_does_no_harm() {
        let bar = "\r\x1b[Ksending [####......] 40% of 8.0 MB".repeat(100);
        let tally = tally(&format!("{bar}\r\x1b[Kpid 9\r\nn 1\r\r\nn 2\r\n"));
        assert!(tally.is_up());
        assert_eq!((tally.lines(), tally.losses().lines_lost), (2, 0));
        assert_eq!(tally.said(), "pid 9 / n 1 / n 2");
    }

    #[test]
    fn absurd_numbers_and_endless_lines_do_no_harm() {
        let tally = tally(&format!("n 18446744073709551615\r\n{}\r\nn 1\r\n", "x".repeat(100_000)));
        assert_eq!((tally.lines(), tally.losses().lines_lost), (1, 0));
        assert!(tally.said().chars().count() <= MAX_SAID);
    }
}
