//! A planned change as people see it before it is made: the difference, and what will be different.

use std::time::Duration;

use abide_settings::{Behaviour, Planned, Values, behaviour, changed, ends_idle, number};
use abide_sshconf::Release;
use abide_store::Content;
use abide_terms::print_span;
use abide_timeouts::{Firing, IdleAs, Quirk, Side, Situation, Timer, Traffic};

use super::file_of;

/// What makes sshd's time until it gives up.
const CLIENT_ALIVE: &str = "ClientAliveInterval x (ClientAliveCountMax + 1)";
/// Lines of context around a change.
const CONTEXT: usize = 3;

/// What a change is seen against.
pub(super) struct Before<'a> {
    /// Whose settings.
    pub(super) side: Side,
    /// For whom, in words.
    pub(super) place: &'a str,
    /// The release that reads them.
    pub(super) release: Option<Release>,
    /// The values now.
    pub(super) now: &'a Values,
    /// How long an idle session is wanted to stay.
    pub(super) survive: Option<Duration>,
    /// After how long a dead connection is wanted to be noticed.
    pub(super) dead_after: Option<Duration>,
}

/// The whole of it.
pub(super) fn planned(before: &Before<'_>, planned: &Planned) -> String {
    let Before { side, place, release, now, survive, dead_after } = *before;
    let mut text = difference(&planned.file.display().to_string(), &planned.before, &planned.after);
    text.push_str(&format!("\nThe values for {place}:\n"));
    for value in &planned.values {
        let name = value.keyword.spelling(match side {
            Side::Client => abide_sshconf::Dialect::Client,
            Side::Server => abide_sshconf::Dialect::Server,
        });
        let (was, origin) = value.was.clone().unwrap_or_else(|| ("unset".into(), "default".into()));
        let will_be = value.will_be.as_deref().unwrap_or("unset");
        text.push_str(&format!("  {name}: {was} ({origin}) -> {will_be}\n"));
    }
    let then = changed(now, &planned.expect);
    let different = behaviour(side, release, now, &then);
    if !different.is_empty() {
        let reader = file_of(side).trim_end_matches("_config");
        text.push_str(&format!("\nWhat {reader} will do:\n"));
    }
    for one in &different {
        text.push_str(&format!("  {}\n", sentence(side, one)));
    }
    let dead = different.iter().find(|it| it.situation == Situation::DeadPath(Traffic::IDLE));
    let real = dead.and_then(|it| it.will_be.as_ref());
    if let (Some(wanted), Some(real)) = (dead_after, real) {
        text.push_str(&beyond_tcp(wanted, real).unwrap_or_default());
    }
    if let Some(wanted) = survive {
        text.push_str(&survival(side, release, &then, wanted));
    }
    printable(&text)
}

/// Text of files and servers, without what a terminal would act on.
pub(super) fn printable(text: &str) -> String {
    let harmless = |c: char| match c {
        '\n' | '\t' => c,
        '\r' => '\u{240d}',
        c if c.is_control() => char::REPLACEMENT_CHARACTER,
        c => c,
    };
    text.chars().map(harmless).collect()
}

/// A unified difference.
pub(crate) fn difference(name: &str, before: &Content, after: &Content) -> String {
    let text = |content: &Content| {
        String::from_utf8_lossy(content.bytes().unwrap_or_default()).into_owned()
    };
    let label = |content: &Content| match content {
        Content::Absent => "/dev/null".to_owned(),
        Content::Present(_) => name.to_owned(),
    };
    let (old, new) = (text(before), text(after));
    let lines = similar::TextDiff::from_lines(&old, &new);
    let mut unified = lines.unified_diff();
    printable(&unified.context_radius(CONTEXT).header(&label(before), &label(after)).to_string())
}

fn sentence(side: Side, one: &Behaviour) -> String {
    let (was, will_be) = (answer(one.was.as_ref()), answer(one.will_be.as_ref()));
    let what = situation(side, one.situation);
    if was == will_be {
        format!("{what}: {will_be}, as now")
    } else {
        format!("{what}: {will_be} (now: {was})")
    }
}

