//! Bytes around foreign text on an application's screen: make neutral, repaint a row, give back.

use crate::cells::{Cursor, Painter, Row};
use crate::model::{Buffer, Model};
use crate::pen::Pen;

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
    say(model.origin(), b"\x1b[?6l");
    say(model.autowrap(), b"\x1b[?7l");
    say(model.insert(), b"\x1b[4l");
    say(model.shifted(), b"\x0f");
    say(cursor.drawing[0], b"\x1b(B");
    say(cursor.pen.link.is_some(), b"\x1b]8;;\x1b\\");
    say(true, b"\x1b[m");
    out
}

pub(crate) fn repaint_row(model: &Model, row: u16) -> Vec<u8> {
    let line = usize::from(row);
    if line >= model.rows() {
        return Vec::new();
    }
    let mut painter = Painter::default();
    painter.put(prelude(model));
    painter.go(line, 0);
    painter.put("\x1b[2K");
    let cells = model.row(Buffer::Active, i32::from(row));
    match next_of_wrapped(model, &cells, line) {
        Some(next) => {
            // Let the terminal wrap by itself, so that it knows the two rows to be one line still.
            painter.put("\x1b[?7h");
            cells.glyphs[..cells.wrap_len(&next)].iter().for_each(|glyph| painter.glyph(glyph));
            painter.glyph(&next.glyphs[0]);
            painter.put("\x1b[?7l");
        }
        None => cells.glyphs[..cells.used()].iter().for_each(|glyph| painter.glyph(glyph)),
    }
    painter.set_pen(&Pen::default());
    painter.out
}

/// The row that a soft-wrapped one goes on in; none where wrapping would scroll the screen.
fn next_of_wrapped(model: &Model, row: &Row, line: usize) -> Option<Row> {
    let next = line + 1;
    let stays = next < model.rows() && next != model.tap.region.bottom;
    (row.wraps && stays).then(|| model.row(Buffer::Active, next as i32))
}

pub(crate) fn settle(model: &Model) -> Vec<u8> {
    let mut painter = Painter::default();
    write_cursor(&mut painter, model);
    painter.out
}

/// From the neutral state (with the default pen) to the application's cursor and what acts on it.
pub(crate) fn write_cursor(painter: &mut Painter, model: &Model) {
    let cursor = model.cursor(Buffer::Active);
    painter.put(if model.autowrap() { "\x1b[?7h" } else { "\x1b[?7l" });
    let mut top = 0;
    if model.origin() {
        // Homes the cursor, so before it is placed.
        painter.put("\x1b[?6h");
        top = model.tap.region.top;
    }
    let row = model.row(Buffer::Active, cursor.line as i32);
    place(painter, &cursor, &row, top, model.tap.just_printed());
    charsets(painter, &cursor);
    if model.shifted() {
        painter.put("\x0e");
    }
    if model.insert() {
        painter.put("\x1b[4h");
    }
}

/// Position, pending wrap and pen. `again` writes the character before the cursor once more, so
/// that a repeat (REP) sent next repeats it and not a character of ours.
pub(crate) fn place(painter: &mut Painter, cursor: &Cursor, row: &Row, top: usize, again: bool) {
    let line = cursor.line.saturating_sub(top);
    let rewrite = if cursor.pending_wrap {
        // Only writing the last column makes a terminal wait to wrap.
        Some(row.start(cursor.col))
    } else if again && cursor.col > 0 {
        let start = row.start(cursor.col - 1);
        // Not when the cursor went back into a wide character.
        (start + usize::from(row.glyphs[start].width) == cursor.col).then_some(start)
    } else {
        None
    };
    painter.go(line, rewrite.unwrap_or(cursor.col));
    if let Some(col) = rewrite {
        painter.glyph(&row.glyphs[col]);
    }
    painter.set_pen(&cursor.pen);
}

pub(crate) fn charsets(painter: &mut Painter, cursor: &Cursor) {
    for (drawing, slot) in cursor.drawing.iter().zip(["(", ")", "*", "+"]) {
        if *drawing {
            painter.put(format!("\x1b{slot}0"));
        }
    }
}
