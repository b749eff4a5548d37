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

/// Reads what a benchmark is asked: `--write`, and settings that `take` knows by their words, each with a
/// value. Whether to write.
pub(crate) fn read(
    words: &[&str],
    usage: &str,
    mut take: impl FnMut(&str, &str) -> Result<(), String>,
) -> Result<bool, String> {
    let mut write = false;
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if *word == "--write" {
            write = true;
        } else {
            take(word, words.next().ok_or(usage)?)?;
        }
    }
    Ok(write)
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
