//! The keepalive exchange as three sequence diagrams side by side: client on the left, server on
//! the right, time downwards.

use abide_timeouts::Side;

use super::grid::Grid;
use crate::Ink;
use crate::axis::span;
use crate::exchange::{Act, Exchange, Lives, Panel, Step, other};
use crate::tame::{tame, wrap};

/// Columns of one panel, with the gap to the next.
const PANEL: usize = 26;
/// Columns for the time, before the client's line.
const TIME: usize = 8;
/// Columns between the two lines.
const BETWEEN: usize = 14;
/// The client's line, counted from the panel's left.
const LEFT: usize = TIME;
/// The server's line.
const RIGHT: usize = TIME + 1 + BETWEEN;

/// Draws it.
pub(super) fn draw(grid: &mut Grid, exchange: &Exchange) {
    grid.space();
    grid.line(0, &exchange.heading, Ink::Present);
    let top = grid.height();
    let rows = exchange.panels.iter().map(|panel| panel.steps.len()).max().unwrap_or(0);
    for (number, panel) in exchange.panels.iter().enumerate() {
        draw_panel(grid, panel, exchange.prober, top, number * PANEL, rows);
    }
}

fn draw_panel(grid: &mut Grid, panel: &Panel, prober: Side, top: usize, left: usize, rows: usize) {
    let ink = match panel.lives {
        Lives::On => Ink::Alive,
        Lives::No => Ink::Dead,
    };
    grid.put(top, left + LEFT - 3, &panel.title, ink);
    grid.put(top + 1, left + LEFT - 3, "client", Ink::Faint);
    grid.put(top + 1, left + RIGHT - 5, "server", Ink::Faint);
    for (number, step) in panel.steps.iter().enumerate() {
        draw_step(grid, step, prober, top + 2 + number, left);
    }
    let outcome = top + 2 + rows.max(panel.steps.len());
    for (number, line) in wrap(&tame(&panel.outcome), PANEL - 3).iter().enumerate() {
        grid.put(outcome + number, left + 1, line, ink);
    }
}

fn draw_step(grid: &mut Grid, step: &Step, prober: Side, row: usize, left: usize) {
    if let Some(at) = step.at {
        let time = span(at);
        let gap = (TIME - 1).saturating_sub(time.chars().count());
        grid.put(row, left + gap, &time, Ink::Faint);
    }
    grid.put(row, left + LEFT, "│", Ink::Faint);
    grid.put(row, left + RIGHT, "│", Ink::Faint);
    let peer = other(prober);
    let inside = left + LEFT + 1;
    match step.act {
        Act::LastPacket => arrow(grid, row, inside, prober, "last packet", Ink::Alive),
        Act::Probe(number) => arrow(grid, row, inside, peer, &probe(number), Ink::Probe),
        Act::Answer => arrow(grid, row, inside, prober, "answer", Ink::Alive),
        Act::Packet => arrow(grid, row, inside, prober, "any packet", Ink::Alive),
        Act::Lost(number) => lost(grid, row, inside, prober, &probe(number)),
        Act::More(number) => middle(grid, row, inside, &format!("… {number} more"), Ink::Faint),
        Act::AndSoOn => middle(grid, row, inside, "… and so on", Ink::Faint),
        Act::Back => middle(grid, row, inside, "back again", Ink::Alive),
        Act::Closes => {
            let column = match prober {
                Side::Client => LEFT,
                Side::Server => RIGHT,
            };
            grid.put(row, left + column, "✗", Ink::Dead);
            middle(grid, row, inside, "closes", Ink::Dead);
        }
    }
}

fn probe(number: u32) -> String {
    let words = format!("question {number}");
    if words.len() <= BETWEEN - 4 { words } else { "question".to_owned() }
}

/// An arrow that reaches the side `to`, with words on it.
fn arrow(grid: &mut Grid, row: usize, inside: usize, to: Side, words: &str, ink: Ink) {
    grid.fill(row, inside, inside + BETWEEN, '─', ink);
    match to {
        Side::Client => grid.put(row, inside, "◀", ink),
        Side::Server => grid.put(row, inside + BETWEEN - 1, "▶", ink),
    }
    middle(grid, row, inside, words, ink);
}

/// An arrow of the prober's that gets lost on the way.
fn lost(grid: &mut Grid, row: usize, inside: usize, prober: Side, words: &str) {
    let length = words.chars().count() + 2;
    match prober {
        Side::Client => {
            grid.fill(row, inside, inside + length, '╌', Ink::Probe);
            grid.put(row, inside + 1, words, Ink::Probe);
            grid.put(row, inside + length, "✗", Ink::Dead);
        }
        Side::Server => {
            let from = inside + BETWEEN - length;
            grid.fill(row, from, inside + BETWEEN, '╌', Ink::Probe);
            grid.put(row, from + 1, words, Ink::Probe);
            grid.put(row, from - 1, "✗", Ink::Dead);
        }
    }
}

fn middle(grid: &mut Grid, row: usize, inside: usize, words: &str, ink: Ink) {
    let length = words.chars().count();
    grid.put(row, inside + BETWEEN.saturating_sub(length) / 2, words, ink);
}
