//! One client's share of a terminal's output: exact bytes on a stream, which is given up for another
//! one where output is skipped. When that is, `backlog` says.

use std::time::Duration;

use abide_link::{Link, StreamId};
use abide_session::{
    ClientMessage, OutputBegins, OutputRestarts, Pacing, Terminal, ToClient, encode,
};
use abide_terms::Moment;
use bytes::Bytes;

use crate::backlog::{Backlog, Step};
use crate::output::{Canvas, Present};

/// Silence after which a client no longer holds the program back.
const ABSENT_AFTER: Duration = Duration::from_secs(5);
/// Room that a client which keeps up always has.
const ROOM_KEPT: usize = crate::program::TURN_MAX;

/// A terminal's output on its way to one client.
#[derive(Debug)]
pub(crate) struct Outlet {
    stream: StreamId,
    restarts: u64,
    /// Bytes written to the stream.
    written: u64,
    skipped: u64,
    backlog: Backlog,
    /// Nothing more will be printed.
    finished: bool,
}

impl Outlet {
    pub(crate) fn new(pacing: Pacing) -> Self {
        let stream = StreamId::from_number(abide_session::terminal_output(0));
        let backlog = Backlog::new(pacing);
        Outlet { stream, restarts: 0, written: 0, skipped: 0, backlog, finished: false }
    }

    pub(crate) fn stream(&self) -> StreamId {
        self.stream
    }

    /// This client must be waited for before more output is read.
    pub(crate) fn holds_back(&self, now: Moment, link: &Link) -> bool {
        let patient = self.backlog.is_exact() || !is_absent(now, link);
        self.is_full(link) && !self.backlog.is_skipping() && patient
    }

    /// When it stops holding the program back, or has to be looked at again, if nothing happens. While
    /// nothing is heard of the client there is no jump to wait for.
    pub(crate) fn poll_timeout(&self, link: &Link) -> Option<Moment> {
        let silent_since = link.silent_since();
        let absent_at =
            silent_since.filter(|_| self.may_skip(link)).map(|since| since + ABSENT_AFTER);
        let jump_at = self.backlog.poll_timeout().filter(|_| silent_since.is_none());
        [absent_at, jump_at].into_iter().flatten().min()
    }

    /// It holds the program back as long as its client is there.
    fn may_skip(&self, link: &Link) -> bool {
        self.is_full(link) && !self.backlog.is_skipping() && !self.backlog.is_exact()
    }

    fn is_full(&self, link: &Link) -> bool {
        link.room(self.stream) < ROOM_KEPT
    }

    fn waiting(&self, link: &Link) -> usize {
        link.unacknowledged(self.stream)
    }

    fn acked(&self, link: &Link) -> u64 {
        self.written.saturating_sub(self.waiting(link) as u64)
    }

    /// Output for this client.
    pub(crate) fn put(&mut self, now: Moment, link: &mut Link, bytes: &Bytes) {
        let length = bytes.len() as u64;
        if !self.backlog.is_skipping() {
            if link.write(self.stream, bytes.clone()).is_ok() {
                self.written += length;
                self.backlog.handle_printed(now, length);
                return;
            }
            self.backlog.handle_full();
        }
        self.backlog.handle_printed(now, length);
        self.skipped += length;
    }

    /// The person typed a character that interrupts the program.
    pub(crate) fn handle_interrupt(&mut self, now: Moment, link: &Link) {
        self.backlog.handle_interrupt(now, self.waiting(link));
    }

    /// Notes what arrived, skips what takes too long, and goes on with the present when it is time.
    pub(crate) fn settle(
        &mut self,
        now: Moment,
        link: &mut Link,
        canvas: &Canvas,
        theirs: Option<&Terminal>,
        bare: bool,
    ) {
        let rtt = link.best().and_then(|id| link.rtt(id)).and_then(|rtt| rtt.smoothed());
        let heard = link.silent_since().is_none() && !bare;
        // A program that is quiet meanwhile would leave this timer due for ever.
        if self.may_skip(link) && is_absent(now, link) {
            self.backlog.handle_full();
        }
        if heard && !self.backlog.is_skipping() {
            self.backlog.handle_progress(now, self.acked(link), self.waiting(link), rtt);
        }
        while let Some(step) = self.backlog.poll_step(now, self.acked(link), heard) {
            match step {
                Step::GoOn if self.finished => link.finish(self.stream),
                Step::GoOn => {}
                Step::Abandon => self.abandon(link),
                Step::Open { lines_bytes } => {
                    tracing::debug!(lines_bytes, waiting = self.waiting(link), backlog = ?self.backlog, "time to skip");
                    let Some(present) = canvas.present(lines_bytes, theirs) else { return };
                    self.abandon(link);
                    self.open(now, link, present);
                }
            }
        }
    }

