//! Where the program's own log goes: a keeper's to its stderr (which is its log file), a client's to
//! the file named by ABIDE_LOG, if it is set.

use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};

use tracing_subscriber::fmt::MakeWriter;

/// Bytes that a keeper logs in its life. At it the log ends, and says so: whoever floods a keeper
/// with refused carriers must not fill a disk.
const KEEPER_LOG_MAX: usize = 1024 * 1024;

/// Writes to stderr until enough was written.
struct Bounded;

static WRITTEN: AtomicUsize = AtomicUsize::new(0);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let before = WRITTEN.fetch_add(bytes.len(), Ordering::Relaxed);
        let after = before + bytes.len();
        match (before < KEEPER_LOG_MAX, after < KEEPER_LOG_MAX) {
            (true, true) => io::stderr().write_all(bytes)?,
            (true, false) => io::stderr().write_all(b"the log is full\n")?,
            (false, _) => {
                WRITTEN.store(KEEPER_LOG_MAX, Ordering::Relaxed);
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Starts the keeper's log.
pub(crate) fn to_stderr() {
    start(|| Bounded);
}

/// Starts the client's log if the person asked for one.
pub(crate) fn to_file_if_asked() {
    let Some(path) = std::env::var_os("ABIDE_LOG") else { return };
    match std::fs::OpenOptions::new().create(true).append(true).open(&path) {
        Ok(file) => start(std::sync::Mutex::new(file)),
        Err(error) => {
            crate::print::note(format_args!("abide: no log in {}: {error}", path.to_string_lossy()))
        }
    }
}

fn start(writer: impl for<'a> MakeWriter<'a> + Send + Sync + 'static) {
    // A second start would be an error of the program's structure, and harmless.
    let _ = tracing_subscriber::fmt()
        .with_writer(writer)
        .with_ansi(false)
        .with_target(false)
        .try_init();
}
