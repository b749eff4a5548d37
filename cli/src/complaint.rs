//! Errors as people read them: what is wrong, the evidence, one thing to try.

use std::fmt;

use crate::exit::Exit;
use crate::print;

/// `error`, `because`, `try`, and the exit status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Complaint {
    error: String,
    because: Option<String>,
    remedy: Option<String>,
    exit: Exit,
}

impl Complaint {
    /// What is wrong, with the value; exit status 255 as ssh has it.
    pub(crate) fn new(error: impl Into<String>) -> Self {
        Complaint { error: error.into(), because: None, remedy: None, exit: Exit::FAILED }
    }

    /// The evidence. Nothing when it is empty.
    pub(crate) fn because(mut self, evidence: impl Into<String>) -> Self {
        self.because = Some(evidence.into()).filter(|evidence| !evidence.is_empty());
        self
    }

    /// One thing to try.
    pub(crate) fn try_this(mut self, command: impl Into<String>) -> Self {
        self.remedy = Some(command.into());
        self
    }

    /// Another exit status.
    pub(crate) fn exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    /// Prints it; gives the exit status.
    pub(crate) fn report(&self) -> Exit {
        print::note(self);
        self.exit
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.error)?;
        if let Some(because) = &self.because {
            write!(f, "\nbecause: {}", because.replace('\n', "\n         "))?;
        }
        if let Some(remedy) = &self.remedy {
            write!(f, "\ntry: {remedy}")?;
        }
        Ok(())
    }
}

impl From<std::io::Error> for Complaint {
    fn from(error: std::io::Error) -> Self {
        Complaint::new("the system refused").because(error.to_string())
    }
}
