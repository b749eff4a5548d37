//! The model proper: all that a terminal keeps, in plain fields. What is done to it is in the parts
//! below, by kind; which bytes ask for it is in `dispatch`.

mod alternate;
mod dispatch;
mod edit;
mod motion;
mod print;
mod reflow;
mod reset;
mod settings;
mod sgr;
mod tabs;

use std::ops::Range;
use std::sync::Arc;

use crate::cell::Cell;
use crate::cursor::{Cursor, Saved};
use crate::grid::Grid;
use crate::history::History;
use crate::links::{Link, LinkId, Links};
use crate::row::Row;
use crate::size::Size;

#[cfg(test)]
pub(crate) use self::settings::MAX_TITLES;
pub(crate) use self::settings::Settings;
pub(crate) use self::tabs::default_tabs;

/// Which screen to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Buffer {
    /// The one shown now.
    Active,
    /// The one with the scrollback, shown or not.
    Primary,
}

/// Rows and columns that scroll, 0-based, the ends excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Margins {
    pub(crate) top: usize,
    pub(crate) bottom: usize,
    pub(crate) left: usize,
    pub(crate) right: usize,
}

impl Margins {
    fn whole(rows: usize, cols: usize) -> Self {
        Self { top: 0, bottom: rows, left: 0, right: cols }
    }

    pub(crate) fn rows(self) -> Range<usize> {
        self.top..self.bottom
    }

    pub(crate) fn cols(self) -> Range<usize> {
        self.left..self.right
    }
}

/// The primary screen while the alternate one is shown.
#[derive(Clone, Debug)]
pub(crate) struct Parked {
    pub(crate) grid: Grid,
    pub(crate) cursor: Cursor,
    pub(crate) saved: Saved,
    /// Private mode that switched: 47, 1047 or 1049.
    pub(crate) by: u16,
}

/// A terminal's state. A copy shares all rows, on the screen and off it.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) grid: Grid,
    pub(crate) cursor: Cursor,
    pub(crate) saved: Saved,
    pub(crate) parked: Option<Box<Parked>>,
    pub(crate) history: History,
    links: Arc<Links>,
    pub(crate) margins: Margins,
    /// DECLRMM: left and right margins can be set.
    pub(crate) sides: bool,
    pub(crate) autowrap: bool,
    pub(crate) origin: bool,
    pub(crate) insert: bool,
    /// LNM: a line feed is a carriage return too.
    pub(crate) newline: bool,
    pub(crate) tabs: Vec<bool>,
    /// What a repeat (REP) would repeat: the last character, if nothing came after it.
    last: Option<char>,
    /// How often the cursor was sent down a row.
    pub(crate) line_feeds: u64,
    /// All of it was erased with the cursor at home: rows are counted as the terminal counts them.
    pub(crate) cleared: bool,
    pub(crate) settings: Arc<Settings>,
}

impl Model {
    pub(crate) fn new(size: Size, scrollback_max: usize) -> Self {
        let (rows, cols) = (usize::from(size.rows), usize::from(size.cols));
        Self {
            grid: Grid::new(rows, cols),
            cursor: Cursor::default(),
            saved: Saved::default(),
            parked: None,
            history: History::new(scrollback_max),
            links: Arc::default(),
            margins: Margins::whole(rows, cols),
            sides: false,
            autowrap: true,
            origin: false,
            insert: false,
            newline: false,
            tabs: default_tabs(0, cols),
            last: None,
            line_feeds: 0,
            cleared: false,
            settings: Arc::default(),
        }
    }

    pub(crate) fn size(&self) -> Size {
        // Within MAX_ROWS and MAX_COLS, so the casts lose nothing.
        Size { rows: self.rows() as u16, cols: self.cols() as u16 }
    }

    pub(crate) fn rows(&self) -> usize {
        self.grid.rows()
    }

    pub(crate) fn cols(&self) -> usize {
        self.grid.cols()
    }

    pub(crate) fn is_alternate(&self) -> bool {
        self.parked.is_some()
    }

    pub(crate) fn grid(&self, buffer: Buffer) -> &Grid {
        match (&self.parked, buffer) {
            (Some(parked), Buffer::Primary) => &parked.grid,
            _ => &self.grid,
        }
    }

    pub(crate) fn cursor(&self, buffer: Buffer) -> &Cursor {
        match (&self.parked, buffer) {
            (Some(parked), Buffer::Primary) => &parked.cursor,
            _ => &self.cursor,
        }
    }

    pub(crate) fn saved(&self, buffer: Buffer) -> &Saved {
        match (&self.parked, buffer) {
            (Some(parked), Buffer::Primary) => &parked.saved,
            _ => &self.saved,
        }
    }

    pub(crate) fn row(&self, row: usize) -> &Row {
        self.grid.row(row)
    }

    /// The hyperlink of that number on either screen.
    pub(crate) fn link(&self, id: LinkId) -> Option<&Arc<Link>> {
        self.links.get(id)
    }

    /// Whether nothing came after a printed character: a repeat (REP) may follow.
    pub(crate) fn just_printed(&self) -> bool {
        self.last.is_some()
    }

    /// There is nothing that a repeat (REP) would repeat.
    pub(crate) fn forget_printed(&mut self) {
        self.last = None;
    }

    /// Whether left and right margins leave columns out.
    pub(crate) fn is_boxed(&self) -> bool {
        self.margins.cols() != (0..self.cols())
    }

    /// What erased cells become.
    fn erased(&self) -> Cell {
        Cell::erased(self.cursor.pen)
    }

    /// The number of a link; room is made for it, if need be.
    fn link_id(&mut self, link: Link) -> LinkId {
        if let Some(id) = self.links.find(&link) {
            return id;
        }
        let mut links = std::mem::take(&mut self.links);
        let table = Arc::make_mut(&mut links);
        if table.wants_room(&link) {
            let parked = self.parked.as_deref();
            let pens = [&self.cursor, &self.saved.cursor].into_iter();
            let pens = pens.chain(parked.iter().flat_map(|p| [&p.cursor, &p.saved.cursor]));
            let pens = pens.map(|cursor| cursor.pen.link);
            let cells = self.grid.links().chain(parked.iter().flat_map(|p| p.grid.links()));
            table.retain(pens.chain(cells));
        }
        let id = table.add(Arc::new(link));
        self.links = links;
        id
    }
}
