//! Two links, frames carried by hand: what must hold at single moments. Whole lives are in `abide-sim`.

use abide_link::limits::{IN_FLIGHT_FLOOR, STREAMS_EACH_ACCEPTED, STREAMS_EACH_MAX};
use abide_link::{
    CarrierId, CarrierKind, Class, Frame, Lane, Link, LinkEvent, Misbehaviour, Read, Role,
    StreamId, Transmit, WriteError, decode_datagram,
};
use abide_terms::{Blame, Ending, EndingCode, Moment};
use bytes::{Bytes, BytesMut};

const PIPE: CarrierId = CarrierId(1);
const QUIC: CarrierId = CarrierId(2);
const KEYS: StreamId = StreamId::new(Role::Client, Class::Interactive, 1);
const ECHO: StreamId = StreamId::new(Role::Keeper, Class::Interactive, 1);
const FILE: StreamId = StreamId::new(Role::Client, Class::Bulk, 0);

fn at(milliseconds: u64) -> Moment {
    Moment::from_nanos((1_000_000 + milliseconds) * 1_000_000)
}

/// Two ends that have these carriers; nothing was carried yet.
fn pair(carriers: &[CarrierId]) -> (Link, Link) {
    let ends = [Role::Client, Role::Keeper].map(|role| {
        let mut link = Link::new(role, 7);
        for id in carriers {
            let quic = CarrierKind::Quic { payload_max: 1_200 };
            let kind = if *id == QUIC { quic } else { CarrierKind::SshPipe };
            link.add_carrier(at(0), *id, kind, true).expect("room for a carrier");
            link.set_budget(*id, 1 << 20);
        }
        link
    });
    ends.into()
}

fn frame(transmit: &Transmit) -> Frame {
    let mut bytes = BytesMut::from(&transmit.head[..]);
    bytes.extend_from_slice(&transmit.body);
    decode_datagram(bytes.freeze()).expect("a whole frame").remove(0)
}

fn sent(link: &mut Link, now: Moment) -> Vec<Transmit> {
    std::iter::from_fn(|| link.poll_transmit(now)).collect()
}

/// Carries what `from` wants sent; returns it.
fn carry(from: &mut Link, to: &mut Link, now: Moment) -> Vec<Transmit> {
    let all = sent(from, now);
    for transmit in &all {
        to.handle_frame(now, transmit.carrier, frame(transmit)).expect("an honest peer");
    }
    all
}

/// Carries everything both ways until both are quiet.
fn settle(client: &mut Link, keeper: &mut Link, now: Moment) {
    for end in [&mut *client, &mut *keeper] {
        end.handle_timeout(now);
    }
    while !carry(client, keeper, now).is_empty() | !carry(keeper, client, now).is_empty() {}
}

fn events(link: &mut Link) -> Vec<LinkEvent> {
    std::iter::from_fn(|| link.poll_event()).collect()
}

#[test]
fn acknowledgements_that_nobody_asks_for_again_are_not_sent_in_datagrams() {
    let (mut client, mut keeper) = pair(&[QUIC]);
    settle(&mut client, &mut keeper, at(10));
    client.write(KEYS, Bytes::from_static(b"x")).expect("room");
    client.write(FILE, Bytes::from(vec![1; 100_000])).expect("room");
    carry(&mut client, &mut keeper, at(20));
    let acks: Vec<(StreamId, Lane)> = sent(&mut keeper, at(40))
        .iter()
        .filter_map(|transmit| match frame(transmit) {
            Frame::Ack(received) => Some((received.stream, transmit.lane)),
            _ => None,
        })
        .collect();
    assert_eq!(acks, [(FILE, Lane::Control), (KEYS, Lane::Datagram)]);
}

