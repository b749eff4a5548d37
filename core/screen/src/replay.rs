//! Bytes that make a fresh terminal show what the model shows and behave as it would.

use crate::cells::{Cursor, Painter};
use crate::model::{Buffer, Model};
use crate::osc::DYNAMIC_COLOUR;
use crate::overlay::{charsets, place, write_cursor};
use crate::pen::Pen;
use crate::tap::{SavedModes, default_tabs};

/// Resets shift and all four character sets.
const PLAIN_CHARSETS: &str = "\x0f\x1b(B\x1b)B\x1b*B\x1b+B";
/// Resets origin mode; homes the cursor in most terminals.
const ORIGIN_OFF: &str = "\x1b[?6l";

pub(crate) fn replay(model: &Model, scrollback_lines: usize) -> Vec<u8> {
    let mut painter = Painter::default();
    let rows = model.rows() as i32;
    let history = model.history().min(scrollback_lines) as i32;
    painter.put("\r\x1b[m\x1b[J");
    painter.flow((-history..rows).map(|line| model.row(Buffer::Primary, line)));
    if model.is_alternate() {
        enter_alternate(&mut painter, model);
        painter.flow((0..rows).map(|line| model.row(Buffer::Active, line)));
    }
    model.tap.keyboard.write(&mut painter.out);
    looks(&mut painter, model);
    tabs(&mut painter, model);
    modes(&mut painter, model);
    save_cursor(&mut painter, model, Buffer::Active, model.tap.saved);
    let region = model.tap.region;
    if (region.top, region.bottom) != (0, model.rows()) {
        painter.put(format!("\x1b[{};{}r", region.top + 1, region.bottom));
    }
    write_cursor(&mut painter, model);
    painter.out
}

/// From the primary screen as it was left to a blank alternate one.
fn enter_alternate(painter: &mut Painter, model: &Model) {
    let Some(parked) = &model.tap.parked else { return };
    model.tap.other_keyboard.write(&mut painter.out);
    save_cursor(painter, model, Buffer::Primary, parked.saved);
    // Switching with 1049 saves this cursor and its modes.
    let cursor = model.cursor(Buffer::Primary);
    put_cursor(painter, model, Buffer::Primary, &cursor, parked.saved);
    painter.put(format!("\x1b[?{}h", parked.by));
    plain(painter);
    painter.put("\x1b[2J\x1b[H");
}

/// Places a cursor and what is saved with it, while no margins are set.
fn put_cursor(
    painter: &mut Painter,
    model: &Model,
    buffer: Buffer,
    cursor: &Cursor,
    modes: SavedModes,
) {
    if modes.origin {
        painter.put("\x1b[?6h");
    }
    place(painter, cursor, &model.row(buffer, cursor.line as i32), 0, false);
    charsets(painter, cursor);
    if modes.shifted {
        painter.put("\x0e");
    }
}

/// Takes all that [`put_cursor`] may have set back.
fn plain(painter: &mut Painter) {
    painter.set_pen(&Pen::default());
    painter.put(PLAIN_CHARSETS);
    painter.put(ORIGIN_OFF);
}

/// Saves a cursor (DECSC) as the application did. A terminal's saved cursor is home at first.
fn save_cursor(painter: &mut Painter, model: &Model, buffer: Buffer, modes: SavedModes) {
    let saved = model.saved_cursor(buffer);
    let home =
        Cursor { line: 0, col: 0, pending_wrap: false, pen: Pen::default(), drawing: [false; 4] };
    if saved == home && modes == SavedModes::default() {
        return;
    }
    put_cursor(painter, model, buffer, &saved, modes);
    painter.put("\x1b7");
    let row = model.row(buffer, saved.line as i32);
    let wrapped = saved.pending_wrap && row.wraps && saved.line + 1 < model.rows();
    if wrapped {
        painter.put(PLAIN_CHARSETS);
        // The last column was written anew to wait for a wrap: wrap, as the line did then.
        painter.glyph(&model.row(buffer, saved.line as i32 + 1).glyphs[0]);
    }
    plain(painter);
}

fn looks(painter: &mut Painter, model: &Model) {
    let tap = &model.tap;
    if let Some(title) = &tap.title {
        painter.put(format!("\x1b]2;{title}\x1b\\"));
    }
    for (index, spec) in &tap.colours {
        match index.checked_sub(DYNAMIC_COLOUR) {
            Some(offset) => painter.put(format!("\x1b]{};{spec}\x1b\\", 10 + offset)),
            None => painter.put(format!("\x1b]4;{index};{spec}\x1b\\")),
        }
    }
    if tap.cursor_style != 0 {
        painter.put(format!("\x1b[{} q", tap.cursor_style));
    }
}

fn tabs(painter: &mut Painter, model: &Model) {
    let tabs = &model.tap.tabs;
    if *tabs == default_tabs(0, tabs.len()) {
        return;
    }
    painter.put("\x1b[3g");
    for (col, _) in tabs.iter().enumerate().filter(|(_, stop)| **stop) {
        painter.put(format!("\x1b[{}G\x1bH", col + 1));
    }
}

fn modes(painter: &mut Painter, model: &Model) {
    let tap = &model.tap;
    tap.modes.write(&mut painter.out);
    if tap.keypad {
        painter.put("\x1b=");
    }
    if tap.newline {
        painter.put("\x1b[20h");
    }
    if tap.modify_other_keys != 0 {
        painter.put(format!("\x1b[>4;{}m", tap.modify_other_keys));
    }
}
