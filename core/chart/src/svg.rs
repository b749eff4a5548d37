//! Writes a picture as SVG. No fonts inside: a viewer takes one like the one the picture was
//! measured with.

use std::fmt::Write;

use crate::Ink;
use crate::shape::{Anchor, Picture, Point, Shape, Stroke, Weight};
use crate::theme::{Rgb, Theme};

/// Verdana has the same widths as DejaVu Sans; the last resort is about as wide.
const FONTS: &str = "DejaVu Sans,Verdana,Bitstream Vera Sans,sans-serif";

/// A whole SVG document.
pub fn svg(picture: &Picture, theme: Theme) -> String {
    let mut out = String::new();
    let (width, height) = (Number(picture.width), Number(picture.height));
    let paper = Colour(theme.colour(Ink::Paper));
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\" font-family=\"{FONTS}\">\n\
         <title>{}</title>\n<desc>{}</desc>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"{paper}\"/>",
        Escaped(&picture.title),
        Escaped(&picture.description),
    );
    for shape in &picture.shapes {
        write_shape(&mut out, shape, theme);
    }
    out.push_str("</svg>\n");
    out
}

fn write_shape(out: &mut String, shape: &Shape, theme: Theme) {
    let colour = |ink: Ink| Colour(theme.colour(ink));
    let _ = match shape {
        Shape::Box { at, width, height, ink, cover } => {
            let opacity = Opacity(*cover);
            let Size(size) = rect(*at, *width, *height);
            writeln!(out, "<rect {size} fill=\"{}\"{opacity}/>", colour(*ink))
        }
        Shape::Frame { at, width, height, ink, thick, stroke } => {
            let Size(size) = rect(*at, *width, *height);
            let line = Lined(colour(*ink), *thick, *stroke);
            writeln!(out, "<rect {size} fill=\"none\" {line}/>")
        }
        Shape::Line { from, to, ink, thick, stroke } => writeln!(
            out,
            "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" {}/>",
            Number(from.x),
            Number(from.y),
            Number(to.x),
            Number(to.y),
            Lined(colour(*ink), *thick, *stroke)
        ),
        Shape::Polygon { corners, ink } => {
            let points: Vec<String> = corners
                .iter()
                .map(|Point { x, y }| format!("{},{}", Number(*x), Number(*y)))
                .collect();
            writeln!(out, "<polygon points=\"{}\" fill=\"{}\"/>", points.join(" "), colour(*ink))
        }
        Shape::Disc { at, radius, ink } => writeln!(
            out,
            "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"{}\"/>",
            Number(at.x),
            Number(at.y),
            Number(*radius),
            colour(*ink)
        ),
        Shape::Words { at, anchor, size, weight, ink, text } => {
            let anchor = match anchor {
                Anchor::Start => "",
                Anchor::Middle => " text-anchor=\"middle\"",
                Anchor::End => " text-anchor=\"end\"",
            };
            let weight = match weight {
                Weight::Regular => "",
                Weight::Bold => " font-weight=\"bold\"",
            };
            writeln!(
                out,
                "<text x=\"{}\" y=\"{}\" font-size=\"{}\" fill=\"{}\"{anchor}{weight}>{}</text>",
                Number(at.x),
                Number(at.y),
                Number(*size),
                colour(*ink),
                Escaped(text)
            )
        }
    };
}

/// The four attributes of a rectangle.
struct Size(String);

fn rect(at: Point, width: f32, height: f32) -> Size {
    Size(format!(
        "x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"",
        Number(at.x),
        Number(at.y),
        Number(width),
        Number(height)
    ))
}

/// A length with at most one decimal, so that the text is the same on every machine.
struct Number(f32);

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = format!("{:.1}", self.0);
        f.write_str(text.strip_suffix(".0").unwrap_or(&text))
    }
}

struct Colour(Rgb);

impl std::fmt::Display for Colour {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Rgb(r, g, b) = self.0;
        write!(f, "#{r:02x}{g:02x}{b:02x}")
    }
}

struct Opacity(f32);

impl std::fmt::Display for Opacity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0 >= 1.0 { Ok(()) } else { write!(f, " fill-opacity=\"{:.2}\"", self.0.max(0.0)) }
    }
}

struct Lined(Colour, f32, Stroke);

impl std::fmt::Display for Lined {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "stroke=\"{}\" stroke-width=\"{}\"", self.0, Number(self.1))?;
        match self.2 {
            Stroke::Solid => Ok(()),
            Stroke::Dashed => f.write_str(" stroke-dasharray=\"6 4\""),
        }
    }
}

/// Text that can end neither element nor attribute; what XML forbids becomes U+FFFD.
struct Escaped<'a>(&'a str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\n' | '\t' => f.write_char(' ')?,
                letter if letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}') => {
                    f.write_char('\u{fffd}')?;
                }
                letter => f.write_char(letter)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_words_stay_words() {
        let words = Shape::Words {
            at: Point { x: 1.0, y: 2.25 },
            anchor: Anchor::Middle,
            size: 12.0,
            weight: Weight::Bold,
            ink: Ink::Text,
            text: "<script>\"&\u{1b}[31m\u{ffff}".to_owned(),
        };
        let picture = Picture {
            width: 10.0,
            height: 10.0,
            title: "</title>".to_owned(),
            description: String::new(),
            shapes: vec![words],
        };
        let text = svg(&picture, Theme::Light);
        assert!(text.contains("&lt;script&gt;&quot;&amp;\u{fffd}[31m\u{fffd}</text>"), "{text}");
        assert!(text.contains("<title>&lt;/title&gt;</title>"), "{text}");
        assert!(!text.contains('\u{1b}') && !text.contains("<script"), "{text}");
    }
}