#[test]
fn an_echo_that_was_lost_comes_with_the_acknowledgement_of_its_key() {
    let (mut client, mut keeper) = pair(&[QUIC]);
    settle(&mut client, &mut keeper, at(10));
    // A path that has shown that it loses nothing: no repeats ahead of answers.
    for end in [&mut client, &mut keeper] {
        end.handle_packet_counts(QUIC, 100, 0);
    }
    let typed = |client: &mut Link, keeper: &mut Link, now: u64| {
        client.write(KEYS, Bytes::from_static(b"x")).expect("room");
        carry(client, keeper, at(now));
        keeper.write(ECHO, Bytes::from_static(b"x")).expect("room");
        assert_eq!(sent(keeper, at(now + 1)).len(), 1, "the echo, which is lost");
    };
    let data = |transmits: &[Transmit]| {
        transmits.iter().filter(|it| matches!(frame(it), Frame::Data { .. })).count()
    };
    typed(&mut client, &mut keeper, 20);
    let with_it = carry(&mut keeper, &mut client, at(31));
    assert_eq!((with_it.len(), data(&with_it)), (2, 1), "the acknowledgement and the echo");
    assert_eq!(client.read(at(32), ECHO), Read::Bytes(Bytes::from_static(b"x")));
    assert!(client.unacknowledged(KEYS) == 0 && sent(&mut keeper, at(32)).is_empty());
    settle(&mut client, &mut keeper, at(50));
    // Longer ago: it waits for the timer, as an answer may be under way.
    typed(&mut client, &mut keeper, 60);
    let late = carry(&mut keeper, &mut client, at(95));
    assert_eq!((late.len(), data(&late)), (1, 0));
}

#[test]
fn a_lost_acknowledgement_comes_again_with_the_answer_to_a_ping() {
    let (mut client, mut keeper) = pair(&[PIPE, QUIC]);
    settle(&mut client, &mut keeper, at(10));
    client.write(FILE, Bytes::from(vec![1; 100_000])).expect("room");
    carry(&mut client, &mut keeper, at(20));
    assert!(!sent(&mut keeper, at(40)).is_empty(), "lost with the connection");
    assert!(!client.is_drained(FILE));
    client.remove_carrier(at(50), QUIC);
    client.kick(at(50), PIPE);
    carry(&mut client, &mut keeper, at(60));
    carry(&mut keeper, &mut client, at(60));
    assert!(client.is_drained(FILE));
}

#[test]
fn acknowledgements_go_where_the_peer_speaks() {
    let (mut client, mut keeper) = pair(&[PIPE, QUIC]);
    settle(&mut client, &mut keeper, at(10));
    // The client's QUIC fails silently; it goes on over the pipe. The keeper knows nothing of it.
    client.remove_carrier(at(20), QUIC);
    client.write(FILE, Bytes::from(vec![1; 50_000])).expect("room");
    carry(&mut client, &mut keeper, at(20));
    keeper.handle_timeout(at(40));
    assert!(sent(&mut keeper, at(40)).iter().any(|transmit| transmit.carrier == PIPE));
}

#[test]
fn bytes_delivered_by_another_carrier_are_no_reason_for_doubt() {
    let (mut client, mut keeper) = pair(&[PIPE]);
    settle(&mut client, &mut keeper, at(10));
    client.write(KEYS, Bytes::from_static(b"x")).expect("room");
    assert_eq!(sent(&mut client, at(20)).len(), 1);
    let quic = CarrierKind::Quic { payload_max: 1_200 };
    client.add_carrier(at(30), QUIC, quic, true).expect("room for a carrier");
    keeper.add_carrier(at(30), QUIC, quic, true).expect("room for a carrier");
    keeper.remove_carrier(at(30), PIPE);
    settle(&mut client, &mut keeper, at(40));
    settle(&mut client, &mut keeper, at(60));
    assert!(client.is_drained(KEYS));
    events(&mut client);
    client.handle_timeout(at(10_000));
    assert!(!client.in_doubt(PIPE));
    assert_eq!(events(&mut client), []);
}

#[test]
fn slow_bulk_is_asked_about_before_it_is_doubted() {
    let (mut client, mut keeper) = pair(&[QUIC]);
    settle(&mut client, &mut keeper, at(10));
    client.write(FILE, Bytes::from(vec![1; 500_000])).expect("room");
    let crossing = sent(&mut client, at(20));
    assert!(crossing.len() > 10);
    client.handle_timeout(at(1_000));
    let asked = sent(&mut client, at(1_000));
    assert!(
        matches!(asked.iter().map(frame).collect::<Vec<_>>()[..], [Frame::Ping(_)]),
        "{asked:?}"
    );
    assert!(!client.in_doubt(QUIC));
    client.handle_timeout(at(3_000));
    assert!(client.in_doubt(QUIC), "the ping was not answered either");
}

