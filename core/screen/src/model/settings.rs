//! What an application sets that does not change the cells: titles, modes, keyboard, colours.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Model;
use crate::links::{Link, LinkId};
use crate::modes::{Keyboard, ModeLog};
use crate::osc::Osc;

/// Most titles kept by XTWINOPS 22; at the limit the oldest is dropped.
pub(crate) const MAX_TITLES: usize = 10;

/// Settings, shared with copies until they change.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    pub(crate) title: Option<String>,
    titles: Vec<Option<String>>,
    pub(crate) modes: ModeLog,
    pub(crate) keypad: bool,
    pub(crate) modify_other_keys: u8,
    /// Of the screen shown.
    pub(crate) keyboard: Keyboard,
    pub(crate) other_keyboard: Keyboard,
    /// DECSCUSR number, 0 for the terminal's own.
    pub(crate) cursor_style: u8,
    pub(crate) colours: BTreeMap<u16, String>,
}

impl Settings {
    /// Those of a fresh terminal, but for the keyboard's.
    pub(crate) fn fresh(keyboard: Keyboard) -> Self {
        Self { keyboard, ..Self::default() }
    }

    fn push_title(&mut self) {
        if self.titles.len() == MAX_TITLES {
            self.titles.remove(0);
        }
        self.titles.push(self.title.clone());
    }

    fn pop_title(&mut self) {
        if let Some(title) = self.titles.pop() {
            self.title = title;
        }
    }
}

impl Model {
    pub(super) fn settings_mut(&mut self) -> &mut Settings {
        Arc::make_mut(&mut self.settings)
    }

    pub(super) fn set(&mut self, osc: Osc) {
        match osc {
            Osc::Title(title) => self.settings_mut().title = Some(title),
            Osc::Link { id, uri } => self.cursor.pen.link = self.link_id(Link { id, uri }),
            Osc::LinkEnd => self.cursor.pen.link = LinkId::NONE,
            Osc::Colour(index, spec) => {
                self.settings_mut().colours.insert(index, spec);
            }
            Osc::ColourReset(index) => {
                self.settings_mut().colours.remove(&index);
            }
            Osc::PaletteReset => {
                self.settings_mut().colours.retain(|index, _| *index > u16::from(u8::MAX));
            }
        }
    }

    /// XTWINOPS, of which titles alone are kept: 0 and 2 mean the window's, 1 the icon's.
    pub(super) fn window(&mut self, operation: usize, which: usize) {
        match (operation, which) {
            (22, 0 | 2) => self.settings_mut().push_title(),
            (23, 0 | 2) => self.settings_mut().pop_title(),
            _ => {}
        }
    }

    /// DECSET and DECRST.
    pub(super) fn private_mode(&mut self, mode: u16, on: bool) {
        match mode {
            6 => {
                self.origin = on;
                self.go(0, 0);
            }
            7 => self.autowrap = on,
            47 | 1047 | 1049 => self.alternate(on, mode),
            69 => {
                self.sides = on;
                if !on {
                    self.reset_sides();
                }
            }
            1048 if on => self.save_cursor(),
            1048 => self.restore_cursor(),
            // Column mode (3) is off by default in every terminal of today.
            _ if ModeLog::keeps(mode) => self.settings_mut().modes.note(mode, on),
            _ => {}
        }
    }

    /// SM and RM.
    pub(super) fn mode(&mut self, mode: u16, on: bool) {
        match mode {
            4 => self.insert = on,
            20 => self.newline = on,
            _ => {}
        }
    }

    /// Kitty keyboard protocol, `CSI > u`, `CSI < u`, `CSI = u`.
    pub(super) fn keyboard(&mut self, private: u8, first: usize, second: usize) {
        // Five flags are defined; a terminal keeps no others.
        let flags = (first & 0x1f) as u8;
        let keyboard = &mut self.settings_mut().keyboard;
        match (private, second) {
            (b'>', _) => keyboard.push(flags),
            (b'<', _) => keyboard.pop(first.max(1)),
            (_, 0 | 1) => keyboard.set(|_| flags),
            (_, 2) => keyboard.set(|before| before | flags),
            (_, 3) => keyboard.set(|before| before & !flags),
            _ => {}
        }
    }

    /// XTMODKEYS: modifyOtherKeys (4) alone is kept; without a value, or reset, it is off.
    pub(super) fn modify_keys(&mut self, resource: usize, value: usize) {
        if resource == 4 {
            self.settings_mut().modify_other_keys = if value <= 2 { value as u8 } else { 0 };
        }
    }

    /// DECSCUSR.
    pub(super) fn cursor_style(&mut self, style: usize) {
        if style <= 6 {
            self.settings_mut().cursor_style = style as u8;
        }
    }
}
