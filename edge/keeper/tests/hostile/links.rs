//! Misbehaviour of who has reached the handshake of a link on the keeper's unix socket, or has passed it.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use abide_link::handshake::Initiator;
use abide_link::{Frame, FrameDecoder, LinkKey, Received, StreamId};
use abide_session::{Ask, Resume};
use abide_terms::{EndingCode, LinkId};
use bytes::Bytes;

use crate::kept::{Front, Kept, wait_until};
use crate::live::Live;
use crate::socket::{noise, request, until_hung_up};

/// Joins a link on the socket by hand; what was sent, and what the keeper said to it.
fn join(
    kept: &Front,
    key: &LinkKey,
    link: LinkId,
    recorded: Option<&[Bytes; 2]>,
) -> (UnixStream, [Bytes; 2], Frame) {
    let mut stream = kept.connect();
    let (initiator, hello) = Initiator::new(key.clone(), link, [7; 16], b"");
    let hello = recorded.map_or(hello.encode(), |recorded| recorded[0].clone());
    // In one go: what follows a request belongs to the link.
    stream.write_all(&[&request(Ask::Resume(Resume {}))[..], &hello].concat()).expect("written");
    let mut decoder = FrameDecoder::default();
    let answer = receive(&mut stream, &mut decoder);
    let proof = match recorded {
        Some(recorded) => recorded[1].clone(),
        None => match initiator.handle_frame(answer.clone()) {
            Ok((_, proof)) => proof.encode(),
            Err(_) => return (stream, [hello, Bytes::new()], answer),
        },
    };
    stream.write_all(&proof).expect("written");
    let answer = receive(&mut stream, &mut decoder);
    (stream, [hello, proof], answer)
}

fn receive(stream: &mut UnixStream, decoder: &mut FrameDecoder) -> Frame {
    loop {
        if let Some(frame) = decoder.next_frame().expect("frames") {
            return frame;
        }
        let mut buffer = [0; 4096];
        let count = stream.read(&mut buffer).expect("an answer");
        assert!(count > 0, "hung up without a word");
        decoder.buffer().extend_from_slice(&buffer[..count]);
    }
}

fn refused_as(frame: &Frame, code: EndingCode) -> bool {
    matches!(frame, Frame::Refuse { code: number, .. } if *number == code.number())
}

#[tokio::test]
async fn handshakes_that_are_replayed_forged_or_out_of_place() {
    let kept = Kept::start();
    let mut live = Live::attach(&kept).await;
    let mut other = Live::attach(&kept).await;
    let (key, link) = (other.key(), other.link());

    let (_, recorded, answer) = join(&kept, &key, link, None);
    assert!(matches!(answer, Frame::Resume(_)), "the right key: {answer:?}");
    live.echo().await;
    let (_, _, answer) = join(&kept, &key, link, Some(&recorded));
    assert!(refused_as(&answer, EndingCode::WrongKey), "a replay: {answer:?}");
    live.echo().await;

    let (_, _, answer) = join(&kept, &key, LinkId([9; 16]), None);
    assert!(refused_as(&answer, EndingCode::UnknownLink), "no such link: {answer:?}");
    let wrong = LinkKey::from_bytes([1; 32]);
    let forged = [recorded[0].clone(), Frame::Proof([0; 32]).encode()];
    for (what, key, sent) in
        [("another proof", &wrong, Some(&forged)), ("another link's key", &live.key(), None)]
    {
        let (stream, sent, answer) = join(&kept, key, link, sent);
        // Who has the wrong key sees that by the keeper's proof, and has none of its own to show.
        if sent[1].is_empty() {
            drop(stream);
            continue;
        }
        assert!(refused_as(&answer, EndingCode::WrongKey), "{what}: {answer:?}");
    }
    live.echo().await;
    other.join_quic().await;
    other.echo().await;

    let odd = |first: &[u8]| {
        let mut stream = kept.connect();
        let bytes = [&request(Ask::Resume(Resume {}))[..], first].concat();
        stream.write_all(&bytes).expect("written");
        let _ = stream.shutdown(std::net::Shutdown::Write);
        until_hung_up(&stream);
    };
    let data = Frame::Data {
        stream: StreamId::CONTROL,
        offset: 0,
        bytes: Bytes::from_static(b"x"),
        fin: false,
    };
    odd(&data.encode());
    odd(&recorded[0][..recorded[0].len() - 1]);
    odd(&[0x10, 0, 0, 0xbf, 0xff, 0xff, 0xff]);
    odd(&noise(3, 4096));
    let later =
        Frame::Hello { version_min: 900, version_max: 901, capabilities: 0, link, nonce: [0; 16] };
    odd(&later.encode());
    live.echo().await;
    for why in [
        "is wrong",
        "no link 0909",
        "DATA is out of place in a handshake",
        "closed during the handshake",
        "payload",
        "versions 900 to 901",
    ] {
        kept.wait_for_log(&["carrier refused", "socket", "process", why]);
    }
    other.echo().await;
}