#[test]
fn a_key_without_echo_is_doubted_early() {
    let (mut client, mut keeper) = pair(&[QUIC]);
    settle(&mut client, &mut keeper, at(10));
    client.write(KEYS, Bytes::from_static(b"x")).expect("room");
    sent(&mut client, at(20));
    client.handle_timeout(at(250));
    assert!(client.in_doubt(QUIC));
    assert!(client.silent_since().is_some());
}

#[test]
fn the_first_sound_after_an_outage_is_answered_with_everything() {
    let (mut client, mut keeper) = pair(&[QUIC]);
    settle(&mut client, &mut keeper, at(10));
    keeper.write(KEYS, Bytes::from_static(b"echo")).expect("room");
    let mut now = 20;
    while now < 120_000 {
        sent(&mut keeper, at(now));
        keeper.handle_timeout(at(now));
        now += 100;
    }
    assert!(keeper.in_doubt(QUIC));
    client.kick(at(now), QUIC);
    carry(&mut client, &mut keeper, at(now));
    carry(&mut keeper, &mut client, at(now));
    assert_eq!(client.read(at(now), KEYS), Read::Bytes(Bytes::from_static(b"echo")));
}

#[test]
fn abandoned_streams_leave_their_room_in_a_pipe() {
    let (mut client, mut keeper) = pair(&[PIPE]);
    settle(&mut client, &mut keeper, at(10));
    for index in 0..10 {
        let stream = StreamId::new(Role::Client, Class::Bulk, index);
        client.write(stream, Bytes::from(vec![1; IN_FLIGHT_FLOOR as usize])).expect("room");
        let bytes: usize =
            sent(&mut client, at(20)).iter().map(|transmit| transmit.body.len()).sum();
        assert_eq!(bytes as u64, IN_FLIGHT_FLOOR, "stream {index}");
        client.abandon(stream);
    }
}

#[test]
fn nothing_is_told_of_an_abandoned_stream() {
    let (mut client, mut keeper) = pair(&[PIPE]);
    settle(&mut client, &mut keeper, at(10));
    client.write(FILE, Bytes::from_static(b"late")).expect("room");
    events(&mut keeper);
    carry(&mut client, &mut keeper, at(20));
    keeper.abandon(FILE);
    assert_eq!(events(&mut keeper), []);
    assert_eq!(keeper.write(FILE, Bytes::from_static(b"x")), Err(WriteError::Finished));
}

#[test]
fn each_end_opens_its_share_of_streams() {
    let (mut client, mut keeper) = pair(&[PIPE]);
    settle(&mut client, &mut keeper, at(10));
    let stream = |index| StreamId::new(Role::Client, Class::Bulk, index);
    let byte = || Bytes::from_static(b"x");
    let mine = STREAMS_EACH_MAX as u64 - 1; // the control stream is the client's too
    (0..mine).for_each(|index| client.write(stream(index), byte()).expect("room"));
    assert_eq!(client.write(stream(mine), byte()), Err(WriteError::TooManyStreams));
    let theirs = StreamId::new(Role::Keeper, Class::Bulk, 0);
    assert_eq!(client.write(theirs, byte()), Ok(()), "the other end's share is its own");
    carry(&mut client, &mut keeper, at(20));
    let mut more = |index| {
        let frame = Frame::Data { stream: stream(index), offset: 0, bytes: byte(), fin: false };
        keeper.handle_frame(at(20), PIPE, frame)
    };
    let accepted = STREAMS_EACH_ACCEPTED as u64 - 1;
    assert!((mine..accepted).all(|index| more(index) == Ok(())), "it may have forgotten others");
    assert_eq!(more(accepted), Err(Misbehaviour::TooManyStreams));
}

