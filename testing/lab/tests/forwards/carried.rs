//! One connection inside a forward, as the trial sees it: how far it has come, and how it ended.
//! The connections themselves are in files of their own.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use abide_lab::Trouble;

use crate::stage::Way;

/// What a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Queries,
    Download,
    Chat,
    Idle,
}

impl Kind {
    pub(crate) const ALL: [Kind; 4] = [Kind::Queries, Kind::Download, Kind::Chat, Kind::Idle];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Queries => "PostgreSQL",
            Kind::Download => "HTTP download",
            Kind::Chat => "chat",
            Kind::Idle => "idle",
        }
    }
}

/// A connection's progress: written by its thread, read by the trial.
#[derive(Default)]
pub(crate) struct Progress {
    /// Bytes of a download, answers of the others.
    pub(crate) steps: AtomicU64,
    /// Set by the trial: come to an end.
    finish: AtomicBool,
    end: Mutex<Option<Result<(), String>>>,
}

impl Progress {
    pub(crate) fn steps(&self) -> u64 {
        self.steps.load(Ordering::SeqCst)
    }

    pub(crate) fn step(&self, by: u64) {
        self.steps.fetch_add(by, Ordering::SeqCst);
    }

    pub(crate) fn shall_finish(&self) -> bool {
        self.finish.load(Ordering::SeqCst)
    }

    pub(crate) fn finish(&self) {
        self.finish.store(true, Ordering::SeqCst);
    }

    /// How it ended; `None` while it has not.
    pub(crate) fn end(&self) -> Option<Result<(), String>> {
        self.end.lock().unwrap().clone()
    }

    fn set_end(&self, end: Result<(), String>) {
        self.end.lock().unwrap().get_or_insert(end);
    }
}

/// A connection under way.
pub(crate) struct Carried {
    pub(crate) way: Way,
    pub(crate) kind: Kind,
    pub(crate) progress: Arc<Progress>,
}

impl Carried {
    /// Runs a connection's work on a thread of its own, which ends with its sockets at the latest.
    pub(crate) fn start(
        way: Way,
        kind: Kind,
        work: impl FnOnce(&Arc<Progress>) -> Result<(), Trouble> + Send + 'static,
    ) -> Carried {
        let progress = Arc::<Progress>::default();
        let its = Arc::clone(&progress);
        std::thread::spawn(move || {
            let end = work(&its).map_err(|trouble| trouble.to_string());
            its.set_end(end);
        });
        Carried { way, kind, progress }
    }

    /// Takes it for lost.
    pub(crate) fn give_up(&self, why: String) {
        self.progress.set_end(Err(why));
    }

    pub(crate) fn lives(&self) -> bool {
        self.progress.end().is_none()
    }
}
