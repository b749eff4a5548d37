//! What was measured, beside what was hoped for: as a table for people, or as JSON.

use serde::Serialize;

/// Version of the JSON. Fields are added without a new one; nothing is renamed or removed.
const SCHEMA: u32 = 1;

/// What a figure should be.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Target {
    /// At most this.
    Most(f64),
    /// At least this.
    Least(f64),
}

impl Target {
    fn is_met(self, value: f64) -> bool {
        match self {
            Target::Most(limit) => value <= limit,
            Target::Least(limit) => value >= limit,
        }
    }
}

/// One figure.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figure {
    stage: &'static str,
    what: String,
    unit: &'static str,
    value: f64,
    target: Option<Target>,
    /// Whether it is as it should be; absent where nothing is asked of it.
    ok: Option<bool>,
    /// Spread and other circumstances.
    note: String,
    /// Load average over a minute when the figure was had.
    load: String,
}

/// All figures.
#[derive(Debug, Default)]
pub(crate) struct Report {
    figures: Vec<Figure>,
}

impl Report {
    /// A figure for comparison.
    pub(crate) fn add(
        &mut self,
        stage: &'static str,
        what: impl Into<String>,
        (value, unit): (f64, &'static str),
        note: impl Into<String>,
    ) {
        self.push(stage, what.into(), (value, unit), None, note.into());
    }

    /// A figure that should meet a target.
    pub(crate) fn judge(
        &mut self,
        stage: &'static str,
        what: impl Into<String>,
        (value, unit): (f64, &'static str),
        target: Target,
        note: impl Into<String>,
    ) {
        self.push(stage, what.into(), (value, unit), Some(target), note.into());
    }

    fn push(
        &mut self,
        stage: &'static str,
        what: String,
        (value, unit): (f64, &'static str),
        target: Option<Target>,
        note: String,
    ) {
        let ok = target.map(|target| target.is_met(value));
        let figure = Figure { stage, what, unit, value, target, ok, note, load: load() };
        eprintln!("  {} {} {}", figure.what, number(value), unit);
        self.figures.push(figure);
    }

    pub(crate) fn json(&self) -> String {
        #[derive(Serialize)]
        struct All<'a> {
            schema: u32,
            figures: &'a [Figure],
        }
        let all = All { schema: SCHEMA, figures: &self.figures };
        let text = serde_json::to_string_pretty(&all);
        text.map_or_else(|error| format!("{error}\n"), |text| text + "\n")
    }

    pub(crate) fn table(&self) -> String {
        let mut rows = vec![["", "MEASURED", "TARGET", "", "LOAD", "NOTE"].map(str::to_owned)];
        let mut stage = "";
        for figure in &self.figures {
            if figure.stage != stage {
                stage = figure.stage;
                let mut heading = [const { String::new() }; 6];
                heading[0] = stage.to_owned();
                rows.push(heading);
            }
            rows.push(row(figure));
        }
        let width = |column: usize| {
            rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..5).map(width).collect();
        let mut text = String::new();
        for row in &rows {
            let mut line = format!("{:1$}", row[0], widths[0]);
            for (cell, width) in row[1..5].iter().zip(&widths[1..]) {
                line.push_str(&format!("  {cell:>width$}"));
            }
            line.push_str(&format!("  {}", row[5]));
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

fn row(figure: &Figure) -> [String; 6] {
    let target = match figure.target {
        Some(Target::Most(limit)) => format!("<= {}", number(limit)),
        Some(Target::Least(limit)) => format!(">= {}", number(limit)),
        None => String::new(),
    };
    let verdict = match figure.ok {
        Some(true) => "ok",
        Some(false) => "MISSED",
        None => "",
    };
    [
        format!("  {}", figure.what),
        format!("{} {}", number(figure.value), figure.unit).trim_end().to_owned(),
        target,
        verdict.to_owned(),
        figure.load.clone(),
        figure.note.clone(),
    ]
}

/// Three significant digits or more, nothing superfluous.
fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// The load average over the last minute.
pub(crate) fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or_default().to_owned()
}

#[test]
fn a_table_says_what_was_missed() {
    let mut report = Report::default();
    report.add("open", "ssh", (1_496.0, "ms"), "n=7");
    report.judge("open", "abide - ssh", (160.25, "ms"), Target::Most(150.0), "");
    report.judge("throughput", "pipe / ssh", (0.9, ""), Target::Least(0.8), "");
    let table = report.table();
    let find = |word: &str| table.lines().find(|line| line.contains(word)).unwrap().to_owned();
    let words = |line: String| line.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words(find("abide - ssh")).contains("160 ms <= 150 MISSED"), "{table}");
    assert!(words(find("pipe / ssh")).contains("0.90 >= 0.80 ok"), "{table}");
    assert!(report.json().contains("\"ok\": false"));
}
