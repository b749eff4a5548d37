//! The letters that the program carries: outlines of DejaVu Sans. No shaping: charts are written
//! in letters that need none.

use abide_chart::metrics::{UNITS_PER_EM, advance};
use abide_chart::shape::Weight;
use tiny_skia::{Path, PathBuilder, Transform};
use ttf_parser::{Face, OutlineBuilder};

/// Subsets of 25 KB each; `fonts/README.md` says how they were made.
const REGULAR: &[u8] = include_bytes!("../fonts/DejaVuSans.ttf");
const BOLD: &[u8] = include_bytes!("../fonts/DejaVuSans-Bold.ttf");

/// Both weights.
pub(crate) struct Fonts {
    regular: Face<'static>,
    bold: Face<'static>,
}

impl Fonts {
    /// The fonts inside the program.
    pub(crate) fn built_in() -> Self {
        let read = |bytes| Face::parse(bytes, 0).expect("the built-in fonts are read by tests");
        Fonts { regular: read(REGULAR), bold: read(BOLD) }
    }

    fn face(&self, weight: Weight) -> &Face<'static> {
        match weight {
            Weight::Regular => &self.regular,
            Weight::Bold => &self.bold,
        }
    }

    /// Outlines of all letters, beginning at `x` on the base line `y`. Letters that the font lacks
    /// are drawn as its box for missing ones.
    pub(crate) fn outline(
        &self,
        text: &str,
        weight: Weight,
        size: f32,
        (x, y): (f32, f32),
    ) -> Option<Path> {
        let face = self.face(weight);
        let scale = size / f32::from(UNITS_PER_EM);
        let mut pen = Pen { path: PathBuilder::new(), x: 0.0 };
        for letter in text.chars() {
            let glyph = face.glyph_index(letter).unwrap_or_default();
            // A glyph without an outline is a space.
            let _ = face.outline_glyph(glyph, &mut pen);
            pen.x += f32::from(advance(letter, weight));
        }
        // Letters stand upwards, pixels count downwards.
        let place = Transform::from_row(scale, 0.0, 0.0, -scale, x, y);
        pen.path.finish()?.transform(place)
    }
}

/// Collects outlines letter by letter.
struct Pen {
    path: PathBuilder,
    x: f32,
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.path.move_to(self.x + x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.path.line_to(self.x + x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.path.quad_to(self.x + x1, y1, self.x + x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.path.cubic_to(self.x + x1, y1, self.x + x2, y2, self.x + x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charts_are_measured_with_the_widths_of_these_fonts() {
        let fonts = Fonts::built_in();
        for weight in [Weight::Regular, Weight::Bold] {
            let face = fonts.face(weight);
            assert_eq!(face.units_per_em(), UNITS_PER_EM);
            for letter in (' '..='~').chain("×→←✓✗…·".chars()) {
                let glyph = face.glyph_index(letter).expect("every letter of a chart");
                let width = face.glyph_hor_advance(glyph).expect("a width");
                assert_eq!(width, advance(letter, weight), "{letter:?} {weight:?}");
            }
        }
    }

    #[test]
    fn unknown_letters_are_boxes_and_spaces_are_nothing() {
        let fonts = Fonts::built_in();
        let outline = |text| fonts.outline(text, Weight::Regular, 10.0, (0.0, 0.0));
        assert!(outline("漢").is_some());
        assert!(outline("   ").is_none());
        let bounds = outline("H").expect("a letter").bounds();
        assert!(bounds.top() < -6.0 && bounds.bottom() <= 0.1, "it stands on the line: {bounds:?}");
    }
}