#[test]
fn many_acknowledgements_wait_without_pushing_one_another_out() {
    let (mut client, mut keeper) = pair(&[PIPE]);
    settle(&mut client, &mut keeper, at(10));
    for index in 0..STREAMS_EACH_MAX as u64 - 1 {
        let stream = StreamId::new(Role::Client, Class::Bulk, index);
        client.write(stream, Bytes::from_static(b"x")).expect("room");
    }
    keeper.set_budget(PIPE, 0);
    carry(&mut client, &mut keeper, at(20));
    (0..1_000).for_each(|token| {
        keeper.handle_frame(at(20), PIPE, Frame::Ping(token)).expect("allowed");
    });
    assert!(sent(&mut keeper, at(40)).is_empty(), "the pipe is full");
    keeper.set_budget(PIPE, 1 << 20);
    carry(&mut keeper, &mut client, at(50));
    assert!((0..3).all(|index| client.is_drained(StreamId::new(Role::Client, Class::Bulk, index))));
}

#[test]
fn a_closed_link_says_so_and_nothing_else() {
    let (mut client, mut keeper) = pair(&[QUIC]);
    settle(&mut client, &mut keeper, at(10));
    keeper.write(KEYS, Bytes::from_static(b"x")).expect("room");
    carry(&mut keeper, &mut client, at(20));
    client.close(Ending::new(EndingCode::Detached, Blame::You, ""));
    client.kick(at(21), QUIC);
    let last = carry(&mut client, &mut keeper, at(40));
    assert!(matches!(last.iter().map(frame).collect::<Vec<_>>()[..], [Frame::Close { .. }]));
    assert!(events(&mut keeper).iter().any(|event| matches!(event, LinkEvent::Closed(_))));
    assert_eq!((client.poll_timeout(), keeper.poll_timeout()), (None, None));
    assert!(sent(&mut keeper, at(50)).is_empty());
}

#[test]
fn bulk_that_stalls_on_a_living_path_is_asked_about_ever_less() {
    let (mut client, mut keeper) = pair(&[QUIC]);
    settle(&mut client, &mut keeper, at(10));
    client.write(FILE, Bytes::from(vec![1; 500_000])).expect("room");
    sent(&mut client, at(20));
    let mut pings = 0;
    for now in (20..60_000).step_by(50) {
        client.handle_timeout(at(now));
        pings += carry(&mut client, &mut keeper, at(now)).len();
        carry(&mut keeper, &mut client, at(now));
        assert!(!client.in_doubt(QUIC));
    }
    assert!((10..40).contains(&pings), "{pings} in a minute");
}

#[test]
fn a_round_trip_longer_than_the_patience_is_learned() {
    let (mut client, mut keeper) = pair(&[QUIC]);
    // Both directions take two seconds, from the first frame on.
    let mut under_way: Vec<(u64, bool, CarrierId, Frame)> = Vec::new();
    let mut counts = [0; 2];
    for now in (0..600_000).step_by(10) {
        for (due, to_keeper, id, frame) in std::mem::take(&mut under_way) {
            let end = if to_keeper { &mut keeper } else { &mut client };
            match due <= now {
                true => end.handle_frame(at(now), id, frame).expect("an honest peer"),
                false => under_way.push((due, to_keeper, id, frame)),
            }
        }
        for (end, to_keeper) in [(&mut client, true), (&mut keeper, false)] {
            end.handle_timeout(at(now));
            for transmit in sent(end, at(now)) {
                counts[usize::from(now >= 60_000)] += 1;
                under_way.push((now + 2_000, to_keeper, transmit.carrier, frame(&transmit)));
            }
        }
    }
    let rtt = client.rtt(QUIC).and_then(|rtt| rtt.smoothed()).expect("measured");
    assert!((3_000..5_000).contains(&rtt.as_millis()), "{rtt:?}");
    assert!(counts[1] < 300, "{counts:?} frames: the link never comes to rest");
}

#[test]
fn repeats_ahead_of_answers_end_where_there_is_doubt() {
    let (mut client, mut keeper) = pair(&[QUIC]);
    settle(&mut client, &mut keeper, at(10));
    client.handle_packet_counts(QUIC, 100, 30);
    for now in (20..5_000).step_by(7) {
        client.write(KEYS, Bytes::from_static(b"x")).expect("room");
        client.handle_timeout(at(now));
        sent(&mut client, at(now));
        let due = client.poll_timeout().expect("it waits for an answer");
        assert!(due > at(now), "due for ever at {now} ms");
    }
    assert!(client.in_doubt(QUIC));
    assert!(client.masking(QUIC).is_some_and(|(loss, _)| loss > 0.2));
}
