//! One keystroke's guessed effect: worked out once, sketched onto screens until it is settled.

use abide_screen::{Position, Screen, columns};
use abide_terms::Moment;

use crate::keys::Key;

/// A place on the screen, 0-based: row, column.
pub(crate) type Place = (u16, u16);

/// What a key is guessed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Writes a character; what stood from there to `end` moves right first, if there is an `end`.
    Write { at: Place, ch: char, end: Option<u16>, scrolls: bool },
    /// Takes a character of some columns away; what stands right of it before `end` closes up.
    Erase { at: Place, by: u16, end: u16, leaves: char },
    /// Only moves the cursor.
    Move,
    /// To the beginning of the next row.
    NextRow { scrolls: bool },
}

/// A keystroke whose effect is guessed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guess {
    pub(crate) key: Key,
    /// Where its bytes end in the input stream.
    pub(crate) end: u64,
    /// When it was typed.
    pub(crate) typed: Moment,
    /// When the server was known to have it.
    pub(crate) acked: Option<Moment>,
    pub(crate) epoch: u32,
    pub(crate) effect: Effect,
    /// Where the cursor was.
    pub(crate) before: Position,
    /// Where it will be.
    pub(crate) after: Position,
    /// What stood where it writes.
    pub(crate) was: char,
}

/// How text right of the cursor takes a character.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Manner {
    /// It moves right.
    #[default]
    Insert,
    /// It is written over.
    Overwrite,
}

/// What is known of the line that is being typed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Line {
    /// Where typing began, if on this row backspace and left do not go beyond.
    pub(crate) start: Option<Place>,
    pub(crate) manner: Manner,
}

/// The effect of a key on `ahead`, the screen as it will be after all keys before it. None where it
/// cannot be guessed.
pub(crate) fn effect(key: Key, ahead: &Screen, line: Line) -> Option<(Effect, Position)> {
    let cursor = ahead.cursor();
    match key {
        Key::Char(ch) => write(ch, ahead, cursor, line.manner),
        Key::Backspace => erase(ahead, cursor, line),
        Key::Left => {
            let start = before_cursor(ahead, cursor, line.start)?;
            Some((Effect::Move, at(cursor.row, start)))
        }
        Key::Right => {
            let width = ahead.glyph(cursor.row, cursor.col)?.width.max(1);
            let col = cursor.col + u16::from(width);
            let within = col <= ahead.used_columns(cursor.row) && !cursor.pending_wrap;
            within.then_some((Effect::Move, at(cursor.row, col)))
        }
        Key::Enter | Key::Escape | Key::Edit | Key::Other => None,
    }
}

/// The cursor at the beginning of the next row, which is blank or scrolled in.
pub(crate) fn next_row(ahead: &Screen) -> Option<(Effect, Position)> {
    let (row, scrolls) = row_below(ahead, ahead.cursor().row)?;
    Some((Effect::NextRow { scrolls }, at(row, 0)))
}

fn at(row: u16, col: u16) -> Position {
    Position { row, col, pending_wrap: false }
}

/// The row that text goes on in, and whether all scrolls first.
fn row_below(ahead: &Screen, row: u16) -> Option<(u16, bool)> {
    let rows = ahead.size().rows;
    if row + 1 >= rows {
        return Some((rows - 1, true));
    }
    (ahead.used_columns(row + 1) == 0).then_some((row + 1, false))
}

fn write(ch: char, ahead: &Screen, cursor: Position, manner: Manner) -> Option<(Effect, Position)> {
    let width = columns(ch).filter(|width| *width > 0)?;
    let cols = ahead.size().cols;
    let (row, col, scrolls) = match cursor.pending_wrap || cursor.col + width > cols {
        false => (cursor.row, cursor.col, false),
        true if !ahead.wraps() => return None,
        true => {
            let (row, scrolls) = row_below(ahead, cursor.row)?;
            (row, 0, scrolls)
        }
    };
    let used = if scrolls { 0 } else { ahead.used_columns(row) };
    let end = match manner {
        Manner::Insert if used > col => Some(room(ahead, row, col, width)?),
        _ => None,
    };
    let last = col + width >= cols;
    let after = if last { cols - 1 } else { col + width };
    let after = Position { row, col: after, pending_wrap: last && ahead.wraps() };
    Some((Effect::Write { at: (row, col), ch, end, scrolls }, after))
}

