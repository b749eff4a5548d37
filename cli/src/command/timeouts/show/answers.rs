//! What the settings come to: sentences, then a table of every situation with the timer that fires
//! first at each end, then what devices on the way would do.

use abide_timeouts::{
    Effect, Fact, Fate, Firing, IdleAs, Limit, Prediction, Reason, Side, Situation, Timer, Traffic,
    When, gap, path, predict,
};

use super::page::Page;
use super::seen::Seen;
use super::words;

/// Situations in the order of the table, with the words for them.
pub(super) const SITUATIONS: [(&str, &str, Situation); 15] = [
    ("dead-path-idle", "path dead, nobody sends", Situation::DeadPath(Traffic::IDLE)),
    ("dead-path-output", "path dead, output trickles", Situation::DeadPath(Traffic::OUTPUT)),
    ("dead-path-flood", "path dead, output floods", Situation::DeadPath(Traffic::FLOOD)),
    ("dead-path-typing", "path dead, you type", Situation::DeadPath(Traffic::TYPING)),
    ("dead-path-forward", "path dead, a forward is busy", Situation::DeadPath(Traffic::FORWARD)),
    ("frozen-peer-idle", "other end hangs, nobody sends", Situation::FrozenPeer(Traffic::IDLE)),
    ("idle-prompt", "healthy, idle at the prompt", Situation::Idle(IdleAs::Prompt)),
    ("idle-quiet-program", "healthy, a silent program", Situation::Idle(IdleAs::QuietProgram)),
    ("idle-busy-program", "healthy, a program prints", Situation::Idle(IdleAs::BusyProgram)),
    ("idle-quiet-command", "healthy, silent, no terminal", Situation::Idle(IdleAs::QuietCommand)),
    ("idle-no-session", "healthy, -N, forwards unused", Situation::Idle(IdleAs::NoSession)),
    ("connecting", "connecting, no answer at all", Situation::Connecting),
    ("no-banner", "connected, no banner", Situation::NoBanner),
    ("login", "the login waits for somebody", Situation::Login),
    ("master-unused", "shared connection unused", Situation::MasterUnused),
];

const NAME: usize = 33;
const HERE: usize = 24;

/// Writes it.
pub(super) fn write(seen: &Seen, page: &mut Page) {
    page.part("WHAT IT COMES TO");
    for sentence in sentences(seen) {
        page.hang(2, 4, &sentence);
    }
    page.part("WHICH TIMER FIRES FIRST");
    page.row(&[("  SITUATION", NAME), ("SSH", HERE)], "SERVER");
    let mut starred = false;
    for (_, name, situation) in SITUATIONS {
        let prediction = predict(&seen.setup, situation);
        let [here, there] =
            [Side::Client, Side::Server].map(|it| words::first_in_cell(&prediction, it));
        starred |= here.ends_with('*') || there.ends_with('*');
        page.row(&[(&format!("  {name}"), NAME), (&here, HERE)], &there);
    }
    page.aside(2, "Dead path: counted from the last byte that the end received. -: nothing does.");
    if starred {
        page.aside(2, "*: the first of those known; something not checked could come earlier.");
    }
}

/// The answers to what people ask.
fn sentences(seen: &Seen) -> Vec<String> {
    let setup = &seen.setup;
    let mut all = Vec::new();
    let dead = predict(setup, Situation::DeadPath(Traffic::IDLE));
    if seen.client.is_some() {
        all.push(notices("When the path dies and nobody sends, ssh", &dead, Side::Client));
    }
    if seen.server.is_some() {
        all.push(notices("When the path dies and nobody sends, the server", &dead, Side::Server));
        let output = predict(setup, Situation::DeadPath(Traffic::OUTPUT));
        if first(&output) != first(&dead) {
            all.push(notices("While output trickles, the server", &output, Side::Server));
        }
    }
    all.push(idle(&predict(setup, Situation::Idle(IdleAs::Prompt))));
    all.push(silence(seen));
    all.extend(devices(seen));
    if seen.client.is_some() {
        let login = predict(setup, Situation::Login);
        if let Some(firing) = login.first_of(Side::Client) {
            all.push(format!(
                "A login may leave the server silent for {} at most, a push to a phone included.",
                words::when(firing.after)
            ));
        }
    }
    all
}

fn first(prediction: &Prediction) -> Option<(Timer, When)> {
    prediction.first_of(Side::Server).map(|firing| (firing.timer, firing.after))
}

fn notices(who: &str, prediction: &Prediction, side: Side) -> String {
    let open = open_end(prediction, side);
    match prediction.first_of(side) {
        Some(firing) => format!("{who} notices {}{open}.", words::by(firing)),
        None if prediction.is_whole(side) => format!("{who} never notices."),
        None => format!("{who}: not checked ({}).", first_reason(prediction, side)),
    }
}

