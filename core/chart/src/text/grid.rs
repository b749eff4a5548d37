//! A grid of letters with inks, printed with or without colours, in Unicode or in ASCII. Not what
//! is drawn on it.

use crate::Ink;
use crate::tame::tame;

/// More rows than these are not drawn: no story is that long.
pub(crate) const MAX_ROWS: usize = 400;

/// Whether to print colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colour {
    /// None: every mark is told by its shape.
    #[default]
    Off,
    /// The terminal's own sixteen, which fit its ground.
    On,
}

/// Which letters the terminal shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Letters {
    /// Lines and arrows of Unicode.
    #[default]
    Unicode,
    /// ASCII alone.
    Ascii,
}

/// The grid. Rows come into being when something is put on them.
#[derive(Debug)]
pub(crate) struct Grid {
    width: usize,
    rows: Vec<Vec<(char, Ink)>>,
}

impl Grid {
    /// An empty grid.
    pub(crate) fn new(width: usize) -> Self {
        Grid { width, rows: Vec::new() }
    }

    /// How many rows there are.
    pub(crate) fn height(&self) -> usize {
        self.rows.len()
    }

    /// An empty row below the last.
    pub(crate) fn space(&mut self) {
        let row = self.height();
        self.put(row, 0, " ", Ink::Text);
    }

    /// Puts words down; what does not fit is cut off.
    pub(crate) fn put(&mut self, row: usize, column: usize, words: &str, ink: Ink) {
        if row >= MAX_ROWS {
            return;
        }
        while self.rows.len() <= row {
            self.rows.push(vec![(' ', Ink::Text); self.width]);
        }
        let free = self.rows[row].iter_mut().skip(column);
        for (cell, letter) in free.zip(tame(words).chars()) {
            *cell = (letter, ink);
        }
    }

    /// Puts words below the last row; gives the row.
    pub(crate) fn line(&mut self, column: usize, words: &str, ink: Ink) -> usize {
        let row = self.height();
        self.put(row, column, words, ink);
        row
    }

    /// Fills part of a row with one letter.
    pub(crate) fn fill(&mut self, row: usize, from: usize, to: usize, letter: char, ink: Ink) {
        let words: String = std::iter::repeat_n(letter, to.saturating_sub(from)).collect();
        self.put(row, from, &words, ink);
    }

    /// All of it as text, each row ended by a newline, none by spaces.
    pub(crate) fn print(&self, colour: Colour, letters: Letters) -> String {
        let mut out = String::new();
        for row in &self.rows {
            let end = row.iter().rposition(|(letter, _)| *letter != ' ').map_or(0, |at| at + 1);
            let mut present = "";
            for (letter, ink) in &row[..end] {
                let wanted = if *letter == ' ' { present } else { sgr(*ink) };
                if colour == Colour::On && wanted != present {
                    if !present.is_empty() {
                        out.push_str("\x1b[0m");
                    }
                    out.push_str(wanted);
                    present = wanted;
                }
                match letters {
                    Letters::Unicode => out.push(*letter),
                    Letters::Ascii => out.push(ascii(*letter)),
                }
            }
            if !present.is_empty() {
                out.push_str("\x1b[0m");
            }
            out.push('\n');
        }
        out
    }
}

/// Sixteen colours only: the person chose them to be legible on their ground.
fn sgr(ink: Ink) -> &'static str {
    match ink {
        Ink::Paper | Ink::Panel | Ink::Text => "",
        Ink::Faint | Ink::Grid | Ink::Belief => "\x1b[2m",
        Ink::Probe => "\x1b[34m",
        Ink::Alive => "\x1b[36m",
        Ink::Dead => "\x1b[1;31m",
        Ink::Kernel => "\x1b[35m",
        Ink::Path => "\x1b[33m",
        Ink::Present => "\x1b[1m",
        Ink::WhatIf => "\x1b[1;35m",
    }
}

fn ascii(letter: char) -> char {
    match letter {
        '━' => '=',
        '─' | '╌' | '┄' | '–' => '-',
        '·' | '…' => '.',
        '✗' => 'X',
        '●' => 'o',
        '○' => 'O',
        '▶' | '→' | '≥' => '>',
        '◀' | '←' | '≤' => '<',
        '│' | '┊' => '|',
        '├' | '┬' | '┴' | '┤' | '┼' => '+',
        '×' => 'x',
        '✓' => 'v',
        ' '..='~' => letter,
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_put_on_and_taken_off() {
        let mut grid = Grid::new(9);
        grid.put(1, 1, "ab", Ink::Dead);
        grid.put(1, 4, "cdefgh", Ink::Text);
        assert_eq!(grid.print(Colour::Off, Letters::Unicode), "\n ab cdefg\n");
        assert_eq!(grid.print(Colour::On, Letters::Unicode), "\n \x1b[1;31mab \x1b[0mcdefg\n");
    }

    #[test]
    fn ascii_is_ascii_and_every_mark_has_one() {
        let mut grid = Grid::new(80);
        grid.line(0, "━╌┄·✗●○▶◀│─├┬┴┤┼┊×…✓→←≥≤–", Ink::Text);
        let text = grid.print(Colour::Off, Letters::Ascii);
        assert!(text.is_ascii() && !text.contains('?'), "{text}");
    }

    #[test]
    fn what_does_not_fit_is_cut() {
        let mut grid = Grid::new(3);
        grid.put(0, 2, "xyz", Ink::Text);
        grid.put(0, 99, "xyz", Ink::Text);
        grid.put(MAX_ROWS, 0, "far", Ink::Text);
        assert_eq!(grid.print(Colour::Off, Letters::Unicode), "  x\n");
    }
}
