//! Misbehaviour on the keeper's unix socket.

use std::fs::File;
use std::io::{IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use abide_link::handshake::Initiator;
use abide_link::{Frame, FrameDecoder, LinkKey, StreamId};
use abide_session::{Ask, Attach, Describe, Request, Resume, encode};
use abide_terms::{EndingCode, LinkId};
use bytes::Bytes;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags};

use crate::kept::{Kept, wait_until};
use crate::live::Live;

fn request(ask: Ask) -> Bytes {
    encode(&Request { ask: Some(ask) })
}

/// Waits until the keeper hangs up; what it said before.
fn until_hung_up(mut stream: &UnixStream) -> Vec<u8> {
    let mut said = Vec::new();
    // A reset is a hanging up too.
    let _ = stream.read_to_end(&mut said);
    said
}

/// Bytes that look random and are the same in each run.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..length).map(|_| next()).collect()
}

#[tokio::test]
async fn garbage_and_half_requests() {
    let kept = Kept::start();
    let mut live = Live::attach(&kept).await;
    let before = kept.memory();
    let path = kept.socket.clone();
    let attack = std::thread::spawn(move || {
        for seed in 0..500 {
            let mut stream = UnixStream::connect(&path).expect("a keeper that listens");
            let bytes = match seed % 5 {
                0 => noise(seed, 1 + seed as usize * 7),
                // A length that is too much, one that never comes, and no message.
                1 => u32::MAX.to_be_bytes().to_vec(),
                2 => [&100_000u32.to_be_bytes()[..], &noise(seed, 5_000)].concat(),
                3 => request(Ask::Attach(Attach::default()))[..3].to_vec(),
                _ => encode(&Request { ask: None }).to_vec(),
            };
            // It may have hung up already.
            let _ = stream.write_all(&bytes);
        }
    });
    live.echo_during(attack).await;
    kept.wait_for_log(&["carrier refused", "socket", "process", "at most"]);
    kept.wait_for_log(&["carrier refused", "socket", "closed during the handshake"]);
    wait_until("its memory", || kept.memory() < before + 8 * 1024);
}

#[tokio::test]
async fn visitors_that_say_nothing() {
    let kept = Kept::start();
    let mut live = Live::attach(&kept).await;
    let before = (kept.memory(), kept.descriptors());
    let path = kept.socket.clone();
    let attack = std::thread::spawn(move || {
        let silent: Vec<_> =
            (0..400).map(|_| UnixStream::connect(&path).expect("a keeper that listens")).collect();
        // Others are heard all the same.
        let answer = abide_keeper::ask(&path, Ask::Describe(Describe {}));
        answer.expect("an answer while others are silent");
        drop(silent);
    });
    live.echo_during(attack).await;
    kept.wait_for_log(&["carrier refused", "socket", "made room"]);
    wait_until("all descriptors being closed", || kept.descriptors() <= before.1);
    assert!(kept.memory() < before.0 + 8 * 1024, "{} KiB, then {}", before.0, kept.memory());
}

/// Sends bytes with descriptors, as many as the system lets through.
fn send_with(stream: &UnixStream, bytes: &[u8], fds: &[std::os::fd::BorrowedFd<'_>]) -> bool {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(200))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    assert!(ancillary.push(SendAncillaryMessage::ScmRights(fds)));
    let slices = [IoSlice::new(bytes)];
    rustix::net::sendmsg(stream, &slices, &mut ancillary, SendFlags::NOSIGNAL).is_ok()
}

#[tokio::test]
async fn a_flood_of_descriptors() {
    let kept = Kept::start();
    let mut live = Live::attach(&kept).await;
    let before = kept.descriptors();
    let path = kept.socket.clone();
    let attack = std::thread::spawn(move || {
        let null = File::open("/dev/null").expect("/dev/null");
        let ask = request(Ask::Attach(Attach::default()));
        for _ in 0..50 {
            let connect = || UnixStream::connect(&path).expect("a keeper that listens");
            let at_once = connect();
            send_with(&at_once, &ask, &[null.as_fd(); 200]);
            until_hung_up(&at_once);
            let drop_by_drop = connect();
            // A length, and then one byte at a time, each with four more.
            send_with(&drop_by_drop, &200_000u32.to_be_bytes(), &[null.as_fd(); 4]);
            while send_with(&drop_by_drop, b"x", &[null.as_fd(); 4]) {}
            let three = connect();
            send_with(&three, &ask, &[null.as_fd(); 3]);
            until_hung_up(&three);
        }
    });
    live.echo_during(attack).await;
    kept.wait_for_log(&["carrier refused", "socket", "more than 4 descriptors came at once"]);
    kept.wait_for_log(&["carrier refused", "socket", "3 descriptors came, 2 at most are taken"]);
    wait_until("all descriptors being closed", || kept.descriptors() <= before);
}

/// Joins a link on the socket by hand; what was sent, and what the keeper said to it.
fn join(
    kept: &Kept,
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
