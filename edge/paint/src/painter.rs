//! Puts shapes onto pixels, one after the other.

use abide_chart::metrics::width;
use abide_chart::shape::{Anchor, Point, Shape, Stroke as Line};
use abide_chart::{Ink, Picture, Rgb, Theme};
use tiny_skia::{
    Color, FillRule, Paint, Path, PathBuilder, Pixmap, Rect, Stroke, StrokeDash, Transform,
};

use crate::font::Fonts;
use crate::{MAX_PIXELS, PaintError, Scale};

/// The same dashes as in SVG.
const DASHES: [f32; 2] = [6.0, 4.0];

/// All shapes of a picture on its paper.
pub(crate) fn paint(picture: &Picture, theme: Theme, scale: Scale) -> Result<Pixmap, PaintError> {
    let factor = f32::from(scale.0.max(1));
    let mut pixels = blank(picture.width * factor, picture.height * factor)?;
    let Rgb(r, g, b) = theme.colour(Ink::Paper);
    pixels.fill(Color::from_rgba8(r, g, b, u8::MAX));
    let fonts = Fonts::built_in();
    let mut painter =
        Painter { pixels, theme, fonts, place: Transform::from_scale(factor, factor) };
    for shape in &picture.shapes {
        painter.shape(shape);
    }
    Ok(painter.pixels)
}

fn blank(width: f32, height: f32) -> Result<Pixmap, PaintError> {
    let refused = || PaintError::Size { width, height };
    if !(width >= 1.0 && height >= 1.0) || f64::from(width) * f64::from(height) > MAX_PIXELS as f64
    {
        return Err(refused());
    }
    // Checked to be between 1 and MAX_PIXELS.
    Pixmap::new(width.ceil() as u32, height.ceil() as u32).ok_or_else(refused)
}

struct Painter {
    pixels: Pixmap,
    theme: Theme,
    fonts: Fonts,
    place: Transform,
}

impl Painter {
    fn shape(&mut self, shape: &Shape) {
        match shape {
            Shape::Box { at, width, height, ink, cover } => {
                self.fill(rectangle(*at, *width, *height), *ink, *cover);
            }
            Shape::Frame { at, width, height, ink, thick, stroke } => {
                self.stroke(rectangle(*at, *width, *height), *ink, *thick, *stroke);
            }
            Shape::Line { from, to, ink, thick, stroke } => {
                let mut path = PathBuilder::new();
                path.move_to(from.x, from.y);
                path.line_to(to.x, to.y);
                self.stroke(path.finish(), *ink, *thick, *stroke);
            }
            Shape::Polygon { corners, ink } => self.fill(polygon(corners), *ink, 1.0),
            Shape::Disc { at, radius, ink } => {
                self.fill(PathBuilder::from_circle(at.x, at.y, *radius), *ink, 1.0);
            }
            Shape::Words { at, anchor, size, weight, ink, text } => {
                let length = width(text, *size, *weight);
                let left = match anchor {
                    Anchor::Start => at.x,
                    Anchor::Middle => at.x - length / 2.0,
                    Anchor::End => at.x - length,
                };
                let outline = self.fonts.outline(text, *weight, *size, (left, at.y));
                self.fill(outline, *ink, 1.0);
            }
        }
    }

    /// A path that came to nothing (no extent, not finite) leaves no mark.
    fn fill(&mut self, path: Option<Path>, ink: Ink, cover: f32) {
        let Some(path) = path else { return };
        let paint = self.paint(ink, cover);
        self.pixels.fill_path(&path, &paint, FillRule::Winding, self.place, None);
    }

    fn stroke(&mut self, path: Option<Path>, ink: Ink, thick: f32, line: Line) {
        let Some(path) = path else { return };
        let dash = match line {
            Line::Solid => None,
            Line::Dashed => StrokeDash::new(DASHES.to_vec(), 0.0),
        };
        let stroke = Stroke { width: thick, dash, ..Stroke::default() };
        let paint = self.paint(ink, 1.0);
        self.pixels.stroke_path(&path, &paint, &stroke, self.place, None);
    }

    fn paint(&self, ink: Ink, cover: f32) -> Paint<'static> {
        let Rgb(r, g, b) = self.theme.colour(ink);
        let mut paint = Paint::default();
        // Between 0 and 255 after the clamp.
        paint.set_color_rgba8(r, g, b, (cover.clamp(0.0, 1.0) * 255.0).round() as u8);
        paint.anti_alias = true;
        paint
    }
}

fn rectangle(at: Point, width: f32, height: f32) -> Option<Path> {
    Rect::from_xywh(at.x, at.y, width, height).map(PathBuilder::from_rect)
}

fn polygon(corners: &[Point]) -> Option<Path> {
    let [first, rest @ ..] = corners else { return None };
    let mut path = PathBuilder::new();
    path.move_to(first.x, first.y);
    for corner in rest {
        path.line_to(corner.x, corner.y);
    }
    path.close();
    path.finish()
}