    fn abandon(&mut self, link: &mut Link) {
        self.skipped += self.waiting(link) as u64;
        link.abandon(self.stream);
        self.written = 0;
    }

    fn open(&mut self, now: Moment, link: &mut Link, present: Present) {
        self.restarts += 1;
        self.stream = StreamId::from_number(abide_session::terminal_output(self.restarts));
        let message = OutputRestarts {
            stream: self.stream.number(),
            skipped: std::mem::take(&mut self.skipped),
            state: present.state.len() as u64,
            lines: present.lines as u64,
            scrolled: present.scrolled,
        };
        tracing::info!(?message, unfinished = present.unfinished.len(), "output skipped");
        tell(link, ClientMessage::OutputRestarts(message));
        self.backlog.handle_opened(now, present.state.len() as u64);
        self.show(link, present);
        if self.finished {
            link.finish(self.stream);
        }
    }

    fn show(&mut self, link: &mut Link, present: Present) {
        for bytes in [present.state, present.unfinished] {
            let length = bytes.len() as u64;
            // Screen and scrollback fit the buffer of a new stream many times.
            if link.write(self.stream, bytes).is_ok() {
                self.written += length;
            }
        }
    }

    /// Opens the output of a client that comes to a session which is under way.
    pub(crate) fn show_all(&mut self, link: &mut Link, canvas: &Canvas, theirs: Option<&Terminal>) {
        let room = link.room(self.stream) / 2;
        match canvas.present(room, theirs) {
            Some(present) => {
                let (lines, scrolled) = (present.lines as u64, present.scrolled);
                tell(link, ClientMessage::OutputBegins(OutputBegins { lines, scrolled }));
                self.show(link, present);
            }
            // In the middle of something long: as one that missed the beginning of it.
            None => self.backlog.handle_full(),
        }
    }

    /// The program ended.
    pub(crate) fn finish(&mut self, link: &mut Link) {
        self.finished = true;
        if !self.backlog.is_skipping() {
            link.finish(self.stream);
        }
    }
}

fn is_absent(now: Moment, link: &Link) -> bool {
    link.silent_since().is_some_and(|since| now.since(since) >= ABSENT_AFTER)
}

fn tell(link: &mut Link, message: ClientMessage) {
    // A control stream that is full belongs to a client that is long gone.
    let _ = link.write(StreamId::CONTROL, encode(&ToClient { message: Some(message) }));
}

#[cfg(test)]
mod tests {
    use abide_link::{CarrierId, CarrierKind, Role};

    use super::*;

    const CARRIER: CarrierId = CarrierId(1);

    /// A client in reach, and its terminal.
    fn client() -> (Link, Outlet, Canvas) {
        let mut link = Link::new(Role::Keeper, 1);
        link.add_carrier(Moment::ZERO, CARRIER, CarrierKind::SshPipe, true).expect("room");
        (link, Outlet::new(Pacing::Smart), Canvas::new(&Terminal::default()))
    }

    #[test]
    fn no_timer_stays_due_for_a_client_that_went_away_with_a_full_buffer() {
        let (mut link, mut outlet, canvas) = client();
        let bytes = Bytes::from(vec![b'x'; 64 * 1024]);
        while !outlet.is_full(&link) {
            outlet.put(Moment::ZERO, &mut link, &bytes);
        }
        link.remove_carrier(Moment::ZERO, CARRIER);
        let due = outlet.poll_timeout(&link).expect("a moment at which nobody waits any more");
        outlet.settle(due, &mut link, &canvas, None, true);
        assert_eq!(outlet.poll_timeout(&link), None);
        assert!(!outlet.holds_back(due, &link));
    }

    #[test]
    fn no_timer_stays_due_for_a_client_that_went_away_after_an_interrupt() {
        let (mut link, mut outlet, canvas) = client();
        outlet.put(Moment::ZERO, &mut link, &Bytes::from(vec![b'x'; 1024 * 1024]));
        outlet.handle_interrupt(Moment::ZERO, &link);
        outlet.settle(Moment::ZERO, &mut link, &canvas, None, false);
        assert!(outlet.poll_timeout(&link).is_some(), "the program's silence is waited for");
        link.remove_carrier(Moment::ZERO, CARRIER);
        assert_eq!(outlet.poll_timeout(&link), None);
    }
}
