//! Where typing is known to be echoed: earned by an echo that was seen, remembered for prompts that
//! look the same, and in editors that say on the screen that text is being typed. A password prompt
//! is none of these.

use abide_screen::Screen;

/// Prompts remembered; at it the oldest is forgotten.
const PROMPTS_MAX: usize = 32;
/// Longest prompt remembered, characters. Longer ones are trusted anew each time.
const PROMPT_MAX: usize = 256;

/// What fish's `read` asks with, for secrets (`--silent`) as for anything else.
const FISH_READS: &str = "read>";

/// Rows at the bottom that editors use for themselves, at most.
pub(crate) const EDITOR_BARS: u16 = 3;

/// The terminal at the far end, as the keeper sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tty {
    /// The kernel echoes what is typed.
    pub echo: bool,
    /// The kernel edits lines; off in line editors and full-screen programs.
    pub canonical: bool,
}

impl Tty {
    /// A line is read without showing it: a password.
    pub(crate) fn hides(self) -> bool {
        self.canonical && !self.echo
    }

    /// The program does its own echo, if any.
    pub(crate) fn is_raw(self) -> bool {
        !self.canonical && !self.echo
    }
}

/// Texts left of the cursor at which typing was echoed before.
#[derive(Clone, Debug, Default)]
pub(crate) struct Prompts(Vec<String>);

impl Prompts {
    /// Typing was echoed at a place that this text led up to.
    pub(crate) fn learn(&mut self, prompt: String) {
        if !is_telling(&prompt) || self.knows(&prompt) {
            return;
        }
        if self.0.len() == PROMPTS_MAX {
            self.0.remove(0);
        }
        self.0.push(prompt);
    }

    /// Whether this very text led up to an echo before.
    pub(crate) fn knows(&self, prompt: &str) -> bool {
        self.0.iter().any(|known| known == prompt)
    }

    /// The known prompt that this text begins with.
    pub(crate) fn known_start(&self, text: &str) -> Option<&str> {
        self.0.iter().map(String::as_str).find(|known| text.starts_with(known))
    }

    /// Whether a known prompt begins with the same word and ends in the same sign, where it is one
    /// that shells use, while a line editor has just said that it reads (bracketed paste): the folder in
    /// it may differ. The sign alone is not enough: line editors also ask for secrets (fish's
    /// `read --silent`), and say `>` at the end.
    pub(crate) fn knows_kind(&self, prompt: &str) -> bool {
        kind(prompt).is_some_and(|kind| self.0.iter().any(|known| self::kind(known) == Some(kind)))
    }
}

/// Whether a text looks like the prompt of a shell that says for whom or where it is.
pub(crate) fn is_shell(prompt: &str) -> bool {
    sign(prompt).is_some() && prompt.contains(['@', '~', '/'])
}

/// A blank text says nothing of who reads; and a question may be asked again for an answer that is
/// not to be seen.
fn is_telling(prompt: &str) -> bool {
    let text = prompt.trim();
    let asks = text.ends_with([':', '?']) || text == FISH_READS;
    !text.is_empty() && !asks && prompt.chars().count() <= PROMPT_MAX
}

/// What a prompt has in common with itself in another folder: its first word, which is empty only
/// where it begins with the folder, and its sign.
fn kind(prompt: &str) -> Option<(&str, char)> {
    let sign = sign(prompt)?;
    let is_word = |ch: char| ch.is_alphanumeric() || "@_-.[(".contains(ch);
    let word = prompt.split(|ch| !is_word(ch)).next().unwrap_or_default();
    (!word.is_empty() || prompt.starts_with(['~', '/'])).then_some((word, sign))
}

/// The sign before the last blank, where a shell or interpreter has one.
fn sign(prompt: &str) -> Option<char> {
    let sign = prompt.strip_suffix(' ')?.chars().next_back()?;
    "$#%>❯➜»λ".contains(sign).then_some(sign)
}

/// Whether an editor says on the screen that it takes text.
pub(crate) fn is_editor(screen: &Screen) -> bool {
    if !screen.is_alternate() {
        return false;
    }
    let size = screen.size();
    let title = screen.text_before(0, size.cols);
    // Further down nano asks, and takes single keys for an answer.
    let in_text = screen.cursor().row + EDITOR_BARS < size.rows;
    is_inserting(screen) || (in_text && title.trim_start().starts_with("GNU nano"))
}

/// Whether vim says that it takes text.
pub(crate) fn is_inserting(screen: &Screen) -> bool {
    let size = screen.size();
    screen.is_alternate()
        && screen.text_before(size.rows - 1, size.cols).starts_with("-- INSERT --")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_is_known_by_its_text_or_its_sign() {
        let mut prompts = Prompts::default();
        prompts.learn("ann@host:~$ ".into());
        assert!(prompts.knows("ann@host:~$ ") && !prompts.knows("ann@host:/tmp$ "));
        assert!(prompts.knows_kind("ann@host:/tmp$ "));
        for other in ["Password: ", "ann@host:/tmp# ", "$", "", "(yes/no)? ", "secret$ ", "$ "] {
            assert!(!prompts.knows(other) && !prompts.knows_kind(other), "{other}");
        }
    }

    #[test]
    fn a_prompt_that_begins_with_the_folder_is_known_in_another() {
        let mut prompts = Prompts::default();
        prompts.learn("~/work ❯ ".into());
        assert!(prompts.knows_kind("/tmp ❯ ") && prompts.knows_kind("~ ❯ "));
        assert!(!prompts.knows_kind("❯ ") && !prompts.knows_kind("key ❯ "));
    }

    #[test]
    fn what_fish_asks_with_for_anything_is_not_remembered() {
        let mut prompts = Prompts::default();
        prompts.learn("ann@host ~> ".into());
        prompts.learn("read> ".into());
        assert!(!prompts.knows("read> ") && !prompts.knows_kind("read> "));
    }

    #[test]
    fn the_prompt_of_a_shell_says_for_whom_or_where() {
        for shell in ["ann@host:~$ ", "/tmp # ", "ann@host ~> "] {
            assert!(is_shell(shell), "{shell}");
        }
        for other in ["> ", "secret> ", "read> ", ">>> ", "ann@host's password: ", "~$"] {
            assert!(!is_shell(other), "{other}");
        }
    }

    #[test]
    fn blanks_are_no_prompt_and_memory_is_bounded() {
        let mut prompts = Prompts::default();
        prompts.learn("   ".into());
        prompts.learn("x".repeat(PROMPT_MAX + 1));
        assert!(prompts.0.is_empty());
        (0..100).for_each(|n| prompts.learn(format!("{n}$ ")));
        assert_eq!(prompts.0.len(), PROMPTS_MAX);
        assert!(prompts.knows("99$ ") && !prompts.knows("0$ "));
    }
}
