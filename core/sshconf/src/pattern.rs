//! OpenSSH's patterns: `*`, `?`, lists with commas and `!`. Not shell globs, not addresses.

/// What a list of patterns says of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listed {
    /// A pattern matches and no negated one does.
    Yes,
    /// No pattern matches.
    No,
    /// A negated pattern matches.
    Negated,
}

/// A part of a list longer than this makes OpenSSH give the whole list up.
const MAX_PATTERN: usize = 1022;

/// Whether a name matches one pattern, case and all.
pub(crate) fn matches(name: &str, pattern: &str) -> bool {
    let (name, pattern) = (name.as_bytes(), pattern.as_bytes());
    let (mut at, mut want) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while at < name.len() {
        match pattern.get(want) {
            Some(b'*') => {
                star = Some((want, at));
                want += 1;
            }
            Some(byte) if *byte == b'?' || *byte == name[at] => {
                want += 1;
                at += 1;
            }
            _ => {
                let Some((after, taken)) = star else { return false };
                star = Some((after, taken + 1));
                want = after + 1;
                at = taken + 1;
            }
        }
    }
    pattern[want..].iter().all(|byte| *byte == b'*')
}

/// Looks a name up in a list of patterns between commas.
pub(crate) fn in_list(name: &str, list: &str) -> Listed {
    let mut found = Listed::No;
    for part in list.split(',') {
        let (pattern, negated) = match part.strip_prefix('!') {
            Some(pattern) => (pattern, true),
            None => (part, false),
        };
        if pattern.len() > MAX_PATTERN {
            return Listed::No;
        }
        if part.is_empty() || !matches(name, pattern) {
            continue;
        }
        if negated {
            return Listed::Negated;
        }
        found = Listed::Yes;
    }
    found
}

/// Looks a host name up in a list of patterns; case does not matter.
pub(crate) fn host_in_list(host: &str, list: &str) -> Listed {
    in_list(&host.to_ascii_lowercase(), &list.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards() {
        assert!(matches("alpha.lab", "*.lab"));
        assert!(matches("aab", "a*?b"));
        assert!(matches("", "*"));
        assert!(!matches("alpha", "alph"));
        assert!(!matches("Alpha", "alpha"));
        assert!(matches("abcabcabd", "*abd"));
    }

    #[test]
    fn a_negated_pattern_vetoes_its_list() {
        assert_eq!(in_list("root", "*,!root"), Listed::Negated);
        assert_eq!(in_list("anna", "!root"), Listed::No);
        assert_eq!(in_list("anna", "a*,b*"), Listed::Yes);
        assert_eq!(host_in_list("WWW.lab", "www.LAB"), Listed::Yes);
    }
}
