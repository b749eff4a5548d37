//! The answer of `abide timeouts verify` as a person reads it. Within 80 columns where values allow.

use std::time::Duration;

use abide_relay::{Evidence, Exchange};
use abide_terms::print_span;
use abide_timeouts::{Alive, Limit, Quirk, Reason, Side, Timer};

use super::configured::Configured;
use super::giving_up::{Due, GivingUp};
use super::judge::{EarlyEnd, Judgement, Keepalives, Verdict, Why};
use super::seen::Seen;

/// All of it.
pub(super) fn text(
    host: &str,
    configured: &Configured,
    seen: &Seen,
    judgement: &Judgement,
) -> String {
    let server = seen.banner.as_deref().unwrap_or("a server that said no name");
    let watched = seconds(seen.watched);
    let mut text = format!("{host}, idle and watched for {watched}; {server}\n");
    if let Some(real) = &configured.real {
        let limit = |setup: &abide_timeouts::Setup| setup.client.alive.interval.known().copied();
        let (here, usual) = (limit(&configured.setup), limit(real));
        text.push_str(&format!(
            "ServerAliveInterval is {} for this test instead of {}\n",
            here.map_or_else(String::new, interval),
            usual.map_or_else(String::new, interval)
        ));
    }
    for side in &judgement.sides {
        text.push_str(&keepalives(side, seen.watched));
    }
    let other = seen.packets.other_packets();
    if other > 0 {
        text.push_str(&format!("\nother traffic: {other} packets, which keep both sides quiet\n"));
    }
    if let Some(ended) = &judgement.ended {
        text.push_str(&early(ended));
    }
    for given_up in judgement.giving_up.iter().flatten() {
        text.push_str(&giving_up(given_up, configured));
    }
    text.push('\n');
    text.push_str(summary(judgement));
    text
}

fn summary(judgement: &Judgement) -> &'static str {
    let cut = judgement.giving_up.iter().flatten().map(|it| it.verdict);
    let mut all = judgement.sides.iter().map(|side| side.verdict).chain(cut);
    if judgement.tested_nothing() {
        "Not checked: no keepalives are known to be configured that could be tested.\n"
    } else if judgement.differs() {
        "It differs from what is configured.\n"
    } else if all.any(|verdict| verdict == Verdict::NotChecked) {
        "What could be checked is as configured.\n"
    } else {
        "All is as configured.\n"
    }
}

fn keepalives(side: &Keepalives, watched: Duration) -> String {
    let name = match side.side {
        Side::Client => "ssh's keepalives (ServerAlive)",
        Side::Server => "the server's keepalives (ClientAlive)",
    };
    let configured = match &side.configured {
        Err(reason) if side.side == Side::Server => {
            format!("not checked: {}; --client-alive 60x3 would state it", plain(reason))
        }
        Err(reason) => format!("not checked: {}", plain(reason)),
        Ok(alive) => settings(alive),
    };
    format!(
        "\n{name}\n  configured  {configured}\n  seen        {}\n  {}\n",
        seen(&side.seen),
        worded(side.verdict, &why(side, watched))
    )
}

fn settings(alive: &Alive) -> String {
    let Limit::After(every) = alive.interval else { return "off".to_owned() };
    let mut text = format!("interval {}, count {}", print_span(every), alive.count);
    if alive.has(Quirk::DoubledInterval) {
        text.push_str(&format!("; OpenSSH {} counts each interval twice", alive.version));
    }
    text
}

fn seen(own: &[Exchange]) -> String {
    if own.is_empty() {
        return "none".to_owned();
    }
    let mut silences = own.iter().filter_map(|it| it.silence);
    let answers: Vec<_> = own.iter().filter_map(|it| it.answer).collect();
    let range = |values: &mut dyn Iterator<Item = Duration>| {
        let all: Vec<Duration> = values.collect();
        all.iter().min().copied().zip(all.iter().max().copied())
    };
    let mut text = own.len().to_string();
    if let Some((least, most)) = range(&mut silences) {
        let (least, most) = (seconds(least), seconds(most));
        let span = if least == most { least } else { format!("{least} to {most}") };
        text.push_str(&format!(", after {span} of silence"));
    }
    let missing = own.len() - answers.len();
    match answers.iter().map(|answer| answer.after).max() {
        Some(slowest) if missing == 0 => {
            text.push_str(&format!("; all answered within {}", millis(slowest)));
        }
        _ => text.push_str(&format!("; {missing} without an answer")),
    }
    let first = &own[0];
    let back = answers.first().map(|answer| format!(", {} back", answer.bytes));
    let by = if first.evidence == Evidence::Rhythm { ", known by their rhythm" } else { "" };
    let back = back.unwrap_or_default();
    text.push_str(&format!("\n              ({} bytes out{back}{by})", first.bytes));
    text
}

