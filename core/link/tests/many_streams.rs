//! Thousands of streams on one link: stalled ones neither slow others nor fill memory, finished ones are
//! forgotten on both ends whatever is lost, and nothing that is said grows with their number.

use abide_link::limits::{
    RECEIVE_WINDOW, RESUME_STREAMS_MAX, SEND_BUFFER_MAX, SEND_GROWTH_MAX, STREAMS_EACH_MAX,
    WINDOW_FIRST, WINDOW_GROWTH_MAX,
};
use abide_link::{
    CarrierId, CarrierKind, Class, Frame, Link, LinkEvent, Read, Role, StreamId, Transmit,
    WriteError, decode_datagram,
};
use abide_terms::Moment;
use bytes::{Bytes, BytesMut};

const PIPE: CarrierId = CarrierId(1);
const NEXT: CarrierId = CarrierId(2);
const MANY: u64 = 1_000;

fn at(milliseconds: u64) -> Moment {
    Moment::from_nanos((1_000_000 + milliseconds) * 1_000_000)
}

fn forward(index: u64) -> StreamId {
    StreamId::new(Role::Client, Class::Bulk, StreamId::GROWING_FROM + index)
}

struct Pair {
    ends: [Link; 2],
    now: u64,
}

impl Pair {
    fn new() -> Self {
        let ends = [Role::Client, Role::Keeper].map(|role| Link::new(role, 7));
        let mut pair = Pair { ends, now: 0 };
        pair.join(PIPE, true);
        pair
    }

    fn join(&mut self, id: CarrierId, first: bool) {
        for link in &mut self.ends {
            link.add_carrier(at(self.now), id, CarrierKind::SshPipe, first).expect("room");
        }
    }

    /// Carries everything both ways for a while; the keeper reads only streams that `reads` names.
    fn run(&mut self, milliseconds: u64, reads: impl Fn(StreamId) -> bool) {
        for _ in 0..milliseconds {
            self.now += 1;
            for end in [0, 1] {
                self.ends[end].handle_timeout(at(self.now));
                for transmit in self.sent(end) {
                    let (id, frame) = (transmit.carrier, frame(&transmit));
                    self.ends[1 - end].handle_frame(at(self.now), id, frame).expect("honest");
                }
                self.read(1 - end, &reads);
            }
        }
    }

    fn sent(&mut self, end: usize) -> Vec<Transmit> {
        for id in [PIPE, NEXT] {
            self.ends[end].set_budget(id, 1 << 20);
        }
        std::iter::from_fn(|| self.ends[end].poll_transmit(at(self.now))).collect()
    }

    fn read(&mut self, end: usize, reads: impl Fn(StreamId) -> bool) {
        while let Some(event) = self.ends[end].poll_event() {
            if let LinkEvent::Readable(stream) = event
                && reads(stream)
            {
                while let Read::Bytes(_) = self.ends[end].read(at(self.now), stream) {}
            }
        }
    }
}

fn frame(transmit: &Transmit) -> Frame {
    let mut bytes = BytesMut::from(&transmit.head[..]);
    bytes.extend_from_slice(&transmit.body);
    decode_datagram(bytes.freeze()).expect("a whole frame").remove(0)
}

fn fill(link: &mut Link, stream: StreamId, limit: usize) -> usize {
    let room = link.room(stream).min(limit);
    link.write(stream, Bytes::from(vec![7; room])).expect("there is room");
    room
}

/// Sends all it can on one stream beside `stalled` ones that nobody reads; returns how much.
fn through_beside(pair: &mut Pair, stalled: u64) -> usize {
    let mut through = 0;
    for _ in 0..300 {
        for index in 0..stalled {
            fill(&mut pair.ends[0], forward(index), usize::MAX);
        }
        through += fill(&mut pair.ends[0], forward(MANY), usize::MAX);
        pair.run(1, |stream| stream == forward(MANY));
    }
    through
}

#[test]
fn a_thousand_stalled_streams_neither_slow_another_nor_fill_memory() {
    let alone = through_beside(&mut Pair::new(), 0);
    let mut pair = Pair::new();
    let beside = through_beside(&mut pair, MANY);
    assert!(beside > alone / 5 * 4, "{beside} bytes beside stalled ones, {alone} alone");
    let first = (MANY + 1) * WINDOW_FIRST;
    for link in &pair.ends {
        let (_, growing) = link.most_buffered();
        assert!(growing <= first + (SEND_GROWTH_MAX as u64).max(WINDOW_GROWTH_MAX), "{growing}");
    }
    for _ in 0..100 {
        // Their readers go on; each was told before that there is something.
        for index in 0..MANY {
            while let Read::Bytes(_) = pair.ends[1].read(at(pair.now), forward(index)) {}
        }
        pair.run(10, |_| true);
    }
    (0..=MANY).for_each(|index| assert!(pair.ends[0].is_drained(forward(index)), "{index}"));
}

