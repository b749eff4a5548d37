//! The answer of `abide timeouts verify` for programs. Fields are added without a new schema number;
//! nothing is renamed or removed. Spans are seconds.

use abide_relay::Evidence;
use abide_timeouts::Side;
use serde::Serialize;

use super::configured::Configured;
use super::giving_up::{Due, GivingUp};
use super::judge::{Judgement, Keepalives, Verdict};
use super::seen::Seen;
use crate::complaint::Complaint;

/// Version of the JSON.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Answer<'a> {
    schema: u32,
    host: &'a str,
    server: Option<&'a str>,
    /// ssh's interval was scaled down for the test.
    quick: bool,
    watched: f64,
    other_packets: u64,
    differs: bool,
    keepalives: Vec<Row>,
    ended: Option<Early<'a>>,
    cut: Option<Vec<After>>,
}

#[derive(Serialize)]
struct Row {
    side: &'static str,
    /// Null where it is not known.
    interval: Option<u64>,
    count: Option<u32>,
    /// How often this release asks on an idle connection; null where it does not or is not known.
    period: Option<f64>,
    not_checked: Option<String>,
    verdict: &'static str,
    seen: Vec<Probe>,
}

#[derive(Serialize)]
struct Probe {
    /// How long the side had heard nothing.
    silence: Option<f64>,
    bytes: usize,
    answer: Option<f64>,
    answer_bytes: Option<usize>,
    known_by: &'static str,
}

#[derive(Serialize)]
struct Early<'a> {
    after: f64,
    by: Option<&'static str>,
    said: &'a str,
    /// What is configured to end it then.
    timer: Option<&'static str>,
    verdict: &'static str,
}

#[derive(Serialize)]
struct After {
    side: &'static str,
    predicted: Option<f64>,
    timer: Option<&'static str>,
    manual_page: Option<f64>,
    not_checked: Option<String>,
    measured: Option<f64>,
    waited: f64,
    packets_sent: u32,
    verdict: &'static str,
}

/// The text, with its line end.
pub(super) fn text(
    host: &str,
    configured: &Configured,
    seen: &Seen,
    judgement: &Judgement,
) -> Result<String, Complaint> {
    let cut = judgement.giving_up.as_ref();
    let answer = Answer {
        schema: SCHEMA,
        host,
        server: seen.banner.as_deref(),
        quick: configured.real.is_some(),
        watched: seen.watched.as_secs_f64(),
        other_packets: seen.packets.other_packets(),
        differs: judgement.differs(),
        keepalives: judgement.sides.iter().map(row).collect(),
        ended: judgement.ended.as_ref().map(|early| Early {
            after: early.ended.after.as_secs_f64(),
            by: early.ended.by.map(|end| match end {
                abide_relay::End::Client => Side::Client.name(),
                abide_relay::End::Server => Side::Server.name(),
            }),
            said: &early.ended.said,
            timer: early.timer.map(abide_timeouts::Timer::name),
            verdict: name(early.verdict),
        }),
        cut: cut.map(|sides| sides.iter().map(|it| after(it, configured)).collect()),
    };
    let text = serde_json::to_string_pretty(&answer).map_err(std::io::Error::from)?;
    Ok(text + "\n")
}

const fn name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::AsConfigured => "as-configured",
        Verdict::Differs => "differs",
        Verdict::NotChecked => "not-checked",
    }
}

fn row(side: &Keepalives) -> Row {
    let alive = side.configured.as_ref().ok();
    let period = alive.and_then(|alive| alive.period().duration());
    Row {
        side: side.side.name(),
        interval: alive.map(|it| it.interval.duration().map_or(0, |interval| interval.as_secs())),
        count: alive.map(|it| it.count),
        period: period.map(|period| period.as_secs_f64()),
        not_checked: side.configured.as_ref().err().map(ToString::to_string),
        verdict: name(side.verdict),
        seen: side
            .seen
            .iter()
            .map(|it| Probe {
                silence: it.silence.map(|silence| silence.as_secs_f64()),
                bytes: it.bytes,
                answer: it.answer.map(|answer| answer.after.as_secs_f64()),
                answer_bytes: it.answer.map(|answer| answer.bytes),
                known_by: if it.evidence == Evidence::Rhythm { "rhythm" } else { "size" },
            })
            .collect(),
    }
}

fn after(it: &GivingUp, configured: &Configured) -> After {
    let firing = if let Due::At(firing) = &it.due { Some(firing) } else { None };
    let alive = configured.alive(it.side).ok();
    let man = alive
        .and_then(|it| it.interval.duration().map(|interval| interval.saturating_mul(it.count)));
    After {
        side: it.side.name(),
        predicted: firing.map(|firing| firing.after.likely.as_secs_f64()),
        timer: firing.map(|firing| firing.timer.name()),
        manual_page: firing.and(man).map(|man| man.as_secs_f64()),
        not_checked: if let Due::Unknown(reason) = &it.due {
            Some(reason.to_string())
        } else {
            None
        },
        measured: it.alone.stayed().map(|stayed| stayed.as_secs_f64()),
        waited: it.alone.waited.as_secs_f64(),
        packets_sent: it.alone.sent,
        verdict: name(it.verdict),
    }
}
