//! Changes of size. Lines of the primary screen are wrapped anew; the alternate screen is cropped,
//! since the program that drew it will draw it again.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;

use super::Model;
use crate::cursor::Cursor;
use crate::grid::Grid;
use crate::history::History;
use crate::links::Links;
use crate::row::Row;
use crate::size::Size;
use crate::wrap::{Line, Place};

/// Rows of a single line that are wrapped anew together; a longer line is cut there.
const MAX_LINE_ROWS: usize = 1000;

impl Model {
    pub(crate) fn resize(&mut self, size: Size) {
        if size == self.size() {
            return;
        }
        let (rows, cols) = (usize::from(size.rows), usize::from(size.cols));
        self.with_primary(|primary| {
            if cols != primary.grid.cols() {
                primary.rewrap(cols);
            }
            primary.set_height(rows);
        });
        if self.parked.is_some() {
            self.grid.crop(rows, cols);
        }
        hold(&mut self.cursor, rows, cols);
        self.reset_margins();
        self.resize_tabs(cols);
        hold(&mut self.saved.cursor, rows, cols);
        if let Some(parked) = &mut self.parked {
            hold(&mut parked.cursor, rows, cols);
            hold(&mut parked.saved.cursor, rows, cols);
        }
        self.last = None;
    }

    fn with_primary(&mut self, change: impl FnOnce(&mut Primary<'_>)) {
        let Self { grid, cursor, saved, parked, history, links, .. } = self;
        let links = Arc::make_mut(links);
        let (grid, cursor, saved) = match parked.as_deref_mut() {
            Some(parked) => (&mut parked.grid, &mut parked.cursor, &mut parked.saved.cursor),
            None => (grid, cursor, &mut saved.cursor),
        };
        change(&mut Primary { grid, cursors: [cursor, saved], history, links });
    }
}

/// Keeps a cursor on the screen; only in the last column it may wait to wrap.
fn hold(cursor: &mut Cursor, rows: usize, cols: usize) {
    cursor.row = cursor.row.min(rows - 1);
    cursor.col = cursor.col.min(cols - 1);
    cursor.pending &= cursor.col == cols - 1;
}

/// The screen with the scrollback, shown or not.
struct Primary<'a> {
    grid: &'a mut Grid,
    /// The cursor, and the saved one.
    cursors: [&'a mut Cursor; 2],
    history: &'a mut History,
    links: &'a mut Links,
}

impl Primary<'_> {
    fn rewrap(&mut self, cols: usize) {
        let (old_cols, height) = (self.grid.cols(), self.grid.rows());
        self.take_back_begun_line();
        *self.history = rewrap_history(self.history, old_cols, cols);
        let grid = mem::replace(self.grid, Grid::new(0, cols));
        let old: Vec<Arc<Row>> = grid.into_rows().into();
        let mut new: VecDeque<Arc<Row>> = VecDeque::with_capacity(old.len());
        let mut moved = [(0, Place::default()); 2];
        let mut from = 0;
        while from < old.len() {
            let len = line_len(&old[from..]);
            let rows: Vec<&Row> = old[from..from + len].iter().map(|row| &**row).collect();
            // Blanks before the cursor were typed.
            let last = self.cursors[0].row == from + len - 1;
            let typed = if last { self.cursors[0].col } else { 0 };
            let line = Line::join(&rows, old_cols, typed);
            let wrapped = line.wrap(cols);
            for (cursor, moved) in self.cursors.iter().zip(&mut moved) {
                if (from..from + len).contains(&cursor.row) {
                    let past = usize::from(cursor.pending);
                    let offset = line.offset(cursor.row - from, cursor.col + past);
                    *moved = (new.len(), wrapped.place(offset));
                }
            }
            new.extend(wrapped.rows.into_iter().map(Arc::new));
            from += len;
        }
        for (cursor, (first, place)) in self.cursors.iter_mut().zip(moved) {
            cursor.row = first + place.row;
            (cursor.col, cursor.pending) = (place.col, place.pending);
        }
        *self.grid = Grid::of(new, cols);
        self.fit(height);
    }

