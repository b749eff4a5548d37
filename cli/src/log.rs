//! Where the program's own log goes: a keeper's to its stderr (which is its log file), a client's to
//! the file named by ABIDE_LOG, if it is set.

use tracing_subscriber::fmt::MakeWriter;

/// Starts the keeper's log.
pub(crate) fn to_stderr() {
    start(std::io::stderr);
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
