//! How far ahead of its reader a peer may send on one stream. Most streams have the largest window from
//! the start; growing ones begin small and double it while they use it up faster than news of it
//! travels, as long as the link has growth to spare.

use std::time::Duration;

use abide_terms::Moment;

use crate::limits::{RECEIVE_WINDOW, WINDOW_ALLOWANCE, WINDOW_FIRST};
use crate::stream_id::StreamId;

/// What a window is at first.
pub(crate) fn first(stream: StreamId) -> u64 {
    if stream.grows() { WINDOW_FIRST } else { RECEIVE_WINDOW }
}

/// The window of one receiving half.
#[derive(Debug)]
pub(crate) struct Window {
    size: u64,
    /// Since when, and from which offset on, its present size is watched in use.
    since: Option<(Moment, u64)>,
}

impl Window {
    pub(crate) fn new(stream: StreamId) -> Self {
        Window { size: first(stream), since: None }
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// The application has read up to `read`. `spare`: bytes by which the link's windows may still grow.
    pub(crate) fn handle_read(&mut self, now: Moment, read: u64, rtt: Duration, spare: u64) {
        let (began, from) = *self.since.get_or_insert((now, 0));
        if self.size >= RECEIVE_WINDOW || read - from < self.size {
            return;
        }
        let quick = now.since(began) <= rtt * 2 + WINDOW_ALLOWANCE;
        if quick && self.size <= spare / 4 {
            self.size = (self.size * 2).min(RECEIVE_WINDOW);
        }
        self.since = Some((now, read));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::WINDOW_GROWTH_MAX;
    use crate::stream_id::{Class, Role};

    const FORWARD: StreamId = StreamId::new(Role::Client, Class::Bulk, StreamId::GROWING_FROM);

    /// Reads a megabyte at `rate` bytes a second over 100 ms; returns the window then.
    fn after_a_megabyte(rate: u64, spare: u64) -> u64 {
        let (mut window, rtt) = (Window::new(FORWARD), Duration::from_millis(100));
        for read in (0..1_000_000).step_by(1_000) {
            let now = Moment::from_nanos(read * 1_000_000_000 / rate);
            window.handle_read(now, read, rtt, spare);
        }
        window.size()
    }

    #[test]
    fn it_grows_with_what_the_path_carries_and_what_is_spare() {
        let slow = after_a_megabyte(50_000, WINDOW_GROWTH_MAX);
        assert_eq!(slow, WINDOW_FIRST, "a sixth of a second for a window");
        let quick = after_a_megabyte(5_000_000, WINDOW_GROWTH_MAX);
        assert!((512 * 1024..=2 << 20).contains(&quick), "{quick}");
        assert_eq!(after_a_megabyte(5_000_000, WINDOW_FIRST), WINDOW_FIRST, "nothing to spare");
    }
}
