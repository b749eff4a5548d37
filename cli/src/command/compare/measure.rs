//! The order of measuring: a prompt, then keys, with each tool by itself, so that none disturbs
//! another; then all at once the idle watch and the cut, which take long and hurt nobody.

use std::time::Duration;

use abide_compare::{
    Course, Detour, Missed, Program, Recovery, Stop, Typed, Watched, leave, open, pause, prepare,
    recover, type_course,
};
use abide_terms::print_span;

use super::figures::{Comparison, Echo, Idle, Measured, Row};
use super::tools::{Call, Kind};
use crate::complaint::Complaint;
use crate::print;

/// From one key to the next.
const PACE: Duration = Duration::from_millis(200);
/// Letters in a line.
const LINE: usize = 40;
/// How long a tool may take to show a prompt; an upload of the keeper is among it.
const OPEN_LIMIT: Duration = Duration::from_secs(90);
/// After the last key, for echoes still under way.
const LAST_ECHO: Duration = Duration::from_secs(15);
/// About what a tool takes besides its keys, for the announcement.
const OVERHEAD: Duration = Duration::from_secs(4);
/// After a session has opened, before it counts as idle.
const SETTLE: Duration = Duration::from_secs(2);

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effort {
    pub(super) keys: usize,
    pub(super) idle: Duration,
    pub(super) cut: Duration,
    pub(super) patience: Duration,
}

impl Effort {
    fn course(&self) -> Course {
        Course { program: Program::Raw, keys: self.keys, line: LINE, pace: PACE, seed: 1 }
    }

    /// At most, if nothing hangs.
    fn total(&self, tools: usize) -> Duration {
        let each = PACE * self.keys as u32 + OVERHEAD;
        let cut = if self.cut.is_zero() { Duration::ZERO } else { self.cut + self.patience };
        each * tools as u32 + self.idle + cut
    }
}

/// What will happen, and for how long.
pub(super) fn announcement(call: &Call, effort: &Effort) -> String {
    let names: Vec<&str> = call.kinds.iter().map(|kind| kind.name()).collect();
    let total = effort.total(call.kinds.len());
    let seconds = Duration::from_secs(total.as_secs().next_multiple_of(5));
    format!(
        "abide: comparing {} on {}; this takes up to {} (^C ends it and its sessions)",
        names.join(", "),
        call.host,
        print_span(seconds)
    )
}

/// Everything, tool by tool.
pub(super) fn all(call: &Call, effort: &Effort, stop: &Stop) -> Result<Comparison, Complaint> {
    let mut rows = Vec::new();
    for kind in &call.kinds {
        note(&format!("{}: {} keys", kind.name(), effort.keys), stop);
        let (open, echo) = typed(call, *kind, effort, stop);
        let (idle, recovery) = (Err("not reached".to_owned()), Err("not reached".to_owned()));
        rows.push(Row { kind: *kind, call: call.shown(*kind), open, echo, idle, recovery });
    }
    note(&quiet_part(effort), stop);
    std::thread::scope(|scope| {
        let running: Vec<_> = rows
            .iter_mut()
            .map(|row| {
                scope.spawn(move || (row.idle, row.recovery) = quiet(call, row, effort, stop))
            })
            .collect();
        running.into_iter().for_each(|thread| drop(thread.join()));
    });
    for kind in &call.missing {
        let why = || format!("{} is not installed here", kind.name());
        let (open, echo, idle, recovery) = (Err(why()), Err(why()), Err(why()), Err(why()));
        rows.push(Row { kind: *kind, call: call.shown(*kind), open, echo, idle, recovery });
    }
    Ok(Comparison {
        host: call.host.clone(),
        keys: effort.keys,
        cut: effort.cut,
        patience: effort.patience,
        rows,
    })
}

fn quiet_part(effort: &Effort) -> String {
    let idle = print_span(effort.idle);
    if effort.cut.is_zero() {
        return format!("all at once: {idle} idle");
    }
    let (cut, patience) = (print_span(effort.cut), print_span(effort.patience));
    format!("all at once: {idle} idle, a cut of {cut}, up to {patience} to be back")
}

fn note(what: &str, stop: &Stop) {
    if !stop.is_set() {
        print::note(format_args!("abide: {what}"));
    }
}

fn said(error: &Missed) -> String {
    match error {
        Missed::Question(words) => {
            format!("it asks ({}), and compare signs in without questions", last(words))
        }
        Missed::Ended { shown, .. } => format!("it ended: {}", last(shown)),
        Missed::Late { what, limit, shown } => {
            format!("{what}: not within {}; shown: {}", print_span(*limit), last(shown))
        }
        Missed::Stopped | Missed::Terminal(_) => error.to_string(),
    }
}

