//! The model proper: drives the library's parser and terminal and hands out what they hold as plain
//! values. Nothing of the library leaves this file and `tap.rs`.

use std::sync::Arc;
use std::time::Duration;

use alacritty_terminal::event::VoidListener;
use alacritty_terminal::grid::{Cursor as LibCursor, Dimensions, Grid};
use alacritty_terminal::index::Line;
use alacritty_terminal::term::cell::{Cell, Flags};
use alacritty_terminal::term::{Config, Term, TermMode};
use alacritty_terminal::vte::ansi::{
    CharsetIndex, Color, NamedColor, Processor, StandardCharset, Timeout,
};

use crate::cells::{Cursor, Glyph, Row};
use crate::ground::Piece;
use crate::osc;
use crate::pen::{Colour, Link, Pen, attr};
use crate::size::Size;
use crate::tap::{BLINK, Region, Tap, default_tabs, has, mend};

/// Most lines of scrollback a [`crate::Screen`] keeps; at the limit the oldest goes.
pub const MAX_SCROLLBACK_LINES: usize = 100_000;
/// Most cells of scrollback a [`crate::Screen`] keeps (24 bytes each): lines times columns.
pub const MAX_SCROLLBACK_CELLS: usize = 8 << 20;

/// Ending of the ids that the library makes up for links without one.
const MADE_UP_ID: &str = "_alacritty";

/// Synchronised updates are applied as they come, so there is nothing to time out and no clock.
#[derive(Default)]
struct NoSync;

impl Timeout for NoSync {
    fn set_timeout(&mut self, _: Duration) {}
    fn clear_timeout(&mut self) {}
    fn pending_timeout(&self) -> bool {
        false
    }
}

/// Which screen to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Buffer {
    /// The one shown now.
    Active,
    /// The one with the scrollback, shown or not.
    Primary,
}

pub(crate) struct Model {
    parser: Processor<NoSync>,
    pub(crate) tap: Tap,
    scrollback_max: usize,
}

impl Model {
    pub(crate) fn new(size: Size, scrollback_max: usize) -> Self {
        let config =
            Config { scrolling_history: history_limit(size, scrollback_max), ..Config::default() };
        let tap = Tap::new(Term::new(config, &Dims(size), VoidListener));
        Self { parser: Processor::new(), tap, scrollback_max }
    }

    pub(crate) fn take(&mut self, piece: Piece<'_>) {
        match piece {
            Piece::Plain(bytes) => self.parser.advance(&mut self.tap, bytes),
            Piece::Osc(payload) => osc::parse(payload, |osc| self.tap.osc(osc)),
            Piece::SoftReset => self.tap.soft_reset(),
        }
    }

    pub(crate) fn resize(&mut self, size: Size) {
        if size == self.size() {
            return;
        }
        let (rows, cols) = (usize::from(size.rows), usize::from(size.cols));
        let tap = &mut self.tap;
        tap.term.resize(Dims(size));
        if let Some(parked) = &mut tap.parked {
            parked.grid.resize(true, rows, cols);
        }
        tap.region = Region { top: 0, bottom: rows };
        let known = tap.tabs.len().min(cols);
        tap.tabs.truncate(cols);
        tap.tabs.extend(default_tabs(known, cols));
        settle_cursors(tap.term.grid_mut());
        for line in (0..rows as i32).map(Line) {
            mend(&mut tap.term.grid_mut()[line]);
        }
        let primary = match &mut tap.parked {
            Some(parked) => {
                settle_cursors(&mut parked.grid);
                &mut parked.grid
            }
            None => tap.term.grid_mut(),
        };
        primary.update_history(history_limit(size, self.scrollback_max));
    }

    pub(crate) fn size(&self) -> Size {
        let grid = self.tap.term.grid();
        // Within MAX_ROWS and MAX_COLS, so the casts lose nothing.
        Size { rows: grid.screen_lines() as u16, cols: grid.columns() as u16 }
    }

    pub(crate) fn is_alternate(&self) -> bool {
        self.tap.parked.is_some()
    }

    pub(crate) fn history(&self) -> usize {
        self.grid(Buffer::Primary).history_size()
    }

    pub(crate) fn rows(&self) -> usize {
        self.tap.term.screen_lines()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        (0..self.rows() as i32).map(|line| self.row(Buffer::Active, line).text()).collect()
    }

    pub(crate) fn autowrap(&self) -> bool {
        has(&self.tap.term, TermMode::LINE_WRAP)
    }

    pub(crate) fn origin(&self) -> bool {
        has(&self.tap.term, TermMode::ORIGIN)
    }

    pub(crate) fn insert(&self) -> bool {
        has(&self.tap.term, TermMode::INSERT)
    }

    /// Whether G1 (after SO) is in use instead of G0.
    pub(crate) fn shifted(&self) -> bool {
        self.tap.shift == CharsetIndex::G1
    }

    pub(crate) fn cursor(&self, buffer: Buffer) -> Cursor {
        cursor(&self.grid(buffer).cursor)
    }

    pub(crate) fn saved_cursor(&self, buffer: Buffer) -> Cursor {
        cursor(&self.grid(buffer).saved_cursor)
    }

