//! The questions that are asked of any client, in terms of what its terminal shows: how soon a prompt
//! is there, what a closed path does to the session. Knows no client's workings.

use std::time::Duration;

use abide_host::clock;
use abide_host::command::ShellCommand;
use abide_screen::{Screen, Size};

use crate::detour::Detour;
use crate::stop::Stop;
use crate::watched::{Missed, Watched};

/// What prompts end in; blanks after it do not count.
const PROMPTS: [char; 9] = ['#', '$', '%', '>', '❯', '➜', '»', 'λ', '⟩'];
/// What ssh asks with where it cannot sign in by itself.
const QUESTIONS: [&str; 4] = ["assword:", "passphrase", "(yes/no", "Verification code"];
/// How long an ordinary command may take to show its output.
const COMMAND_LIMIT: Duration = Duration::from_secs(20);
/// Between two questions whether a session is back.
const ASK_EVERY: Duration = Duration::from_millis(500);
/// How long a program may take to end by Ctrl-C, and its shell with it.
const LEAVE_STEP: Duration = Duration::from_millis(700);
/// How long a shell may take to end.
const LEAVE_LIMIT: Duration = Duration::from_secs(3);

/// Starts a client; returns when a prompt is there, with how long that took.
///
/// # Errors
/// [`Missed`] with what was shown in its place.
pub fn open(
    command: &ShellCommand,
    size: Size,
    limit: Duration,
    stop: &Stop,
) -> Result<(Watched, Duration), Missed> {
    let began = clock::now();
    let client = Watched::start(command, size, stop)?;
    let asks = client.wait("a prompt", limit, |screen| {
        let lines = screen.lines();
        let asks = lines.iter().any(|line| QUESTIONS.iter().any(|it| line.contains(it)));
        (asks || at_prompt(screen)).then_some(asks)
    })?;
    if asks {
        // Nobody is there to answer.
        return Err(client.missed_question());
    }
    Ok((client, clock::now().since(began)))
}

/// Whether the cursor stands behind what looks like a prompt.
fn at_prompt(screen: &Screen) -> bool {
    let line = screen.lines().into_iter().nth(screen.cursor().row.into()).unwrap_or_default();
    screen.cursor().col > 0 && line.trim_end().ends_with(PROMPTS)
}

/// Ends the shell, whatever runs in it, so that nothing is left at the far end. True when the client
/// ended too.
pub fn leave(client: &Watched) -> bool {
    let ended = |limit| matches!(client.wait_exit(limit), Ok(Some(_)));
    // Ctrl-C for what runs. A shell throws away what was typed together with it.
    let _gone_already = client.send("\x03");
    if ended(LEAVE_STEP) {
        return true;
    }
    // Ctrl-U for what is half typed. Twice, for a shell that was still busy.
    (0..2).any(|_| {
        let _gone_already = client.send("\x15exit\r");
        ended(LEAVE_LIMIT)
    })
}

/// What a closed path did to a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// From the path's return until a command typed then showed its output; none when it never did.
    pub back: Option<Duration>,
    /// It is the same shell, with its variables.
    pub same_shell: bool,
    /// What was typed while the path was closed ran.
    pub typed_arrived: bool,
}

/// Closes the detour for `closed`, types meanwhile, opens it, and asks until something answers, for
/// `limit` at most. The client waits at a prompt.
///
/// # Errors
/// The session does not answer before anything was closed, or the wish to stop came.
pub fn recover(
    client: &Watched,
    detour: &Detour,
    closed: Duration,
    limit: Duration,
    stop: &Stop,
) -> Result<Recovery, Missed> {
    // In pieces, so that the echo of a line is not taken for its output.
    client.send("abide_kept=ke''pt; echo re''ady\r")?;
    client.wait_for_line("ready", COMMAND_LIMIT)?;
    detour.close();
    pause(closed / 2, stop)?;
    client.send("echo ty''ped\r")?;
    pause(closed.saturating_sub(closed / 2), stop)?;
    detour.open();
    let opened = clock::now();
    let mut recovery = Recovery::default();
    while clock::now().since(opened) < limit && client.is_running() {
        // A client that is not there takes nothing in; that is an answer too.
        let _not_taken = client.send("echo al''ive $abide_kept\r");
        let alive = |screen: &Screen| {
            let lines = screen.lines();
            lines.iter().find(|line| line.starts_with("alive")).map(|line| line.ends_with("kept"))
        };
        match client.wait("an answer", ASK_EVERY, alive) {
            Ok(same_shell) => {
                recovery.back = Some(clock::now().since(opened));
                recovery.same_shell = same_shell;
                break;
            }
            Err(Missed::Late { .. }) => {}
            Err(Missed::Ended { .. }) => break,
            Err(other) => return Err(other),
        }
    }
    recovery.typed_arrived = client.screen().lines().iter().any(|line| line == "typed");
    Ok(recovery)
}

/// Lets time pass.
///
/// # Errors
/// The wish to stop came.
pub fn pause(time: Duration, stop: &Stop) -> Result<(), Missed> {
    const STEP: Duration = Duration::from_millis(100);
    let until = clock::now() + time;
    loop {
        if stop.is_set() {
            return Err(Missed::Stopped);
        }
        let left = until.since(clock::now());
        if left.is_zero() {
            return Ok(());
        }
        std::thread::sleep(left.min(STEP));
    }
}
