//! Bytes that change a terminal's settings: titles, modes, keyboard, colours, tabs. Not its cells.

use crate::model::{Model, Settings};
use crate::osc::DYNAMIC_COLOUR;
use crate::paint::Painter;

/// From the settings of one model to those of another.
pub(crate) fn settings(painter: &mut Painter, from: &Model, to: &Model) {
    if !std::sync::Arc::ptr_eq(&from.settings, &to.settings) {
        shared(painter, &from.settings, &to.settings);
    }
    if from.newline != to.newline {
        painter.put(if to.newline { "\x1b[20h" } else { "\x1b[20l" });
    }
    if from.tabs != to.tabs {
        tabs(painter, &to.tabs);
    }
}

/// From some settings to others; `Settings::default()` are those of a fresh terminal.
pub(crate) fn shared(painter: &mut Painter, from: &Settings, to: &Settings) {
    if from.title != to.title {
        painter.put(format!("\x1b]2;{}\x1b\\", to.title.as_deref().unwrap_or_default()));
    }
    colours(painter, from, to);
    if from.cursor_style != to.cursor_style {
        painter.put(format!("\x1b[{} q", to.cursor_style));
    }
    if from.keyboard != to.keyboard {
        from.keyboard.undo(&mut painter.out);
        to.keyboard.write(&mut painter.out);
    }
    if from.modes != to.modes {
        from.modes.undo(&to.modes, &mut painter.out);
        // In the order that they were said: mouse modes exclude each other.
        to.modes.write(&mut painter.out);
    }
    if from.keypad != to.keypad {
        painter.put(if to.keypad { "\x1b=" } else { "\x1b>" });
    }
    if from.modify_other_keys != to.modify_other_keys {
        painter.put(format!("\x1b[>4;{}m", to.modify_other_keys));
    }
}

fn colours(painter: &mut Painter, from: &Settings, to: &Settings) {
    for index in from.colours.keys().filter(|index| !to.colours.contains_key(index)) {
        match index.checked_sub(DYNAMIC_COLOUR) {
            Some(offset) => painter.put(format!("\x1b]{}\x1b\\", 110 + offset)),
            None => painter.put(format!("\x1b]104;{index}\x1b\\")),
        }
    }
    for (index, spec) in to.colours.iter().filter(|(of, spec)| from.colours.get(of) != Some(spec)) {
        match index.checked_sub(DYNAMIC_COLOUR) {
            Some(offset) => painter.put(format!("\x1b]{};{spec}\x1b\\", 10 + offset)),
            None => painter.put(format!("\x1b]4;{index};{spec}\x1b\\")),
        }
    }
}

/// Clears all tab stops and sets these.
fn tabs(painter: &mut Painter, tabs: &[bool]) {
    painter.put("\x1b[3g");
    for (col, _) in tabs.iter().enumerate().filter(|(_, stop)| **stop) {
        painter.put(format!("\x1b[{}G\x1bH", col + 1));
    }
}
