//! `abide autossh`, or this program called by that name: autossh 1.4g's own command line.

use std::ffi::OsString;

use abide_tunnel::autossh::{self, AutosshError, Call, Outcome, Ran};

use crate::complaint::Complaint;
use crate::exit::Exit;
use crate::print;

/// What `-V` says: the release whose flags and rules these are. Programs read it.
const VERSION: &str = "autossh 1.4g\n";

const USAGE: &str = "\
usage: autossh [-V] [-M monitor_port[:echo_port]] [-f] [SSH_OPTIONS]

    -M  the port for tests of the connection; the next one up is used for the way
        back, unless an echo service's port at the far end is given. 0: no tests.
        Beats AUTOSSH_PORT. Without either a free pair of ports is drawn.
    -f  in the background (ssh never sees this flag)
    -V  print the release and exit

Environment:
    AUTOSSH_PATH         the ssh to run
    AUTOSSH_PORT         as -M
    AUTOSSH_POLL         seconds between two tests (600)
    AUTOSSH_FIRST_POLL   seconds to the first test (as AUTOSSH_POLL)
    AUTOSSH_GATETIME     a first ssh that exits within so many seconds ends all
                         (30; 0, and with -f: never)
    AUTOSSH_MAXSTART     start ssh so often at most (-1: no limit)
    AUTOSSH_MAXLIFETIME  end after so many seconds (0: never)
    AUTOSSH_MESSAGE      sent with each test (up to 64 bytes)
    AUTOSSH_PIDFILE      write the process number there
    AUTOSSH_LOGFILE      log there instead of to syslog
    AUTOSSH_LOGLEVEL     0 to 7 (6)
    AUTOSSH_DEBUG        log everything, to stderr too

This is abide's autossh: `abide tunnel` does more, docs/autossh.md says what.
";

/// Runs it.
pub(crate) fn run(words: Vec<OsString>) -> Result<Exit, Complaint> {
    let call = Call {
        words,
        environment: std::env::vars_os().collect(),
        directory: std::env::current_dir().unwrap_or_default(),
        speak: Box::new(|line| print::note(line)),
    };
    Ok(match autossh::run(call) {
        Ok(Ran::Version) => {
            print::out(VERSION);
            Exit::OK
        }
        Ok(Ran::Ended(Outcome::Done)) => Exit::OK,
        Ok(Ran::Ended(Outcome::Failed)) => Exit::NO,
        Err(error @ AutosshError::Usage(_)) => {
            print::note(format_args!("autossh: {error}\n{USAGE}"));
            Exit::NO
        }
        Err(error) => {
            print::note(format_args!("autossh: {error}"));
            Exit::NO
        }
    })
}
