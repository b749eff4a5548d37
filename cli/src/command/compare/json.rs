//! A comparison as JSON; docs/compare.md describes it.

use serde::Serialize;

use super::figures::{Comparison, Row};
use super::shown::{gaps, share_at_once};
use crate::complaint::Complaint;

/// Version of the form: fields are added without a new one, none is renamed or removed.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct All<'a> {
    schema: u32,
    host: &'a str,
    keys: usize,
    cut_seconds: f64,
    path: Option<Path>,
    tools: Vec<Tool<'a>>,
    not_measured: Vec<Gap<'a>>,
}

#[derive(Serialize)]
struct Path {
    round_trip_ms: f64,
    jitter_ms: f64,
}

#[derive(Serialize)]
struct Tool<'a> {
    name: &'static str,
    command: &'a str,
    prompt_ms: Option<f64>,
    echo: Option<Echo>,
    idle: Option<Idle>,
    recovery: Option<Recovery>,
}

#[derive(Serialize)]
struct Echo {
    median_ms: f64,
    p90_ms: f64,
    p99_ms: f64,
    jitter_ms: f64,
    share_at_once: f64,
    never_shown: usize,
    wrong_at_end: usize,
}

#[derive(Serialize)]
struct Idle {
    packets: u64,
    seconds: f64,
    packets_an_hour: f64,
}

#[derive(Serialize)]
struct Recovery {
    back_ms: Option<f64>,
    same_shell: bool,
    typed_arrived: bool,
}

#[derive(Serialize)]
struct Gap<'a> {
    tool: Option<&'static str>,
    what: &'static str,
    why: &'a str,
}

pub(super) fn text(comparison: &Comparison) -> Result<String, Complaint> {
    let loss = Gap {
        tool: None,
        what: "loss",
        why: "TCP and the tools repair it before a screen can show it",
    };
    let others =
        gaps(comparison).into_iter().map(|(tool, what, why)| Gap { tool: Some(tool), what, why });
    let all = All {
        schema: SCHEMA,
        host: &comparison.host,
        keys: comparison.keys,
        cut_seconds: comparison.cut.as_secs_f64(),
        path: comparison.path().map(|(round_trip_ms, jitter_ms)| Path { round_trip_ms, jitter_ms }),
        tools: comparison.rows.iter().map(tool).collect(),
        not_measured: std::iter::once(loss).chain(others).collect(),
    };
    let text = serde_json::to_string_pretty(&all).map_err(std::io::Error::from)?;
    Ok(text + "\n")
}

fn tool(row: &Row) -> Tool<'_> {
    Tool {
        name: row.kind.name(),
        command: &row.call,
        prompt_ms: row.open.as_ref().ok().map(|open| open.as_secs_f64() * 1e3),
        echo: row.echo.as_ref().ok().map(|echo| Echo {
            median_ms: echo.times.median(),
            p90_ms: echo.times.quantile(0.9),
            p99_ms: echo.times.quantile(0.99),
            jitter_ms: echo.jitter,
            share_at_once: share_at_once(echo),
            never_shown: echo.never,
            wrong_at_end: echo.wrong,
        }),
        idle: row.idle.as_ref().ok().map(|idle| Idle {
            packets: idle.packets,
            seconds: idle.watched.as_secs_f64(),
            packets_an_hour: idle.per_hour(),
        }),
        recovery: row.recovery.as_ref().ok().map(|recovery| Recovery {
            back_ms: recovery.back.map(|back| back.as_secs_f64() * 1e3),
            same_shell: recovery.same_shell,
            typed_arrived: recovery.typed_arrived,
        }),
    }
}
