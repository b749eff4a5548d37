//! An HTTP/1.1 download whose every byte is known from its place: both ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use abide_lab::Trouble;

use crate::carried::Progress;

const BLOCK: usize = 64 * 1024;

/// The eight bytes at a multiple of eight: any loss, doubling or swap shows.
fn word(offset: u64) -> [u8; 8] {
    // SplitMix64's finisher.
    let mut z = (offset / 8).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)).to_le_bytes()
}

/// The bytes from a place that is a multiple of eight.
fn fill(block: &mut [u8], offset: u64) {
    for (piece, at) in block.chunks_mut(8).zip((offset..).step_by(8)) {
        piece.copy_from_slice(&word(at)[..piece.len()]);
    }
}

/// The server's side: `/LENGTH`.
pub(crate) fn answer(
    mut stream: &TcpStream,
    reader: &mut impl BufRead,
    path: &str,
) -> Result<(), Trouble> {
    let length: u64 = path.trim_start_matches('/').parse()?;
    let mut line = String::new();
    while reader.read_line(&mut line)? > 0 && line != "\r\n" {
        line.clear();
    }
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n")?;
    let mut block = vec![0; BLOCK];
    let mut sent = 0;
    while sent < length {
        let size = BLOCK.min((length - sent) as usize);
        fill(&mut block[..size], sent);
        stream.write_all(&block[..size])?;
        sent += size as u64;
    }
    Ok(())
}

/// The client's side: every byte, in its place, and no more; at most `pace` bytes a
/// second, so that it lasts through the faults; what is in flight fills every buffer on the way.
pub(crate) fn fetch(
    mut stream: &TcpStream,
    length: u64,
    pace: u64,
    progress: &Progress,
) -> Result<(), Trouble> {
    write!(stream, "GET /{length} HTTP/1.1\r\nHost: lab\r\n\r\n")?;
    let mut reader = BufReader::with_capacity(BLOCK, stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Err("ended before it began".into());
        }
    }
    if !head.starts_with("HTTP/1.1 200 ")
        || !head.contains(&format!("Content-Length: {length}\r\n"))
    {
        return Err(format!("answered {head:?}").into());
    }
    let (mut read, mut block, mut wanted) = (0, vec![0; BLOCK], vec![0; BLOCK]);
    while read < length {
        let size = BLOCK.min((length - read) as usize);
        let got = fill_from(&mut reader, &mut block[..size])?;
        fill(&mut wanted[..size], read);
        if let Some(at) = (0..got).find(|at| block[*at] != wanted[*at]) {
            return Err(format!("byte {} differs", read + at as u64).into());
        }
        read += got as u64;
        progress.step(got as u64);
        if got < size {
            return Err(format!("ended after {read} of {length} bytes").into());
        }
        std::thread::sleep(Duration::from_micros(got as u64 * 1_000_000 / pace));
    }
    match reader.read(&mut block)? {
        0 => Ok(()),
        more => Err(format!("{more} bytes too many").into()),
    }
}

/// Reads until the buffer is full or the stream ends; how much that was.
fn fill_from(reader: &mut impl Read, block: &mut [u8]) -> std::io::Result<usize> {
    let mut got = 0;
    while got < block.len() {
        match reader.read(&mut block[got..])? {
            0 => break,
            more => got += more,
        }
    }
    Ok(got)
}
