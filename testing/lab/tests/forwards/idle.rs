//! A connection that says one word at its beginning and one at its end, and nothing between.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use abide_lab::Trouble;

use crate::carried::Progress;

/// How often a reader looks up whether it is over.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long the last word's answer may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);

pub(crate) fn idle(mut stream: &TcpStream, progress: &Progress) -> Result<(), Trouble> {
    let mut reader = BufReader::new(stream.try_clone()?);
    stream.write_all(b"echo\nfirst\n")?;
    answered(&mut reader, "first\n")?;
    progress.step(1);
    stream.set_read_timeout(Some(LOOK_EVERY))?;
    while !progress.shall_finish() {
        match stream.peek(&mut [0]) {
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Ok(0) => return Err("ended".into()),
            Ok(_) => return Err("said something nobody asked for".into()),
            Err(error) => return Err(error.into()),
        }
    }
    stream.set_read_timeout(Some(ANSWER_LIMIT))?;
    stream.write_all(b"last\n")?;
    answered(&mut reader, "last\n")?;
    stream.shutdown(Shutdown::Write)?;
    match reader.read(&mut [0])? {
        0 => Ok(()),
        _ => Err("said something after its end".into()),
    }
}

fn answered(reader: &mut impl BufRead, wanted: &str) -> Result<(), Trouble> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    if line == wanted { Ok(()) } else { Err(format!("answered {line:?}, not {wanted:?}").into()) }
}
