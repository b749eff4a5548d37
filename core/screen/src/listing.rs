//! The session as lines of text, for files and pagers: scrollback, then the screen. Soft-wrapped rows
//! are one line again. It positions nothing, so it can be printed anywhere.

use crate::Screen;
use crate::model::{Buffer, Model};
use crate::paint::{Book, Painter};
use crate::row::Row;

/// How text looks in a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looks {
    /// With colours, attributes and links, reset at the end of each line.
    Kept,
    /// Characters alone.
    Plain,
}

struct Listing {
    painter: Painter,
    looks: Looks,
    /// Where in the output each line ends.
    ends: Vec<usize>,
}

impl Listing {
    fn row(&mut self, row: &Row, book: &impl Book, cols: usize, next: Option<&Row>) {
        let cells = match next.filter(|_| row.wraps) {
            Some(next) => row.wrap_len(next, cols),
            None => row.used(),
        };
        match self.looks {
            Looks::Kept => self.painter.glyphs(row, 0..cells, book),
            Looks::Plain => (0..cells).for_each(|col| self.painter.character(row, col)),
        }
        if next.is_some() && row.wraps {
            return;
        }
        self.end_line();
    }

    fn end_line(&mut self) {
        self.painter.plain_pen();
        self.painter.put("\n");
        self.ends.push(self.painter.out.len());
    }

    /// Rows of a screen without the blank ones at its end.
    fn screen(&mut self, model: &Model, buffer: Buffer) {
        let rows: Vec<&Row> = model.grid(buffer).iter().collect();
        let used = rows.iter().rposition(|row| !row.is_clear()).map_or(0, |last| last + 1);
        for (at, row) in rows[..used].iter().enumerate() {
            self.row(row, model, model.cols(), rows[..used].get(at + 1).copied());
        }
    }
}

impl Screen {
    /// The last `lines_max` lines of scrollback and screen, each ended by a line feed; lines that
    /// the width wrapped are whole again. While the alternate screen is shown, it comes last.
    pub fn listing(&self, lines_max: usize, looks: Looks) -> Vec<u8> {
        let model = &self.model;
        let mut listing = Listing { painter: Painter::default(), looks, ends: Vec::new() };
        let first = model.grid(Buffer::Primary).iter().next();
        let mut kept = model.history.rows(0).peekable();
        while let Some(row) = kept.next() {
            let next = kept.peek().map(|next| &next.row).or(first);
            listing.row(&row.row, &row, model.cols(), next);
        }
        listing.screen(model, Buffer::Primary);
        if model.is_alternate() {
            listing.screen(model, Buffer::Active);
        }
        let Listing { painter, ends, .. } = listing;
        let skipped = ends.len().saturating_sub(lines_max);
        let from = skipped.checked_sub(1).map_or(0, |last| ends[last]);
        painter.out[from..].to_vec()
    }
}
