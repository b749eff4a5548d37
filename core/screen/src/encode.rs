//! A row of scrollback as bytes: UTF-8, with a marker where the pen changes.
//!
//! A marker is the control character [`PEN`] (no cell holds one), a byte that says which parts of
//! the pen are not the default, and those parts. Widths are not kept: they follow from the text.

use crate::cell::Cell;
use crate::links::LinkId;
use crate::pen::{Colour, Pen, Shade};
use crate::row::Row;
use crate::width::width;

const PEN: u8 = 1;

const FG: u8 = 1;
const BG: u8 = 1 << 1;
const UNDERLINE_COLOUR: u8 = 1 << 2;
const ATTRS: u8 = 1 << 3;
const UNDERLINE: u8 = 1 << 4;
const LINK: u8 = 1 << 5;

const NAMED: u8 = 1;
const INDEXED: u8 = 2;
const RGB: u8 = 3;

/// Appends a row. `link` translates the links of the row into those of the place it is kept at.
pub(crate) fn write(out: &mut Vec<u8>, row: &Row, mut link: impl FnMut(LinkId) -> LinkId) {
    out.push(u8::from(row.wraps) | (u8::from(row.gap) << 1));
    let used = row.used();
    let mut pen = Pen::DEFAULT;
    for (col, cell) in row.cells()[..used].iter().enumerate() {
        if cell.pen != pen {
            pen = cell.pen;
            write_pen(
                out,
                &Pen { link: if pen.link.is_some() { link(pen.link) } else { pen.link }, ..pen },
            );
        }
        match cell.as_ascii() {
            Some(byte) => out.push(byte),
            None if cell.is_tail() => {}
            None => write_wide(out, *cell, row.marks(col)),
        }
    }
}

fn write_wide(out: &mut Vec<u8>, cell: Cell, marks: &[char]) {
    let mut utf8 = [0; 4];
    for ch in [cell.ch()].iter().chain(marks) {
        out.extend_from_slice(ch.encode_utf8(&mut utf8).as_bytes());
    }
}

fn write_pen(out: &mut Vec<u8>, pen: &Pen) {
    let parts = [
        (pen.fg != Colour::DEFAULT, FG),
        (pen.bg != Colour::DEFAULT, BG),
        (pen.underline_colour != Colour::DEFAULT, UNDERLINE_COLOUR),
        (pen.attrs != 0, ATTRS),
        (pen.underline != 0, UNDERLINE),
        (pen.link.is_some(), LINK),
    ];
    let mask = parts.iter().filter(|(has, _)| *has).map(|(_, bit)| bit).sum();
    out.extend_from_slice(&[PEN, mask]);
    for colour in [pen.fg, pen.bg, pen.underline_colour] {
        match colour.shade() {
            Shade::Default => {}
            Shade::Named(n) => out.extend_from_slice(&[NAMED, n]),
            Shade::Indexed(n) => out.extend_from_slice(&[INDEXED, n]),
            Shade::Rgb(r, g, b) => out.extend_from_slice(&[RGB, r, g, b]),
        }
    }
    if pen.attrs != 0 {
        out.push(pen.attrs);
    }
    if pen.underline != 0 {
        out.push(pen.underline);
    }
    if pen.link.is_some() {
        out.extend_from_slice(&pen.link.to_bytes());
    }
}

/// What [`write`] wrote. Broken bytes, which it never writes, end the row.
pub(crate) fn read(bytes: &[u8]) -> Row {
    let (first, rest) = bytes.split_first().unwrap_or((&0, &[]));
    let mut row = Row::default();
    let mut reader = Reader { rest };
    let mut pen = Pen::DEFAULT;
    let mut col = 0;
    while let Some(&byte) = reader.rest.first() {
        if byte == PEN {
            let Some(next) = reader.pen() else { break };
            pen = next;
            continue;
        }
        let ascii = reader.rest.iter().position(|&byte| !(b' '..=b'~').contains(&byte));
        let ascii = ascii.unwrap_or(reader.rest.len());
        if ascii > 0 {
            row.put_ascii(col, reader.take(ascii), pen);
            col += ascii;
            continue;
        }
        let Some(ch) = reader.ch() else { break };
        col = put(&mut row, col, ch, pen);
    }
    (row.wraps, row.gap) = (first & 1 != 0, first & 2 != 0);
    row
}

fn put(row: &mut Row, col: usize, ch: char, pen: Pen) -> usize {
    match width(ch) {
        Some(1) => {
            row.put(col, &[Cell::narrow(ch, pen)]);
            col + 1
        }
        Some(2) => {
            row.put(col, &Cell::wide(ch, pen));
            col + 2
        }
        _ => {
            let before = row.start(col.saturating_sub(1));
            row.mark(before, ch);
            col
        }
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(len.min(self.rest.len()));
        self.rest = rest;
        taken
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N).try_into().ok()
    }

    fn ch(&mut self) -> Option<char> {
        let len = match *self.rest.first()? {
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xff => 4,
            _ => 1,
        };
        std::str::from_utf8(self.take(len)).ok()?.chars().next()
    }

    fn pen(&mut self) -> Option<Pen> {
        let [_, mask] = self.array()?;
        let mut pen = Pen::DEFAULT;
        let colours =
            [(FG, &mut pen.fg), (BG, &mut pen.bg), (UNDERLINE_COLOUR, &mut pen.underline_colour)];
        for (_, colour) in colours.into_iter().filter(|(bit, _)| mask & bit != 0) {
            *colour = self.colour()?;
        }
        if mask & ATTRS != 0 {
            [pen.attrs] = self.array()?;
        }
        if mask & UNDERLINE != 0 {
            [pen.underline] = self.array()?;
        }
        if mask & LINK != 0 {
            pen.link = LinkId::from_bytes(self.array()?);
        }
        Some(pen)
    }

    fn colour(&mut self) -> Option<Colour> {
        let [kind, value] = self.array()?;
        match kind {
            NAMED => Some(Colour::named(value)),
            INDEXED => Some(Colour::indexed(value)),
            RGB => {
                let [g, b] = self.array()?;
                Some(Colour::rgb(value, g, b))
            }
            _ => None,
        }
    }
}