    /// A row; negative lines are scrollback, -1 the youngest.
    pub(crate) fn row(&self, buffer: Buffer, line: i32) -> Row {
        let cells = &self.grid(buffer)[Line(line)][..];
        let mut glyphs: Vec<Glyph> = Vec::with_capacity(cells.len());
        for (col, cell) in cells.iter().enumerate() {
            let wide = cell.flags.contains(Flags::WIDE_CHAR);
            if let Some(wide) = glyphs.last().filter(|before| before.width == 2) {
                let pen = wide.pen.clone();
                glyphs.push(Glyph { ch: ' ', marks: Vec::new(), width: 0, pen });
                continue;
            }
            // Half of a wide character is shown blank.
            let next = cells.get(col + 1);
            let whole = next.is_some_and(|next| next.flags.contains(Flags::WIDE_CHAR_SPACER));
            let ch = match cell.c {
                '\t' => ' ',
                _ if wide && !whole => ' ',
                c => c,
            };
            let marks = cell.zerowidth().map(<[char]>::to_vec).unwrap_or_default();
            glyphs.push(Glyph { ch, marks, width: 1 + u8::from(wide && whole), pen: pen(cell) });
        }
        let flags = cells.last().map_or(Flags::empty(), |cell| cell.flags);
        Row {
            glyphs,
            wraps: flags.contains(Flags::WRAPLINE),
            spacer: flags.contains(Flags::LEADING_WIDE_CHAR_SPACER),
        }
    }

    fn grid(&self, buffer: Buffer) -> &Grid<Cell> {
        match (&self.tap.parked, buffer) {
            (Some(parked), Buffer::Primary) => &parked.grid,
            _ => self.tap.term.grid(),
        }
    }
}

struct Dims(Size);

impl Dimensions for Dims {
    fn total_lines(&self) -> usize {
        self.screen_lines()
    }
    fn screen_lines(&self) -> usize {
        usize::from(self.0.rows)
    }
    fn columns(&self) -> usize {
        usize::from(self.0.cols)
    }
}

fn history_limit(size: Size, lines: usize) -> usize {
    lines.min(MAX_SCROLLBACK_LINES).min(MAX_SCROLLBACK_CELLS / usize::from(size.cols))
}

/// After a resize a cursor may be off the screen, or wait to wrap in the middle of a row.
fn settle_cursors(grid: &mut Grid<Cell>) {
    let (last_row, last_col) = (grid.bottommost_line(), grid.last_column());
    for cursor in [&mut grid.cursor, &mut grid.saved_cursor] {
        cursor.point.line = cursor.point.line.min(last_row).max(Line(0));
        cursor.point.column = cursor.point.column.min(last_col);
        cursor.input_needs_wrap &= cursor.point.column == last_col;
    }
}

fn cursor(cursor: &LibCursor<Cell>) -> Cursor {
    let drawing =
        |index| matches!(cursor.charsets[index], StandardCharset::SpecialCharacterAndLineDrawing);
    use CharsetIndex::{G0, G1, G2, G3};
    Cursor {
        line: usize::try_from(cursor.point.line.0).unwrap_or(0),
        col: cursor.point.column.0,
        pending_wrap: cursor.input_needs_wrap,
        pen: pen(&cursor.template),
        drawing: [G0, G1, G2, G3].map(drawing),
    }
}

fn pen(cell: &Cell) -> Pen {
    const ATTRS: [(Flags, u8); 7] = [
        (Flags::BOLD, attr::BOLD),
        (Flags::DIM, attr::DIM),
        (Flags::ITALIC, attr::ITALIC),
        (BLINK, attr::BLINK),
        (Flags::INVERSE, attr::INVERSE),
        (Flags::HIDDEN, attr::HIDDEN),
        (Flags::STRIKEOUT, attr::STRIKE),
    ];
    const UNDERLINES: [(Flags, u8); 5] = [
        (Flags::UNDERLINE, 1),
        (Flags::DOUBLE_UNDERLINE, 2),
        (Flags::UNDERCURL, 3),
        (Flags::DOTTED_UNDERLINE, 4),
        (Flags::DASHED_UNDERLINE, 5),
    ];
    let set = |(flag, value): &(Flags, u8)| cell.flags.contains(*flag).then_some(*value);
    Pen {
        fg: colour(cell.fg),
        bg: colour(cell.bg),
        underline_colour: cell.underline_color().map_or(Colour::Default, colour),
        underline: UNDERLINES.iter().find_map(set).unwrap_or(0),
        attrs: ATTRS.iter().filter_map(set).sum(),
        link: cell.hyperlink().map(|link| {
            let id = Some(link.id()).filter(|id| !id.ends_with(MADE_UP_ID));
            Arc::new(Link { id: id.map(str::to_owned), uri: link.uri().to_owned() })
        }),
    }
}

fn colour(colour: Color) -> Colour {
    match colour {
        Color::Named(name) if (name as usize) <= NamedColor::BrightWhite as usize => {
            Colour::Named(name as u8)
        }
        Color::Named(_) => Colour::Default,
        Color::Indexed(index) => Colour::Indexed(index),
        Color::Spec(rgb) => Colour::Rgb(rgb.r, rgb.g, rgb.b),
    }
}
