//! One row of a screen: cells, characters of no width, and whether the line goes on.

use crate::cell::Cell;
use crate::links::LinkId;
use crate::pen::Pen;

/// Most characters of no width kept in one cell; more are dropped.
pub(crate) const MAX_MARKS: usize = 8;

/// Characters of no width that belong to one cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    len: u8,
    chars: [char; MAX_MARKS],
}

impl Marks {
    pub(crate) fn as_slice(&self) -> &[char] {
        &self.chars[..usize::from(self.len)]
    }

    fn push(&mut self, mark: char) {
        if let Some(free) = self.chars.get_mut(usize::from(self.len)) {
            *free = mark;
            self.len += 1;
        }
    }
}

/// A row. Cells past the last one held are default blanks, so a blank row holds none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    cells: Vec<Cell>,
    /// By column, ascending; exactly those of the cells that say that they are marked.
    marks: Vec<(u16, Marks)>,
    /// The line goes on in the next row.
    pub(crate) wraps: bool,
    /// If so: the last column is no part of it, a wide character did not fit there.
    pub(crate) gap: bool,
}

impl Row {
    /// A row of the same cell all over.
    pub(crate) fn filled(cell: Cell, cols: usize) -> Self {
        let mut row = Self::default();
        row.clear(cell, cols);
        row
    }

    /// A row of cells and their marks, ascending by column.
    pub(crate) fn of(cells: Vec<Cell>, marks: Vec<(u16, Marks)>) -> Self {
        Self { cells, marks, ..Self::default() }
    }

    /// All marks, ascending by column.
    pub(crate) fn all_marks(&self) -> &[(u16, Marks)] {
        &self.marks
    }

    /// The cells held; further ones are default blanks.
    pub(crate) fn cells(&self) -> &[Cell] {
        &self.cells
    }

    #[inline]
    pub(crate) fn get(&self, col: usize) -> Cell {
        self.cells.get(col).copied().unwrap_or(Cell::BLANK)
    }

    /// The characters of no width at a column.
    pub(crate) fn marks(&self, col: usize) -> &[char] {
        if !self.get(col).is_marked() {
            return &[];
        }
        match self.marks.binary_search_by_key(&col, |(at, _)| usize::from(*at)) {
            Ok(at) => self.marks[at].1.as_slice(),
            Err(_) => &[],
        }
    }

    /// Columns up to the last one that is not a default blank.
    pub(crate) fn used(&self) -> usize {
        self.cells.iter().rposition(|cell| *cell != Cell::BLANK).map_or(0, |last| last + 1)
    }

    /// Whether both hold the same text, looking the same, links aside.
    pub(crate) fn is_like(&self, other: &Row) -> bool {
        let used = self.used();
        used == other.used()
            && self.marks == other.marks
            && (0..used).all(|col| self.get(col).is_like(other.get(col)))
    }

    /// Whether nothing is to be seen in it.
    pub(crate) fn is_clear(&self) -> bool {
        !self.wraps && self.cells.iter().all(|cell| cell.is_clear())
    }

    /// The column where the character begins that covers `col`.
    pub(crate) fn start(&self, col: usize) -> usize {
        if self.get(col).is_tail() { col.saturating_sub(1) } else { col }
    }

    /// How many of its columns to print so that, with `next` printed after them, the terminal wraps
    /// by itself: all, but for the gap that a wide character leaves which did not fit.
    pub(crate) fn wrap_len(&self, next: &Row, cols: usize) -> usize {
        let gap = self.gap && next.get(0).is_wide() && self.get(cols - 1) == Cell::BLANK;
        cols - usize::from(gap)
    }

    /// Text without trailing blanks.
    pub(crate) fn text(&self) -> String {
        let mut text = String::with_capacity(self.cells.len());
        for (col, cell) in self.cells.iter().enumerate().filter(|(_, cell)| !cell.is_tail()) {
            text.push(cell.ch());
            text.extend(self.marks(col));
        }
        text.truncate(text.trim_end().len());
        text
    }

    /// Makes it a row of the same cell all over.
    pub(crate) fn clear(&mut self, cell: Cell, cols: usize) {
        self.cells.clear();
        self.marks.clear();
        self.wraps = false;
        if cell != Cell::BLANK {
            self.cells.resize(cols, cell);
        }
    }

    /// Writes printable ASCII.
    #[inline]
    pub(crate) fn put_ascii(&mut self, col: usize, text: &[u8], pen: Pen) {
        let end = col + text.len();
        if col == self.cells.len() {
            // The common case: a row is written from left to right.
            self.cells.extend(text.iter().map(|&byte| Cell::ascii(byte, pen)));
            return;
        }
        self.make_way(col, end);
        for (cell, &byte) in self.cells[col..end].iter_mut().zip(text) {
            *cell = Cell::ascii(byte, pen);
        }
    }

    /// Writes cells: whole characters.
    pub(crate) fn put(&mut self, col: usize, cells: &[Cell]) {
        let end = col + cells.len();
        self.make_way(col, end);
        self.cells[col..end].copy_from_slice(cells);
    }

