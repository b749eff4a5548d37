//! Bytes that bring a terminal from one state to a later one of the same session, without what was
//! shown in between: rows that scrolled are scrolled, and only what differs is written.

use std::collections::HashMap;
use std::sync::Arc;

use crate::cell::Cell;
use crate::change;
use crate::cursor::{Charset, Saved};
use crate::grid::Grid;
use crate::history::Kept;
use crate::model::{Buffer, Model, Settings};
use crate::overlay::{prelude, write_cursor};
use crate::paint::{Flow, Painter};
use crate::replay;
use crate::row::Row;

/// What the primary screen's cursor may have brought back when the alternate one was left; then home,
/// saved as the cursor of a fresh terminal is, and default tabs.
const PLAIN: &str = "\x1b[?6l\x1b[?7h\x1b[4l\x1b[20l\x0f\x1b(B\x1b)B\x1b*B\x1b+B\x1b]8;;\x1b\\\x1b[m\
    \x1b[H\x1b7\x1b[?5W";

pub(crate) fn difference(from: &Model, to: &Model, scrollback_max: usize) -> Vec<u8> {
    let mut painter = Painter::default();
    neutral(&mut painter, from);
    if !is_same_screen(from, to) {
        return anew(painter, from, to, scrollback_max);
    }
    let shown = scrolled(&mut painter, from, to, scrollback_max);
    rows(&mut painter, &shown, from, to);
    change::settings(&mut painter, from, to);
    saved_cursor(&mut painter, from, to);
    replay::rows_margins(&mut painter, to);
    write_cursor(&mut painter, to);
    painter.out
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
            a.by == b.by && a.cursor == b.cursor && a.saved == b.saved && a.grid.is_shared(&b.grid)
        }
        _ => false,
    };
    parked && from.size() == to.size()
}

/// Everything again, as after an attach; what scrolled off is not lost.
fn anew(mut painter: Painter, from: &Model, to: &Model, scrollback_max: usize) -> Vec<u8> {
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
    let added = to.history.added_since(&from.history);
    painter.put(replay::replay(to, added.min(scrollback_max)));
    painter.out
}

/// Scrolls what scrolled. Returns what the terminal shows then.
fn scrolled(painter: &mut Painter, from: &Model, to: &Model, scrollback_max: usize) -> Grid {
    let added = to.history.added_since(&from.history);
    if added == 0 || from.is_alternate() {
        return shifted(painter, from, to);
    }
    let kept = added.min(to.history.len());
    let youngest: Vec<Kept<'_>> = to.history.rows(to.history.len() - kept).collect();
    let left_as_shown = kept == added
        && added <= from.rows()
        && youngest.iter().enumerate().all(|(at, kept)| kept.row.is_like(from.row(at)));
    if !left_as_shown {
        let skipped = youngest.len().saturating_sub(scrollback_max);
        return printed(painter, &youngest[skipped..], to);
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

/// Prints rows that went by without ever being shown, and the screen below them.
fn printed(painter: &mut Painter, youngest: &[Kept<'_>], to: &Model) -> Grid {
    painter.put("\x1b[H\x1b[J\x1b[?7h");
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
    if from.saved == to.saved {
        return;
    }
    if to.saved == Saved::default() {
        painter.put("\x1b[H\x1b7");
    }
    painter.put("\x1b[?7h");
    replay::save_cursor(painter, to, Buffer::Active);
}