fn open_end(prediction: &Prediction, side: Side) -> String {
    if prediction.is_whole(side) {
        return String::new();
    }
    format!("; {} was not checked, and could come earlier", unknown_timers(prediction, Some(side)))
}

fn first_reason(prediction: &Prediction, side: Side) -> String {
    let unknown = prediction.unknown.iter().find(|it| it.side == side);
    unknown.map_or_else(String::new, |it| words::why(&it.reason))
}

fn unknown_timers(prediction: &Prediction, side: Option<Side>) -> String {
    let wanted = |it: &&abide_timeouts::Unknown| side.is_none_or(|side| it.side == side);
    let mut names: Vec<&str> =
        prediction.unknown.iter().filter(wanted).map(|it| words::timer(it.timer)).collect();
    names.sort_unstable();
    names.dedup();
    names.join(", ")
}

/// What ends a session that is idle and healthy.
fn idle(prediction: &Prediction) -> String {
    let ends: Vec<&Firing> =
        prediction.firings.iter().filter(|it| it.effect != Effect::NewKeys).collect();
    let own: Vec<_> = {
        let ends = |it: &&abide_timeouts::Unknown| !matches!(it.timer, Timer::Path | Timer::Rekey);
        prediction.unknown.iter().filter(ends).collect()
    };
    let known = match ends.first() {
        Some(first) => format!(
            "A healthy session that is idle at the prompt: after {}, {} {}.",
            words::when(first.after),
            words::timer_at_length(first.timer),
            words::effect(first.effect)
        ),
        None if own.is_empty() => {
            "Nothing at either end ends a healthy session that is idle; keepalives never do."
                .to_owned()
        }
        None => "Nothing that was checked ends a healthy session that is idle.".to_owned(),
    };
    let mut names: Vec<&str> = own.iter().map(|it| words::timer(it.timer)).collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() { known } else { format!("{known} Not checked: {}.", names.join(", ")) }
}

/// How long the wire is silent.
fn silence(seen: &Seen) -> String {
    let gap = gap(&seen.setup);
    match (&gap.longest, gap.maker) {
        (Fact::Known(Limit::After(longest), _), Some(maker)) => format!(
            "An idle connection is silent for {} at most, then {} sends something.",
            words::span(*longest),
            match (maker.timer, maker.side) {
                (Timer::TcpKeepAlive, Side::Client) => "the kernel here (TCPKeepAlive)",
                (Timer::TcpKeepAlive, Side::Server) => "the server's kernel (TCPKeepAlive)",
                (_, Side::Client) => "ssh (ServerAliveInterval)",
                (_, Side::Server) => "sshd (ClientAliveInterval)",
            }
        ),
        (Fact::NotChecked(reason), _) => {
            format!("How long an idle connection is silent was not checked: {reason}.")
        }
        _ => "On an idle connection nobody ever sends anything.".to_owned(),
    }
}

/// Which devices would forget it.
fn devices(seen: &Seen) -> Vec<String> {
    let fates = path(&seen.setup);
    let named = |wanted: fn(&Fate) -> bool| {
        let mine = fates.iter().filter(|(_, fate)| wanted(fate));
        mine.map(|(device, _)| format!("{} ({})", device.name, words::span(device.idle)))
            .collect::<Vec<_>>()
    };
    let forgotten = named(|fate| *fate == Fate::Forgotten);
    let unsure = named(|fate| matches!(fate, Fate::NotChecked(_)));
    let mut all = Vec::new();
    if forgotten.is_empty() && unsure.is_empty() {
        let shortest = words::span(fates.first().map_or_else(Default::default, |it| it.0.idle));
        all.push(format!(
            "That is often enough for each of {} devices known here; the shortest keeps an idle \
             connection for {shortest}. Whether one is on the way was not checked.",
            fates.len()
        ));
    }
    if !forgotten.is_empty() {
        all.push(format!(
            "That is too rare for these, by their defaults: {}. Whether one is on the way was not \
             checked.",
            forgotten.join(", ")
        ));
    }
    if let (false, Some(reason)) = (unsure.is_empty(), first_unsure(&fates)) {
        all.push(format!(
            "It may be too rare for these, if {} does not send more often ({reason}): {}.",
            if seen.client.is_some() { "sshd" } else { "ssh" },
            unsure.join(", ")
        ));
    }
    all
}

fn first_unsure(fates: &[(&abide_timeouts::Middlebox, Fate)]) -> Option<String> {
    fates.iter().find_map(|(_, fate)| match fate {
        Fate::NotChecked(Reason::NotAsked) => Some("not looked at".to_owned()),
        Fate::NotChecked(reason) => Some(format!("not checked: {reason}")),
        _ => None,
    })
}
