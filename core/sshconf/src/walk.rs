//! The way through one file, line by line: which lines set something, and in which block they stand.
//! Not whether the block applies.

use std::path::Path;
use std::rc::Rc;

use crate::reader::{self, Reader, Statement};
use crate::{Block, Document, LineKind};

/// A place in a file.
pub(crate) struct Walk<'a> {
    path: &'a Path,
    document: Rc<Document>,
    /// How many lines are behind it.
    number: usize,
    /// The block it is in.
    block: Option<Block>,
}

impl<'a> Walk<'a> {
    /// Before the first line.
    pub(crate) fn through(path: &'a Path, document: Rc<Document>) -> Self {
        Walk { path, document, number: 0, block: None }
    }

    /// Goes on to the next line that sets something. `None` at the end, or once no more lines may be
    /// looked at.
    pub(crate) fn next(&mut self, reader: &mut Reader<'_>) -> Option<Statement<'_>> {
        loop {
            let line = self.document.lines().get(self.number)?;
            self.number += 1;
            let opened = reader::header(line, self.number);
            // A header stands in no block, not even in its own.
            let inside = if opened.is_some() { &None } else { &self.block };
            let origin = reader::place(self.path, self.number, inside);
            if !reader.spend_line(&origin) {
                return None;
            }
            if opened.is_some() {
                self.block = opened;
            }
            if let LineKind::Setting { keyword, .. } = line.kind() {
                return Some(Statement { keyword, value: line.value(), origin });
            }
        }
    }
}
