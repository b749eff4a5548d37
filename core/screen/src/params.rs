//! The numbers of a control sequence, with sub-parameters (`4:3`) told from parameters.

/// Most numbers of one sequence that are kept; further ones are ignored, as xterm does (NPARAM).
pub(crate) const MAX_PARAMS: usize = 32;

/// Numbers saturate at 65,535. A missing one is 0.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Params {
    values: [u16; MAX_PARAMS],
    /// Bit n: number n is a sub-parameter of the one before.
    subs: u32,
    /// Numbers begun, also those past the maximum.
    begun: usize,
}

impl Params {
    pub(crate) fn clear(&mut self) {
        self.values[..self.begun.min(MAX_PARAMS)].fill(0);
        (self.subs, self.begun) = (0, 0);
    }

    pub(crate) fn digit(&mut self, byte: u8) {
        self.begun = self.begun.max(1);
        if let Some(value) = self.values.get_mut(self.begun - 1) {
            *value = value.saturating_mul(10).saturating_add(u16::from(byte - b'0'));
        }
    }

    pub(crate) fn separator(&mut self, sub: bool) {
        self.begun = self.begun.max(1);
        if sub && self.begun < MAX_PARAMS {
            self.subs |= 1 << self.begun;
        }
        self.begun = (self.begun + 1).min(MAX_PARAMS + 1);
    }

    /// All numbers; at least one.
    pub(crate) fn all(&self) -> &[u16] {
        &self.values[..self.begun.clamp(1, MAX_PARAMS)]
    }

    /// A number as it is.
    pub(crate) fn get(&self, index: usize) -> usize {
        self.all().get(index).copied().unwrap_or(0).into()
    }

    /// A number that means 1 when it is missing or 0.
    pub(crate) fn count(&self, index: usize) -> usize {
        self.get(index).max(1)
    }

    pub(crate) fn has_subs(&self) -> bool {
        self.subs != 0
    }

    /// The parameter that begins at `index` with its sub-parameters.
    pub(crate) fn group(&self, index: usize) -> &[u16] {
        let all = self.all();
        let subs = (index + 1..all.len()).take_while(|at| self.subs & (1 << at) != 0).count();
        &all[index.min(all.len())..(index + 1 + subs).min(all.len())]
    }
}
