//! The table of the demo as JSON, for programs.

use std::time::Duration;

use abide_demo::report::Row;
use abide_demo::server::Kind;
use serde::Serialize;

use super::scenes::{SCENES, Scene};

/// Version of the JSON. Fields are added without a new one; nothing is renamed or removed.
const SCHEMA: u32 = 1;

/// The whole demo. Times are in seconds, fractions included.
#[derive(Serialize)]
pub(crate) struct Report {
    schema: u32,
    release: &'static str,
    /// "system" or "embedded".
    server: &'static str,
    measured: &'static str,
    seconds: f64,
    rows: Vec<Line>,
}

/// One tool under one fault.
#[derive(Serialize)]
struct Line {
    fault: &'static str,
    fault_seconds: f64,
    tool: String,
    lived: bool,
    /// The tool's process ended; a session that neither lived nor ended hung.
    ended: bool,
    /// From the end of the fault; null: never.
    first_echo_seconds: Option<f64>,
    /// The longest time without output since the fault began.
    longest_pause_seconds: f64,
    /// Null for a session that did not live: nobody can tell.
    lines_lost: Option<u64>,
    lines_doubled: u64,
    keys_lost: u64,
    keys_doubled: u64,
}

impl Report {
    pub(crate) fn new(kind: Kind, rows: &[Row], took: Duration) -> Self {
        Report {
            schema: SCHEMA,
            release: env!("CARGO_PKG_VERSION"),
            server: match kind {
                Kind::System => "system",
                Kind::Embedded => "embedded",
            },
            measured: "through a relay on 127.0.0.1 that plays the network",
            seconds: rounded(took),
            rows: rows.iter().map(Line::from).collect(),
        }
    }
}

impl From<&Row> for Line {
    fn from(row: &Row) -> Self {
        let scene = SCENES.iter().find(|scene| scene.fault.code() == row.fault);
        Line {
            fault: row.fault,
            fault_seconds: rounded(scene.map_or(Duration::ZERO, Scene::lasts)),
            tool: row.tool.clone(),
            lived: row.survived,
            ended: row.ended,
            first_echo_seconds: row.first_echo.map(rounded),
            longest_pause_seconds: rounded(row.longest_pause),
            lines_lost: row.survived.then_some(row.lines_lost),
            lines_doubled: row.lines_doubled,
            keys_lost: row.keys_lost,
            keys_doubled: row.keys_doubled,
        }
    }
}

/// To the millisecond: more was not measured.
fn rounded(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e3).round() / 1e3
}