    /// Adds a character of no width to what stands at `col`.
    pub(crate) fn mark(&mut self, col: usize, mark: char) {
        self.reach(col + 1);
        let at = match self.marks.binary_search_by_key(&col, |(at, _)| usize::from(*at)) {
            Ok(at) => at,
            Err(at) => {
                // Columns are below MAX_COLS.
                self.marks.insert(at, (col as u16, Marks::default()));
                self.cells[col] = self.cells[col].with_marks();
                at
            }
        };
        self.marks[at].1.push(mark);
    }

    /// Fills the columns from `start` to before `end` with the same cell.
    pub(crate) fn fill(&mut self, start: usize, end: usize, cell: Cell, cols: usize) {
        if start >= end {
            return;
        }
        if end >= cols {
            self.wraps = false;
        }
        if cell == Cell::BLANK && end >= self.cells.len() {
            self.cut(start);
            self.forget_marks(start, usize::MAX);
            self.cells.truncate(start);
            return;
        }
        self.make_way(start, end);
        self.cells[start..end].fill(cell);
    }

    /// Moves what stands from `col` to before `end` right by `n` and fills the gap.
    pub(crate) fn insert(&mut self, col: usize, n: usize, end: usize, cell: Cell) {
        let n = n.min(end - col);
        self.reach(end);
        [col, end - n, end].into_iter().for_each(|edge| self.cut(edge));
        self.forget_marks(end - n, end);
        self.cells.copy_within(col..end - n, col + n);
        self.shift_marks(col, end - n, |at| at + n);
        self.cells[col..col + n].fill(cell);
        self.wraps = false;
    }

    /// Removes `n` columns at `col`, moves what is right of them before `end` left, and fills.
    pub(crate) fn delete(&mut self, col: usize, n: usize, end: usize, cell: Cell) {
        let n = n.min(end - col);
        self.reach(end);
        [col, col + n, end].into_iter().for_each(|edge| self.cut(edge));
        self.forget_marks(col, col + n);
        self.cells.copy_within(col + n..end, col);
        self.shift_marks(col + n, end, |at| at - n);
        self.cells[end - n..end].fill(cell);
        self.wraps = false;
    }

    /// Takes the cells from `start` to before `end` over from another row.
    pub(crate) fn copy_from(&mut self, other: &Row, start: usize, end: usize) {
        let mut cells: Vec<Cell> = (start..end).map(|col| other.get(col)).collect();
        for cell in &mut cells {
            if cell.is_marked() {
                *cell = cell.unmarked();
            }
        }
        self.put(start, &cells);
        for (at, marks) in other.marks.iter().map(|(at, marks)| (usize::from(*at), marks)) {
            if (start..end).contains(&at) {
                marks.as_slice().iter().for_each(|mark| self.mark(at, *mark));
            }
        }
        // Halves at the edges of what was copied.
        for edge in [start, end] {
            self.mend(edge);
        }
    }

    /// Blanks the wide character, if any, that has one half before `col` and one after.
    #[inline]
    pub(crate) fn cut(&mut self, col: usize) {
        if col > 0 && self.cells.get(col).is_some_and(|cell| cell.is_tail()) {
            self.cells[col] = self.cells[col].blanked();
            self.forget_marks(col - 1, col);
            self.cells[col - 1] = self.cells[col - 1].blanked();
        }
    }

    /// Blanks a wide character's half beside `col` that has lost the other.
    fn mend(&mut self, col: usize) {
        if self.get(col).is_tail() && !(col > 0 && self.get(col - 1).is_wide()) {
            self.cells[col] = self.cells[col].blanked();
        }
        if col > 0 && self.get(col - 1).is_wide() && !self.get(col).is_tail() {
            self.forget_marks(col - 1, col);
            self.cells[col - 1] = self.cells[col - 1].blanked();
        }
    }

    /// Replaces the links by what `to` says, if any.
    pub(crate) fn relink(&mut self, mut to: impl FnMut(LinkId) -> Option<LinkId>) {
        for cell in self.cells.iter_mut().filter(|cell| cell.pen.link.is_some()) {
            cell.pen.link = to(cell.pen.link).unwrap_or_default();
        }
    }

    /// Shortens or lengthens to a new number of columns, without wrapping.
    pub(crate) fn crop(&mut self, cols: usize) {
        if self.cells.len() > cols {
            self.cut(cols);
            self.forget_marks(cols, usize::MAX);
            self.cells.truncate(cols);
        }
        self.wraps = false;
    }

    /// Holds at least `len` cells.
    fn reach(&mut self, len: usize) {
        if self.cells.len() < len {
            self.cells.resize(len, Cell::BLANK);
        }
    }

    /// Readies the columns from `start` to before `end` for being overwritten.
    #[inline]
    fn make_way(&mut self, start: usize, end: usize) {
        self.reach(end);
        self.cut(start);
        self.cut(end);
        self.forget_marks(start, end);
    }

    #[inline]
    fn forget_marks(&mut self, start: usize, end: usize) {
        if !self.marks.is_empty() {
            self.marks.retain(|(at, _)| !(start..end).contains(&usize::from(*at)));
        }
    }

    fn shift_marks(&mut self, start: usize, end: usize, to: impl Fn(usize) -> usize) {
        for (at, _) in &mut self.marks {
            if (start..end).contains(&usize::from(*at)) {
                *at = to(usize::from(*at)) as u16;
            }
        }
    }
}
