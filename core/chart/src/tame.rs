//! Words from outside made fit to be drawn: one line, known width, no control over the terminal.

/// More letters than these are cut off: no host or path needs them in a chart.
pub(crate) const MAX_LETTERS: usize = 400;

/// Marks of ours that are one column wide everywhere.
const MARKS: &str = "━╌┄·✗●○▶◀│─├┬┴┤┼┊×…✓→←≥≤∞–’“”";

/// Letters that are one column wide stay; control characters, joiners, direction marks, and what
/// may be two columns wide or none, become `?`.
pub(crate) fn tame(text: &str) -> String {
    let fit = |letter: char| match letter {
        '\n' | '\t' => ' ',
        ' '..='~' | '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{2ff}' => letter,
        _ if MARKS.contains(letter) => letter,
        _ => '?',
    };
    text.chars().take(MAX_LETTERS).map(fit).collect()
}

/// Words in lines of at most `width` letters. A longer word is broken.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let mut rest: Vec<char> = word.chars().collect();
        loop {
            let line = lines.last_mut().expect("there is always a line");
            let used = line.chars().count();
            let gap = usize::from(used > 0);
            if used + gap + rest.len() <= width {
                line.push_str(&" "[..gap]);
                line.extend(rest);
                break;
            }
            if used > 0 {
                lines.push(String::new());
                continue;
            }
            line.extend(rest.drain(..width));
            lines.push(String::new());
        }
    }
    lines.retain(|line| !line.is_empty());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_moves_the_cursor_or_changes_direction() {
        assert_eq!(tame("a\u{1b}[2Jb\r\nc\u{202e}d\u{9b}e漢\u{300}é"), "a?[2Jb? c?d?e??é");
        assert_eq!(tame(&"x".repeat(9_999)).len(), MAX_LETTERS);
    }

    #[test]
    fn lines_are_never_wider_than_asked_for() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh i", 3), ["abc", "def", "gh", "i"]);
        assert!(wrap("  ", 5).is_empty());
        for width in 0..20 {
            let lines = wrap("a few words and averyveryverylongone", width);
            assert!(lines.iter().all(|line| line.chars().count() <= width.max(1)), "{lines:?}");
        }
    }
}
