//! The map of interval and count as a table: `[ ]` is what is set, `{ }` what is asked about, `*`
//! what people believe to have set.

use super::grid::Grid;
use crate::Ink;
use crate::axis::span;
use crate::map::{Map, Outcome};

/// Where the first column of the table begins.
const START: usize = 12;
/// Columns of a cell: brackets and the longest span below a year.
const CELL: usize = 8;

/// Draws it.
pub(super) fn draw(grid: &mut Grid, map: &Map) {
    grid.space();
    grid.line(0, &map.heading, Ink::Present);
    let row = grid.line(1, "interval →", Ink::Faint);
    for (column, interval) in map.intervals.iter().enumerate() {
        put(grid, row, column, (' ', ' '), &span(*interval), Ink::Faint);
    }
    for (number, count) in map.counts.iter().enumerate() {
        let row = grid.line(1, &label(*count), Ink::Faint);
        for (column, outcome) in map.outcomes[number].iter().enumerate() {
            draw_cell(grid, map, row, (number, column), *outcome);
        }
    }
    if map.boxes > 0 {
        let row = grid.line(1, "path keeps", Ink::Path);
        for (column, kept) in map.kept.iter().enumerate() {
            put(grid, row, column, (' ', ' '), &format!("{kept}/{}", map.boxes), Ink::Path);
        }
    }
    write_legend(grid, map);
}

/// A number that does not fit is told as what it is.
fn label(count: u32) -> String {
    if count > 9_999 { "count huge".to_owned() } else { format!("count {count:>4}") }
}

fn draw_cell(
    grid: &mut Grid,
    map: &Map,
    row: usize,
    (number, column): (usize, usize),
    outcome: Outcome,
) {
    let words = match outcome {
        Outcome::After(time) => span(time),
        Outcome::Never => "never".to_owned(),
    };
    let (brackets, ink) = if map.is_at(map.present, number, column) {
        (('[', ']'), Ink::Present)
    } else if map.is_at(map.what_if, number, column) {
        (('{', '}'), Ink::WhatIf)
    } else if map.is_believed(outcome) {
        ((' ', '*'), Ink::Belief)
    } else {
        ((' ', ' '), Ink::Text)
    };
    put(grid, row, column, brackets, &words, ink);
}

fn put(grid: &mut Grid, row: usize, column: usize, brackets: (char, char), words: &str, ink: Ink) {
    let words = format!("{}{words}{}", brackets.0, brackets.1);
    let gap = CELL.saturating_sub(words.chars().count());
    grid.put(row, START + column * CELL + gap, &words, ink);
}

fn write_legend(grid: &mut Grid, map: &Map) {
    let mut signs = Vec::new();
    if map.present.is_some() {
        signs.push("[ ] set now".to_owned());
    }
    if map.what_if.is_some() && map.what_if != map.present {
        signs.push("{ } what if".to_owned());
    }
    if let Some(believed) = map.believed_and_shown() {
        signs.push(format!("* would be the {} that people expect", span(believed)));
    }
    if !signs.is_empty() {
        grid.line(1, &signs.join("   "), Ink::Faint);
    }
    if map.boxes > 0 {
        let words = "path keeps: how many known boxes on the way outlast a silence of one interval";
        grid.line(1, words, Ink::Faint);
    }
}