fn situation(side: Side, situation: Situation) -> &'static str {
    let dead = match side {
        Side::Client => "the path dies while nothing is sent",
        Side::Server => "the path dies, or the client's machine does",
    };
    match situation {
        Situation::DeadPath(Traffic::IDLE) => dead,
        Situation::DeadPath(_) => "the same while a program prints",
        Situation::FrozenPeer(_) => "the other side hangs and its system still answers",
        Situation::Idle(IdleAs::Prompt) => "all is well and nobody types",
        Situation::Idle(_) => "all is well and nothing happens",
        Situation::Login => "somebody does not finish to log in",
        Situation::Connecting | Situation::NoBanner => "nobody answers",
        Situation::MasterUnused => "nobody uses the shared connection",
    }
}

/// A wish that the keepalives alone would fulfil, and TCP does not let them.
fn beyond_tcp(wanted: Duration, real: &Firing) -> Option<String> {
    let is_early = real.timer == Timer::TcpRetransmission && real.after.likely < wanted;
    is_early.then(|| {
        format!(
            "\nWarning: on a dead path the connection does not last {}: TCP gives up after about {},\n\
             as keepalives that nobody acknowledges are sent again only so often (tcp_retries2).\n",
            print_span(wanted),
            print_span(real.after.likely)
        )
    })
}

/// Whether a session that is idle for so long is still there, as far as this side says.
pub(super) fn survival(
    side: Side,
    release: Option<Release>,
    values: &Values,
    wanted: Duration,
) -> String {
    let span = print_span(wanted);
    if let Some(early) = ends_idle(side, release, values).filter(|it| it.after.earliest < wanted) {
        let after = answer(Some(&early));
        return format!(
            "\nKeepalives do not change this: an idle session is {after}, not {span}.\n"
        );
    }
    let (reader, keyword, other) = match side {
        Side::Client => {
            ("ssh", "serveraliveinterval", "the server's timers (ChannelTimeout, TMOUT)")
        }
        Side::Server => ("sshd", "clientaliveinterval", "ssh's own timers, the shell's TMOUT"),
    };
    let every = number(values, keyword).map_or_else(String::new, |every| {
        format!(", and asks every {}", print_span(Duration::from_secs(every)))
    });
    format!(
        "\nAn idle session survives {span} as far as {reader} goes: it ends none by then{every}.\n\
         Not checked: {other}, and what the path keeps between packets.\n"
    )
}

fn answer(firing: Option<&Firing>) -> String {
    let Some(firing) = firing else { return "never ended".to_owned() };
    let after = print_span(firing.after.likely);
    if firing.timer == Timer::ClientAlive && firing.quirks.contains(&Quirk::DoubledInterval) {
        let half = print_span(firing.after.likely / 2);
        return format!(
            "ended after {after}, by 2 x {CLIENT_ALIVE}: sshd 9.2 to 9.4 counts each interval \
             twice; from 9.5 on HALF, {half}"
        );
    }
    match timer(firing.timer) {
        Some(timer) => format!("ended after {after}, by {timer}"),
        None => format!("ended after {after}"),
    }
}

fn timer(timer: Timer) -> Option<&'static str> {
    Some(match timer {
        Timer::ServerAlive => "ServerAliveInterval x (ServerAliveCountMax + 1)",
        Timer::ClientAlive => CLIENT_ALIVE,
        Timer::TcpRetransmission => "TCP, which gives up first",
        Timer::TcpKeepAlive => "the kernel's keepalive (TCPKeepAlive)",
        Timer::LoginGrace => "LoginGraceTime",
        Timer::ChannelTimeout => "ChannelTimeout",
        Timer::UnusedConnection => "UnusedConnectionTimeout",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_that_counts_twice_is_explained_with_its_number() {
        let values = |interval: &str| {
            [("clientaliveinterval", interval), ("clientalivecountmax", "3")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
        };
        let said = |minor| {
            let release = Some(Release { major: 9, minor });
            let all = behaviour(Side::Server, release, &values("0"), &values("15"));
            sentence(Side::Server, &all[0])
        };
        let (old, new) = (said(2), said(5));
        assert!(old.contains("after 2m, by 2 x ClientAliveInterval"), "{old}");
        assert!(old.contains("HALF, 1m"), "{old}");
        assert!(new.contains("after 1m, by ClientAliveInterval x"), "{new}");
    }

    #[test]
    fn a_file_cannot_speak_to_the_terminal() {
        assert_eq!(printable("a\r\n\t\x1b[2J\u{9b}"), "a\u{240d}\n\t\u{fffd}[2J\u{fffd}");
        let content = |text: &str| Content::Present(text.into());
        let text = difference("f", &content("a\n"), &content("\x1b[2J\n"));
        assert!(text.contains("-a\n+\u{fffd}[2J\n"), "{text:?}");
    }
}
