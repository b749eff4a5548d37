//! The moments of a change after which the world is different: for progress, and for tests that
//! kill at each. Not a way to change what happens.

/// Something was just done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The operation's folder is there, without a record.
    FolderMade,
    /// The bytes before and after are kept.
    BackupsKept,
    /// The intention is written down.
    IntentWritten,
    /// The new file exists beside the old one, empty.
    FreshMade,
    /// It has its bytes, perhaps only in memory.
    FreshWritten,
    /// It has the old one's owner, mode and attributes.
    FreshLike,
    /// It is on the disk.
    FreshSynced,
    /// It has taken the old one's place.
    Renamed,
    /// That is on the disk.
    FolderSynced,
    /// The outcome is written down.
    OutcomeWritten,
}

impl Step {
    /// All of them, in order.
    pub const ALL: [Step; 10] = [
        Step::FolderMade,
        Step::BackupsKept,
        Step::IntentWritten,
        Step::FreshMade,
        Step::FreshWritten,
        Step::FreshLike,
        Step::FreshSynced,
        Step::Renamed,
        Step::FolderSynced,
        Step::OutcomeWritten,
    ];
}

/// Is told of each step.
pub type Watcher<'a> = dyn FnMut(Step) + 'a;

/// For whoever does not want to know.
pub fn unwatched(_: Step) {}
