//! All streams of a link, and indexes that make each event cost what it touches: thousands of idle or
//! stalled streams cost nothing. Every change to a stream goes through `change`, which keeps them true.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use abide_terms::Moment;

use crate::frame::Received;
use crate::gone::Gone;
use crate::inbox::Inbox;
use crate::limits::{
    RETIRED_MAX, SEND_BUFFER_MAX, SEND_GROWTH_MAX, WINDOW_FIRST, WINDOW_GROWTH_MAX,
};
use crate::outbox::Outbox;
use crate::stream_id::{Class, Role, StreamId};
use crate::window;

/// Bytes that any growing stream may hold.
const FIRST: usize = WINDOW_FIRST as usize;

/// Both halves of one stream.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) outbox: Outbox,
    pub(crate) inbox: Inbox,
    /// When the acknowledgement that we owe must go.
    pub(crate) ack_at: Option<Moment>,
    /// Bytes received since the last acknowledgement.
    pub(crate) unacked: u64,
    pub(crate) readable_told: bool,
    /// What the peer was last told of it on a lane that loses nothing: `upto` and `limit`.
    pub(crate) told: (u64, u64),
    /// The link's `news` when something that a RESUME tells last changed.
    news: u64,
}

/// What the indexes are made of.
#[derive(PartialEq, Eq, Clone, Copy)]
struct Facts {
    ack_at: Option<Moment>,
    drained: bool,
    beyond_first: usize,
    grown: u64,
    sendable: (u64, u64),
}

impl Stream {
    fn new(id: StreamId) -> Self {
        Stream {
            outbox: Outbox::new(window::first(id)),
            inbox: Inbox::new(id),
            ack_at: None,
            unacked: 0,
            readable_told: false,
            told: (0, window::first(id)),
            news: 0,
        }
    }

    fn facts(&self, id: StreamId) -> Facts {
        Facts {
            ack_at: self.ack_at,
            drained: self.outbox.is_drained(),
            beyond_first: if id.grows() { self.outbox.buffered().saturating_sub(FIRST) } else { 0 },
            grown: self.inbox.window() - window::first(id),
            sendable: self.outbox.sendable(),
        }
    }

    /// What the peer is told of it. Moves the window.
    pub(crate) fn received(&mut self, id: StreamId) -> Received {
        Received { stream: id, upto: self.inbox.upto(), limit: self.inbox.announce() }
    }

    /// Both halves were finished, delivered, read, and acknowledged.
    fn is_over(&self) -> bool {
        self.outbox.is_finished()
            && self.outbox.is_drained()
            && self.inbox.end_was_read()
            && self.ack_at.is_none()
    }
}

/// A stream that is over on this side.
#[derive(Debug)]
struct Retired {
    received: Received,
    news: u64,
}

/// The streams.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    live: BTreeMap<StreamId, Stream>,
    gone: Gone,
    retired: BTreeMap<StreamId, Retired>,
    /// How many are live of each opener.
    open: [usize; 2],
    /// Not drained, by class.
    undrained: [BTreeSet<StreamId>; 2],
    /// May have something for the best carrier's ordered lanes.
    ready: BTreeSet<StreamId>,
    /// Of these, streams that had nothing under way when they got something to send.
    stirred: BTreeSet<StreamId>,
    acks: BTreeSet<(Moment, StreamId)>,
    /// Counts what a RESUME would tell, and what it would tell of, oldest first.
    news: u64,
    changed: BTreeMap<u64, StreamId>,
    /// Of growing streams: unacknowledged bytes beyond each one's first window, and by how much
    /// windows grew.
    beyond_first: usize,
    grown: u64,
}

fn class(id: StreamId) -> usize {
    usize::from(id.class() == Class::Bulk)
}

fn opener(id: StreamId) -> usize {
    usize::from(id.opener() == Role::Keeper)
}

impl Streams {
    pub(crate) fn new() -> Self {
        let mut streams = Streams::default();
        streams.open(StreamId::CONTROL);
        streams
    }

