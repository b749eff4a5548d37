//! How many columns a character takes.

use unicode_width::UnicodeWidthChar;

/// Columns of a character: 0 for marks, 1 or 2; none for control characters.
#[inline]
pub(crate) fn width(ch: char) -> Option<usize> {
    // Han, Kana and Hangul by range: most of what is wide, without a look into tables.
    match ch {
        ' '..='~' => Some(1),
        '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' => Some(2),
        _ => ch.width(),
    }
}
