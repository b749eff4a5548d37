//! Stands between the parser and the library's terminal: keeps what the library hides or does not
//! know (margins, tab stops, the parked primary screen, modes, titles) and puts right what it does
//! unlike xterm. Each correction says what it corrects.

mod handler;
mod mend;

use std::collections::BTreeMap;
use std::mem;

use alacritty_terminal::event::VoidListener;
use alacritty_terminal::grid::{Dimensions, Grid};
use alacritty_terminal::index::{Column, Line, Point};
use alacritty_terminal::term::cell::{Cell, Flags};
use alacritty_terminal::term::{Term, TermMode};
use alacritty_terminal::vte::ansi::{
    CharsetIndex, ClearMode, Handler, Hyperlink, Mode, NamedMode, NamedPrivateMode, PrivateMode,
};

use crate::model::default_tabs;
use crate::modes::{Keyboard, ModeLog};
use crate::osc::Osc;

/// Blinking text, in a bit of the library's flags that the library leaves unused and copies along.
pub(crate) const BLINK: Flags = Flags::from_bits_retain(1 << 15);

/// Entering by this mode saves the cursor, leaving restores it.
const ALTERNATE_AND_CURSOR: u16 = 1049;

/// The primary screen while the alternate one is shown.
pub(crate) struct Parked {
    pub(crate) grid: Grid<Cell>,
    /// Private mode that switched: 47, 1047 or 1049.
    pub(crate) by: u16,
    pub(crate) saved: SavedModes,
}

/// What DECSC saves beside what the library saves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SavedModes {
    pub(crate) origin: bool,
    /// G1 in use instead of G0.
    pub(crate) shifted: bool,
}

/// Rows that scroll, 0-based, the end excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Region {
    pub(crate) top: usize,
    pub(crate) bottom: usize,
}

pub(crate) struct Tap {
    pub(crate) term: Term<VoidListener>,
    pub(crate) parked: Option<Parked>,
    /// Of the screen shown.
    pub(crate) saved: SavedModes,
    pub(crate) region: Region,
    pub(crate) tabs: Vec<bool>,
    pub(crate) shift: CharsetIndex,
    pub(crate) title: Option<String>,
    titles: Vec<Option<String>>,
    pub(crate) modes: ModeLog,
    pub(crate) keypad: bool,
    pub(crate) newline: bool,
    pub(crate) modify_other_keys: u8,
    pub(crate) keyboard: Keyboard,
    pub(crate) other_keyboard: Keyboard,
    /// DECSCUSR number, 0 for the terminal's own.
    pub(crate) cursor_style: u8,
    pub(crate) colours: BTreeMap<u16, String>,
}

impl Tap {
    pub(crate) fn new(term: Term<VoidListener>) -> Self {
        let (rows, cols) = (term.screen_lines(), term.columns());
        Self {
            term,
            parked: None,
            saved: SavedModes::default(),
            region: Region { top: 0, bottom: rows },
            tabs: default_tabs(0, cols),
            shift: CharsetIndex::G0,
            title: None,
            titles: Vec::new(),
            modes: ModeLog::default(),
            keypad: false,
            newline: false,
            modify_other_keys: 0,
            keyboard: Keyboard::default(),
            other_keyboard: Keyboard::default(),
            cursor_style: 0,
            colours: BTreeMap::new(),
        }
    }

    fn position(&self) -> (Point, bool) {
        let cursor = &self.term.grid().cursor;
        (cursor.point, cursor.input_needs_wrap)
    }

    pub(crate) fn osc(&mut self, osc: Osc) {
        match osc {
            Osc::Title(title) => self.title = Some(title),
            Osc::Link { id, uri } => self.term.set_hyperlink(Some(Hyperlink { id, uri })),
            Osc::LinkEnd => self.term.set_hyperlink(None),
            Osc::Colour(index, spec) => {
                self.colours.insert(index, spec);
            }
            Osc::ColourReset(index) => {
                self.colours.remove(&index);
            }
            Osc::PaletteReset => self.colours.retain(|index, _| *index > u16::from(u8::MAX)),
        }
    }

    /// DECSTR.
    pub(crate) fn soft_reset(&mut self) {
        let (point, pending) = self.position();
        self.unset_private_mode(PrivateMode::Named(NamedPrivateMode::Origin));
        self.term.set_private_mode(PrivateMode::Named(NamedPrivateMode::LineWrap));
        self.unset_mode(Mode::Named(NamedMode::Insert));
        self.set_scrolling_region(1, None);
        self.modes.note(25, true);
        self.modes.note(1, false);
        self.keypad = false;
        self.modify_other_keys = 0;
        self.cursor_style = 0;
        self.set_active_charset(CharsetIndex::G0);
        let cursor = &mut self.term.grid_mut().cursor;
        *cursor = Default::default();
        let saved = cursor.clone();
        cursor.point = point;
        cursor.input_needs_wrap = pending;
        self.term.grid_mut().saved_cursor = saved;
        self.saved = SavedModes::default();
    }

