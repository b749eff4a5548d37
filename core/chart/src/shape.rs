//! Shapes that make a picture: lines, boxes, discs, words. Not what they show.

use crate::Ink;

/// A picture: its size and its shapes, the first one lowest. Lengths are pixels at scale 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picture {
    /// Width.
    pub width: f32,
    /// Height.
    pub height: f32,
    /// What it is called.
    pub title: String,
    /// What it shows, for those who do not see it.
    pub description: String,
    /// The shapes.
    pub shapes: Vec<Shape>,
}

/// A point: right and down from the upper left corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// To the right.
    pub x: f32,
    /// Down.
    pub y: f32,
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stroke {
    /// Without gaps.
    #[default]
    Solid,
    /// Dashes.
    Dashed,
}

/// Which end of a text its point is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Anchor {
    /// The left end.
    #[default]
    Start,
    /// The middle.
    Middle,
    /// The right end.
    End,
}

/// How heavy letters are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Weight {
    /// As usual.
    #[default]
    Regular,
    /// Bold.
    Bold,
}

/// One shape.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A filled box.
    Box {
        /// Upper left corner.
        at: Point,
        /// Width.
        width: f32,
        /// Height.
        height: f32,
        /// Its colour.
        ink: Ink,
        /// How much it covers, 0 to 1.
        cover: f32,
    },
    /// The outline of a box.
    Frame {
        /// Upper left corner.
        at: Point,
        /// Width.
        width: f32,
        /// Height.
        height: f32,
        /// Its colour.
        ink: Ink,
        /// How thick the line is.
        thick: f32,
        /// Solid or dashed.
        stroke: Stroke,
    },
    /// A straight line.
    Line {
        /// From here.
        from: Point,
        /// To there.
        to: Point,
        /// Its colour.
        ink: Ink,
        /// How thick it is.
        thick: f32,
        /// Solid or dashed.
        stroke: Stroke,
    },
    /// A filled polygon.
    Polygon {
        /// Its corners, at least three.
        corners: Vec<Point>,
        /// Its colour.
        ink: Ink,
    },
    /// A disc.
    Disc {
        /// Its middle.
        at: Point,
        /// Its radius.
        radius: f32,
        /// Its colour.
        ink: Ink,
    },
    /// Words on one line.
    Words {
        /// A point on their base line.
        at: Point,
        /// Which end of them that point is.
        anchor: Anchor,
        /// Height of the letters' em.
        size: f32,
        /// How heavy.
        weight: Weight,
        /// Their colour.
        ink: Ink,
        /// The words.
        text: String,
    },
}
