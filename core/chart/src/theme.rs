//! Colours of pictures on light and on dark ground. Not a terminal's: it has its own.

use crate::Ink;

/// The ground that a picture is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// Dark marks on white.
    #[default]
    Light,
    /// Light marks on near black.
    Dark,
}

/// A colour: red, green, blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rgb(pub u8, pub u8, pub u8);

impl Theme {
    /// The colour of an ink. Hues are told apart by people who see no red or no green (orange and
    /// blue are the two that carry meaning); words reach a contrast of 4.5 to 1 on paper and panel.
    pub fn colour(self, ink: Ink) -> Rgb {
        match self {
            Theme::Light => light(ink),
            Theme::Dark => dark(ink),
        }
    }
}

fn light(ink: Ink) -> Rgb {
    match ink {
        Ink::Paper => Rgb(0xff, 0xff, 0xff),
        Ink::Panel => Rgb(0xf3, 0xf5, 0xf7),
        Ink::Text => Rgb(0x1b, 0x21, 0x28),
        Ink::Faint => Rgb(0x5a, 0x65, 0x70),
        Ink::Grid => Rgb(0xd5, 0xdb, 0xe1),
        Ink::Probe => Rgb(0x3b, 0x4b, 0xa8),
        Ink::Alive => Rgb(0x00, 0x66, 0x8f),
        Ink::Dead => Rgb(0xb8, 0x3a, 0x00),
        Ink::Kernel => Rgb(0x6b, 0x4d, 0x96),
        Ink::Path => Rgb(0x7a, 0x5b, 0x00),
        Ink::Belief => Rgb(0x69, 0x6f, 0x76),
        Ink::Present => Rgb(0x1b, 0x21, 0x28),
        Ink::WhatIf => Rgb(0x8a, 0x2f, 0x78),
    }
}

fn dark(ink: Ink) -> Rgb {
    match ink {
        Ink::Paper => Rgb(0x12, 0x16, 0x1b),
        Ink::Panel => Rgb(0x1c, 0x22, 0x29),
        Ink::Text => Rgb(0xe6, 0xea, 0xee),
        Ink::Faint => Rgb(0xa3, 0xae, 0xb9),
        Ink::Grid => Rgb(0x36, 0x3f, 0x49),
        Ink::Probe => Rgb(0x9d, 0xac, 0xff),
        Ink::Alive => Rgb(0x55, 0xbd, 0xe8),
        Ink::Dead => Rgb(0xff, 0x8f, 0x4d),
        Ink::Kernel => Rgb(0xc3, 0xa6, 0xee),
        Ink::Path => Rgb(0xe3, 0xc0, 0x52),
        Ink::Belief => Rgb(0x9a, 0xa3, 0xac),
        Ink::Present => Rgb(0xe6, 0xea, 0xee),
        Ink::WhatIf => Rgb(0xee, 0x9a, 0xdc),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance as WCAG 2 defines it.
    fn luminance(Rgb(r, g, b): Rgb) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
    }

    fn contrast(one: Rgb, other: Rgb) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn every_word_can_be_read_on_both_grounds() {
        for theme in [Theme::Light, Theme::Dark] {
            for ink in Ink::ALL {
                if matches!(ink, Ink::Paper | Ink::Panel | Ink::Grid) {
                    continue;
                }
                for ground in [Ink::Paper, Ink::Panel] {
                    let ratio = contrast(theme.colour(ink), theme.colour(ground));
                    assert!(ratio >= 4.5, "{theme:?} {ink:?} on {ground:?}: {ratio:.2}");
                }
            }
        }
    }
}
