//! SGR: how the next characters look.

use crate::links::LinkId;
use crate::params::Params;
use crate::pen::{Colour, Pen, attr};

/// Changes `pen` as the numbers say; unknown ones are skipped.
pub(super) fn apply(pen: &mut Pen, params: &Params) {
    let all = params.all();
    let mut at = 0;
    while at < all.len() {
        let group = params.group(at);
        match (group[0], group.len()) {
            (38 | 48 | 58, 1) => at += by_parameters(pen, &all[at..]),
            (38 | 48 | 58, _) => by_subs(pen, group),
            (4, 2..) => pen.underline = if group[1] <= 5 { group[1] as u8 } else { 1 },
            (number, 1) => single(pen, number),
            _ => {}
        }
        at += group.len();
    }
}

fn single(pen: &mut Pen, number: u16) {
    match number {
        // A hyperlink is no matter of SGR.
        0 => *pen = Pen { link: pen.link, ..Pen::DEFAULT },
        1 => pen.attrs |= attr::BOLD,
        2 => pen.attrs |= attr::DIM,
        3 => pen.attrs |= attr::ITALIC,
        4 => pen.underline = 1,
        5 | 6 => pen.attrs |= attr::BLINK,
        7 => pen.attrs |= attr::INVERSE,
        8 => pen.attrs |= attr::HIDDEN,
        9 => pen.attrs |= attr::STRIKE,
        21 => pen.underline = 2,
        22 => pen.attrs &= !(attr::BOLD | attr::DIM),
        23 => pen.attrs &= !attr::ITALIC,
        24 => pen.underline = 0,
        25 => pen.attrs &= !attr::BLINK,
        27 => pen.attrs &= !attr::INVERSE,
        28 => pen.attrs &= !attr::HIDDEN,
        29 => pen.attrs &= !attr::STRIKE,
        30..=37 => pen.fg = named(number - 30),
        39 => pen.fg = Colour::DEFAULT,
        40..=47 => pen.bg = named(number - 40),
        49 => pen.bg = Colour::DEFAULT,
        53 => pen.attrs |= attr::OVERLINE,
        55 => pen.attrs &= !attr::OVERLINE,
        59 => pen.underline_colour = Colour::DEFAULT,
        90..=97 => pen.fg = named(number - 90 + 8),
        100..=107 => pen.bg = named(number - 100 + 8),
        _ => {}
    }
}

fn named(n: u16) -> Colour {
    // Below 16.
    Colour::named(n as u8)
}

/// `38;5;n` and `38;2;r;g;b`. Returns how many parameters it took after the first.
fn by_parameters(pen: &mut Pen, rest: &[u16]) -> usize {
    match *rest {
        [which, 5, n, ..] => {
            set(pen, which, indexed(n));
            2
        }
        [which, 2, r, g, b, ..] => {
            set(pen, which, rgb(r, g, b));
            4
        }
        _ => rest.len() - 1,
    }
}

/// `38:5:n`, `38:2:r:g:b` and, with a colour space, `38:2:space:r:g:b`.
fn by_subs(pen: &mut Pen, group: &[u16]) {
    match *group {
        [which, 5, n, ..] => set(pen, which, indexed(n)),
        [which, 2, r, g, b] | [which, 2, _, r, g, b, ..] => set(pen, which, rgb(r, g, b)),
        _ => {}
    }
}

fn indexed(n: u16) -> Option<Colour> {
    u8::try_from(n).ok().map(Colour::indexed)
}

fn rgb(r: u16, g: u16, b: u16) -> Option<Colour> {
    let part = |value| u8::try_from(value).ok();
    Some(Colour::rgb(part(r)?, part(g)?, part(b)?))
}

fn set(pen: &mut Pen, which: u16, colour: Option<Colour>) {
    let Some(colour) = colour else { return };
    match which {
        38 => pen.fg = colour,
        48 => pen.bg = colour,
        _ => pen.underline_colour = colour,
    }
}

/// The pen for filling with a character.
pub(super) fn unlinked(pen: Pen) -> Pen {
    Pen { link: LinkId::NONE, ..pen }
}
