//! What answers at the far end of a forward: one word decides what a connection is. Runs on threads
//! that end with their connections.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use abide_lab::Trouble;

use crate::download;

/// Longest first line.
const LINE_MAX: u64 = 1_024;

/// Answers every connection for as long as the listener lives.
pub(crate) fn serve(listener: TcpListener) {
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || drop(answer(&stream)));
        }
    });
}

fn answer(stream: &TcpStream) -> Result<(), Trouble> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.by_ref().take(LINE_MAX).read_line(&mut line)?;
    match line.split_whitespace().collect::<Vec<_>>()[..] {
        ["GET", path, "HTTP/1.1"] => download::answer(stream, &mut reader, path),
        ["echo"] => echo(stream, reader),
        _ => Err(format!("what is {line:?}?").into()),
    }
}

/// Sends back every line until there are no more, then says so by its own end.
fn echo(mut stream: &TcpStream, mut reader: impl BufRead) -> Result<(), Trouble> {
    let mut line = String::new();
    while reader.by_ref().take(LINE_MAX).read_line(&mut line)? > 0 {
        stream.write_all(line.as_bytes())?;
        line.clear();
    }
    Ok(stream.shutdown(std::net::Shutdown::Write)?)
}
