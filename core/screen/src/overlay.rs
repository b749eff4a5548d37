//! Bytes around foreign text on an application's screen: make neutral, repaint a row, give back.

use crate::cursor::{Charset, Charsets, Cursor};
use crate::model::{Buffer, Model};
use crate::paint::Painter;
use crate::row::Row;

/// From the application's state to the neutral one: absolute positions, no wrap, no insert, ASCII.
/// Says only what is not so already, so that a terminal which understands less loses less.
pub(crate) fn prelude(model: &Model) -> Vec<u8> {
    let cursor = model.cursor(Buffer::Active);
    let mut out = Vec::new();
    let mut say = |needed: bool, bytes: &[u8]| {
        if needed {
            out.extend_from_slice(bytes);
        }
    };
    say(model.origin, b"\x1b[?6l");
    say(model.sides, b"\x1b[?69l");
    say(model.autowrap, b"\x1b[?7l");
    say(model.insert, b"\x1b[4l");
    say(cursor.charsets.shift != 0, b"\x0f");
    say(cursor.charsets.sets[0] != Charset::Ascii, b"\x1b(B");
    say(cursor.pen.link.is_some(), b"\x1b]8;;\x1b\\");
    say(true, b"\x1b[m");
    out
}

pub(crate) fn repaint_row(model: &Model, at: usize) -> Vec<u8> {
    if at >= model.rows() {
        return Vec::new();
    }
    let mut painter = Painter::default();
    painter.put(prelude(model));
    painter.go(at, 0);
    painter.put("\x1b[2K");
    let row = model.row(at);
    match next_of_wrapped(model, row, at) {
        Some(next) => {
            // Let the terminal wrap by itself, so that it knows the two rows to be one line still.
            painter.put("\x1b[?7h");
            painter.glyphs(row, 0..row.wrap_len(next, model.cols()), model);
            painter.glyph(next, 0, model);
            painter.put("\x1b[?7l");
        }
        None => painter.glyphs(row, 0..row.used(), model),
    }
    painter.plain_pen();
    painter.out
}

/// The row that a soft-wrapped one goes on in; none where wrapping would scroll the screen.
fn next_of_wrapped<'a>(model: &'a Model, row: &Row, at: usize) -> Option<&'a Row> {
    let next = at + 1;
    let stays = next < model.rows() && next != model.margins.bottom;
    (row.wraps && stays).then(|| model.row(next))
}

pub(crate) fn settle(model: &Model) -> Vec<u8> {
    let mut painter = Painter::default();
    write_cursor(&mut painter, model);
    painter.out
}

/// From the neutral state (with the default pen) to the application's cursor and what acts on it.
pub(crate) fn write_cursor(painter: &mut Painter, model: &Model) {
    let mut cursor = *model.cursor(Buffer::Active);
    let autowrap = if model.autowrap { "\x1b[?7h" } else { "\x1b[?7l" };
    painter.put(autowrap);
    let row = model.row(cursor.row);
    // Both home the cursor, so before it is placed.
    sides(painter, model);
    if model.origin {
        painter.put("\x1b[?6h");
        cursor.row -= model.margins.top.min(cursor.row);
    }
    let left = if model.origin { model.margins.left } else { 0 };
    if model.just_printed() {
        // Nothing may come between the character printed again and a repeat of it. In the character
        // set that made it, it stays what it is.
        charsets(painter, cursor.charsets);
        place(painter, &cursor, row, left, true, model);
    } else {
        place(painter, &cursor, row, left, false, model);
        charsets(painter, cursor.charsets);
        // Ends with a sequence, so that nothing printed here can be repeated.
        painter.put(autowrap);
    }
    if model.insert {
        painter.put("\x1b[4h");
    }
}

/// Left and right margins.
fn sides(painter: &mut Painter, model: &Model) {
    if model.sides {
        painter.put("\x1b[?69h");
    }
    if model.is_boxed() {
        painter.put(format!("\x1b[{};{}s", model.margins.left + 1, model.margins.right));
    }
}

/// Position, pending wrap and pen. `again` writes the character before the cursor once more, so
/// that a repeat (REP) sent next repeats it and not a character of ours. `left` is the column that
/// positions count from.
pub(crate) fn place(
    painter: &mut Painter,
    cursor: &Cursor,
    row: &Row,
    left: usize,
    again: bool,
    model: &Model,
) {
    let rewrite = if cursor.pending {
        // Only writing the last column makes a terminal wait to wrap.
        Some(row.start(cursor.col))
    } else if again && cursor.col > 0 {
        let start = row.start(cursor.col - 1);
        // Not when the cursor went back into a wide character.
        (start + row.get(start).width() == cursor.col).then_some(start)
    } else {
        None
    };
    painter.go(cursor.row, rewrite.unwrap_or(cursor.col).saturating_sub(left));
    if let Some(col) = rewrite {
        painter.glyph(row, col, model);
    }
    painter.set_pen(cursor.pen, model);
}

/// Designates line drawing where it is in use, and shifts, from ASCII all over.
pub(crate) fn charsets(painter: &mut Painter, charsets: Charsets) {
    for (set, slot) in charsets.sets.iter().zip(["(", ")", "*", "+"]) {
        if *set == Charset::Drawing {
            painter.put(format!("\x1b{slot}0"));
        }
    }
    match charsets.shift {
        1 => painter.put("\x0e"),
        2 => painter.put("\x1bn"),
        3 => painter.put("\x1bo"),
        _ => {}
    }
}
