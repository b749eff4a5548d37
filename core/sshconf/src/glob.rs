//! glob(3) as OpenSSH calls it for `Include`, over whatever lists folders. Opens nothing itself.

use std::path::{Path, PathBuf};

/// Finds the paths that an absolute pattern stands for: `*`, `?` and `[...]` do not match `/` nor a
/// dot at the start of a name; a backslash takes the next character as it is. `list` gives the
/// names in a folder (none for one that is not there), `exists` says whether a path is there. The
/// result is sorted by bytes, as in the C locale.
pub fn expand_glob(
    pattern: &str,
    list: &mut dyn FnMut(&Path) -> Vec<String>,
    exists: &mut dyn FnMut(&Path) -> bool,
) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::from("/")];
    for part in pattern.split('/').filter(|part| !part.is_empty()) {
        found = found.iter().flat_map(|folder| step(folder, part, list)).collect();
    }
    found.retain(|path| exists(path));
    sort_paths(&mut found);
    found
}

/// Sorts by bytes: `PathBuf`'s own order goes by components.
pub(crate) fn sort_paths(paths: &mut [PathBuf]) {
    paths.sort_by(|one, other| {
        one.as_os_str().as_encoded_bytes().cmp(other.as_os_str().as_encoded_bytes())
    });
}

fn step(folder: &Path, part: &str, list: &mut dyn FnMut(&Path) -> Vec<String>) -> Vec<PathBuf> {
    if !part.contains(['*', '?', '[']) {
        return vec![folder.join(part.replace('\\', ""))];
    }
    let names = list(folder);
    let wanted = names.iter().filter(|name| is_match(part, name));
    wanted.map(|name| folder.join(name)).collect()
}

/// Whether one name matches one part of a pattern.
fn is_match(part: &str, name: &str) -> bool {
    if name.starts_with('.') && !part.starts_with('.') {
        return false;
    }
    let (pattern, name): (Vec<char>, Vec<char>) = (part.chars().collect(), name.chars().collect());
    let (mut want, mut at) = (0, 0);
    let mut star = None;
    while at < name.len() {
        if pattern.get(want) == Some(&'*') {
            star = Some((want + 1, at));
            want += 1;
        } else if let Some(next) = one_letter(&pattern, want, name[at]) {
            want = next;
            at += 1;
        } else if let Some((after, taken)) = star {
            star = Some((after, taken + 1));
            want = after;
            at = taken + 1;
        } else {
            return false;
        }
    }
    pattern[want..].iter().all(|letter| *letter == '*')
}

/// Where the pattern goes on if its next element takes this letter.
fn one_letter(pattern: &[char], want: usize, letter: char) -> Option<usize> {
    match *pattern.get(want)? {
        '?' => Some(want + 1),
        '\\' => (*pattern.get(want + 1)? == letter).then_some(want + 2),
        '[' => match set_end(pattern, want) {
            Some(end) => in_set(&pattern[want + 1..end], letter).then_some(end + 1),
            None => (letter == '[').then_some(want + 1),
        },
        other => (other == letter).then_some(want + 1),
    }
}

/// Where a `[` closes: a `]` at once after it (or after `!`) is one of its letters.
fn set_end(pattern: &[char], open: usize) -> Option<usize> {
    let mut at = open + 1;
    if matches!(pattern.get(at), Some('!' | '^')) {
        at += 1;
    }
    (at + 1..pattern.len()).find(|at| pattern[*at] == ']')
}

fn in_set(set: &[char], letter: char) -> bool {
    let (negated, set) = match set {
        ['!' | '^', rest @ ..] => (true, rest),
        _ => (false, set),
    };
    let mut at = 0;
    let mut found = false;
    while at < set.len() {
        match set[at..] {
            [first, '-', last, ..] => {
                found |= (first..=last).contains(&letter);
                at += 3;
            }
            _ => {
                found |= set[at] == letter;
                at += 1;
            }
        }
    }
    found != negated
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_as_in_a_shell() {
        assert!(is_match("*.conf", "10-a.conf"));
        assert!(!is_match("*.conf", ".hidden.conf"));
        assert!(is_match(".*", ".hidden"));
        assert!(is_match("[0-9][!a]*", "1b"));
        assert!(!is_match("[0-9][!a]*", "1a"));
        assert!(is_match("\\*", "*"));
        assert!(is_match("[]]", "]"));
    }
}
