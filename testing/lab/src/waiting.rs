//! Waiting for something to be seen, with a limit. Not for letting time pass.

use std::time::Duration;

use abide_host::clock;

/// Anything that ends a trial early.
pub type Trouble = Box<dyn std::error::Error + Send + Sync>;

/// How often files and processes are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(30);

/// Waits until `seen`, looking again and again.
///
/// # Errors
/// What `seen` fails with, or that `what` did not come within `limit`.
pub fn wait_until(
    what: &str,
    limit: Duration,
    mut seen: impl FnMut() -> Result<bool, Trouble>,
) -> Result<(), Trouble> {
    let deadline = clock::now() + limit;
    while !seen()? {
        if clock::now() >= deadline {
            return Err(format!("{what}: not within {limit:?}").into());
        }
        std::thread::sleep(LOOK_EVERY);
    }
    Ok(())
}
