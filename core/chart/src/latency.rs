//! Distributions of waiting times as a picture: one row for each contender, on a common logarithmic
//! scale, so that both the keys that were there at once and the ones that were waited for show. Not a
//! measurement.

use crate::Ink;
use crate::metrics::width;
use crate::shape::{Anchor, Picture, Point, Shape, Stroke, Weight};
use crate::tame::tame;

/// Shortest time told apart, in ms: the scale's left end.
const LEAST_MS: f64 = 0.1;
/// The scale's right end.
const MOST_MS: f64 = 30_000.0;
/// Steps of a row's outline.
const BINS: usize = 110;
/// Rows beyond this are left out: the picture would not fit a page.
pub const MAX_ROWS: usize = 24;

const WIDTH: f32 = 1_060.0;
const MARGIN: f32 = 28.0;
/// The names' column.
const NAMES: f32 = 210.0;
/// The figures' column.
const FIGURES: f32 = 300.0;
const ROW: f32 = 48.0;
/// Tallest outline in a row.
const HILL: f32 = 44.0;
const TITLE: f32 = 18.0;
const BODY: f32 = 14.0;
const SMALL: f32 = 12.0;

/// One contender.
#[derive(Clone, Debug, PartialEq)]
pub struct Contender {
    /// Its name.
    pub name: String,
    /// Its colour; the row's name says the same.
    pub ink: Ink,
    /// Its times in ms, in any order.
    pub times: Vec<f64>,
    /// What stands beside the row.
    pub note: String,
}

/// A line across all rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// Where, in ms.
    pub at: f64,
    /// What is there.
    pub name: String,
}

/// Everything that the picture shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Latencies {
    /// What was measured, and where.
    pub title: String,
    /// How.
    pub subtitle: String,
    /// The contenders, first one on top; at most [`MAX_ROWS`].
    pub rows: Vec<Contender>,
    /// Lines to compare with.
    pub marks: Vec<Mark>,
}

/// Where a time stands on the scale, 0 to 1.
fn place(ms: f64) -> f64 {
    let ms = ms.clamp(LEAST_MS, MOST_MS);
    (ms / LEAST_MS).ln() / (MOST_MS / LEAST_MS).ln()
}

fn x_of(ms: f64) -> f32 {
    let left = MARGIN + NAMES;
    left + place(ms) as f32 * (WIDTH - MARGIN - FIGURES - left)
}

/// The picture. Heights of a row are the square roots of shares: what is rare stays visible.
pub fn latency_picture(story: &Latencies) -> Picture {
    let rows = &story.rows[..story.rows.len().min(MAX_ROWS)];
    let mut shapes = Vec::new();
    words(&mut shapes, (MARGIN, 34.0), Anchor::Start, TITLE, Ink::Text, &story.title);
    words(&mut shapes, (MARGIN, 56.0), Anchor::Start, SMALL, Ink::Faint, &story.subtitle);
    let top = 92.0;
    let bottom = top + ROW * rows.len() as f32;
    draw_scale(&mut shapes, top, bottom);
    draw_marks(&mut shapes, &story.marks, top, bottom);
    for (at, row) in rows.iter().enumerate() {
        draw_row(&mut shapes, row, top + ROW * (at as f32 + 1.0));
    }
    let said: Vec<String> = rows.iter().map(|row| format!("{}: {}", row.name, row.note)).collect();
    Picture {
        width: WIDTH,
        height: bottom + 52.0,
        title: tame(&story.title),
        description: tame(&said.join(". ")),
        shapes,
    }
}

fn draw_scale(shapes: &mut Vec<Shape>, top: f32, bottom: f32) {
    let labels = [
        (0.1, "0.1 ms"),
        (1.0, "1 ms"),
        (10.0, "10 ms"),
        (100.0, "100 ms"),
        (1_000.0, "1 s"),
        (10_000.0, "10 s"),
    ];
    for (ms, label) in labels {
        let x = x_of(ms);
        line(shapes, (x, top), (x, bottom), Ink::Grid, Stroke::Solid);
        words(shapes, (x, bottom + 18.0), Anchor::Middle, SMALL, Ink::Faint, label);
    }
    let middle = (x_of(LEAST_MS) + x_of(MOST_MS)) / 2.0;
    let caption =
        "from the key to its letter on the screen; height: square root of the share of keys";
    words(shapes, (middle, bottom + 38.0), Anchor::Middle, SMALL, Ink::Faint, caption);
}

