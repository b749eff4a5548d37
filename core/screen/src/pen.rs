//! How text looks (colours, attributes, hyperlink), and the bytes that make a terminal write so.

use std::fmt::Write as _;
use std::sync::Arc;

/// A colour as the application asked for it: palette entries 0..=15 by name and by number are kept
/// apart, since terminals that brighten bold text do so for names only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Colour {
    #[default]
    Default,
    Named(u8),
    Indexed(u8),
    Rgb(u8, u8, u8),
}

/// Shape of an underline, by its SGR sub-parameter (0 is none).
pub(crate) type Underline = u8;

/// On/off attributes, in bits.
pub(crate) mod attr {
    pub(crate) const BOLD: u8 = 1;
    pub(crate) const DIM: u8 = 1 << 1;
    pub(crate) const ITALIC: u8 = 1 << 2;
    pub(crate) const BLINK: u8 = 1 << 3;
    pub(crate) const INVERSE: u8 = 1 << 4;
    pub(crate) const HIDDEN: u8 = 1 << 5;
    pub(crate) const STRIKE: u8 = 1 << 6;

    /// Each attribute with its SGR number.
    pub(crate) const SGR: [(u8, u8); 7] =
        [(BOLD, 1), (DIM, 2), (ITALIC, 3), (BLINK, 5), (INVERSE, 7), (HIDDEN, 8), (STRIKE, 9)];
}

/// A hyperlink (OSC 8).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) id: Option<String>,
    pub(crate) uri: String,
}

/// Everything that decides how the next character looks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pen {
    pub(crate) fg: Colour,
    pub(crate) bg: Colour,
    pub(crate) underline_colour: Colour,
    pub(crate) underline: Underline,
    pub(crate) attrs: u8,
    pub(crate) link: Option<Arc<Link>>,
}

/// Bytes that change a terminal's pen from `from` to `to`.
pub(crate) fn change(out: &mut Vec<u8>, from: &Pen, to: &Pen) {
    if from.link != to.link {
        link(out, to.link.as_deref());
    }
    let same_look = Pen { link: None, ..from.clone() } == Pen { link: None, ..to.clone() };
    if !same_look {
        out.extend_from_slice(sgr(to).as_bytes());
    }
}

fn link(out: &mut Vec<u8>, link: Option<&Link>) {
    out.extend_from_slice(b"\x1b]8;");
    if let Some(link) = link {
        if let Some(id) = &link.id {
            out.extend_from_slice(b"id=");
            out.extend_from_slice(id.as_bytes());
        }
        out.push(b';');
        out.extend_from_slice(link.uri.as_bytes());
    } else {
        out.push(b';');
    }
    out.extend_from_slice(b"\x1b\\");
}

/// The whole pen as one SGR sequence, from a reset.
fn sgr(pen: &Pen) -> String {
    let mut text = String::from("\x1b[");
    for (bit, number) in attr::SGR {
        if pen.attrs & bit != 0 {
            let _ = write!(text, ";{number}");
        }
    }
    match pen.underline {
        0 => {}
        1 => text.push_str(";4"),
        shape => {
            let _ = write!(text, ";4:{shape}");
        }
    }
    colour(&mut text, pen.fg, 30);
    colour(&mut text, pen.bg, 40);
    underline_colour(&mut text, pen.underline_colour);
    // The leading empty parameter is 0, reset.
    text.push('m');
    text
}

fn colour(text: &mut String, colour: Colour, base: u8) {
    let _ = match colour {
        Colour::Default => Ok(()),
        Colour::Named(n) if n < 8 => write!(text, ";{}", base + n),
        Colour::Named(n) => write!(text, ";{}", base + 52 + n),
        Colour::Indexed(n) => write!(text, ";{};5;{n}", base + 8),
        Colour::Rgb(r, g, b) => write!(text, ";{};2;{r};{g};{b}", base + 8),
    };
}

fn underline_colour(text: &mut String, colour: Colour) {
    let _ = match colour {
        Colour::Default => Ok(()),
        Colour::Named(n) | Colour::Indexed(n) => write!(text, ";58:5:{n}"),
        Colour::Rgb(r, g, b) => write!(text, ";58:2::{r}:{g}:{b}"),
    };
}
