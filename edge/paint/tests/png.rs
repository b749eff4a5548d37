//! A chart as PNG: that it is one, of the right size, with something on it; and what is refused.

use std::collections::HashMap;

use abide_chart::shape::{Anchor, Point, Shape, Stroke, Weight};
use abide_chart::{Ink, Picture, Question, Scope, Theme, picture, story_of};
use abide_paint::{PaintError, Scale, png};
use abide_timeouts::{Probing, Setup, Version};

const SIGNATURE: [u8; 8] = [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n'];

fn chart() -> Picture {
    let mut setup = Setup::stock(Version::new(9, 6), Version::new(9, 6));
    setup.server.alive = Probing::stated(600, 2);
    let question = Question { title: "web1", scope: Scope::Connection, now: &setup, what_if: None };
    picture(&story_of(&question))
}

/// How many pixels there are of each colour.
fn census(bytes: &[u8]) -> (u32, u32, HashMap<(u8, u8, u8), u32>) {
    let pixels = tiny_skia::Pixmap::decode_png(bytes).expect("a PNG");
    let mut colours = HashMap::new();
    for pixel in pixels.pixels() {
        assert_eq!(pixel.alpha(), u8::MAX, "the paper covers everything");
        *colours.entry((pixel.red(), pixel.green(), pixel.blue())).or_insert(0) += 1;
    }
    (pixels.width(), pixels.height(), colours)
}

#[test]
fn a_chart_is_a_png_of_its_size_with_its_colours_on_it() {
    let chart = chart();
    for theme in [Theme::Light, Theme::Dark] {
        let bytes = png(&chart, theme, Scale::DOUBLE).expect("a chart can be painted");
        // To be looked at.
        let name = format!("chart-{theme:?}.png").to_lowercase();
        let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
        std::fs::write(folder.join(name), &bytes).expect("a folder for tests");
        assert_eq!(bytes[..8], SIGNATURE);
        let (width, height, colours) = census(&bytes);
        assert_eq!((width, height), ((chart.width * 2.0) as u32, (chart.height * 2.0) as u32));
        let count = |ink: Ink| {
            let rgb = theme.colour(ink);
            colours.get(&(rgb.0, rgb.1, rgb.2)).copied().unwrap_or(0)
        };
        let all = width * height;
        assert!(count(Ink::Paper) > all / 2, "{theme:?}: most of it is paper");
        for ink in [Ink::Text, Ink::Faint, Ink::Dead, Ink::Alive, Ink::Grid, Ink::Path] {
            assert!(count(ink) > 200, "{theme:?}: {} pixels of {ink:?}", count(ink));
        }
    }
}

#[test]
fn words_leave_their_letters_on_the_paper() {
    let words = |text: &str| Picture {
        width: 120.0,
        height: 30.0,
        shapes: vec![Shape::Words {
            at: Point { x: 60.0, y: 20.0 },
            anchor: Anchor::Middle,
            size: 15.0,
            weight: Weight::Regular,
            ink: Ink::Text,
            text: text.to_owned(),
        }],
        ..Picture::default()
    };
    let paint = |text| png(&words(text), Theme::Light, Scale(1)).expect("it can be painted");
    assert_ne!(paint("30m"), paint("60m"));
    let (_, _, colours) = census(&paint("30m"));
    assert!(colours.len() > 10, "letters have soft edges: {}", colours.len());
    assert_eq!(census(&paint("   ")).2.len(), 1, "nothing but paper");
}

#[test]
fn what_has_no_area_or_too_much_is_refused() {
    for (width, height) in
        [(0.0, 10.0), (f32::NAN, 10.0), (10.0, -1.0), (f32::INFINITY, 1.0), (1e6, 1e6)]
    {
        let picture = Picture { width, height, ..Picture::default() };
        let refused = png(&picture, Theme::Light, Scale(1));
        assert!(matches!(refused, Err(PaintError::Size { .. })), "{width} x {height}");
    }
}

#[test]
fn shapes_that_are_none_leave_no_mark() {
    let nan = Point { x: f32::NAN, y: 1.0 };
    let at = Point { x: 1.0, y: 1.0 };
    let picture = Picture {
        width: 20.0,
        height: 20.0,
        shapes: vec![
            Shape::Polygon { corners: vec![at], ink: Ink::Dead },
            Shape::Disc { at: nan, radius: 3.0, ink: Ink::Dead },
            Shape::Box { at, width: -5.0, height: 5.0, ink: Ink::Dead, cover: 1.0 },
            Shape::Line { from: nan, to: at, ink: Ink::Dead, thick: 1.0, stroke: Stroke::Dashed },
        ],
        ..Picture::default()
    };
    let bytes = png(&picture, Theme::Dark, Scale(1)).expect("it can be painted");
    assert_eq!(census(&bytes).2.len(), 1);
}
