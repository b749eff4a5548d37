//! The map of interval and count as a table of coloured cells.

use super::sheet::{MARGIN, Sheet, WIDTH};
use super::{BODY, SMALL};
use crate::Ink;
use crate::axis::span;
use crate::map::{Map, Outcome};
use crate::shape::{Anchor, Point, Stroke, Weight};

/// Where the first column begins.
const START: f32 = MARGIN + 130.0;
/// Height of a row.
const ROW: f32 = 34.0;
/// The longest outcome in the middle of the colours' scale: what a person would call long.
const DEEPEST: f32 = 86_400.0;

/// Draws all maps, one below the other.
pub(super) fn draw_all(sheet: &mut Sheet, maps: &[Map]) {
    for map in maps {
        draw(sheet, map);
    }
}

fn draw(sheet: &mut Sheet, map: &Map) {
    sheet.heading(&map.heading);
    let columns = map.intervals.len().max(1) as f32;
    let cell = (WIDTH - MARGIN - START) / columns;
    sheet.advance(22.0);
    sheet.words(MARGIN, SMALL, Weight::Regular, Ink::Faint, &map.count_keyword);
    for (column, interval) in map.intervals.iter().enumerate() {
        let words =
            if column == 0 { format!("interval {}", span(*interval)) } else { span(*interval) };
        let at = Point { x: START + cell * (column as f32 + 0.5), y: sheet.y() };
        sheet.words_at(at, Anchor::Middle, SMALL, Weight::Regular, Ink::Faint, &words);
    }
    sheet.advance(8.0);
    let top = sheet.y();
    for (row, count) in map.counts.iter().enumerate() {
        let middle = top + ROW * (row as f32 + 0.5);
        let at = Point { x: START - 14.0, y: middle + 5.0 };
        let words = count.to_string();
        sheet.words_at(at, Anchor::End, BODY, Weight::Regular, Ink::Faint, &words);
        for (column, outcome) in map.outcomes[row].iter().enumerate() {
            let at = (START + cell * column as f32, top + ROW * row as f32);
            draw_cell(sheet, map, at, cell, *outcome);
        }
    }
    draw_choices(sheet, map, top, cell);
    sheet.advance(ROW * map.counts.len() as f32);
    draw_kept(sheet, map, cell);
    write_legend(sheet, map);
}

/// Longer is deeper, on a scale of orders of magnitude; never is a colour of its own.
fn draw_cell(sheet: &mut Sheet, map: &Map, at: (f32, f32), cell: f32, outcome: Outcome) {
    let (ink, cover, words) = match outcome {
        Outcome::After(time) => {
            let depth = (time.as_secs_f32().max(1.0).ln() / DEEPEST.ln()).min(1.0);
            (Ink::Dead, 0.04 + 0.22 * depth * depth, span(time))
        }
        Outcome::Never => (Ink::Alive, 0.16, "never".to_owned()),
    };
    sheet.fill((at.0 + 1.0, at.1 + 1.0), (cell - 2.0, ROW - 2.0), ink, cover);
    let words = if map.is_believed(outcome) { format!("{words} *") } else { words };
    let base = Point { x: at.0 + cell / 2.0, y: at.1 + ROW / 2.0 + 5.0 };
    sheet.words_at(base, Anchor::Middle, BODY, Weight::Regular, Ink::Text, &words);
}

fn draw_choices(sheet: &mut Sheet, map: &Map, top: f32, cell: f32) {
    for row in 0..map.counts.len() {
        for column in 0..map.intervals.len() {
            let at = (START + cell * column as f32 + 1.5, top + ROW * row as f32 + 1.5);
            let size = (cell - 3.0, ROW - 3.0);
            if map.is_at(map.what_if, row, column) {
                sheet.frame(at, size, Ink::WhatIf, Stroke::Dashed);
            }
            if map.is_at(map.present, row, column) {
                sheet.frame(at, size, Ink::Present, Stroke::Solid);
            }
        }
    }
}

fn draw_kept(sheet: &mut Sheet, map: &Map, cell: f32) {
    if map.boxes == 0 {
        return;
    }
    sheet.advance(22.0);
    sheet.words(MARGIN, SMALL, Weight::Regular, Ink::Path, "path keeps");
    for (column, kept) in map.kept.iter().enumerate() {
        let at = Point { x: START + cell * (column as f32 + 0.5), y: sheet.y() };
        let words = format!("{kept} of {}", map.boxes);
        sheet.words_at(at, Anchor::Middle, SMALL, Weight::Regular, Ink::Path, &words);
    }
}

fn write_legend(sheet: &mut Sheet, map: &Map) {
    let mut signs = Vec::new();
    if map.present.is_some() {
        signs.push("framed: set now".to_owned());
    }
    if map.what_if.is_some() && map.what_if != map.present {
        signs.push("dashed frame: what if".to_owned());
    }
    if let Some(believed) = map.believed_and_shown() {
        signs.push(format!("* would be the {} that people expect", span(believed)));
    }
    if map.boxes > 0 {
        signs.push("path keeps: known boxes that outlast a silence of one interval".to_owned());
    }
    sheet.advance(22.0);
    sheet.words(MARGIN, SMALL, Weight::Regular, Ink::Faint, &signs.join("   ·   "));
}
