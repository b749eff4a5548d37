//! A chat of small messages, many a second and not waiting for answers, as over a WebSocket: each
//! must come back once, whole and in order, and the end after the last.

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use abide_lab::Trouble;

use crate::carried::Progress;

/// Between two messages.
const PACE: Duration = Duration::from_millis(40);

fn message(number: u64) -> String {
    let words = "0123456789abcdef".repeat((number % 13) as usize);
    format!("{{\"id\":{number},\"text\":\"{words}\"}}\n")
}

/// Chats until it shall finish, then takes the last answers.
pub(crate) fn chat(stream: &TcpStream, progress: &Arc<Progress>) -> Result<(), Trouble> {
    let (mut writer, writing) = (stream.try_clone()?, Arc::clone(progress));
    let speaker = std::thread::spawn(move || speak(&mut writer, &writing));
    let mut heard = 0;
    for line in BufReader::new(stream).lines() {
        let (line, wanted) = (line?, message(heard));
        if line != wanted.trim_end() {
            return Err(format!("message {heard} is {line:?}").into());
        }
        heard += 1;
        progress.step(1);
    }
    if !progress.shall_finish() {
        return Err(format!("ended after {heard} messages").into());
    }
    let said = speaker.join().map_err(|_| "the speaker panicked")??;
    if heard == said { Ok(()) } else { Err(format!("{said} said, {heard} heard").into()) }
}

fn speak(writer: &mut TcpStream, progress: &Progress) -> std::io::Result<u64> {
    writer.write_all(b"echo\n")?;
    let mut said = 0;
    while !progress.shall_finish() {
        writer.write_all(message(said).as_bytes())?;
        said += 1;
        std::thread::sleep(PACE);
    }
    writer.shutdown(Shutdown::Write)?;
    Ok(said)
}