    /// Makes the line that the screen begins in the middle of begin on it.
    fn take_back_begun_line(&mut self) {
        for _ in 0..MAX_LINE_ROWS {
            if !self.history.wraps() {
                return;
            }
            let Some(row) = self.history.pop(self.links) else { return };
            self.push_top(row);
        }
    }

    fn push_top(&mut self, row: Row) {
        self.grid.push_top(row);
        self.cursors.iter_mut().for_each(|cursor| cursor.row += 1);
    }

    /// After wrapping anew: drops blank rows below the cursor or fills up from the scrollback.
    fn fit(&mut self, height: usize) {
        let cols = self.grid.cols();
        let low = self.cursors.iter().map(|cursor| cursor.row).max().unwrap_or(0);
        while self.grid.rows() > height.max(low + 1) {
            if !self.grid.row(self.grid.rows() - 1).is_clear() {
                break;
            }
            self.grid.crop(self.grid.rows() - 1, cols);
        }
        self.keep_top(self.grid.rows().saturating_sub(height));
        self.fill_up(height);
    }

    /// Moves rows from the top of the screen to the scrollback.
    fn keep_top(&mut self, rows: usize) {
        for _ in 0..rows {
            let Some(row) = self.grid.pop_top() else { break };
            self.history.push(&row, self.links);
        }
        self.cursors.iter_mut().for_each(|cursor| cursor.row = cursor.row.saturating_sub(rows));
    }

    /// Takes rows back from the scrollback, then adds blank ones at the bottom.
    fn fill_up(&mut self, height: usize) {
        while self.grid.rows() < height {
            let Some(row) = self.history.pop(self.links) else { break };
            self.push_top(row);
        }
        self.grid.crop(height, self.grid.cols());
    }

    /// Shortens the screen so that the cursor stays on it, or lengthens it.
    fn set_height(&mut self, height: usize) {
        self.keep_top((self.cursors[0].row + 1).saturating_sub(height));
        if self.grid.rows() > height {
            self.grid.crop(height, self.grid.cols());
        }
        self.fill_up(height);
    }
}

/// How many rows the line at the beginning takes.
fn line_len(rows: &[Arc<Row>]) -> usize {
    let wrapping = rows.iter().take(MAX_LINE_ROWS - 1).take_while(|row| row.wraps).count();
    (wrapping + 1).min(rows.len())
}

fn rewrap_history(old: &History, old_cols: usize, cols: usize) -> History {
    let mut new = old.emptied();
    // Each chunk numbers its links by itself; for one line they must be from one table.
    let mut links = Links::default();
    let mut rows: Vec<Row> = Vec::new();
    for mut kept in old.rows(0) {
        let mut row = mem::take(&mut kept.row);
        row.relink(|id| {
            let link = kept.link(id)?;
            Some(links.find(link).unwrap_or_else(|| links.add(link.clone())))
        });
        let goes_on = row.wraps && rows.len() + 1 < MAX_LINE_ROWS;
        rows.push(row);
        if goes_on {
            continue;
        }
        push_line(&mut new, &rows, &links, old_cols, cols);
        rows.clear();
        links = Links::default();
    }
    push_line(&mut new, &rows, &links, old_cols, cols);
    new
}

fn push_line(new: &mut History, rows: &[Row], links: &Links, old_cols: usize, cols: usize) {
    match rows {
        [] => {}
        [row] if row.used() <= cols => new.push(row, links),
        _ => {
            let rows: Vec<&Row> = rows.iter().collect();
            let wrapped = Line::join(&rows, old_cols, 0).wrap(cols);
            wrapped.rows.iter().for_each(|row| new.push(row, links));
        }
    }
}
