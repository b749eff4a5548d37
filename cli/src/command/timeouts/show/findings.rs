//! Words for findings: what is wrong, the evidence, one thing to try.

use abide_timeouts::{Evidence, Finding, Problem, Quirk, Remedy, Severity, Side, Timer};

use super::page::Page;
use super::seen::Seen;
use super::words::{file, limit, quirk, side as name_of, span};
use crate::demo::sink::Tone;

/// More devices than these are not named in one finding.
const MAX_DEVICES: usize = 4;

/// Writes them, worst first.
pub(super) fn write(seen: &Seen, page: &mut Page) {
    page.part("FINDINGS");
    if seen.findings.is_empty() {
        return page.say(2, "none");
    }
    for finding in &seen.findings {
        let tone = match finding.severity {
            Severity::Wrong => Tone::Bad,
            Severity::Risk => Tone::Doubtful,
            Severity::Note => Tone::Aside,
        };
        let mark = format!("  {:<6}", finding.severity.name());
        page.marked(tone, &mark, finding.code().name());
        page.say(8, &sentence(finding));
        let evidence = evidence(&finding.evidence);
        if !evidence.is_empty() {
            page.hang(8, 17, &format!("because: {evidence}"));
        }
        if let Some(remedy) = remedy(finding, seen) {
            page.hang(8, 13, &format!("try: {remedy}"));
        }
    }
}

fn evidence(evidence: &[Evidence]) -> String {
    let each = evidence.iter().map(|it| format!("{} {} ({})", it.name, it.value, it.origin));
    each.collect::<Vec<_>>().join(", ")
}

