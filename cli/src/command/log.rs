//! `abide log`: what a session printed, as far as its keeper has it, here or on a host.

use std::io::{self, Write};

use abide_openssh::Invocation;
use abide_session::{Log, ReplyAnswer, encode_word};

use crate::args::Place;
use crate::command::attach::one_here;
use crate::command::target::{Target, ask_host};
use crate::complaint::Complaint;
use crate::exit::Exit;
use crate::road;

/// Prints it.
pub(crate) fn run(lines: Option<u64>, plain: bool, place: &Place) -> Result<Exit, Complaint> {
    if lines == Some(0) {
        return Err(Complaint::new("`-n 0` prints nothing")
            .because("-n is the number of lines to print, counted from the last")
            .try_this("abide log -n 100")
            .exit(Exit::USAGE));
    }
    // As a word of a command line, a message must say something.
    let log = |session| Log { lines: lines.unwrap_or(u64::MAX), plain, session };
    match Target::read(place)? {
        Target::Here(session) => here(log(session)),
        Target::There(invocation, session) => there(*invocation, &log(session)),
    }
}

fn here(log: Log) -> Result<Exit, Complaint> {
    let socket = one_here(&log.session)?.socket;
    let failed = |error: abide_keeper::RequestError| {
        Complaint::new("not all could be read").because(error.to_string()).try_this("abide ls")
    };
    abide_keeper::read_log(&socket, log, |text| passed(&text)).map_err(failed)?;
    Ok(Exit::OK)
}

/// Prints a piece; a reader that has seen enough is no error.
fn passed(text: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

fn there(invocation: Invocation, log: &Log) -> Result<Exit, Complaint> {
    let to = road::of(&invocation);
    let answers = ask_host(invocation, &["log", &encode_word(log)])?;
    for answer in answers {
        match answer {
            ReplyAnswer::LogPart(part) => passed(&part.text)?,
            ReplyAnswer::Failed(failed) => {
                let complaint = Complaint::new(failed.evidence).because(failed.because);
                return Err(match failed.remedy.as_str() {
                    "" => complaint.try_this(format!("abide ls {to}")).exit(Exit::NO),
                    remedy => complaint.try_this(format!("ssh {to} {}", road::quoted(remedy))),
                });
            }
            ReplyAnswer::Done(_) | ReplyAnswer::Description(_) => {}
        }
    }
    Ok(Exit::OK)
}
