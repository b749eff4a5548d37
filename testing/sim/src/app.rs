//! The programs at both ends: transfers in both directions that finish or are given up; readers that
//! pause. Streams go by agreement over the control stream. The terminal's are in `terminal`.

use std::time::Duration;

use abide_link::{Class, Read, Role, StreamId};

use crate::content;
use crate::ledger;
use crate::queue::{CLIENT, EndIndex, Event, KEEPER};
use crate::world::World;

/// The stream on which the person types and the shell answers.
pub(crate) const TERMINAL: StreamId = StreamId::new(Role::Client, Class::Interactive, 1);
/// Streams in use at once.
const USES_MAX: usize = 20;
/// A control message: its operation and a stream's number.
const MESSAGE: usize = 9;
const ABANDON: u8 = 1;
const ABANDONED: u8 = 2;

/// What an end does with one stream.
#[derive(Debug, Default)]
pub(crate) struct Use {
    pub(crate) to_write: u64,
    finish: bool,
    pub(crate) finished: bool,
    pub(crate) read_end: bool,
    paused: bool,
    opener: bool,
    /// The opener gives up when no more than this is left to write.
    give_up_at: Option<u64>,
    /// ABANDON was said.
    asked: bool,
    /// Acknowledged at the last check for stuck streams.
    pub(crate) mark: Option<u64>,
}

impl World {
    /// The streams that are there from the start.
    pub(crate) fn open_first_streams(&mut self) {
        for end in [CLIENT, KEEPER] {
            self.ends[end].uses.insert(StreamId::CONTROL, Use::default());
            self.ends[end].uses.insert(TERMINAL, Use::default());
        }
    }

    /// A program opens a stream of its own.
    pub(crate) fn on_transfer(&mut self, opener: EndIndex, size: u64, scripted: bool) {
        let end = &mut self.ends[opener];
        if end.asleep > 0 || self.over || end.uses.len() >= USES_MAX {
            return;
        }
        end.opened += 1;
        let role = if opener == CLIENT { Role::Client } else { Role::Keeper };
        let class = if !scripted && self.rng.once_in(4) { Class::Interactive } else { Class::Bulk };
        // Half of them are like forwarded connections.
        let first = if self.rng.once_in(2) { StreamId::GROWING_FROM } else { 0 };
        let stream = StreamId::new(role, class, first + end.opened);
        let give_up_at = (!scripted && self.rng.once_in(6)).then(|| self.rng.below(size));
        let transfer =
            Use { to_write: size, finish: true, opener: true, give_up_at, ..Use::default() };
        end.uses.insert(stream, transfer);
        let flow = self.ledger.flow(stream, opener);
        (flow.began, flow.steady) = (Some(self.now), scripted);
        self.settle(opener);
    }

    /// Writes what there is to write, as far as there is room.
    pub(crate) fn write_all(&mut self, end: EndIndex) {
        if !self.ends[end].says.is_empty() {
            let text = std::mem::take(&mut self.ends[end].says);
            self.ledger.wrote_text(StreamId::CONTROL, end, &text);
            self.write(end, StreamId::CONTROL, text.into());
        }
        let ids: Vec<StreamId> = self.ends[end].uses.keys().copied().collect();
        ids.into_iter().for_each(|stream| self.write_stream(end, stream));
    }

    fn write_stream(&mut self, end: EndIndex, stream: StreamId) {
        loop {
            let this = &mut self.ends[end];
            let Some(usage) = this.uses.get_mut(&stream).filter(|usage| !usage.asked) else {
                return;
            };
            if usage.give_up_at.is_some_and(|least| usage.to_write <= least) {
                return self.ask(end, stream);
            }
            if usage.to_write == 0 {
                if usage.finish && !usage.finished {
                    usage.finished = true;
                    this.link.finish(stream);
                    self.ledger.flow(stream, end).finished = true;
                }
                return;
            }
            let length = this.link.room(stream).min(16 * 1024).min(usage.to_write as usize);
            if length < 4096.min(usage.to_write as usize) {
                return;
            }
            usage.to_write -= length as u64;
            let flow = self.ledger.flow(stream, end);
            let bytes = content::bytes(ledger::key(stream, end), flow.written, length);
            flow.written += length as u64;
            self.write(end, stream, bytes);
        }
    }

    fn write(&mut self, end: EndIndex, stream: StreamId, bytes: bytes::Bytes) {
        self.watch.disturbed = self.now;
        if let Err(error) = self.ends[end].link.write(stream, bytes) {
            self.fail(format!("end {end}, {stream:?}: {error}"));
        }
    }

