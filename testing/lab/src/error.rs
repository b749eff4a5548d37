//! What can go wrong while a lab is built or used.

use std::io;

/// Why the lab could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// This machine lacks something that the lab needs.
    #[error("the lab needs {what}; try: {remedy}")]
    Missing {
        /// What is not there.
        what: String,
        /// One command or action that provides it.
        remedy: String,
    },
    /// A program that the lab ran failed.
    #[error("`{command}` failed: {output}")]
    Failed {
        /// The command line.
        command: String,
        /// What it printed, or how it ended.
        output: String,
    },
    /// The operating system refused something.
    #[error("{doing}: {source}")]
    System {
        /// What was being done, with its object.
        doing: String,
        /// The refusal.
        source: io::Error,
    },
    /// A line of the control protocol that says nothing.
    #[error("`{0}` is not a lab command (see `help`)")]
    Unknown(String),
    /// A value that does not fit its command.
    #[error("`{value}` is not {wanted}")]
    BadValue {
        /// What was given.
        value: String,
        /// What would have fitted.
        wanted: &'static str,
    },
    /// Something did not happen within its time.
    #[error("{what} did not happen within {limit:?}")]
    TooSlow {
        /// What was waited for.
        what: String,
        /// How long.
        limit: std::time::Duration,
    },
}

impl LabError {
    /// Wraps a refusal of the system with what was being done.
    pub(crate) fn system<E: Into<io::Error>>(doing: impl Into<String>) -> impl FnOnce(E) -> Self {
        let doing = doing.into();
        move |source| LabError::System { doing, source: source.into() }
    }

    /// True when the machine lacks something, so that a test may report itself as not run.
    pub fn is_missing(&self) -> bool {
        matches!(self, LabError::Missing { .. })
    }
}
