//! Tab stops.

use super::Model;

/// Distance of tab stops after a reset.
const TAB: usize = 8;

pub(crate) fn default_tabs(from: usize, to: usize) -> Vec<bool> {
    (from..to).map(|col| col % TAB == 0).collect()
}

impl Model {
    /// Moves right by tab stops; the right end stops too, and there a wait to wrap goes on.
    pub(super) fn tab_forward(&mut self, count: usize) {
        for _ in 0..count {
            let (from, last) = (self.cursor.col + 1, self.edge() - 1);
            if from > last {
                return;
            }
            let next = self.tabs[from..last].iter().position(|stop| *stop);
            self.cursor.col = next.map_or(last, |ahead| from + ahead);
            self.cursor.pending = false;
        }
    }

    pub(super) fn tab_back(&mut self, count: usize) {
        let first = if self.origin { self.margins.left } else { 0 };
        for _ in 0..count.min(self.cols()) {
            let before = &self.tabs[..self.cursor.col];
            self.cursor.col = before.iter().rposition(|stop| *stop).unwrap_or(0).max(first);
            self.cursor.pending = false;
        }
    }

    pub(super) fn set_tab(&mut self) {
        self.tabs[self.cursor.col] = true;
    }

    /// TBC: the stop here, or all.
    pub(super) fn clear_tab(&mut self, which: usize) {
        match which {
            0 => self.tabs[self.cursor.col] = false,
            3 => self.tabs.fill(false),
            _ => {}
        }
    }

    pub(super) fn reset_tabs(&mut self) {
        self.tabs = default_tabs(0, self.cols());
    }

    pub(super) fn resize_tabs(&mut self, cols: usize) {
        let known = self.tabs.len().min(cols);
        self.tabs.truncate(cols);
        self.tabs.extend(default_tabs(known, cols));
    }
}
