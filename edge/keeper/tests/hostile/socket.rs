//! Misbehaviour on the keeper's unix socket.

use std::fs::File;
use std::io::{IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use abide_session::{Ask, Attach, Describe, Request, Resume, encode};
use bytes::Bytes;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags};

use crate::kept::{Kept, wait_until};
use crate::live::Live;

pub(crate) fn request(ask: Ask) -> Bytes {
    encode(&Request { ask: Some(ask) })
}

/// Waits until the keeper hangs up; what it said before.
pub(crate) fn until_hung_up(mut stream: &UnixStream) -> Vec<u8> {
    let mut said = Vec::new();
    // A reset is a hanging up too.
    let _ = stream.read_to_end(&mut said);
    said
}

/// Bytes that look random and are the same in each run.
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
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
        let answer = abide_keeper::ask(&path, Ask::Describe(Describe::default()));
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

#[tokio::test]
async fn descriptors_that_carry_nothing() {
    let kept = Kept::start();
    let mut live = Live::attach(&kept).await;
    let before = kept.descriptors();
    let path = kept.socket.clone();
    let attack = std::thread::spawn(move || {
        // Nothing that can be waited for.
        let both_ways = File::options().read(true).write(true).open("/dev/null");
        let null = both_ways.expect("/dev/null");
        let folder = File::open("/").expect("a folder");
        let file = File::open("/proc/self/exe").expect("a file");
        let (reader, writer) = std::io::pipe().expect("a pipe");
        let pairs = [
            [null.as_fd(), null.as_fd()],
            [folder.as_fd(), folder.as_fd()],
            [file.as_fd(), null.as_fd()],
            // The wrong way round, and one way only.
            [writer.as_fd(), reader.as_fd()],
        ];
        for ask in [Ask::Attach(Attach::default()), Ask::Resume(Resume {})] {
            for pair in &pairs {
                let stream = UnixStream::connect(&path).expect("a keeper that listens");
                assert!(send_with(&stream, &request(ask.clone()), pair));
                until_hung_up(&stream);
            }
        }
    });
    live.echo_during(attack).await;
    kept.wait_for_log(&["carrier refused", "socket", "Operation not permitted"]);
    kept.wait_for_log(&["carrier refused", "socket", "to read from is for writing"]);
    wait_until("all descriptors being closed", || kept.descriptors() <= before);
}
