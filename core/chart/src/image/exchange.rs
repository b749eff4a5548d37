//! The keepalive exchange as three sequence diagrams side by side.

use abide_timeouts::Side;

use super::sheet::{MARGIN, Sheet, WIDTH};
use super::{BODY, SMALL};
use crate::Ink;
use crate::axis::span;
use crate::exchange::{Act, Exchange, Lives, Panel, Step, other};
use crate::shape::{Anchor, Point, Stroke, Weight};

/// Height of one step.
const STEP: f32 = 32.0;
/// Between two panels.
const GUTTER: f32 = 24.0;
/// Above the first step: title and names.
const HEAD: f32 = 74.0;

/// Where a panel's two lines stand.
#[derive(Clone, Copy)]
struct Lines {
    client: f32,
    server: f32,
}

impl Lines {
    fn of(self, side: Side) -> f32 {
        match side {
            Side::Client => self.client,
            Side::Server => self.server,
        }
    }

    fn middle(self) -> f32 {
        f32::midpoint(self.client, self.server)
    }
}

/// Draws it.
pub(super) fn draw(sheet: &mut Sheet, exchange: &Exchange) {
    sheet.heading(&exchange.heading);
    sheet.advance(10.0);
    let panels = exchange.panels.len().max(1) as f32;
    let width = (WIDTH - 2.0 * MARGIN - GUTTER * (panels - 1.0)) / panels;
    let steps = exchange.panels.iter().map(|panel| panel.steps.len()).max().unwrap_or(0);
    let height = HEAD + STEP * steps as f32 + 62.0;
    let top = sheet.y();
    for (number, panel) in exchange.panels.iter().enumerate() {
        let left = MARGIN + (width + GUTTER) * number as f32;
        sheet.fill((left, top), (width, height), Ink::Panel, 1.0);
        draw_panel(sheet, panel, exchange.prober, (left, top), (width, steps));
    }
    sheet.advance(height);
}

fn draw_panel(
    sheet: &mut Sheet,
    panel: &Panel,
    prober: Side,
    (left, top): (f32, f32),
    (width, steps): (f32, usize),
) {
    let ink = match panel.lives {
        Lives::On => Ink::Alive,
        Lives::No => Ink::Dead,
    };
    let lines = Lines { client: left + 92.0, server: left + width - 36.0 };
    let middle = Point { x: left + width / 2.0, y: top + 26.0 };
    sheet.words_at(middle, Anchor::Middle, 16.0, Weight::Bold, ink, &panel.title);
    for side in [Side::Client, Side::Server] {
        let at = Point { x: lines.of(side), y: top + 50.0 };
        sheet.words_at(at, Anchor::Middle, SMALL, Weight::Regular, Ink::Faint, side.name());
        let end = top + HEAD + STEP * steps as f32 - 8.0;
        sheet.line((at.x, top + 57.0), (at.x, end), Ink::Faint, 1.5, Stroke::Solid);
    }
    for (number, step) in panel.steps.iter().enumerate() {
        let y = top + HEAD + STEP * number as f32 + 8.0;
        draw_step(sheet, step, prober, lines, (left, y));
    }
    let y = top + HEAD + STEP * steps as f32 + 14.0;
    write_outcome(sheet, &panel.outcome, ink, (left + 16.0, y), width - 32.0);
}

fn write_outcome(sheet: &mut Sheet, words: &str, ink: Ink, (x, y): (f32, f32), room: f32) {
    for (number, line) in super::sheet::broken(words, BODY, room).iter().take(2).enumerate() {
        let at = Point { x, y: y + 20.0 * number as f32 };
        sheet.words_at(at, Anchor::Start, BODY, Weight::Regular, ink, line);
    }
}

fn draw_step(sheet: &mut Sheet, step: &Step, prober: Side, lines: Lines, (left, y): (f32, f32)) {
    if let Some(at) = step.at {
        let place = Point { x: left + 14.0, y: y + 4.0 };
        sheet.words_at(place, Anchor::Start, SMALL, Weight::Regular, Ink::Faint, &span(at));
    }
    match step.act {
        Act::LastPacket => arrow(sheet, lines, prober, y, "last packet", Ink::Alive),
        Act::Probe(number) => {
            arrow(sheet, lines, other(prober), y, &format!("question {number}"), Ink::Probe);
        }
        Act::Answer => arrow(sheet, lines, prober, y, "answer", Ink::Alive),
        Act::Packet => arrow(sheet, lines, prober, y, "any packet", Ink::Alive),
        Act::Lost(number) => lost(sheet, lines, prober, y, &format!("question {number}")),
        Act::More(number) => {
            note(sheet, lines, y, &format!("… {number} more without an answer"), Ink::Faint)
        }
        Act::AndSoOn => note(sheet, lines, y, "… and so on", Ink::Faint),
        Act::Back => note(sheet, lines, y, "can be reached again", Ink::Alive),
        Act::Closes => {
            sheet.cross(lines.of(prober), y, 9.0, Ink::Dead);
            note(sheet, lines, y, "closes the connection", Ink::Dead);
        }
    }
}

fn note(sheet: &mut Sheet, lines: Lines, y: f32, words: &str, ink: Ink) {
    let at = Point { x: lines.middle(), y: y + 5.0 };
    sheet.words_at(at, Anchor::Middle, SMALL, Weight::Bold, ink, words);
}

fn arrow(sheet: &mut Sheet, lines: Lines, to: Side, y: f32, words: &str, ink: Ink) {
    let (from, tip) = (lines.of(other(to)), lines.of(to));
    let along = if tip > from { 1.0 } else { -1.0 };
    sheet.line((from, y), (tip - along * 8.0, y), ink, 2.0, Stroke::Solid);
    sheet.arrow_head(tip, y, along, 11.0, ink);
    let at = Point { x: lines.middle(), y: y - 5.0 };
    sheet.words_at(at, Anchor::Middle, SMALL, Weight::Regular, ink, words);
}

/// The arrow ends on the way.
fn lost(sheet: &mut Sheet, lines: Lines, prober: Side, y: f32, words: &str) {
    let (from, to) = (lines.of(prober), lines.of(other(prober)));
    let end = from + (to - from) * 0.62;
    sheet.line((from, y), (end, y), Ink::Probe, 2.0, Stroke::Dashed);
    sheet.cross(end, y, 6.0, Ink::Dead);
    let at = Point { x: f32::midpoint(from, end), y: y - 5.0 };
    sheet.words_at(at, Anchor::Middle, SMALL, Weight::Regular, Ink::Probe, words);
}