/// Where text that moves right ends: at a frame or the end of the row. None where it would have to
/// go on in another row.
fn room(ahead: &Screen, row: u16, col: u16, width: u16) -> Option<u16> {
    let end = frame(ahead, row, col);
    let glyph = |col| ahead.glyph(row, col);
    let free =
        (end.saturating_sub(width)..end).all(|col| glyph(col).is_some_and(|it| it.ch == ' '));
    (free && end > col + width).then_some(end)
}

/// The column of the first line drawn from top to bottom right of `col`, or the row's end.
fn frame(ahead: &Screen, row: u16, col: u16) -> u16 {
    let cols = ahead.size().cols;
    let is_frame = |col: &u16| {
        ahead.glyph(row, *col).is_some_and(|it| ('\u{2500}'..'\u{2580}').contains(&it.ch))
    };
    (col..cols).find(is_frame).unwrap_or(cols)
}

fn erase(ahead: &Screen, cursor: Position, line: Line) -> Option<(Effect, Position)> {
    let start = before_cursor(ahead, cursor, line.start)?;
    let by = cursor.col - start;
    let end = frame(ahead, cursor.row, start);
    let leaves = ahead.glyph(cursor.row, cursor.col).map_or(' ', |glyph| glyph.ch);
    Some((Effect::Erase { at: (cursor.row, start), by, end, leaves }, at(cursor.row, start)))
}

/// The column where the character before the cursor begins, if it belongs to the line.
fn before_cursor(ahead: &Screen, cursor: Position, start: Option<Place>) -> Option<u16> {
    let least = match start {
        Some((row, col)) if row == cursor.row => col,
        _ => 0,
    };
    if cursor.pending_wrap || cursor.col <= least {
        return None;
    }
    let before = cursor.col - 1;
    let tail = ahead.glyph(cursor.row, before)?.width == 0;
    Some(before.saturating_sub(u16::from(tail))).filter(|col| *col >= least)
}

impl Guess {
    /// Sketches it onto the screen as it is before it.
    pub(crate) fn sketch(&self, screen: &mut Screen, underlined: bool) {
        match self.effect {
            Effect::Write { at, ch, end, scrolls } => {
                if scrolls {
                    screen.sketch_scroll();
                }
                if let Some(end) = end {
                    screen.sketch_room(at.0, at.1, columns(ch).unwrap_or(1), end);
                }
                screen.sketch(at, ch, underlined);
            }
            Effect::Erase { at, by, end, .. } => screen.sketch_gap(at.0, at.1, by, end),
            Effect::Move => {}
            Effect::NextRow { scrolls: true } => screen.sketch_scroll(),
            Effect::NextRow { scrolls: false } => {}
        }
        screen.sketch_cursor(self.after.row, self.after.col, self.after.pending_wrap);
    }

    /// Whether the cursor is where this guess puts it. After the last column a line editor may have
    /// gone to the next row already.
    pub(crate) fn is_cursor(&self, cursor: Position) -> bool {
        let wrapped = self.after.pending_wrap
            && (cursor.row, cursor.col) == (self.after.row.saturating_add(1), 0);
        cursor == self.after || wrapped
    }

    /// The place and character that must be seen if it came true and nothing changed it since.
    pub(crate) fn expects(&self) -> Option<(Place, char)> {
        match self.effect {
            Effect::Write { at, ch, .. } => Some((at, ch)),
            Effect::Erase { at, leaves, .. } => Some((at, leaves)),
            Effect::Move | Effect::NextRow { .. } => None,
        }
    }

    /// Whether later guesses can no longer change what this one wrote.
    pub(crate) fn is_untouched_by(&self, later: &Guess) -> bool {
        matches!(self.effect, Effect::Write { .. })
            && matches!(later.effect, Effect::Write { end: None, scrolls: false, .. })
    }
}
