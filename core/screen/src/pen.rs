//! How text looks (colours, attributes, hyperlink), packed, and the bytes that make a terminal write so.

use std::io::Write as _;

use crate::links::{Link, LinkId};

/// A colour as the application asked for it, in four bytes. Palette entries 0..=15 by name and by
/// number are kept apart, since terminals that brighten bold text do so for names only.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct Colour(u32);

/// A [`Colour`] taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shade {
    Default,
    Named(u8),
    Indexed(u8),
    Rgb(u8, u8, u8),
}

const NAMED: u8 = 1;
const INDEXED: u8 = 2;
const RGB: u8 = 3;

impl Colour {
    pub(crate) const DEFAULT: Self = Self(0);

    pub(crate) const fn named(n: u8) -> Self {
        Self(u32::from_be_bytes([NAMED, 0, 0, n]))
    }

    pub(crate) const fn indexed(n: u8) -> Self {
        Self(u32::from_be_bytes([INDEXED, 0, 0, n]))
    }

    pub(crate) const fn rgb(r: u8, g: u8, b: u8) -> Self {
        Self(u32::from_be_bytes([RGB, r, g, b]))
    }

    pub(crate) fn shade(self) -> Shade {
        match self.0.to_be_bytes() {
            [NAMED, _, _, n] => Shade::Named(n),
            [INDEXED, _, _, n] => Shade::Indexed(n),
            [RGB, r, g, b] => Shade::Rgb(r, g, b),
            _ => Shade::Default,
        }
    }
}

impl std::fmt::Debug for Colour {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.shade().fmt(f)
    }
}

/// On/off attributes, in bits.
pub(crate) mod attr {
    pub(crate) const BOLD: u8 = 1;
    pub(crate) const DIM: u8 = 1 << 1;
    pub(crate) const ITALIC: u8 = 1 << 2;
    pub(crate) const BLINK: u8 = 1 << 3;
    pub(crate) const INVERSE: u8 = 1 << 4;
    pub(crate) const HIDDEN: u8 = 1 << 5;
    pub(crate) const STRIKE: u8 = 1 << 6;
    pub(crate) const OVERLINE: u8 = 1 << 7;

    /// Each attribute with its SGR number.
    pub(crate) const SGR: [(u8, u8); 8] = [
        (BOLD, 1),
        (DIM, 2),
        (ITALIC, 3),
        (BLINK, 5),
        (INVERSE, 7),
        (HIDDEN, 8),
        (STRIKE, 9),
        (OVERLINE, 53),
    ];
}

/// Everything that decides how the next character looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pen {
    pub(crate) fg: Colour,
    pub(crate) bg: Colour,
    pub(crate) underline_colour: Colour,
    pub(crate) attrs: u8,
    /// Shape of the underline, by its SGR sub-parameter (0 is none).
    pub(crate) underline: u8,
    pub(crate) link: LinkId,
}

impl Pen {
    pub(crate) const DEFAULT: Self = Self {
        fg: Colour::DEFAULT,
        bg: Colour::DEFAULT,
        underline_colour: Colour::DEFAULT,
        attrs: 0,
        underline: 0,
        link: LinkId::NONE,
    };

    /// What erased cells look like: they take the background on.
    pub(crate) fn erased(self) -> Self {
        Self { bg: self.bg, ..Self::DEFAULT }
    }

    /// Whether a blank written so cannot be told from nothing.
    pub(crate) fn hides_blanks(self) -> bool {
        let seen = attr::INVERSE | attr::STRIKE | attr::OVERLINE;
        self.fg == Colour::DEFAULT
            && self.bg == Colour::DEFAULT
            && self.attrs & seen == 0
            && self.underline == 0
    }
}

/// Writes what opens a hyperlink, or ends the one before.
pub(crate) fn link(out: &mut Vec<u8>, link: Option<&Link>) {
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

/// Writes the whole pen, but for its link, as one SGR sequence, from a reset.
pub(crate) fn sgr(out: &mut Vec<u8>, pen: &Pen) {
    out.extend_from_slice(b"\x1b[");
    // Writing to a Vec cannot fail.
    for (bit, number) in attr::SGR {
        if pen.attrs & bit != 0 {
            let _ = write!(out, ";{number}");
        }
    }
    let _ = match pen.underline {
        0 => Ok(()),
        1 => write!(out, ";4"),
        shape => write!(out, ";4:{shape}"),
    };
    colour(out, pen.fg, 30);
    colour(out, pen.bg, 40);
    underline_colour(out, pen.underline_colour);
    // The leading empty parameter is 0, reset.
    out.push(b'm');
}

fn colour(out: &mut Vec<u8>, colour: Colour, base: u8) {
    let _ = match colour.shade() {
        Shade::Default => Ok(()),
        Shade::Named(n) if n < 8 => write!(out, ";{}", base + n),
        Shade::Named(n) => write!(out, ";{}", base + 52 + n),
        Shade::Indexed(n) => write!(out, ";{};5;{n}", base + 8),
        Shade::Rgb(r, g, b) => write!(out, ";{};2;{r};{g};{b}", base + 8),
    };
}

fn underline_colour(out: &mut Vec<u8>, colour: Colour) {
    let _ = match colour.shade() {
        Shade::Default => Ok(()),
        Shade::Named(n) | Shade::Indexed(n) => write!(out, ";58:5:{n}"),
        Shade::Rgb(r, g, b) => write!(out, ";58:2::{r}:{g}:{b}"),
    };
}