/// What is wrong, as one sentence with its numbers.
pub(super) fn sentence(finding: &Finding) -> String {
    match &finding.problem {
        Problem::KeepaliveSlowerThanPath { gap, limit: keeps } => match gap.duration() {
            Some(gap) => format!(
                "The path keeps an idle connection for {}, and it is silent for {}: it will be \
                 forgotten.",
                span(*keeps),
                span(gap)
            ),
            None => format!(
                "The path keeps an idle connection for {}, and nobody ever sends anything on it.",
                span(*keeps)
            ),
        },
        Problem::KeepaliveSlowerThanCommon { gap, maker, side, devices } => {
            let mut names: Vec<&str> =
                devices.iter().take(MAX_DEVICES).map(|device| device.name).collect();
            if devices.len() > MAX_DEVICES {
                names.push("others");
            }
            let who = match (maker, side) {
                (Timer::ServerAlive, _) => "ssh asks",
                (Timer::ClientAlive, _) => "sshd asks",
                _ => "the kernel asks",
            };
            format!("{who} every {}: too rarely for {}.", span(*gap), names.join(", "))
        }
        Problem::NothingKeepsPath { gap } => match gap.duration() {
            Some(gap) => format!(
                "Nothing of OpenSSH's is sent on an idle connection; the kernel's first packet \
                 comes after {}. Most NATs and firewalls forget sooner.",
                span(gap)
            ),
            None => "Nothing at all is sent on an idle connection: NATs and firewalls forget it."
                .to_owned(),
        },
        Problem::ClientCountZero { after } => format!(
            "ssh ends a healthy session after {} of silence, without asking: its count is 0.",
            span(*after)
        ),
        Problem::ServerCountZero { interval, does } => match does {
            Some(Quirk::CountZeroEndsUnasked) => format!(
                "This sshd ends a healthy session after {} of silence, without asking: {}.",
                span(*interval),
                quirk(Quirk::CountZeroEndsUnasked)
            ),
            _ => format!(
                "This sshd asks every {} and never ends anything: {}.",
                span(*interval),
                quirk(Quirk::CountZeroNeverEnds)
            ),
        },
        Problem::LineHasNoEffect(line) => format!(
            "{} {} ({}) never takes effect: {} wins ({}).",
            line.keyword, line.value, line.origin, line.winner, line.winner_origin
        ),
        Problem::AliveIsNotIdle { interval, count, dead } => format!(
            "ClientAlive {} x {count} is no idle limit: an idle client answers and stays. It ends \
             dead ones{}.",
            span(*interval),
            dead.map_or_else(String::new, |dead| format!(", after {}", span(dead)))
        ),
        Problem::DoubledInterval { version, meant, real } => format!(
            "sshd {version} gives a silent client {} instead of {}: {}.",
            span(*real),
            span(*meant),
            quirk(Quirk::DoubledInterval)
        ),
        Problem::SilencedByOutput { version, idle, tcp } => format!(
            "sshd {version} asks nothing while a program prints: a client that is gone then is not \
             noticed after {}, but by TCP{}.",
            span(*idle),
            tcp.map_or_else(String::new, |tcp| format!(", after about {}", span(tcp)))
        ),
        Problem::ChannelPatternMatchesNothing { side, pattern, limit: keeps, .. } => format!(
            "ChannelTimeout {pattern}={} in {} matches no channel and does nothing.",
            limit(*keeps),
            file(*side)
        ),
        Problem::KeywordUnknownToRelease { side, keyword, since, version } => format!(
            "{} {version} does not know {keyword} (since {since}) and refuses its file.",
            name_of(*side)
        ),
        Problem::LoginTooShort { limit, wanted } => format!(
            "A login in which the server is silent for {} is ended: less than {}, which a push to \
             a phone may take.",
            span(*limit),
            span(*wanted)
        ),
        Problem::CountBeyondTcp { side, promised, real } => format!(
            "The count of {} promises {}, and TCP gives up after about {}.",
            name_of(*side),
            span(*promised),
            span(*real)
        ),
        Problem::SharedWithoutKeepalive { until } => match until {
            Some(until) => format!(
                "After an outage every new session over the shared connection hangs for about {}: \
                 nothing notices earlier.",
                span(*until)
            ),
            None => {
                "After an outage every new session over the shared connection hangs.".to_owned()
            }
        },
        Problem::NobodyNotices { side } => {
            format!("When the path dies and nobody sends, {} never notices.", name_of(*side))
        }
        Problem::SessionClosesConnectionStays => {
            "ChannelTimeout closes sessions; connections with -N and shared ones stay.".to_owned()
        }
        Problem::NotReloaded { file } => {
            format!("{file} was changed after sshd last read it: what it says does not act yet.")
        }
        Problem::ConfigurationRefused { said } => format!(
            "sshd refuses this configuration, and would not start or reload with it: {said}"
        ),
        Problem::ResolverDiffers { side, keyword, ours, theirs } => format!(
            "abide reads {keyword} {ours} off the files, {} says {theirs}: what it says is shown.",
            match side {
                Side::Client => "ssh -G",
                Side::Server => "sshd -T",
            }
        ),
    }
}

/// One thing to try.
pub(super) fn remedy(finding: &Finding, seen: &Seen) -> Option<String> {
    let host = &seen.name;
    Some(match &finding.remedy {
        Remedy::Set { side: Side::Client, keyword, value } => {
            format!("abide timeouts set {host} {keyword}={value}")
        }
        Remedy::Set { side: Side::Server, keyword, value } if seen.client.is_none() => {
            format!("abide timeouts set --server '{keyword}={value}'")
        }
        Remedy::Set { side: Side::Server, keyword, value } => {
            format!("abide timeouts set --on-server {host} '{keyword}={value}'")
        }
        Remedy::Remove(origin) => format!("take the line at {origin} away"),
        Remedy::Upgrade { side, to } => {
            let who = match side {
                Side::Client => "ssh",
                Side::Server => "sshd",
            };
            format!("a newer {who}: {to} is the first without it")
        }
        // The unit is ssh on Debian's family, sshd elsewhere; a bad file would end the listener.
        Remedy::Reload => {
            "sshd -t, and if it says nothing: systemctl reload ssh (or sshd)".to_owned()
        }
        Remedy::None => return None,
    })
}