    /// Reads a stream until there is nothing, or until the reader pauses.
    pub(crate) fn read_all(&mut self, end: EndIndex, stream: StreamId) {
        self.watch.disturbed = self.now;
        if !self.ends[end].uses.contains_key(&stream) {
            let to_write = if self.rng.once_in(2) { 0 } else { self.rng.scale(10, 100_000) };
            let answer = Use { to_write, finish: true, ..Use::default() };
            self.ends[end].uses.insert(stream, answer);
        }
        let transfers = stream != StreamId::CONTROL && stream != TERMINAL;
        let pauses = transfers && !self.ledger.flow(stream, 1 - end).steady;
        loop {
            let now = self.local(end);
            let Some(usage) = self.ends[end].uses.get_mut(&stream).filter(|usage| !usage.paused)
            else {
                return;
            };
            if pauses && self.rng.once_in(100) {
                usage.paused = true;
                let again =
                    self.now + self.rng.span(Duration::from_millis(1), Duration::from_secs(30));
                return self.queue.plan(again, Event::ReadAgain { end, stream });
            }
            match self.ends[end].link.read(now, stream) {
                Read::Bytes(bytes) => self.on_bytes(end, stream, &bytes),
                Read::Nothing => return,
                Read::End => {
                    if !std::mem::replace(&mut usage.read_end, true) {
                        let result = self.ledger.read_end(stream, 1 - end);
                        result.unwrap_or_else(|what| self.fail(what));
                        let flow = self.ledger.flow(stream, 1 - end);
                        if let Some(began) = flow.began {
                            self.transfers.push((flow.read, self.now.since(began)));
                        }
                    }
                    return self.review_transfer(end, stream);
                }
            }
        }
    }

    pub(crate) fn on_read_again(&mut self, end: EndIndex, stream: StreamId) {
        if let Some(usage) = self.ends[end].uses.get_mut(&stream) {
            usage.paused = false;
            if self.ends[end].asleep > 0 {
                return self
                    .queue
                    .plan(self.now + Duration::from_secs(1), Event::ReadAgain { end, stream });
            }
            self.read_all(end, stream);
            self.settle(end);
        }
    }

    fn on_bytes(&mut self, end: EndIndex, stream: StreamId, bytes: &[u8]) {
        self.totals.bytes += bytes.len() as u64;
        if let Err(what) = self.ledger.read(stream, 1 - end, bytes) {
            return self.fail(what);
        }
        match stream {
            StreamId::CONTROL => self.hear(end, bytes),
            TERMINAL if end == KEEPER => (0..bytes.len()).for_each(|_| self.echo()),
            TERMINAL => self.see_echoes(),
            _ => {}
        }
    }

    // Streams go by agreement.

    /// The opener says ABANDON once both halves are done.
    pub(crate) fn review_transfer(&mut self, end: EndIndex, stream: StreamId) {
        let this = &self.ends[end];
        let done = this
            .uses
            .get(&stream)
            .is_some_and(|usage| usage.opener && usage.finished && usage.read_end && !usage.asked);
        if done && this.link.is_drained(stream) {
            self.ask(end, stream);
        }
    }

    fn ask(&mut self, end: EndIndex, stream: StreamId) {
        if let Some(usage) = self.ends[end].uses.get_mut(&stream) {
            usage.asked = true;
            self.say(end, ABANDON, stream);
        }
    }

    fn say(&mut self, end: EndIndex, operation: u8, stream: StreamId) {
        self.ends[end].says.push(operation);
        self.ends[end].says.extend_from_slice(&stream.number().to_be_bytes());
    }

    fn hear(&mut self, end: EndIndex, bytes: &[u8]) {
        self.ends[end].heard.extend_from_slice(bytes);
        let whole = self.ends[end].heard.len() / MESSAGE * MESSAGE;
        let messages: Vec<u8> = self.ends[end].heard.drain(..whole).collect();
        for message in messages.chunks_exact(MESSAGE) {
            let number = message[1..].iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
            let stream = StreamId::from_number(number);
            self.ends[end].link.abandon(stream);
            self.ends[end].uses.remove(&stream);
            match message[0] {
                ABANDON => self.say(end, ABANDONED, stream),
                _ => {
                    self.ledger.forget(stream);
                    self.totals.streams += 1;
                }
            }
        }
    }

    /// Offset up to which the peer has acknowledged a stream, and whether that is all of it.
    pub(crate) fn acknowledged(&mut self, end: EndIndex, stream: StreamId) -> (u64, bool) {
        let this = &self.ends[end];
        let unacknowledged = this.link.unacknowledged(stream) as u64;
        let waits = this.uses.get(&stream).is_some_and(|usage| usage.to_write > 0 && !usage.asked);
        let drained = this.link.is_drained(stream) && !waits;
        (self.ledger.flow(stream, end).written - unacknowledged, drained)
    }
}