fn why(side: &Keepalives, watched: Duration) -> String {
    let due = || {
        let period = side.configured.as_ref().ok().and_then(|alive| alive.period().duration());
        print_span(period.unwrap_or_default())
    };
    match &side.why {
        Why::Regular => String::new(),
        Why::Off => "off, and none came: nothing to test".to_owned(),
        Why::OffRhythm(silence) => {
            format!("one came after {} of silence, and was due after {}", seconds(*silence), due())
        }
        Why::Unanswered(count) => format!("{count} got no answer"),
        Why::Absent(silence) => {
            format!("this side heard nothing for {}, and asked nothing", seconds(*silence))
        }
        Why::NotDue(silence) => format!(
            "none was due after {}: the other side's packets came within {}",
            due(),
            seconds(*silence)
        ),
        Why::TooShort => format!(
            "the first is due after {} and the watch took {}; try --for, or --quick",
            due(),
            seconds(watched)
        ),
        Why::Unexpected => "none should have come".to_owned(),
        Why::Unknown(_) => guess(side),
        Why::HangsUpUnasked => {
            "a count of 0 asks nothing, and hangs up after one silent interval".to_owned()
        }
    }
}

/// What the rhythm of an unknown side would mean; said as what it is.
fn guess(side: &Keepalives) -> String {
    let silence = side.seen.iter().filter_map(|it| it.silence).max();
    match silence.map(|silence| silence.as_secs_f64().round()) {
        None => "nothing to compare with; the other side may simply ask first".to_owned(),
        Some(every) => format!(
            "that is ClientAliveInterval {every}, or {} with OpenSSH 9.2 to 9.4",
            (every / 2.0).round()
        ),
    }
}

fn early(early: &EarlyEnd) -> String {
    let EarlyEnd { ended, timer, verdict } = early;
    let said = if ended.said.is_empty() { String::new() } else { format!(": {}", ended.said) };
    let who = match ended.by {
        Some(abide_relay::End::Client) => "ssh hung up",
        Some(abide_relay::End::Server) => "the server hung up",
        None => "it ended",
    };
    let why = match timer {
        Some(Timer::ServerAlive) => "ServerAliveCountMax 0 asks nothing and hangs up",
        Some(Timer::ChannelTimeout) => "ChannelTimeout ends a session without traffic of its own",
        Some(other) => other.name(),
        None => "nothing that is known here ends an idle session then",
    };
    let after = seconds(ended.after);
    format!("\nthe session\n  seen        {who} after {after}{said}\n  {}\n", worded(*verdict, why))
}

fn giving_up(it: &GivingUp, configured: &Configured) -> String {
    let name = match it.side {
        Side::Client => "ssh, after the cut",
        Side::Server => "the server, after the cut",
    };
    let predicted = match &it.due {
        Due::At(firing) => {
            let man = configured.alive(it.side).ok().and_then(|alive| {
                alive.interval.duration().map(|interval| interval.saturating_mul(alive.count))
            });
            let man = man.map(|man| format!(" (the manual page says {})", print_span(man)));
            let real = configured.really(it.side);
            let real = real.map(|real| format!("; without --quick {}", print_span(real)));
            format!(
                "gives up after {}{}{}",
                print_span(firing.after.likely),
                man.unwrap_or_default(),
                real.unwrap_or_default()
            )
        }
        Due::Never => "never gives up by its own keepalives".to_owned(),
        Due::Unknown(reason) => format!("not checked: {}", plain(reason)),
    };
    let measured = match it.alone.stayed() {
        Some(stayed) => format!("gave up after {}", seconds(stayed)),
        None => format!("was still there after {}", seconds(it.alone.waited)),
    };
    let asked = match it.alone.sent {
        0 => String::new(),
        1 => ", having sent one packet into the dark".to_owned(),
        sent => format!(", having sent {sent} packets into the dark"),
    };
    format!(
        "\n{name}\n  predicted   {predicted}\n  measured    {measured}{asked}\n  {}\n",
        worded(it.verdict, "")
    )
}

fn worded(verdict: Verdict, why: &str) -> String {
    let word = match verdict {
        Verdict::AsConfigured => "as configured",
        Verdict::Differs => "DIFFERS",
        Verdict::NotChecked => "not checked",
    };
    if why.is_empty() { word.to_owned() } else { format!("{word}: {why}") }
}

/// What a program said often ends in a full stop.
fn plain(reason: &Reason) -> String {
    reason.to_string().trim_end_matches('.').to_owned()
}

fn interval(limit: Limit) -> String {
    limit.duration().map_or_else(|| "off".to_owned(), print_span)
}

fn seconds(span: Duration) -> String {
    if span >= Duration::from_secs(100) {
        return print_span(span);
    }
    format!("{:.1}s", span.as_secs_f64())
}

fn millis(span: Duration) -> String {
    format!("{:.1} ms", span.as_secs_f64() * 1e3)
}
