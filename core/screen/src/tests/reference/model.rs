//! Drives the library's parser and terminal and hands out what they hold as plain values.

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

use super::ground::Piece;
use super::tap::{BLINK, Tap, has};
use crate::links::Link;
use crate::model::Buffer;
use crate::osc;
use crate::pen::{Shade, attr};
use crate::size::Size;
use crate::tests::view::{Cursor, Glyph, Pen, Row, Settings, State};

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

pub(crate) struct Model {
    parser: Processor<NoSync>,
    pub(crate) tap: Tap,
}

impl Model {
    pub(crate) fn new(size: Size, scrollback_max: usize) -> Self {
        let config = Config { scrolling_history: scrollback_max, ..Config::default() };
        let tap = Tap::new(Term::new(config, &Dims(size), VoidListener));
        Self { parser: Processor::new(), tap }
    }

    pub(crate) fn take(&mut self, piece: Piece<'_>) {
        match piece {
            Piece::Plain(bytes) => self.parser.advance(&mut self.tap, bytes),
            Piece::Osc(payload) => osc::parse(payload, |osc| self.tap.osc(osc)),
            Piece::SoftReset => self.tap.soft_reset(),
        }
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
        Row { glyphs, wraps: flags.contains(Flags::WRAPLINE) }
    }

    pub(crate) fn state(&self, buffer: Buffer) -> State {
        let tap = &self.tap;
        let history = if buffer == Buffer::Primary { self.history() as i32 } else { 0 };
        let saved = match buffer {
            Buffer::Primary => tap.parked.as_ref().map_or(tap.saved, |parked| parked.saved),
            Buffer::Active => tap.saved,
        };
        let other_keyboard = self.is_alternate().then(|| tap.other_keyboard.clone());
        State {
            rows: (-history..self.rows() as i32).map(|line| self.row(buffer, line)).collect(),
            cursor: self.cursor(buffer),
            settings: Settings {
                saved: (self.saved_cursor(buffer), saved.origin, saved.shifted.into()),
                margins: [tap.region.top, tap.region.bottom, 0, self.tap.term.columns()],
                tabs: tap.tabs.clone(),
                modes: tap.modes.clone(),
                keyboards: (tap.keyboard.clone(), other_keyboard),
                flags: [
                    has(&tap.term, TermMode::LINE_WRAP),
                    has(&tap.term, TermMode::ORIGIN),
                    has(&tap.term, TermMode::INSERT),
                    tap.keypad,
                    tap.newline,
                    self.is_alternate(),
                    false,
                ],
                shift: (tap.shift == CharsetIndex::G1).into(),
                title: tap.title.clone(),
                style: (tap.cursor_style, tap.modify_other_keys),
                colours: tap.colours.clone().into_iter().collect(),
            },
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
        underline_colour: cell.underline_color().map_or(Shade::Default, colour),
        underline: UNDERLINES.iter().find_map(set).unwrap_or(0),
        attrs: ATTRS.iter().filter_map(set).sum(),
        link: cell.hyperlink().map(|link| {
            let id = Some(link.id()).filter(|id| !id.ends_with(MADE_UP_ID));
            Arc::new(Link { id: id.map(str::to_owned), uri: link.uri().to_owned() })
        }),
    }
}

fn colour(colour: Color) -> Shade {
    match colour {
        Color::Named(name) if (name as usize) <= NamedColor::BrightWhite as usize => {
            Shade::Named(name as u8)
        }
        Color::Named(_) => Shade::Default,
        Color::Indexed(index) => Shade::Indexed(index),
        Color::Spec(rgb) => Shade::Rgb(rgb.r, rgb.g, rgb.b),
    }
}