#[tokio::test]
async fn frames_that_break_the_rules_end_their_carrier_alone() {
    let kept = Kept::start();
    let mut live = Live::attach(&kept).await;
    let mut other = Live::attach(&kept).await;
    other.join_quic().await;
    // Whoever has a link's key may write to all of its streams: this one's link is given up.
    let spoilt = Live::attach(&kept).await;
    let before = kept.memory();
    let (at, theirs) = (Front::clone(&kept), (other.key(), other.link()));
    let (key, link) = (spoilt.key(), spoilt.link());
    let attack = std::thread::spawn(move || {
        for (bytes, why) in rule_breakers() {
            let (key, link) = &theirs;
            lose(&at, key, *link, &bytes, why);
        }
        let many = (1..5_000).flat_map(|number| data(4 * number, 0));
        lose(&at, &key, link, &many.collect::<Vec<u8>>(), "streams of one end");
    });
    // The client on whose link they come types all the while; so does the live one.
    while !attack.is_finished() {
        other.echo().await;
        live.echo().await;
    }
    attack.join().expect("every carrier ended");
    other.echo().await;
    live.echo().await;
    assert!(kept.memory() < before + 8 * 1024, "{before} KiB, then {}", kept.memory());
}

/// Joins a link, sends `bytes`, and waits until the carrier is gone for that reason.
fn lose(kept: &Front, key: &LinkKey, link: LinkId, bytes: &[u8], why: &str) {
    let lost =
        || kept.log().lines().filter(|line| line.contains("lost") && line.contains(why)).count();
    let before = lost();
    let (mut stream, _, answer) = join(kept, key, link, None);
    assert!(matches!(answer, Frame::Resume(_)), "{answer:?}");
    // It may hang up before all is written.
    let _ = stream.write_all(bytes);
    until_hung_up(&stream);
    wait_until(why, || lost() > before);
}

fn data(stream: u64, offset: u64) -> Vec<u8> {
    let (stream, bytes) = (StreamId::from_number(stream), Bytes::from_static(b"x"));
    Frame::Data { stream, offset, bytes, fin: false }.encode().to_vec()
}

/// What no client may send after its handshake, and what the log says of it.
fn rule_breakers() -> [(Vec<u8>, &'static str); 6] {
    let input = StreamId::from_number(abide_session::TERMINAL_INPUT);
    let never_sent = Frame::Ack(Received { stream: input, upto: 1 << 40, limit: 1 << 41 });
    [
        (data(abide_session::TERMINAL_INPUT, 1 << 40), "is the limit"),
        (never_sent.encode().to_vec(), "acknowledged that were never sent"),
        (vec![0x3f], "0x3f"),
        (vec![0x10, 0, 0, 0xbf, 0xff, 0xff, 0xff], "payload"),
        (noise(11, 65_536), "carrier lost"),
        (Frame::Proof([0; 32]).encode().to_vec(), "a handshake frame after the handshake"),
    ]
}
