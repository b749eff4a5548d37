//! What the tests of server and trial share: who runs them.

use abide_demo::server::{Kind, Setup};

/// The current user, served by `kind` from the system's temporary directory.
pub(crate) fn setup(kind: Kind) -> Setup {
    Setup { kind: Some(kind), ..Setup::new(std::env::temp_dir()) }
}
