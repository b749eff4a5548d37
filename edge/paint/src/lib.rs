//! Paints a chart's shapes onto pixels and gives a PNG. Not a reader of SVG: the shapes that SVG is
//! written from are painted directly, which needs neither an SVG parser nor the fonts of a system.

mod font;
mod painter;

use abide_chart::{Picture, Theme};

/// More pixels than these are refused: 8,000 by 8,000 take 256 MB while they are painted.
pub const MAX_PIXELS: u64 = 64_000_000;

/// Pixels for each unit of length in a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale(pub u16);

impl Scale {
    /// Sharp on today's screens.
    pub const DOUBLE: Scale = Scale(2);
}

/// Why there is no PNG.
#[derive(Debug, thiserror::Error)]
pub enum PaintError {
    /// The picture has no area, or too much.
    #[error("a picture of {width} x {height} cannot be painted")]
    Size {
        /// Its width in pixels.
        width: f32,
        /// Its height in pixels.
        height: f32,
    },
    /// The pixels could not be packed.
    #[error("the pixels could not be packed: {0}")]
    Encoding(String),
}

/// A picture as a PNG file.
pub fn png(picture: &Picture, theme: Theme, scale: Scale) -> Result<Vec<u8>, PaintError> {
    let pixels = painter::paint(picture, theme, scale)?;
    pixels.encode_png().map_err(|error| PaintError::Encoding(error.to_string()))
}
