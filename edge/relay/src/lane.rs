//! One direction of a relayed connection: reads, tells, passes on; holds while the relay is cut. A cut
//! is a black hole with a memory: both connections stay open, nothing passes, and what was sent
//! meanwhile arrives when it is healed.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;

use crate::record::{Closing, Direction, Fate, What};

/// Bytes held for one direction. Beyond it nothing is read any more: the sender's own socket buffer
/// fills, and its end is not noticed before the relay is healed.
pub const MAX_HELD: usize = 1024 * 1024;
/// Bytes taken by one read.
const MAX_READ: usize = 64 * 1024;
/// Longest first line that is kept as a banner; RFC 4253 4.2 allows 255.
const MAX_BANNER: usize = 255;

/// The state of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    Whole,
    Cut,
}

/// Carries one direction until its end has been passed on. Dropping `to` is how it passes on.
pub(crate) async fn carry(
    direction: Direction,
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut line: watch::Receiver<Line>,
    tell: &(dyn Fn(What) + Send + Sync),
) {
    let mut held: Vec<u8> = Vec::new();
    let mut chunk = vec![0; MAX_READ];
    let mut banner = Some(Vec::new());
    let mut open = true;
    while open || !held.is_empty() || *line.borrow() == Line::Cut {
        let cut = *line.borrow_and_update() == Line::Cut;
        tokio::select! {
            changed = line.changed() => {
                if changed.is_err() {
                    return;
                }
            }
            read = from.read(&mut chunk), if open && held.len() < MAX_HELD => {
                let count = *read.as_ref().unwrap_or(&0);
                if count == 0 {
                    open = false;
                    let how = if read.is_ok() { Closing::Ended } else { Closing::Broken };
                    tell(What::Closed { by: direction.sender(), how });
                    continue;
                }
                // The line may have been cut between the look above and the read.
                let fate = match *line.borrow() {
                    Line::Cut => Fate::Held,
                    Line::Whole => Fate::Passed,
                };
                tell(What::Bytes { direction, count, fate });
                note_banner(&mut banner, &chunk[..count], direction, tell);
                held.extend_from_slice(&chunk[..count]);
            }
            written = to.write(&held), if !cut && !held.is_empty() => match written {
                Ok(count) => drop(held.drain(..count)),
                // Its reader is gone; that lane tells it.
                Err(_) => return,
            }
        }
    }
}

/// Gathers the first line and tells it once.
fn note_banner(
    banner: &mut Option<Vec<u8>>,
    bytes: &[u8],
    direction: Direction,
    tell: &(dyn Fn(What) + Send + Sync),
) {
    let Some(seen) = banner else { return };
    seen.extend(bytes.iter().take(MAX_BANNER + 1 - seen.len().min(MAX_BANNER)));
    let Some(end) = seen.iter().position(|byte| *byte == b'\n') else {
        if seen.len() > MAX_BANNER {
            *banner = None;
        }
        return;
    };
    let line = String::from_utf8_lossy(&seen[..end]).trim_end().to_owned();
    tell(What::Banner { by: direction.sender(), line });
    *banner = None;
}
