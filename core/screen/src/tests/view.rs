//! A terminal's state as plain values, the same for every model that is compared.

use std::sync::Arc;

use crate::Screen;
use crate::cursor::{self, Charset};
use crate::history::Kept;
use crate::links::Link;
use crate::model::{Buffer, Model};
use crate::modes::{Keyboard, ModeLog};
use crate::paint::Book;
use crate::pen::{self, Shade};
use crate::row;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pen {
    pub(crate) fg: Shade,
    pub(crate) bg: Shade,
    pub(crate) underline_colour: Shade,
    pub(crate) underline: u8,
    pub(crate) attrs: u8,
    pub(crate) link: Option<Arc<Link>>,
}

/// What stands in one column. A wide character takes two: its second column holds a glyph of
/// width 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Glyph {
    pub(crate) ch: char,
    pub(crate) marks: Vec<char>,
    pub(crate) width: u8,
    pub(crate) pen: Pen,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) glyphs: Vec<Glyph>,
    pub(crate) wraps: bool,
}

impl Row {
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for glyph in self.glyphs.iter().filter(|glyph| glyph.width > 0) {
            text.push(glyph.ch);
            text.extend(&glyph.marks);
        }
        text.truncate(text.trim_end().len());
        text
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) line: usize,
    pub(crate) col: usize,
    pub(crate) pending_wrap: bool,
    pub(crate) pen: Pen,
    /// Which of G0..G3 hold line drawing instead of ASCII.
    pub(crate) drawing: [bool; 4],
}

/// State apart from what is shown.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Settings {
    /// Cursor, origin mode, shift.
    pub(crate) saved: (Cursor, bool, u8),
    pub(crate) margins: [usize; 4],
    pub(crate) tabs: Vec<bool>,
    pub(crate) modes: ModeLog,
    pub(crate) keyboards: (Keyboard, Option<Keyboard>),
    pub(crate) flags: [bool; 7],
    pub(crate) shift: u8,
    pub(crate) title: Option<String>,
    pub(crate) style: (u8, u8),
    pub(crate) colours: Vec<(u16, String)>,
}

/// All that two terminals must agree on to be in the same state.
#[derive(Clone, Debug)]
pub(crate) struct State {
    /// Scrollback too, if of the primary screen.
    pub(crate) rows: Vec<Row>,
    pub(crate) cursor: Cursor,
    pub(crate) settings: Settings,
}

pub(crate) fn state(screen: &Screen, buffer: Buffer) -> State {
    let model = &screen.model;
    let settings = &model.settings;
    let mut rows = if buffer == Buffer::Primary { scrollback(screen) } else { Vec::new() };
    rows.extend(model.grid(buffer).iter().map(|of| row(of, model.cols(), model)));
    let saved = model.saved(buffer);
    let margins = model.margins;
    // The flags of an alternate screen that is not shown cannot be handed over.
    let other_keyboard = model.is_alternate().then(|| settings.other_keyboard.clone());
    State {
        rows,
        cursor: cursor(model.cursor(buffer), model),
        settings: Settings {
            saved: (cursor(&saved.cursor, model), saved.origin, saved.cursor.charsets.shift),
            margins: [margins.top, margins.bottom, margins.left, margins.right],
            tabs: model.tabs.clone(),
            modes: settings.modes.clone(),
            keyboards: (settings.keyboard.clone(), other_keyboard),
            flags: [
                model.autowrap,
                model.origin,
                model.insert,
                settings.keypad,
                model.newline,
                model.is_alternate(),
                model.sides,
            ],
            shift: model.cursor(Buffer::Active).charsets.shift,
            title: settings.title.clone(),
            style: (settings.cursor_style, settings.modify_other_keys),
            colours: settings.colours.clone().into_iter().collect(),
        },
    }
}

pub(crate) fn scrollback(screen: &Screen) -> Vec<Row> {
    let cols = screen.model.cols();
    screen.model.history.rows(0).map(|kept: Kept<'_>| row(&kept.row, cols, &kept)).collect()
}

/// A row of the screen shown.
pub(crate) fn shown(screen: &Screen, at: usize) -> Row {
    row(screen.model.row(at), screen.model.cols(), &screen.model)
}

pub(crate) fn at(screen: &Screen) -> Cursor {
    cursor(screen.model.cursor(Buffer::Active), &screen.model)
}

fn row(row: &row::Row, cols: usize, book: &impl Book) -> Row {
    assert!(row.cells().len() <= cols, "a row of {} in {cols} columns", row.cells().len());
    let marked = (0..cols).filter(|col| row.get(*col).is_marked()).count();
    assert_eq!(marked, row.all_marks().len(), "marks without a cell, or a cell without marks");
    let glyph = |col| {
        let cell = row.get(col);
        assert!(!cell.is_wide() || row.get(col + 1).is_tail(), "half of a wide character");
        assert!(!cell.is_tail() || row.get(col - 1).is_wide(), "half of a wide character");
        Glyph {
            ch: cell.ch(),
            marks: row.marks(col).to_vec(),
            width: cell.width() as u8,
            pen: pen(cell.pen, book),
        }
    };
    Row { glyphs: (0..cols).map(glyph).collect(), wraps: row.wraps }
}

fn cursor(cursor: &cursor::Cursor, model: &Model) -> Cursor {
    Cursor {
        line: cursor.row,
        col: cursor.col,
        pending_wrap: cursor.pending,
        pen: pen(cursor.pen, model),
        drawing: cursor.charsets.sets.map(|set| set == Charset::Drawing),
    }
}

fn pen(pen: pen::Pen, book: &impl Book) -> Pen {
    let link = book.find(pen.link).cloned();
    assert_eq!(link.is_some(), pen.link.is_some(), "a link that nobody knows");
    Pen {
        fg: pen.fg.shade(),
        bg: pen.bg.shade(),
        underline_colour: pen.underline_colour.shade(),
        underline: pen.underline,
        attrs: pen.attrs,
        link,
    }
}
