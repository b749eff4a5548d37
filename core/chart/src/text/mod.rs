//! A story as text for a terminal: 80 columns are enough, colours are not needed.

mod exchange;
mod grid;
mod map;
mod tracks;

use grid::Grid;
pub use grid::{Colour, Letters};

use crate::Ink;
use crate::story::{Setting, Sign, Story};
use crate::tame::{tame, wrap};

/// What the text is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// Columns: taken as at least [`MIN_WIDTH`] and at most [`MAX_WIDTH`].
    pub width: usize,
    /// Whether to print colours.
    pub colour: Colour,
    /// Which letters it shows.
    pub letters: Letters,
}

/// What the exchange and the map need. A narrower terminal breaks the lines.
pub const MIN_WIDTH: usize = 80;
/// Wider, the eye loses its line.
pub const MAX_WIDTH: usize = 120;

impl Default for Terminal {
    fn default() -> Self {
        Terminal { width: MIN_WIDTH, colour: Colour::Off, letters: Letters::Unicode }
    }
}

/// The whole story as text. No line is wider than the terminal, and none has a space at its end.
pub fn text(story: &Story, terminal: Terminal) -> String {
    let width = terminal.width.clamp(MIN_WIDTH, MAX_WIDTH);
    let mut grid = Grid::new(width);
    for line in wrap(&tame(&story.title), width) {
        grid.line(0, &line, Ink::Present);
    }
    for setting in &story.settings {
        write_setting(&mut grid, setting, width);
    }
    write_answers(&mut grid, story, width);
    tracks::draw(&mut grid, &story.tracks, width);
    for map in &story.maps {
        map::draw(&mut grid, map);
    }
    for exchange in &story.exchanges {
        exchange::draw(&mut grid, exchange);
    }
    write_not_checked(&mut grid, &story.not_checked, width);
    grid.print(terminal.colour, terminal.letters)
}

fn write_setting(grid: &mut Grid, setting: &Setting, width: usize) {
    let start = 10;
    let mut row = grid.line(2, &setting.side, Ink::Faint);
    let mut end = start;
    for (number, line) in wrap(&tame(&setting.value), width - start).iter().enumerate() {
        if number > 0 {
            row = grid.height();
        }
        grid.put(row, start, line, Ink::Text);
        end = start + line.chars().count();
    }
    let origin = tame(&setting.origin);
    if end + 2 + origin.chars().count() <= width {
        grid.put(row, end + 2, &origin, Ink::Faint);
        return;
    }
    for line in wrap(&origin, width - start) {
        grid.line(start, &line, Ink::Faint);
    }
}

fn write_answers(grid: &mut Grid, story: &Story, width: usize) {
    if story.answers.is_empty() {
        return;
    }
    grid.space();
    for answer in &story.answers {
        let (mark, ink) = match answer.sign {
            Sign::Is => ("✓", Ink::Alive),
            Sign::IsNot => ("✗", Ink::Dead),
        };
        let row = grid.line(2, mark, ink);
        grid.put(row, 4, &answer.headline, ink);
        for line in wrap(&answer.sentence, width - 6) {
            grid.line(4, &line, Ink::Text);
        }
    }
}

fn write_not_checked(grid: &mut Grid, not_checked: &[String], width: usize) {
    if not_checked.is_empty() {
        return;
    }
    grid.space();
    grid.line(0, "Not checked, and not drawn", Ink::Present);
    for what in not_checked {
        for (number, line) in wrap(what, width - 6).iter().enumerate() {
            grid.line(if number == 0 { 2 } else { 4 }, line, Ink::Faint);
        }
    }
}
