//! One keystroke's guessed effect: worked out once, sketched onto screens until it is settled.

use abide_screen::{Position, Screen, columns};
use abide_terms::Moment;

use crate::keys::Key;
use crate::trust::{EDITOR_BARS, is_editor};

/// So many blanks end the text of a line: what stands right of them is a prompt at the right end.
const GAP: u16 = 3;
/// Ends of lines after which editors indent the next one.
const INDENTING: [char; 5] = ['{', '(', '[', ':', '\\'];

/// A place on the screen, 0-based: row, column.
pub(crate) type Place = (u16, u16);

/// What a key is guessed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Writes a character; what stood from there to `end` moves right first, if there is an `end`.
    Write { at: Place, ch: char, end: Option<u16>, scrolls: bool },
    /// Takes a character of some columns away; what stands right of it before `end` closes up, or goes,
    /// too, where it was only suggested.
    Erase { at: Place, by: u16, end: u16, cuts: bool },
    /// Only moves the cursor.
    Move,
    /// To the beginning of the next row, where a sign that the text has ended there goes.
    NextRow { scrolls: bool, clears: bool },
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
    /// What stands where it writes once all keys before it have had their effect.
    pub(crate) was: char,
    /// What stood there on the server's screen when it was typed.
    pub(crate) seen: char,
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
    /// Where what was typed ends, if that is known: what stands right of it is suggested.
    pub(crate) end: Option<Place>,
    pub(crate) manner: Manner,
}

impl Line {
    fn ends_at(self, cursor: Position) -> bool {
        !cursor.pending_wrap && self.end == Some((cursor.row, cursor.col))
    }

    /// What is known of it after this effect.
    pub(crate) fn after(self, effect: Effect, before: Position, after: Position) -> Line {
        let at = (after.row, after.col);
        let end = match (effect, self.end) {
            (Effect::Move, end) => end,
            (Effect::NextRow { .. }, _) => return Line { start: Some(at), end: Some(at), ..self },
            // Beyond the last column nobody knows yet where it goes on.
            _ if after.pending_wrap => None,
            _ if self.ends_at(before) => Some(at),
            (Effect::Write { at: (row, col), scrolls: false, .. }, Some(end)) if end.0 == row => {
                Some((row, end.1 + after.col.saturating_sub(col)))
            }
            (Effect::Erase { at: (row, _), by, .. }, Some(end)) if end.0 == row => {
                Some((row, end.1.saturating_sub(by)))
            }
            _ => None,
        };
        Line { end, ..self }
    }
}

