//! Bytes that make a fresh terminal show what the model shows and behave as it would.

use crate::change;
use crate::cursor::{Cursor, Saved};
use crate::model::{Buffer, Model};
use crate::overlay::{charsets, place, write_cursor};
use crate::paint::{Flow, Painter};
use crate::row::Row;

/// Resets shift and all four character sets.
const PLAIN_CHARSETS: &str = "\x0f\x1b(B\x1b)B\x1b*B\x1b+B";
/// Resets origin mode; homes the cursor in most terminals.
const ORIGIN_OFF: &str = "\x1b[?6l";

pub(crate) fn replay(model: &Model, scrollback_lines: usize) -> Vec<u8> {
    let mut painter = Painter::default();
    painter.put("\r\x1b[m\x1b[J");
    primary(&mut painter, model, scrollback_lines);
    if model.is_alternate() {
        enter_alternate(&mut painter, model);
        let mut flow = Flow::new(&mut painter, model.cols());
        for at in 0..model.rows() {
            let next = (at + 1 < model.rows()).then(|| model.row(at + 1));
            flow.row(model.row(at), model, next);
        }
    }
    change::settings(&mut painter, &Model::new(model.size(), 0), model);
    save_cursor(&mut painter, model, Buffer::Active);
    rows_margins(&mut painter, model);
    write_cursor(&mut painter, model);
    painter.out
}

/// Top and bottom margins.
pub(crate) fn rows_margins(painter: &mut Painter, model: &Model) {
    let rows = model.margins.rows();
    if rows != (0..model.rows()) {
        painter.put(format!("\x1b[{};{}r", rows.start + 1, rows.end));
    }
}

/// Scrollback, then the primary screen.
fn primary(painter: &mut Painter, model: &Model, scrollback_lines: usize) {
    let history = &model.history;
    let rows: Vec<&Row> = model.grid(Buffer::Primary).iter().collect();
    let mut flow = Flow::new(painter, model.cols());
    let mut kept = history.rows(history.len().saturating_sub(scrollback_lines)).peekable();
    while let Some(row) = kept.next() {
        let next = kept.peek().map(|next| &next.row).or(rows.first().copied());
        flow.row(&row.row, &row, next);
    }
    for (at, row) in rows.iter().enumerate() {
        flow.row(row, model, rows.get(at + 1).copied());
    }
}

/// From the primary screen as it was left to a blank alternate one.
fn enter_alternate(painter: &mut Painter, model: &Model) {
    let Some(parked) = &model.parked else { return };
    model.settings.other_keyboard.write(&mut painter.out);
    save_cursor(painter, model, Buffer::Primary);
    // Switching with 1049 saves this cursor and its modes.
    put_cursor(painter, model, Buffer::Primary, parked.cursor, parked.saved.origin);
    painter.put(format!("\x1b[?{}h", parked.by));
    plain(painter);
    painter.put("\x1b[2J\x1b[H");
}

/// Places a cursor and what is saved with it, while no margins are set.
fn put_cursor(painter: &mut Painter, model: &Model, buffer: Buffer, cursor: Cursor, origin: bool) {
    if origin {
        painter.put("\x1b[?6h");
    }
    place(painter, &cursor, model.grid(buffer).row(cursor.row), 0, false, model);
    charsets(painter, cursor.charsets);
}

/// Takes all that [`put_cursor`] may have set back.
fn plain(painter: &mut Painter) {
    painter.plain_pen();
    painter.put(PLAIN_CHARSETS);
    painter.put(ORIGIN_OFF);
}

/// Saves a cursor (DECSC) as the application did. A terminal's saved cursor is home at first.
pub(crate) fn save_cursor(painter: &mut Painter, model: &Model, buffer: Buffer) {
    let saved = model.saved(buffer);
    if *saved == Saved::default() {
        return;
    }
    put_cursor(painter, model, buffer, saved.cursor, saved.origin);
    painter.put("\x1b7");
    let row = model.grid(buffer).row(saved.cursor.row);
    let next = saved.cursor.row + 1;
    if saved.cursor.pending && row.wraps && next < model.rows() {
        painter.put(PLAIN_CHARSETS);
        // The last column was written anew to wait for a wrap: wrap, as the line did then.
        painter.glyph(model.grid(buffer).row(next), 0, model);
    }
    plain(painter);
}