    pub(crate) fn get(&self, id: StreamId) -> Option<&Stream> {
        self.live.get(&id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (StreamId, &Stream)> {
        self.live.iter().map(|(id, stream)| (*id, stream))
    }

    pub(crate) fn is_gone(&self, id: StreamId) -> bool {
        self.gone.contains(id)
    }

    /// How many streams of this stream's opener are live.
    pub(crate) fn open_like(&self, id: StreamId) -> usize {
        self.open[opener(id)]
    }

    /// Opens a stream that is not there. It must not be gone.
    pub(crate) fn open(&mut self, id: StreamId) {
        if let std::collections::btree_map::Entry::Vacant(vacant) = self.live.entry(id) {
            vacant.insert(Stream::new(id));
            self.open[opener(id)] += 1;
        }
    }

    /// Changes a live stream and every index that follows from it.
    pub(crate) fn change<R>(
        &mut self,
        id: StreamId,
        change: impl FnOnce(&mut Stream) -> R,
    ) -> Option<R> {
        let stream = self.live.get_mut(&id)?;
        let before = stream.facts(id);
        let result = change(stream);
        let after = stream.facts(id);
        if before != after {
            self.reindex(id, before, after);
        }
        Some(result)
    }

    fn reindex(&mut self, id: StreamId, before: Facts, after: Facts) {
        if before.ack_at != after.ack_at {
            before.ack_at.map(|at| self.acks.remove(&(at, id)));
            after.ack_at.map(|at| self.acks.insert((at, id)));
        }
        if after.drained {
            self.undrained[class(id)].remove(&id);
            self.rest(id);
        } else {
            self.undrained[class(id)].insert(id);
            if before.sendable != after.sendable {
                self.ready.insert(id);
                if before.drained {
                    self.stirred.insert(id);
                }
            }
        }
        self.beyond_first = self.beyond_first - before.beyond_first + after.beyond_first;
        self.grown = self.grown - before.grown + after.grown;
    }

    /// Takes a stream out of everything; late frames of it are ignored from now on.
    pub(crate) fn forget(&mut self, id: StreamId) -> Option<Stream> {
        self.gone.insert(id);
        if let Some(retired) = self.retired.remove(&id) {
            self.changed.remove(&retired.news);
        }
        let stream = self.live.remove(&id)?;
        self.open[opener(id)] -= 1;
        let facts = stream.facts(id);
        stream.ack_at.map(|at| self.acks.remove(&(at, id)));
        self.undrained[class(id)].remove(&id);
        self.rest(id);
        self.changed.remove(&stream.news);
        self.beyond_first -= facts.beyond_first;
        self.grown -= facts.grown;
        Some(stream)
    }

    /// Retires a stream that is over: all that is kept is what its peer may have to hear again.
    pub(crate) fn retire_if_over(&mut self, id: StreamId) {
        let over = id != StreamId::CONTROL && self.get(id).is_some_and(Stream::is_over);
        if let Some(mut stream) = over.then(|| self.forget(id)).flatten() {
            let received = stream.received(id);
            self.news += 1;
            self.changed.insert(self.news, id);
            self.retired.insert(id, Retired { received, news: self.news });
            if self.retired.len() > RETIRED_MAX
                && let Some((_, oldest)) = self.retired.pop_first()
            {
                self.changed.remove(&oldest.news);
            }
        }
    }

    /// What the peer must hear of a stream that is over here and not yet there.
    pub(crate) fn retired(&self, id: StreamId) -> Option<Received> {
        self.retired.get(&id).map(|retired| retired.received)
    }

    // What there is to do.

    /// When the next acknowledgement is due.
    pub(crate) fn next_ack(&self) -> Option<(Moment, StreamId)> {
        self.acks.first().copied()
    }

    /// Streams of a class that are not drained.
    pub(crate) fn undrained(&self, of: Class) -> impl Iterator<Item = StreamId> {
        self.undrained[usize::from(of == Class::Bulk)].iter().copied()
    }

    /// The next stream after `turn` that may have something to send in order.
    pub(crate) fn ready_after(&self, turn: StreamId) -> Option<StreamId> {
        let after = (Bound::Excluded(turn), Bound::Unbounded);
        self.ready.range(after).next().or_else(|| self.ready.first()).copied()
    }

    /// It has nothing to send in order until it changes.
    pub(crate) fn rest(&mut self, id: StreamId) {
        self.ready.remove(&id);
        self.stirred.remove(&id);
    }

    /// A stream that had nothing under way and has a little to send now; asked for once.
    pub(crate) fn take_stirred(&mut self, little: usize) -> Option<StreamId> {
        loop {
            let id = self.stirred.pop_first()?;
            if self.get(id).is_some_and(|stream| stream.outbox.buffered() <= little) {
                return Some(id);
            }
        }
    }

    /// Another carrier is the best one: what was sent on the last one counts no more.
    pub(crate) fn wake_all(&mut self) {
        self.ready = self.undrained.iter().flatten().copied().collect();
    }

    // What RESUME tells.

    /// The latest news.
    pub(crate) fn news(&self) -> u64 {
        self.news
    }

    /// Something of a stream changed that a RESUME tells.
    pub(crate) fn note_news(&mut self, id: StreamId) {
        if let Some(stream) = self.live.get_mut(&id) {
            self.changed.remove(&stream.news);
            self.news += 1;
            stream.news = self.news;
            self.changed.insert(self.news, id);
        }
    }

    /// What was received of up to `count` streams of which there is news after `told`, up to `until`;
    /// and how far the news is told then.
    pub(crate) fn tell(&mut self, told: u64, until: u64, count: usize) -> (Vec<Received>, u64) {
        let range = (Bound::Excluded(told), Bound::Included(until.max(told)));
        let mut of: Vec<(u64, StreamId)> = if until > told {
            self.changed.range(range).take(count + 1).map(|(news, id)| (*news, *id)).collect()
        } else {
            Vec::new()
        };
        let whole = of.len() <= count;
        of.truncate(count);
        let upto = if whole { until } else { of.last().map_or(until, |(news, _)| *news) };
        let received = of.into_iter().filter_map(|(_, id)| {
            let live = self.live.get_mut(&id).map(|stream| stream.received(id));
            live.or_else(|| self.retired(id))
        });
        (received.collect(), upto)
    }

    // Memory.

    /// Bytes that a stream takes now.
    pub(crate) fn room(&self, id: StreamId) -> usize {
        let Some(stream) = self.get(id) else {
            return match () {
                () if self.is_gone(id) => 0,
                () if id.grows() => FIRST,
                () => SEND_BUFFER_MAX,
            };
        };
        let held = stream.outbox.buffered();
        if !id.grows() {
            return SEND_BUFFER_MAX - held;
        }
        // What its peer would take at once, and one window's worth to follow.
        let wanted = stream.outbox.granted().saturating_add(FIRST).min(SEND_BUFFER_MAX);
        let spare = SEND_GROWTH_MAX.saturating_sub(self.beyond_first);
        wanted.saturating_sub(held).min(FIRST.saturating_sub(held) + spare)
    }

    /// Bytes by which windows may still grow.
    pub(crate) fn spare_growth(&self) -> u64 {
        WINDOW_GROWTH_MAX.saturating_sub(self.grown)
    }
}