#[test]
fn streams_in_use_take_turns() {
    let mut pair = Pair::new();
    pair.run(10, |_| true);
    for index in 0..100 {
        fill(&mut pair.ends[0], forward(index), usize::MAX);
    }
    let order: Vec<StreamId> = pair
        .sent(0)
        .iter()
        .filter_map(|transmit| match frame(transmit) {
            Frame::Data { stream, .. } => Some(stream),
            _ => None,
        })
        .collect();
    let mut distinct = order.clone();
    distinct.dedup();
    assert_eq!(order.len(), distinct.len(), "none goes twice in a row: {order:?}");
}

#[test]
fn a_window_in_use_grows_and_an_unused_one_does_not() {
    let mut pair = Pair::new();
    for _ in 0..200 {
        fill(&mut pair.ends[0], forward(0), usize::MAX);
        fill(&mut pair.ends[0], forward(1), 16);
        pair.run(1, |_| true);
    }
    let (used, unused) = (pair.ends[0].room(forward(0)), pair.ends[0].room(forward(1)));
    assert!(used as u64 > RECEIVE_WINDOW / 16 && used <= SEND_BUFFER_MAX, "{used}");
    assert!(unused as u64 <= 2 * WINDOW_FIRST, "{unused}");
}

#[test]
fn finished_streams_are_forgotten_on_both_ends() {
    let mut pair = Pair::new();
    let count = 3 * STREAMS_EACH_MAX as u64;
    for index in 0..count {
        let stream = forward(index);
        assert_eq!(pair.ends[0].write(stream, Bytes::from_static(b"ask")), Ok(()), "{index}");
        pair.ends[0].finish(stream);
        pair.ends[1].write(stream, Bytes::from_static(b"answer")).expect("room");
        pair.ends[1].finish(stream);
        if index % 100 == 0 {
            pair.run(30, |_| true);
        }
    }
    pair.run(30, |_| true);
    for link in &mut pair.ends {
        assert!((0..count).all(|index| link.is_gone(forward(index))));
        assert_eq!(link.most_buffered(), (0, 0));
        let again = link.write(forward(5), Bytes::from_static(b"x"));
        assert_eq!(again, Err(WriteError::Finished));
    }
}

#[test]
fn the_last_acknowledgement_of_a_forgotten_stream_may_be_lost() {
    let mut pair = Pair::new();
    pair.run(10, |_| true);
    for index in 0..10 {
        for end in [0, 1] {
            pair.ends[end].write(forward(index), Bytes::from_static(b"all")).expect("room");
            pair.ends[end].finish(forward(index));
        }
    }
    // The client hears all and is done with them; what it says then is lost with the carrier.
    for end in [0, 1] {
        for transmit in pair.sent(end) {
            let (id, frame) = (transmit.carrier, frame(&transmit));
            pair.ends[1 - end].handle_frame(at(pair.now), id, frame).expect("honest");
        }
        pair.read(1 - end, |_| true);
    }
    pair.now += 20;
    for end in [1, 0] {
        pair.ends[end].handle_timeout(at(pair.now));
        for transmit in pair.sent(end) {
            if end == 1 {
                let (id, frame) = (transmit.carrier, frame(&transmit));
                pair.ends[0].handle_frame(at(pair.now), id, frame).expect("honest");
            }
        }
    }
    assert!((0..10).all(|index| pair.ends[0].is_gone(forward(index))));
    assert!((0..10).all(|index| !pair.ends[1].is_drained(forward(index))));
    for link in &mut pair.ends {
        link.remove_carrier(at(pair.now), PIPE);
    }
    pair.join(NEXT, false);
    pair.run(100, |_| true);
    assert!((0..10).all(|index| pair.ends[1].is_gone(forward(index))));
}

#[test]
fn what_was_received_of_many_streams_is_told_in_parts() {
    let mut pair = Pair::new();
    for index in 0..MANY {
        pair.ends[0].write(forward(index), Bytes::from_static(b"x")).expect("room");
    }
    pair.run(30, |_| true);
    pair.join(NEXT, false);
    let told: Vec<usize> = pair
        .sent(1)
        .iter()
        .filter_map(|transmit| match frame(transmit) {
            Frame::Resume(streams) => Some(streams.len()),
            _ => None,
        })
        .collect();
    assert_eq!(told.iter().sum::<usize>() as u64, MANY);
    assert!(told.iter().all(|count| *count <= RESUME_STREAMS_MAX), "{told:?}");
}

#[test]
fn a_little_on_a_stream_at_rest_does_not_wait_for_bulk() {
    let mut pair = Pair::new();
    pair.run(10, |_| true);
    fill(&mut pair.ends[0], StreamId::new(Role::Client, Class::Bulk, 1), usize::MAX);
    assert!(pair.sent(0).len() > 1);
    assert!(pair.sent(0).is_empty(), "as much is in flight as may be");
    pair.ends[0].write(forward(1), Bytes::from_static(b"request")).expect("room");
    fill(&mut pair.ends[0], forward(2), usize::MAX);
    assert_eq!(pair.sent(0).len(), 1, "the request, and not the other bulk");
}