/// The effect of a key on `ahead`, the screen as it will be after all keys before it. None where it
/// cannot be guessed.
pub(crate) fn effect(key: Key, ahead: &Screen, line: Line) -> Option<(Effect, Position)> {
    let cursor = ahead.cursor();
    match key {
        Key::Char(ch) => write(ch, ahead, cursor, line),
        Key::Backspace => erase(ahead, cursor, line),
        Key::Left => {
            let start = before_cursor(ahead, cursor, line.start)?;
            Some((Effect::Move, at(cursor.row, start)))
        }
        // There a shell takes what it has suggested.
        Key::Right if line.ends_at(cursor) => None,
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
    Some((Effect::NextRow { scrolls, clears: false }, at(row, 0)))
}

/// The cursor one to the left, as Escape leaves it in vim.
pub(crate) fn step_back(ahead: &Screen) -> Option<(Effect, Position)> {
    let cursor = ahead.cursor();
    before_cursor(ahead, cursor, None).map(|col| (Effect::Move, at(cursor.row, col)))
}

/// The cursor at the beginning of the next line in an editor, at the end of the last line of a text. Not after an indented line, nor after
/// one that asks for indentation: the next may begin anywhere.
pub(crate) fn next_line(ahead: &Screen) -> Option<(Effect, Position)> {
    let cursor = ahead.cursor();
    let size = ahead.size();
    let line = ahead.text_before(cursor.row, size.cols);
    let line = line.trim_end();
    let at_end = !cursor.pending_wrap && cursor.col >= ahead.used_columns(cursor.row);
    let plain = !line.starts_with(char::is_whitespace) && !line.ends_with(INDENTING);
    if !at_end || !plain || cursor.row + 1 + EDITOR_BARS >= size.rows {
        return None;
    }
    let below = ahead.text_before(cursor.row + 1, size.cols);
    let clears = match below.trim_end() {
        "" => false,
        "~" => true,
        _ => return None,
    };
    let mut rest = cursor.row + 2..size.rows - EDITOR_BARS;
    let unused = |row| ahead.text_before(row, size.cols).trim_end() == below.trim_end();
    let (effect, after) = (Effect::NextRow { scrolls: false, clears }, at(cursor.row + 1, 0));
    rest.all(unused).then_some((effect, after))
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

fn write(ch: char, ahead: &Screen, cursor: Position, line: Line) -> Option<(Effect, Position)> {
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
    let moves = line.manner == Manner::Insert && !scrolls && !line.ends_at(cursor);
    let end = if moves { room(ahead, row, col, width)? } else { None };
    let last = col + width >= cols;
    let after = if last { cols - 1 } else { col + width };
    let after = Position { row, col: after, pending_wrap: last && ahead.wraps() };
    Some((Effect::Write { at: (row, col), ch, end, scrolls }, after))
}

/// Where text that moves right ends, or that there is none. None where it would have to go on in
/// another row.
fn room(ahead: &Screen, row: u16, col: u16, width: u16) -> Option<Option<u16>> {
    let text = text_end(ahead, row, col);
    if text == col {
        return Some(None);
    }
    let end = text + width;
    let fits = end <= frame(ahead, row, col) && end > col + width;
    let free = (text..end).all(|col| is_blank(ahead, row, col));
    (fits && free).then_some(Some(end))
}

/// Where the line ends if it begins at the cursor, with nothing right of it.
pub(crate) fn bare_end(screen: &Screen, cursor: Position) -> Option<Place> {
    let bare = text_end(screen, cursor.row, cursor.col) == cursor.col;
    bare.then_some((cursor.row, cursor.col))
}

/// Where the text ends that stands at a column: before a few blanks, a frame or the end of the row. In
/// an editor all of the row is text.
fn text_end(ahead: &Screen, row: u16, col: u16) -> u16 {
    let end = frame(ahead, row, col);
    if is_editor(ahead) {
        let text = (col..end).rev().find(|col| !is_blank(ahead, row, *col));
        return text.map_or(col, |last| last + 1);
    }
    let gap = |col: &u16| (*col..end.min(*col + GAP)).all(|col| is_blank(ahead, row, col));
    (col..end).find(gap).unwrap_or(end)
}

fn is_blank(ahead: &Screen, row: u16, col: u16) -> bool {
    ahead.glyph(row, col).is_some_and(|glyph| glyph.ch == ' ' && glyph.width == 1)
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
    let end = text_end(ahead, cursor.row, cursor.col);
    let cuts = line.ends_at(cursor);
    Some((Effect::Erase { at: (cursor.row, start), by, end, cuts }, at(cursor.row, start)))
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
            Effect::Erase { at: (row, col), end, cuts: true, .. } => {
                (col..end).for_each(|col| screen.sketch((row, col), ' ', false));
            }
            Effect::Erase { at, by, end, .. } => screen.sketch_gap(at.0, at.1, by, end),
            Effect::Move => {}
            Effect::NextRow { scrolls: true, .. } => screen.sketch_scroll(),
            Effect::NextRow { clears: true, .. } => screen.sketch((self.after.row, 0), ' ', false),
            Effect::NextRow { .. } => {}
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
            Effect::NextRow { clears: true, .. } => Some(((self.after.row, 0), ' ')),
            // What comes to stand there may be suggested anew.
            Effect::Erase { .. } | Effect::Move | Effect::NextRow { .. } => None,
        }
    }

    /// Whether to see what it writes is news: nothing that stood there before looked like it. (A letter
    /// that is being erased looks like the same letter typed anew.)
    pub(crate) fn is_news(&self) -> bool {
        matches!(self.effect, Effect::Write { ch, .. } if self.was != ch && self.seen != ch)
    }

    /// Whether later guesses can no longer change what this one wrote.
    pub(crate) fn is_untouched_by(&self, later: &Guess) -> bool {
        matches!(self.effect, Effect::Write { .. })
            && matches!(later.effect, Effect::Write { end: None, scrolls: false, .. })
    }
}
