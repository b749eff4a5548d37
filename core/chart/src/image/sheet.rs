//! A sheet that is filled from the top down: shapes with a pen position, and measured words.

use crate::Ink;
use crate::metrics::width;
use crate::shape::{Anchor, Picture, Point, Shape, Stroke, Weight};
use crate::tame::tame;

use super::{BODY, GAP, HEADING};

/// Width of every picture.
pub(super) const WIDTH: f32 = 1_200.0;
/// Paper left free at the edges.
pub(super) const MARGIN: f32 = 36.0;
/// Taller than this no story is.
const MAX_HEIGHT: f32 = 8_000.0;

/// The sheet. `y` is the base line of the next words.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    y: f32,
    shapes: Vec<Shape>,
}

/// Width of tamed words.
pub(super) fn measure(text: &str, size: f32, weight: Weight) -> f32 {
    width(&tame(text), size, weight)
}

/// Words cut to a width, with an ellipsis where something was cut.
pub(super) fn fit(text: &str, size: f32, weight: Weight, room: f32) -> String {
    let mut text = tame(text);
    if width(&text, size, weight) <= room {
        return text;
    }
    while !text.is_empty() && width(&text, size, weight) + size > room {
        text.pop();
    }
    if text.is_empty() { text } else { text + "…" }
}

impl Sheet {
    pub(super) fn new() -> Self {
        Sheet { y: 20.0, shapes: Vec::new() }
    }

    /// Where the pen is.
    pub(super) fn y(&self) -> f32 {
        self.y
    }

    /// Moves the pen down.
    pub(super) fn advance(&mut self, by: f32) {
        self.y = (self.y + by).min(MAX_HEIGHT);
    }

    /// Words from `x` on the pen's base line.
    pub(super) fn words(&mut self, x: f32, size: f32, weight: Weight, ink: Ink, text: &str) {
        let at = Point { x, y: self.y };
        self.words_at(at, Anchor::Start, size, weight, ink, text);
    }

    /// Words anywhere.
    pub(super) fn words_at(
        &mut self,
        at: Point,
        anchor: Anchor,
        size: f32,
        weight: Weight,
        ink: Ink,
        text: &str,
    ) {
        let text = tame(text);
        if !text.trim().is_empty() {
            self.shapes.push(Shape::Words { at, anchor, size, weight, ink, text });
        }
    }

    /// Words broken into lines below the pen; the pen ends on the last one.
    pub(super) fn paragraph(&mut self, x: f32, room: f32, size: f32, ink: Ink, text: &str) {
        for line in broken(text, size, room) {
            self.advance(size * 1.35);
            self.words(x, size, Weight::Regular, ink, &line);
        }
    }

    /// A heading with space above it.
    pub(super) fn heading(&mut self, text: &str) {
        self.advance(GAP + HEADING);
        self.words(MARGIN, HEADING, Weight::Bold, Ink::Text, text);
        self.advance(BODY * 0.4);
    }

    pub(super) fn line(
        &mut self,
        from: (f32, f32),
        to: (f32, f32),
        ink: Ink,
        thick: f32,
        stroke: Stroke,
    ) {
        let (from, to) = (Point { x: from.0, y: from.1 }, Point { x: to.0, y: to.1 });
        self.shapes.push(Shape::Line { from, to, ink, thick, stroke });
    }

    pub(super) fn fill(&mut self, at: (f32, f32), size: (f32, f32), ink: Ink, cover: f32) {
        let at = Point { x: at.0, y: at.1 };
        self.shapes.push(Shape::Box { at, width: size.0, height: size.1, ink, cover });
    }

    pub(super) fn frame(&mut self, at: (f32, f32), size: (f32, f32), ink: Ink, stroke: Stroke) {
        let at = Point { x: at.0, y: at.1 };
        let (width, height) = size;
        self.shapes.push(Shape::Frame { at, width, height, ink, thick: 3.0, stroke });
    }

    pub(super) fn disc(&mut self, x: f32, y: f32, radius: f32, ink: Ink) {
        self.shapes.push(Shape::Disc { at: Point { x, y }, radius, ink });
    }

    /// A cross.
    pub(super) fn cross(&mut self, x: f32, y: f32, arm: f32, ink: Ink) {
        self.line((x - arm, y - arm), (x + arm, y + arm), ink, arm * 0.5, Stroke::Solid);
        self.line((x - arm, y + arm), (x + arm, y - arm), ink, arm * 0.5, Stroke::Solid);
    }

    /// A head of an arrow whose tip is at `x`, `y`; `along` is 1 to the right, -1 to the left.
    pub(super) fn arrow_head(&mut self, x: f32, y: f32, along: f32, size: f32, ink: Ink) {
        let back = x - along * size;
        let corner = |x, y| Point { x, y };
        let corners =
            vec![corner(x, y), corner(back, y - size * 0.6), corner(back, y + size * 0.6)];
        self.shapes.push(Shape::Polygon { corners, ink });
    }

    pub(super) fn finish(self, title: String, description: String) -> Picture {
        let height = (self.y + MARGIN).ceil();
        let (title, description) = (tame(&title), tame(&description));
        Picture { width: WIDTH, height, title, description, shapes: self.shapes }
    }
}

/// Lines that fit a width; one that has no space to break at is cut.
pub(super) fn broken(text: &str, size: f32, room: f32) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in tame(text).split_whitespace() {
        let joined = lines.last().map(|line| format!("{line} {word}"));
        match joined.filter(|joined| width(joined, size, Weight::Regular) <= room) {
            Some(joined) => {
                lines.pop();
                lines.push(joined);
            }
            None => lines.push(fit(word, size, Weight::Regular, room)),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_cut_and_broken_to_the_room_there_is() {
        let long = "a".repeat(300);
        assert!(measure(&fit(&long, 15.0, Weight::Bold, 200.0), 15.0, Weight::Bold) <= 200.0);
        assert_eq!(fit(&long, 15.0, Weight::Bold, 1.0), "");
        assert_eq!(fit("short", 15.0, Weight::Bold, 200.0), "short");
        let lines = broken(&format!("some words and {long} and more"), 15.0, 120.0);
        assert!(lines.len() > 2);
        assert!(lines.iter().all(|line| measure(line, 15.0, Weight::Regular) <= 120.0));
    }
}
