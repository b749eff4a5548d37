//! Collects bytes for a terminal and knows the pen it left there.

use std::io::Write as _;
use std::sync::Arc;

use crate::links::{Link, LinkId};
use crate::pen::{self, Pen};
use crate::row::Row;

/// Looks up a link by its number.
pub(crate) trait Book {
    fn find(&self, id: LinkId) -> Option<&Arc<Link>>;
}

impl Book for crate::model::Model {
    fn find(&self, id: LinkId) -> Option<&Arc<Link>> {
        self.link(id)
    }
}

impl Book for crate::history::Kept<'_> {
    fn find(&self, id: LinkId) -> Option<&Arc<Link>> {
        self.link(id)
    }
}

#[derive(Default)]
pub(crate) struct Painter {
    pub(crate) out: Vec<u8>,
    /// Without its link, whose number is good in one book only.
    pen: Pen,
    link: Option<Arc<Link>>,
}

impl Painter {
    pub(crate) fn put(&mut self, bytes: impl AsRef<[u8]>) {
        self.out.extend_from_slice(bytes.as_ref());
    }

    pub(crate) fn set_pen(&mut self, pen: Pen, book: &impl Book) {
        let link = book.find(pen.link);
        if self.link.as_ref() != link {
            pen::link(&mut self.out, link.map(|link| &**link));
            self.link = link.cloned();
        }
        self.set_look(pen);
    }

    /// The default pen, without a link.
    pub(crate) fn plain_pen(&mut self) {
        if self.link.take().is_some() {
            pen::link(&mut self.out, None);
        }
        self.set_look(Pen::DEFAULT);
    }

    fn set_look(&mut self, pen: Pen) {
        let look = Pen { link: LinkId::NONE, ..pen };
        if self.pen != look {
            pen::sgr(&mut self.out, &look);
            self.pen = look;
        }
    }

    /// Cursor to a position, 0-based.
    pub(crate) fn go(&mut self, row: usize, col: usize) {
        // Writing to a Vec cannot fail.
        let _ = write!(self.out, "\x1b[{};{}H", row + 1, col + 1);
    }

    /// The character that begins at a column.
    pub(crate) fn glyph(&mut self, row: &Row, col: usize, book: &impl Book) {
        let cell = row.get(col);
        if cell.is_tail() {
            return;
        }
        self.set_pen(cell.pen, book);
        self.character(row, col);
    }

    /// The same with the pen as it is.
    pub(crate) fn character(&mut self, row: &Row, col: usize) {
        let cell = row.get(col);
        if cell.is_tail() {
            return;
        }
        match cell.as_ascii() {
            Some(byte) => self.out.push(byte),
            None => {
                let mut utf8 = [0; 4];
                for ch in [cell.ch()].iter().chain(row.marks(col)) {
                    self.out.extend_from_slice(ch.encode_utf8(&mut utf8).as_bytes());
                }
            }
        }
    }

    pub(crate) fn glyphs(&mut self, row: &Row, cols: std::ops::Range<usize>, book: &impl Book) {
        cols.for_each(|col| self.glyph(row, col, book));
    }
}

/// Prints rows one after the other from the first column of the current row, on rows that are
/// blank; soft-wrapped ones wrap in that terminal too. Leaves the default pen.
pub(crate) struct Flow<'a> {
    painter: &'a mut Painter,
    cols: usize,
    came_by_wrap: bool,
}

impl<'a> Flow<'a> {
    pub(crate) fn new(painter: &'a mut Painter, cols: usize) -> Self {
        Self { painter, cols, came_by_wrap: false }
    }

    /// Prints a row; `next` is the one that follows, none after the last.
    pub(crate) fn row(&mut self, row: &Row, book: &impl Book, next: Option<&Row>) {
        if let Some(next) = next.filter(|_| row.wraps) {
            let len = row.wrap_len(next, self.cols);
            self.painter.glyphs(row, 0..len, book);
            if self.came_by_wrap && len < self.cols {
                self.clear_rest();
            }
            self.came_by_wrap = true;
            return;
        }
        // Only a printed character makes the terminal wrap, if need be a blank.
        let used = row.used().max(usize::from(self.came_by_wrap));
        self.painter.glyphs(row, 0..used, book);
        self.painter.plain_pen();
        if self.came_by_wrap && used < self.cols {
            self.clear_rest();
        }
        if next.is_some() {
            self.painter.put("\r\n");
        }
        self.came_by_wrap = false;
    }

    /// A row scrolled in by a wrap is filled with the background of the pen then.
    fn clear_rest(&mut self) {
        self.painter.plain_pen();
        self.painter.put("\x1b[K");
    }
}
