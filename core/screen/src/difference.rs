//! Bytes that bring a terminal from one state to a later one of the same session, without what was
//! shown in between: rows that scrolled are scrolled, and only what differs is written. The two may
//! be models that share nothing.

use std::collections::HashMap;
use std::sync::Arc;

use crate::cell::Cell;
use crate::change;
use crate::cursor::{Charset, Cursor, Saved};
use crate::grid::Grid;
use crate::history::Kept;
use crate::links::LinkId;
use crate::model::{Buffer, Model, Settings};
use crate::overlay::{prelude, write_cursor};
use crate::paint::{Flow, Painter};
use crate::replay;
use crate::row::Row;

/// What lies between the state that a terminal shows and the one it is to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seam<'a> {
    /// The last `added` lines of the scrollback are what scrolled off in between: nothing is missing.
    Joined {
        /// How many.
        added: usize,
    },
    /// Something is missing, or nobody knows. What the terminal shows is scrolled away; the last
    /// `lines` of the scrollback and the screen follow below.
    Gap {
        /// How many lines of scrollback to print.
        lines: usize,
        /// A line to print where something is missing; none if empty. Plain text, cut to the width.
        mark: &'a str,
    },
    /// The screen changes in its place, and scrollback stays as it is.
    InPlace,
}

/// What the primary screen's cursor may have brought back when the alternate one was left; then home,
/// saved as the cursor of a fresh terminal is, and default tabs.
const PLAIN: &str = "\x1b[?6l\x1b[?7h\x1b[4l\x1b[20l\x0f\x1b(B\x1b)B\x1b*B\x1b+B\x1b]8;;\x1b\\\x1b[m\
    \x1b[H\x1b7\x1b[?5W";

pub(crate) fn difference(from: &Model, to: &Model, seam: Seam<'_>) -> Vec<u8> {
    let seam = possible(seam, to);
    let mut painter = Painter::default();
    neutral(&mut painter, from);
    if !is_same_screen(from, to) {
        return anew(painter, from, to, seam);
    }
    let shown = scrolled(&mut painter, from, to, seam);
    rows(&mut painter, &shown, from, to);
    change::settings(&mut painter, from, to);
    saved_cursor(&mut painter, from, to);
    replay::rows_margins(&mut painter, to);
    write_cursor(&mut painter, to);
    painter.out
}

/// Nothing is joined by lines that are not there.
fn possible<'a>(seam: Seam<'a>, to: &Model) -> Seam<'a> {
    match seam {
        Seam::Joined { added } if added > to.history.len() => {
            Seam::Gap { lines: to.history.len(), mark: "" }
        }
        seam => seam,
    }
}

/// From the state of an application to absolute positions, no margins, ASCII, the default pen.
fn neutral(painter: &mut Painter, from: &Model) {
    painter.put(prelude(from));
    for (set, slot) in from.cursor(Buffer::Active).charsets.sets.iter().zip(["(", ")", "*", "+"]) {
        if *set != Charset::Ascii && slot != "(" {
            painter.put(format!("\x1b{slot}B"));
        }
    }
    if from.margins.rows() != (0..from.rows()) {
        painter.put("\x1b[r");
    }
}

/// Whether both show the same of the two screens, and nothing happened to the other.
fn is_same_screen(from: &Model, to: &Model) -> bool {
    let parked = match (&from.parked, &to.parked) {
        (None, None) => true,
        (Some(a), Some(b)) => {
            a.by == b.by
                && is_same_cursor((&a.cursor, from), (&b.cursor, to))
                && is_same_saved((&a.saved, from), (&b.saved, to))
                && is_same_grid((&a.grid, from), (&b.grid, to))
        }
        _ => false,
    };
    parked && from.size() == to.size()
}

fn is_same_grid(a: (&Grid, &Model), b: (&Grid, &Model)) -> bool {
    let same = |at| {
        let (old, new) = (a.0.row(at), b.0.row(at));
        std::ptr::eq(old, new)
            || old.wraps == new.wraps
                && old.is_like(new)
                && (0..old.used())
                    .all(|col| a.1.link(old.get(col).pen.link) == b.1.link(new.get(col).pen.link))
    };
    a.0.is_shared(b.0)
        || a.0.rows() == b.0.rows() && a.0.cols() == b.0.cols() && (0..a.0.rows()).all(same)
}

