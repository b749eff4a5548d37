//! Size of a terminal in cells. Not pixels.

/// Fewest rows a [`crate::Screen`] has.
pub const MIN_ROWS: u16 = 1;
/// Most rows a [`crate::Screen`] has.
pub const MAX_ROWS: u16 = 1000;
/// Fewest columns a [`crate::Screen`] has: a wide character needs two.
pub const MIN_COLS: u16 = 2;
/// Most columns a [`crate::Screen`] has.
pub const MAX_COLS: u16 = 2000;

/// Rows and columns of a terminal. Any value may be given; [`crate::Screen`] clamps it to
/// [`MIN_ROWS`]`..=`[`MAX_ROWS`] and [`MIN_COLS`]`..=`[`MAX_COLS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Size {
    /// Number of rows.
    pub rows: u16,
    /// Number of columns.
    pub cols: u16,
}

impl Size {
    /// The nearest size that a [`crate::Screen`] can have.
    pub fn clamped(self) -> Self {
        Self {
            rows: self.rows.clamp(MIN_ROWS, MAX_ROWS),
            cols: self.cols.clamp(MIN_COLS, MAX_COLS),
        }
    }
}
