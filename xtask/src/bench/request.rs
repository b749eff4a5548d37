//! What a benchmark is asked to compare, as words on the command line.

use abide_lab::Profile;

use super::tool::Tool;

/// Where, what with, how often.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) profiles: Vec<Profile>,
    pub(crate) tools: Vec<Tool>,
    pub(crate) runs: usize,
}

/// Names with commas between them.
pub(crate) fn list<T>(
    words: &str,
    find: impl Fn(&str) -> Option<T>,
    usage: &str,
) -> Result<Vec<T>, String> {
    let known = |word| find(word).ok_or_else(|| format!("{word:?} is unknown\n{usage}"));
    words.split(',').map(known).collect()
}

/// A number that is not zero.
pub(crate) fn number(word: &str, usage: &str) -> Result<usize, String> {
    word.parse().ok().filter(|number| *number > 0).ok_or_else(|| usage.to_owned())
}