/// Numbers of links mean nothing in another model.
fn is_same_cursor(a: (&Cursor, &Model), b: (&Cursor, &Model)) -> bool {
    let unlinked = |cursor: &Cursor| {
        let mut cursor = *cursor;
        cursor.pen.link = LinkId::NONE;
        cursor
    };
    unlinked(a.0) == unlinked(b.0) && a.1.link(a.0.pen.link) == b.1.link(b.0.pen.link)
}

fn is_same_saved(a: (&Saved, &Model), b: (&Saved, &Model)) -> bool {
    a.0.origin == b.0.origin && is_same_cursor((&a.0.cursor, a.1), (&b.0.cursor, b.1))
}

/// Everything again, as after an attach; what scrolled off is not lost.
fn anew(mut painter: Painter, from: &Model, to: &Model, seam: Seam<'_>) -> Vec<u8> {
    let settings = &from.settings;
    if let Some(parked) = &from.parked {
        // Each screen has keyboard flags of its own.
        settings.keyboard.undo(&mut painter.out);
        painter.put(format!("\x1b[?{}l", parked.by));
        settings.other_keyboard.undo(&mut painter.out);
    } else {
        settings.keyboard.undo(&mut painter.out);
    }
    let fresh = Settings::fresh(settings.keyboard.clone());
    change::shared(&mut painter, settings, &fresh);
    painter.put(PLAIN);
    let lines = match seam {
        Seam::Joined { added } => added,
        Seam::Gap { lines, mark } => {
            scroll_away(&mut painter, from.grid(Buffer::Primary), to.cols(), mark);
            lines
        }
        Seam::InPlace => 0,
    };
    painter.put(replay::replay(to, lines));
    painter.out
}

/// Moves what is shown to the terminal's scrollback, with nothing blank after it, and begins the page
/// with a line that tells of the gap.
fn scroll_away(painter: &mut Painter, shown: &Grid, cols: usize, mark: &str) {
    let used = shown.iter().rposition(|row| !row.is_clear()).map_or(0, |last| last + 1);
    painter.go(shown.rows() - 1, 0);
    painter.put("\n".repeat(used));
    painter.put("\x1b[H\x1b[J");
    if !mark.is_empty() {
        let mark: String = mark.chars().filter(|ch| !ch.is_control()).take(cols - 1).collect();
        painter.put(format!("\x1b[2m{mark}\x1b[m\r\n"));
    }
}

/// Scrolls what scrolled. Returns what the terminal shows then.
fn scrolled(painter: &mut Painter, from: &Model, to: &Model, seam: Seam<'_>) -> Grid {
    let youngest = |count: usize| -> Vec<Kept<'_>> {
        to.history.rows(to.history.len().saturating_sub(count)).collect()
    };
    let added = match seam {
        _ if from.is_alternate() => 0,
        Seam::InPlace => 0,
        Seam::Joined { added } => added,
        Seam::Gap { lines, mark } => {
            scroll_away(painter, &from.grid, to.cols(), mark);
            return printed(painter, &youngest(lines), to);
        }
    };
    if added == 0 {
        return shifted(painter, from, to);
    }
    let youngest = youngest(added);
    let left_as_shown = added <= from.rows()
        && youngest.iter().enumerate().all(|(at, kept)| kept.row.is_like(from.row(at)));
    if !left_as_shown {
        painter.put("\x1b[H\x1b[J");
        return printed(painter, &youngest, to);
    }
    painter.go(from.rows() - 1, 0);
    painter.put("\n".repeat(added));
    let mut shown = from.grid.clone();
    shown.scroll_up(0..from.rows(), added, Cell::BLANK);
    shown
}

/// Moves the rows that moved within the screen.
fn shifted(painter: &mut Painter, from: &Model, to: &Model) -> Grid {
    let mut shown = from.grid.clone();
    let Some((start, end, by)) = shift(&from.grid, &to.grid, from.is_alternate()) else {
        return shown;
    };
    painter.put(format!("\x1b[{};{end}r\x1b[{};1H", start + 1, start + 1));
    let count = by.unsigned_abs();
    if by < 0 {
        painter.put(format!("\x1b[{count}L\x1b[r"));
        shown.scroll_down(start..end, count, Cell::BLANK);
    } else {
        painter.put(format!("\x1b[{count}M\x1b[r"));
        shown.scroll_up(start..end, count, Cell::BLANK);
    }
    shown
}