fn last(words: &str) -> String {
    words.lines().last().unwrap_or("nothing").trim().to_owned()
}

/// Time to the prompt, and the keys, over the user's own path.
fn typed(
    call: &Call,
    kind: Kind,
    effort: &Effort,
    stop: &Stop,
) -> (Measured<Duration>, Measured<Echo>) {
    let course = effort.course();
    let opened = open(&call.direct(kind), course.size(), OPEN_LIMIT, stop);
    let (client, took) = match opened {
        Ok(opened) => opened,
        Err(error) => return (Err(said(&error)), Err("it did not open".to_owned())),
    };
    let typed = pause(SETTLE, stop)
        .and_then(|()| prepare(&client, &course))
        .and_then(|()| type_course(&client, &course, LAST_ECHO));
    leave(&client);
    (Ok(took), typed.map(echo).map_err(|error| said(&error)))
}

fn echo(typed: Typed) -> Echo {
    let times: Vec<f64> =
        typed.keys.iter().flatten().map(|time| time.as_secs_f64() * 1e3).collect();
    let steps: abide_compare::Sample =
        times.windows(2).map(|pair| (pair[1] - pair[0]).abs()).collect();
    Echo {
        never: typed.keys.len() - times.len(),
        jitter: steps.median(),
        times: times.into_iter().collect(),
        wrong: typed.wrong,
    }
}

/// A session over a detour: first idle, then cut.
fn quiet(
    call: &Call,
    row: &Row,
    effort: &Effort,
    stop: &Stop,
) -> (Measured<Idle>, Measured<Recovery>) {
    let none = |why: String| (Err(why.clone()), Err(why));
    if !row.opened() {
        return none("it did not open".to_owned());
    }
    if let Some(why) = call.no_detour() {
        return none(why);
    }
    if row.kind == Kind::Abide {
        // Its datagrams go to the server's own addresses, past anything on loopback.
        return none(
            "its UDP path cannot be watched or cut from outside; see abide --no-udp".into(),
        );
    }
    let (detour, client) = match opened_over(call, row.kind, stop) {
        Ok(opened) => opened,
        Err(why) => return none(why),
    };
    let idle = watch_idle(&detour, effort.idle, stop);
    let recovery = if effort.cut.is_zero() {
        Err("the cut was left out (--cut 0)".to_owned())
    } else {
        recover(&client, &detour, effort.cut, effort.patience, stop).map_err(|error| said(&error))
    };
    leave(&client);
    (idle, recovery)
}

fn watch_idle(detour: &Detour, time: Duration, stop: &Stop) -> Measured<Idle> {
    let watch = || -> Result<Idle, Missed> {
        pause(SETTLE, stop)?;
        let before = detour.packets();
        pause(time, stop)?;
        Ok(Idle { packets: detour.packets() - before, watched: time })
    };
    watch().map_err(|error| said(&error))
}

fn opened_over(call: &Call, kind: Kind, stop: &Stop) -> Measured<(Detour, Watched)> {
    let size = Effort { keys: 1, idle: SETTLE, cut: SETTLE, patience: SETTLE }.course().size();
    let no_detour = |error: std::io::Error| format!("no detour could be laid: {error}");
    let (detour, command) = if kind == Kind::Mosh {
        let (port, key) = mosh_server(call)?;
        let detour = Detour::udp((call.server().0, port)).map_err(no_detour)?;
        let command = call.mosh_client(detour.address(), &key);
        (detour, command)
    } else {
        let detour = Detour::tcp(call.server()).map_err(no_detour)?;
        let command = call.over(kind, detour.address());
        (detour, command)
    };
    let opened = open(&command, size, OPEN_LIMIT, stop);
    let (client, _) = opened.map_err(|error| said(&error))?;
    Ok((detour, client))
}

/// Starts a server of mosh's as its wrapper does: its port and key. It ends by itself when no client
/// is heard of for ten minutes.
fn mosh_server(call: &Call) -> Measured<(u16, String)> {
    let line = "MOSH_SERVER_NETWORK_TMOUT=600 exec mosh-server new -s -c 256 -l LC_ALL=C.UTF-8";
    let output = call.ssh_line(line).output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let connect = text.lines().find_map(|line| line.trim().strip_prefix("MOSH CONNECT "));
    let parts = connect.and_then(|rest| rest.split_once(' '));
    parts.and_then(|(port, key)| Some((port.parse().ok()?, key.trim().to_owned()))).ok_or_else(
        || {
            let stderr = String::from_utf8_lossy(&output.stderr);
            format!("mosh-server did not start: {}", last(stderr.trim()))
        },
    )
}