    fn saved_modes(&self) -> SavedModes {
        let origin = has(&self.term, TermMode::ORIGIN);
        SavedModes { origin, shifted: self.shift == CharsetIndex::G1 }
    }

    fn restore_modes(&mut self, saved: SavedModes) {
        let origin = PrivateMode::Named(NamedPrivateMode::Origin);
        // Setting origin mode moves the cursor.
        let cursor = self.term.grid().cursor.clone();
        match saved.origin {
            true => self.term.set_private_mode(origin),
            false => self.term.unset_private_mode(origin),
        }
        let (top, last) = (self.region.top as i32, self.region.bottom as i32 - 1);
        let point = &mut self.term.grid_mut().cursor.point;
        *point = cursor.point;
        if saved.origin {
            point.line = Line(point.line.0.clamp(top, last));
        }
        self.term.grid_mut().cursor.input_needs_wrap = cursor.input_needs_wrap;
        self.set_active_charset(if saved.shifted { CharsetIndex::G1 } else { CharsetIndex::G0 });
    }

    fn alternate(&mut self, on: bool, by: u16) {
        match (on, self.parked.take()) {
            (true, None) => {
                let (rows, cols) = (self.term.screen_lines(), self.term.columns());
                let mut empty = Grid::new(rows, cols, 0);
                empty.cursor = self.term.grid().cursor.clone();
                let mut grid = mem::replace(self.term.grid_mut(), empty);
                if by == ALTERNATE_AND_CURSOR {
                    grid.saved_cursor = grid.cursor.clone();
                    self.saved = self.saved_modes();
                }
                self.term.swap_alt();
                self.term.grid_mut().saved_cursor = Default::default();
                let saved = mem::take(&mut self.saved);
                self.parked = Some(Parked { grid, by, saved });
                // Clearing, by which this mode differs from the others, ends the wait to wrap.
                self.term.grid_mut().cursor.input_needs_wrap &= by != ALTERNATE_AND_CURSOR;
            }
            (false, Some(parked)) => {
                let cursor = self.term.grid().cursor.clone();
                self.term.swap_alt();
                *self.term.grid_mut() = parked.grid;
                self.saved = parked.saved;
                match (parked.by, by) {
                    // The cursor as it was left, moved along by any resize since.
                    (ALTERNATE_AND_CURSOR, ALTERNATE_AND_CURSOR) => self.restore_modes(self.saved),
                    (_, ALTERNATE_AND_CURSOR) => self.restore_cursor_position(),
                    _ => self.term.grid_mut().cursor = cursor,
                }
            }
            // Asked for what is so already, xterm still saves and clears, or restores.
            (true, parked) => {
                self.parked = parked;
                if by == ALTERNATE_AND_CURSOR {
                    self.save_cursor_position();
                    self.clear_screen(ClearMode::All);
                }
                return;
            }
            (false, None) => {
                if by == ALTERNATE_AND_CURSOR {
                    self.restore_cursor_position();
                }
                return;
            }
        }
        mem::swap(&mut self.keyboard, &mut self.other_keyboard);
    }

    /// Moves the cursor up or down; the margins stop it if it was within them.
    fn vertical(&mut self, delta: i32) {
        let last = self.term.screen_lines() as i32 - 1;
        let (top, bottom) = (self.region.top as i32, self.region.bottom as i32 - 1);
        let cursor = &mut self.term.grid_mut().cursor;
        let line = cursor.point.line.0;
        let low = if line >= top { top } else { 0 };
        let high = if line <= bottom { bottom } else { last };
        cursor.point.line = Line((line + delta).clamp(low, high));
        cursor.input_needs_wrap = false;
    }

    fn column(&mut self, col: usize) {
        let last = self.term.columns() - 1;
        let cursor = &mut self.term.grid_mut().cursor;
        cursor.point.column = Column(col.min(last));
        cursor.input_needs_wrap = false;
    }

    fn private_mode(&mut self, mode: PrivateMode, on: bool) {
        match mode.raw() {
            by @ (47 | 1047 | 1049) => self.alternate(on, by),
            1048 if on => self.save_cursor_position(),
            1048 => self.restore_cursor_position(),
            6 if on => self.term.set_private_mode(mode),
            6 => {
                self.term.unset_private_mode(mode);
                self.term.goto(0, 0);
            }
            7 if on => self.term.set_private_mode(mode),
            7 => self.term.unset_private_mode(mode),
            // Column mode (3) is off by default in every terminal of today.
            raw => self.modes.note(raw, on),
        }
    }
}

/// Whether the library's terminal has this mode on.
pub(crate) fn has(term: &Term<VoidListener>, mode: TermMode) -> bool {
    term.mode().contains(mode)
}