fn draw_marks(shapes: &mut Vec<Shape>, marks: &[Mark], top: f32, bottom: f32) {
    for mark in marks {
        let x = x_of(mark.at);
        line(shapes, (x, top - 4.0), (x, bottom), Ink::Present, Stroke::Dashed);
        words(shapes, (x, top - 10.0), Anchor::Middle, SMALL, Ink::Text, &mark.name);
    }
}

/// A row above its base line.
fn draw_row(shapes: &mut Vec<Shape>, row: &Contender, base: f32) {
    line(shapes, (MARGIN, base), (WIDTH - MARGIN, base), Ink::Grid, Stroke::Solid);
    if let Some(corners) = outline(&row.times, base) {
        shapes.push(Shape::Polygon { corners, ink: row.ink });
    }
    words(shapes, (MARGIN, base - 14.0), Anchor::Start, BODY, row.ink, &fitted(&row.name));
    let beside = WIDTH - MARGIN - FIGURES + 16.0;
    words(shapes, (beside, base - 14.0), Anchor::Start, SMALL, Ink::Text, &row.note);
}

/// A name that does not reach into the plot.
fn fitted(name: &str) -> String {
    let mut name = tame(name);
    while width(&name, BODY, Weight::Regular) > NAMES - 12.0 && name.pop().is_some() {}
    name
}

/// The outline of a histogram with steps of equal width on the scale; none without times.
fn outline(times: &[f64], base: f32) -> Option<Vec<Point>> {
    let mut bins = [0_u32; BINS];
    for time in times {
        bins[((place(*time) * BINS as f64) as usize).min(BINS - 1)] += 1;
    }
    let total: u32 = bins.iter().sum();
    if total == 0 {
        return None;
    }
    let (left, right) = (x_of(LEAST_MS), x_of(MOST_MS));
    let step = (right - left) / BINS as f32;
    let mut corners = vec![Point { x: left, y: base }];
    for (at, count) in bins.iter().enumerate() {
        let share = f64::from(*count) / f64::from(total);
        let y = base - share.sqrt() as f32 * HILL;
        let x = left + step * at as f32;
        corners.extend([Point { x, y }, Point { x: x + step, y }]);
    }
    corners.push(Point { x: right, y: base });
    corners.dedup();
    Some(corners)
}

fn words(
    shapes: &mut Vec<Shape>,
    (x, y): (f32, f32),
    anchor: Anchor,
    size: f32,
    ink: Ink,
    text: &str,
) {
    let weight = if size == TITLE { Weight::Bold } else { Weight::Regular };
    let text = tame(text);
    if !text.is_empty() {
        shapes.push(Shape::Words { at: Point { x, y }, anchor, size, weight, ink, text });
    }
}

fn line(shapes: &mut Vec<Shape>, from: (f32, f32), to: (f32, f32), ink: Ink, stroke: Stroke) {
    let point = |(x, y)| Point { x, y };
    shapes.push(Shape::Line { from: point(from), to: point(to), ink, thick: 1.0, stroke });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_is_logarithmic_and_ends_where_it_says() {
        assert_eq!((place(0.0), place(LEAST_MS), place(1e9)), (0.0, 0.0, 1.0));
        assert!((place(1.0) - place(0.1) - (place(1_000.0) - place(100.0))).abs() < 1e-9);
    }

    #[test]
    fn a_row_stands_where_its_times_are_and_an_empty_one_has_no_hill() {
        let peak = |times: &[f64]| -> f32 {
            let corners = outline(times, 100.0).unwrap();
            let highest = corners.iter().min_by(|a, b| a.y.total_cmp(&b.y)).unwrap();
            highest.x
        };
        assert!((peak(&[100.0, 101.0, 99.9, 0.2]) - x_of(100.0)).abs() < 8.0);
        assert_eq!(outline(&[], 100.0), None);
    }

    #[test]
    fn any_number_of_rows_makes_a_picture_of_bounded_size() {
        let row = Contender {
            name: "a name\u{1b}[31m that is far longer than its column is wide".into(),
            ink: Ink::Alive,
            times: vec![f64::NAN, f64::INFINITY, -1.0, 5.0],
            note: "5 ms".into(),
        };
        let story = Latencies { rows: vec![row; 100], ..Latencies::default() };
        let picture = latency_picture(&story);
        assert!(picture.height < 2_000.0);
        let text = crate::svg(&picture, crate::Theme::Light);
        assert!(!text.contains('\u{1b}') && !text.contains("NaN"), "{text}");
    }
}