/// Prints rows of scrollback, and the screen below them, from the cursor on on a page that is blank.
fn printed(painter: &mut Painter, youngest: &[Kept<'_>], to: &Model) -> Grid {
    painter.put("\x1b[?7h");
    let mut flow = Flow::new(painter, to.cols());
    let mut rows = youngest.iter().peekable();
    while let Some(kept) = rows.next() {
        let next = rows.peek().map_or(to.row(0), |next| &next.row);
        flow.row(&kept.row, kept, Some(next));
    }
    for at in 0..to.rows() {
        flow.row(to.row(at), to, (at + 1 < to.rows()).then(|| to.row(at + 1)));
    }
    painter.put("\x1b[?7l");
    to.grid.clone()
}

/// The rows that moved together: from where to where, and by how many up (down if negative).
fn shift(from: &Grid, to: &Grid, alternate: bool) -> Option<(usize, usize, isize)> {
    let places: HashMap<*const Row, usize> =
        (0..from.rows()).map(|at| (Arc::as_ptr(from.shared(at)), at)).collect();
    let moved = |at: usize| {
        let before = *places.get(&Arc::as_ptr(to.shared(at)))?;
        // Both are below MAX_ROWS.
        Some(before as isize - at as isize)
    };
    let mut best: Option<(usize, usize, isize)> = None;
    let mut at = 0;
    while at < to.rows() {
        let Some(by) = moved(at) else {
            at += 1;
            continue;
        };
        let end = at + (at..to.rows()).take_while(|row| moved(*row) == Some(by)).count();
        let longest = best.is_none_or(|(start, before, _)| end - at > before - start);
        if by != 0 && longest && to.row(at).used() > 0 {
            best = Some((at, end, by));
        }
        at = end;
    }
    let (start, end, by) = best?;
    let (start, end) = match by > 0 {
        true => (start, end + by.unsigned_abs()),
        false => (start - by.unsigned_abs(), end),
    };
    // What leaves the primary screen at its top would become scrollback.
    (alternate || by < 0 || start > 0).then_some((start, end, by))
}

/// Writes what differs, row by row.
fn rows(painter: &mut Painter, shown: &Grid, from: &Model, to: &Model) {
    for at in 0..to.rows() {
        if Arc::ptr_eq(shown.shared(at), to.grid.shared(at)) {
            continue;
        }
        row(painter, at, (shown.row(at), from), (to.row(at), to));
    }
    painter.plain_pen();
}

fn row(painter: &mut Painter, at: usize, before: (&Row, &Model), after: (&Row, &Model)) {
    let ((old, old_book), (new, new_book)) = (before, after);
    let same = |col: usize| {
        let (a, b) = (old.get(col), new.get(col));
        let links = old_book.link(a.pen.link) == new_book.link(b.pen.link);
        links && a.is_like(b) && old.marks(col) == new.marks(col)
    };
    let cols = new_book.cols();
    let mut changed = (0..cols).filter(|col| !same(*col));
    let ends = changed.next().map(|first| (first, changed.next_back().unwrap_or(first)));
    // Writing the last column anew takes the mark of a soft wrap away.
    let ends = match (old.wraps && !new.wraps, ends) {
        (true, None) => Some((cols - 1, cols - 1)),
        (true, Some((first, _))) => Some((first, cols - 1)),
        (false, ends) => ends,
    };
    let wraps = new.wraps && at + 1 < new_book.rows();
    if wraps && (ends.is_some() || !old.wraps) {
        return wrapped(painter, at, new, new_book);
    }
    let Some((first, last)) = ends else { return };
    // Whole characters, of both.
    let first = old.start(first).min(new.start(first));
    let end = last + 1 + usize::from(new.get(last).is_wide());
    let used = new.used().max(first);
    painter.go(at, first);
    painter.glyphs(new, first..end.min(used), new_book);
    if end > used {
        painter.plain_pen();
        painter.put("\x1b[K");
    }
}

/// Writes a soft-wrapped row whole and lets the terminal wrap by itself.
fn wrapped(painter: &mut Painter, at: usize, row: &Row, model: &Model) {
    let next = model.row(at + 1);
    painter.go(at, 0);
    painter.plain_pen();
    painter.put("\x1b[2K\x1b[?7h");
    painter.glyphs(row, 0..row.wrap_len(next, model.cols()), model);
    painter.glyph(next, 0, model);
    painter.put("\x1b[?7l");
}

fn saved_cursor(painter: &mut Painter, from: &Model, to: &Model) {
    if is_same_saved((&from.saved, from), (&to.saved, to)) {
        return;
    }
    if to.saved == Saved::default() {
        painter.put("\x1b[H\x1b7");
    }
    painter.put("\x1b[?7h");
    replay::save_cursor(painter, to, Buffer::Active);
}
