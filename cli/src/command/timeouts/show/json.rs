//! The same as JSON, for programs. Fields are added without a new schema number; nothing is renamed
//! or removed. Documented in docs/timeouts-json.md.

use std::time::Duration;

use abide_timeouts::{
    Fate, Finding, Firing, Origin, Prediction, Setup, Side, beliefs, gap, path, predict,
};
use serde_json::{Value, json};

use super::answers::SITUATIONS;
use super::findings::{remedy, sentence};
use super::seen::Seen;
use super::settings::{Row, client, kernel, server};
use super::{beliefs as belief_words, words};

/// Version of the JSON.
const SCHEMA: u32 = 1;

/// All of it, indented.
pub(super) fn render(seen: &Seen) -> serde_json::Result<String> {
    let setup = &seen.setup;
    serde_json::to_string_pretty(&json!({
        "schema": SCHEMA,
        "host": seen.name,
        "client": seen.client.as_ref().map(|_| rows(client(&setup.client))),
        "client_kernel": seen.client.as_ref().map(|_| rows(kernel(&setup.client_kernel))),
        "server": seen.server.as_ref().map(|_| rows(server(&setup.server))),
        "server_kernel": seen.server.as_ref().map(|_| rows(kernel(&setup.server_kernel))),
        "situations": SITUATIONS.map(|(name, _, it)| situation(name, &predict(setup, it))),
        "silence": silence(setup),
        "devices": path(setup).iter().map(device).collect::<Vec<_>>(),
        "beliefs": beliefs(setup).iter().map(belief).collect::<Vec<_>>(),
        "findings": seen.findings.iter().map(|it| finding(it, seen)).collect::<Vec<_>>(),
    }))
}

/// Known: value as text, as a number where it is one (seconds; off is 0), and origin; else why it was
/// not checked.
fn rows(rows: Vec<Row>) -> Value {
    let each = rows.into_iter().map(|row| {
        let made = match row.value {
            None => json!({ "value": null, "not_checked": row.origin }),
            Some(value) => {
                json!({ "value": value, "number": row.number, "origin": row.origin })
            }
        };
        (key(row.name).to_owned(), made)
    });
    Value::Object(each.collect())
}

/// Names on the page that are no names of settings.
fn key(name: &'static str) -> &'static str {
    match name {
        "connection tracking keeps" => "nf_conntrack_tcp_timeout_established",
        "shared connection" => "ControlMaster",
        "way" => "Proxy",
        "TMOUT of the shell" => "TMOUT",
        name => name,
    }
}

fn situation(name: &str, prediction: &Prediction) -> Value {
    let not_checked = prediction.unknown.iter().map(|it| {
        json!({
            "timer": it.timer.name(),
            "side": it.side.name(),
            "reason": words::why(&it.reason),
        })
    });
    let first = |side| prediction.first_of(side).map(|it| it.timer.name());
    json!({
        "situation": name,
        "first_at_client": first(Side::Client),
        "first_at_server": first(Side::Server),
        "timers": prediction.firings.iter().map(firing).collect::<Vec<_>>(),
        "not_checked": not_checked.collect::<Vec<_>>(),
    })
}

fn firing(firing: &Firing) -> Value {
    let sources = firing
        .quirks
        .iter()
        .map(|it| json!({ "quirk": it.name(), "source": it.row().map(|row| row.source) }));
    json!({
        "timer": firing.timer.name(),
        "side": firing.side.name(),
        "earliest_seconds": seconds(firing.after.earliest),
        "likely_seconds": seconds(firing.after.likely),
        "latest_seconds": seconds(firing.after.latest),
        "effect": firing.effect.name(),
        "quirks": sources.collect::<Vec<_>>(),
    })
}

fn silence(setup: &Setup) -> Value {
    let gap = gap(setup);
    let longest = gap.longest.known().map(|it| it.duration().map(seconds));
    json!({
        "checked": longest.is_some(),
        "longest_seconds": longest.flatten(),
        "ended_by": gap.maker.map(|it| it.timer.name()),
        "ended_from": gap.maker.map(|it| it.side.name()),
    })
}

fn device((device, fate): &(&abide_timeouts::Middlebox, Fate)) -> Value {
    json!({
        "name": device.name,
        "idle_seconds": seconds(device.idle),
        "expiry": device.expiry.name(),
        "source": device.source,
        "fate": match fate {
            Fate::Forgotten => "forgotten",
            Fate::Kept => "kept",
            Fate::NotChecked(_) => "not-checked",
        },
    })
}

fn belief(it: &abide_timeouts::Believed) -> Value {
    json!({
        "belief": it.belief.name(),
        "side": it.side.name(),
        "said_seconds": seconds(it.said),
        "real_seconds": it.real.map(seconds),
        "dead_path_seconds": it.dead_path.map(seconds),
        "text": belief_words::sentence(it),
        "source": it.source,
    })
}

fn finding(finding: &Finding, seen: &Seen) -> Value {
    let evidence = finding.evidence.iter().map(|it| {
        json!({
            "name": it.name,
            "value": it.value,
            "origin": it.origin.to_string(),
            "line": line_of(&it.origin),
        })
    });
    json!({
        "code": finding.code().name(),
        "severity": finding.severity.name(),
        "text": sentence(finding),
        "evidence": evidence.collect::<Vec<_>>(),
        "remedy": remedy(finding, seen),
    })
}

fn line_of(origin: &Origin) -> Option<u32> {
    match origin {
        Origin::File { line, .. } => Some(*line),
        _ => None,
    }
}

/// Seconds with their fraction; a number beyond any life as it is.
fn seconds(span: Duration) -> f64 {
    span.as_secs_f64()
}
