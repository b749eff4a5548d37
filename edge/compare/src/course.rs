//! What is typed: a sequence that looks random and is the same each time, in lines, and what a
//! terminal shows when all of it was echoed. Does not type.

use std::time::Duration;

use abide_screen::{Screen, Size};

/// Longest line: the last column is left free, as terminals differ in what they do there.
pub const LINE_MAX: usize = 79;

/// Letters and digits; none of them means anything to a shell, an editor or a terminal.
const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// A place on the screen, 0-based.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// From the top.
    pub row: u16,
    /// From the left.
    pub col: u16,
}

/// What echoes the letters at the far end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// A program that gets each key at once and writes it back, as shells and editors do.
    Raw,
    /// The terminal's own echo under a program that reads lines, and repeats each.
    Cooked,
}

impl Program {
    /// The line that starts it from any POSIX shell. In pieces, so that the echo of the line is
    /// not taken for its effect. Ctrl-C ends it, and the shell with it.
    pub(crate) fn line(self) -> &'static str {
        match self {
            Program::Raw => {
                "stty -icanon min 1 time 0 -echo; printf '\\033[H\\033[2Jlisten''ing\\n'; exec cat\r"
            }
            Program::Cooked => "stty sane; printf '\\033[H\\033[2Jlisten''ing\\n'; exec cat\r",
        }
    }
}

/// What is on the screen when the program is ready.
pub(crate) const READY: &str = "listening";

/// A course to type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Course {
    /// What echoes.
    pub program: Program,
    /// Letters that are measured; the Enter after each line is not.
    pub keys: usize,
    /// Letters in a line, at most [`LINE_MAX`].
    pub line: usize,
    /// From one key to the next.
    pub pace: Duration,
    /// Where the sequence starts.
    pub seed: u64,
}

/// One thing that is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stroke {
    /// A letter and where it is to appear.
    Letter(char, Cell),
    /// The end of a line.
    Enter,
}

impl Course {
    /// A size of terminal on which nothing of the course scrolls away.
    pub fn size(&self) -> Size {
        let lines = self.keys.div_ceil(self.line_length());
        let rows = 4 + lines * usize::from(self.rows_each());
        Size { rows: u16::try_from(rows).unwrap_or(u16::MAX).max(24), cols: 80 }.clamped()
    }

    fn line_length(&self) -> usize {
        self.line.clamp(1, LINE_MAX)
    }

    fn rows_each(&self) -> u16 {
        match self.program {
            Program::Raw => 1,
            Program::Cooked => 2,
        }
    }

    /// All strokes.
    pub(crate) fn strokes(&self) -> Vec<Stroke> {
        let (mut strokes, mut dice) = (Vec::new(), self.seed);
        let line = self.line_length();
        for at in 0..self.keys {
            if at > 0 && at % line == 0 {
                strokes.push(Stroke::Enter);
            }
            // Below the line that says that the program is ready.
            let row = 1 + (at / line) as u16 * self.rows_each();
            let cell = Cell { row, col: (at % line) as u16 };
            strokes.push(Stroke::Letter(letter(&mut dice), cell));
        }
        strokes
    }

    /// The screen when every stroke was echoed and nothing else happened.
    pub(crate) fn outcome(&self) -> Screen {
        let mut screen = Screen::new(self.size(), 0);
        screen.feed(READY.as_bytes());
        screen.feed(b"\r\n");
        let mut line = String::new();
        for stroke in self.strokes() {
            match stroke {
                Stroke::Letter(letter, _) => {
                    line.push(letter);
                    screen.feed(letter.encode_utf8(&mut [0; 4]).as_bytes());
                }
                Stroke::Enter => {
                    screen.feed(b"\r\n");
                    if self.program == Program::Cooked {
                        screen.feed(line.as_bytes());
                        screen.feed(b"\r\n");
                    }
                    line.clear();
                }
            }
        }
        screen
    }
}

/// The next letter of splitmix64, by five of its bits.
fn letter(dice: &mut u64) -> char {
    *dice = dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *dice;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    char::from(LETTERS[(mixed >> 59) as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_of_a_course_ends_where_it_was_awaited() {
        for (program, line) in [(Program::Raw, 40), (Program::Cooked, 12), (Program::Raw, 500)] {
            let pace = Duration::from_millis(200);
            let course = Course { program, keys: 250, line, pace, seed: 7 };
            let screen = course.outcome();
            let letters = course.strokes().into_iter().filter_map(|stroke| match stroke {
                Stroke::Letter(letter, cell) => Some((letter, cell)),
                Stroke::Enter => None,
            });
            let mut count = 0;
            for (letter, Cell { row, col }) in letters {
                assert_eq!(screen.glyph(row, col).map(|glyph| glyph.ch), Some(letter));
                count += 1;
            }
            assert_eq!(count, 250);
        }
    }
}
