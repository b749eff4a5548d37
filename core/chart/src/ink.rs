//! What a mark means, which decides its colour. Not colours: those are `theme`'s and `text`'s.

/// The meaning of a mark. No meaning is told by colour alone: each has a shape or a word too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Ink {
    /// What is drawn on.
    Paper,
    /// A box that stands off the paper a little.
    Panel,
    /// Ordinary words.
    #[default]
    Text,
    /// Words and marks of less weight: scales, captions.
    Faint,
    /// Lines of a scale behind the marks.
    Grid,
    /// A probe that asks "are you there?".
    Probe,
    /// A connection that lives, an answer.
    Alive,
    /// Silence, a miss, an end.
    Dead,
    /// The system's TCP.
    Kernel,
    /// A box on the way that forgets connections.
    Path,
    /// What people believe, and what does not happen.
    Belief,
    /// The present setting.
    Present,
    /// A setting that is only asked about.
    WhatIf,
}

impl Ink {
    /// All of them.
    pub const ALL: [Ink; 13] = [
        Ink::Paper,
        Ink::Panel,
        Ink::Text,
        Ink::Faint,
        Ink::Grid,
        Ink::Probe,
        Ink::Alive,
        Ink::Dead,
        Ink::Kernel,
        Ink::Path,
        Ink::Belief,
        Ink::Present,
        Ink::WhatIf,
    ];
}
