//! Charts of timeouts and of waiting times as shapes, written as text for terminals and as SVG. Not a
//! painter of pixels.
//!
//! A [`Story`] is what a chart tells; [`text`] draws it on a grid of letters, [`picture`] as
//! shapes, which [`svg`] writes down and `abide-paint` paints. [`story_of`] makes a story from the
//! predictions of `abide-timeouts`: no number in a chart is computed here.

mod axis;
pub mod exchange;
mod image;
mod ink;
pub mod latency;
pub mod map;
pub mod metrics;
mod model;
pub mod shape;
pub mod story;
mod svg;
mod tame;
mod text;
mod theme;

pub use image::picture;
pub use ink::Ink;
pub use model::{Question, Scope, story_of};
pub use shape::Picture;
pub use story::Story;
pub use svg::svg;
pub use text::{Colour, Letters, MAX_WIDTH, MIN_WIDTH, Terminal, text};
pub use theme::{Rgb, Theme};
