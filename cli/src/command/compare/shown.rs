//! A comparison as a table and bars for a terminal, and as the story of a picture.

use std::time::Duration;

use abide_chart::Ink;
use abide_chart::latency::{Contender, Latencies, Mark};
use abide_terms::print_span;

use super::figures::{Comparison, Echo, Row};
use super::tools::Kind;
use crate::print;

/// A frame of a 60 Hz display: what is shown within it is taken for local, ms.
pub(super) const AT_ONCE_MS: f64 = 17.0;
/// Columns of the longest bar.
const BAR: f64 = 40.0;
/// The bars' scale ends here, ms.
const BAR_MOST: f64 = 10_000.0;
/// And begins here.
const BAR_LEAST: f64 = 0.1;

const HEADINGS: [&str; 8] =
    ["", "PROMPT", "MEDIAN", "P90", "P99", "AT ONCE", "BACK AFTER CUT", "IDLE/H"];

/// The whole answer.
pub(super) fn text(comparison: &Comparison) -> String {
    let mut text = table(comparison);
    text.push('\n');
    text.push_str(&bars(comparison));
    text.push('\n');
    text.push_str(&path(comparison));
    text.push_str(&not_measured(comparison));
    text
}

fn table(comparison: &Comparison) -> String {
    let mut rows = vec![HEADINGS.map(str::to_owned)];
    rows.extend(comparison.rows.iter().map(|row| cells(row, comparison.patience)));
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..HEADINGS.len()).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in &rows {
        let mut line = format!("{:1$}", row[0], widths[0]);
        for (cell, width) in row[1..].iter().zip(&widths[1..]) {
            line.push_str(&format!("  {cell:>width$}"));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn cells(row: &Row, patience: Duration) -> [String; 8] {
    let none = || "-".to_owned();
    let echo = |figure: &dyn Fn(&Echo) -> String| row.echo.as_ref().map_or(none(), figure);
    [
        row.kind.name().to_owned(),
        row.open.as_ref().map_or(none(), |open| millis(open.as_secs_f64() * 1e3)),
        echo(&|echo| millis(echo.times.median())),
        echo(&|echo| millis(echo.times.quantile(0.9))),
        echo(&|echo| millis(echo.times.quantile(0.99))),
        echo(&|echo| format!("{:.0} %", share_at_once(echo) * 100.0)),
        back(row, patience),
        row.idle.as_ref().map_or(none(), |idle| format!("{:.0}", idle.per_hour())),
    ]
}

fn back(row: &Row, patience: Duration) -> String {
    let Ok(recovery) = &row.recovery else { return "-".to_owned() };
    match recovery.back {
        None => format!("not in {}", print_span(patience)),
        Some(back) if recovery.same_shell => millis(back.as_secs_f64() * 1e3),
        Some(back) => format!("{} (new shell)", millis(back.as_secs_f64() * 1e3)),
    }
}

/// Which share of the letters was there as if it were local.
pub(super) fn share_at_once(echo: &Echo) -> f64 {
    let all = (echo.times.count() + echo.never).max(1) as f64;
    echo.times.share_below(AT_ONCE_MS) * echo.times.count() as f64 / all
}

fn millis(ms: f64) -> String {
    match ms {
        ms if ms < 10.0 => format!("{ms:.1} ms"),
        ms if ms < 1_000.0 => format!("{ms:.0} ms"),
        ms => format!("{:.1} s", ms / 1e3),
    }
}

/// A bar from key to letter for each tool: solid to the median, light on to the 99th hundredth, on a
/// logarithmic scale.
fn bars(comparison: &Comparison) -> String {
    let (on, off) = if print::wants_colour() { ("\x1b[36m", "\x1b[0m") } else { ("", "") };
    let mut text =
        "From key to letter: solid the median, light p99, on a logarithmic scale\n".to_owned();
    for row in &comparison.rows {
        let Ok(echo) = &row.echo else { continue };
        let (median, p99) = (length(echo.times.median()), length(echo.times.quantile(0.99)));
        let solid = "█".repeat(median);
        let light = "░".repeat(p99.saturating_sub(median));
        text.push_str(&format!(
            "{:14}  {on}{solid}{light}{off} {}\n",
            row.kind.name(),
            millis(echo.times.median())
        ));
    }
    text
}

fn length(ms: f64) -> usize {
    let place = (ms.clamp(BAR_LEAST, BAR_MOST) / BAR_LEAST).ln() / (BAR_MOST / BAR_LEAST).ln();
    ((place * BAR).round() as usize).max(1)
}

fn path(comparison: &Comparison) -> String {
    match comparison.path() {
        Some((trip, jitter)) => format!(
            "The path as ssh's echo shows it: {} there and back, {} more or less from key to key.\n",
            millis(trip),
            millis(jitter)
        ),
        None => String::new(),
    }
}

fn not_measured(comparison: &Comparison) -> String {
    let mut text =
        "Not measured:\n  loss: TCP and the tools repair it before a screen can show it\n"
            .to_owned();
    for (name, what, why) in gaps(comparison) {
        text.push_str(&format!("  {name}, {what}: {why}\n"));
    }
    let seconds: Vec<Duration> = comparison
        .rows
        .iter()
        .filter_map(|row| row.idle.as_ref().ok())
        .map(|it| it.watched)
        .collect();
    if let Some(watched) = seconds.first() {
        text.push_str(&format!(
            "Idle packets are of {}, reckoned for an hour; a cut is a path that dies for {} and comes \
             back with another address.\n",
            print_span(*watched),
            print_span(comparison.cut)
        ));
    }
    text
}

/// What has no figure, and why; the same reason once.
pub(super) fn gaps(comparison: &Comparison) -> Vec<(&'static str, &'static str, &str)> {
    let mut gaps = Vec::new();
    for row in &comparison.rows {
        let mut known: Vec<&str> = Vec::new();
        for (what, error) in [
            ("prompt", row.open.as_ref().err()),
            ("echo", row.echo.as_ref().err()),
            ("idle packets", row.idle.as_ref().err()),
            ("cut", row.recovery.as_ref().err()),
        ] {
            let Some(error) = error else { continue };
            if !known.contains(&error.as_str()) {
                known.push(error);
                gaps.push((row.kind.name(), what, error.as_str()));
            }
        }
    }
    gaps
}

/// The picture's story.
pub(super) fn story(comparison: &Comparison) -> Latencies {
    let mut marks = vec![Mark { at: AT_ONCE_MS, name: "one frame".to_owned() }];
    if let Some((trip, _)) = comparison.path().filter(|(trip, _)| *trip > 2.0 * AT_ONCE_MS) {
        marks.push(Mark { at: trip, name: "round trip".to_owned() });
    }
    Latencies {
        title: format!("Typing on {}", comparison.host),
        subtitle: format!(
            "{} keys with each tool, 5 a second; predictions count when shown",
            comparison.keys
        ),
        rows: comparison.rows.iter().filter_map(contender).collect(),
        marks,
    }
}

fn contender(row: &Row) -> Option<Contender> {
    let echo = row.echo.as_ref().ok()?;
    let times = &echo.times;
    let note = format!(
        "median {}, p99 {}; {:.0} % at once",
        millis(times.median()),
        millis(times.quantile(0.99)),
        share_at_once(echo) * 100.0
    );
    let ink = match row.kind {
        Kind::Ssh => Ink::Belief,
        Kind::Mosh => Ink::Dead,
        Kind::Autossh => Ink::Kernel,
        Kind::Abide | Kind::AbideNoUdp => Ink::Alive,
    };
    let name = row.kind.name().to_owned();
    Some(Contender { name, ink, times: times.values().to_vec(), note })
}

#[cfg(test)]
mod tests {
    use abide_compare::Recovery;

    use super::super::figures::Idle;
    use super::*;

    fn row(kind: Kind, ms: f64, back: Option<u64>) -> Row {
        let recovery = Recovery {
            back: back.map(Duration::from_millis),
            same_shell: kind != Kind::Autossh,
            typed_arrived: true,
        };
        Row {
            kind,
            call: format!("{} web1", kind.name()),
            open: Ok(Duration::from_millis(1_500)),
            echo: Ok(Echo {
                times: [ms, ms, 3.0 * ms].into_iter().collect(),
                jitter: 0.5,
                never: 1,
                wrong: 0,
            }),
            idle: Ok(Idle { packets: 2, watched: Duration::from_secs(60) }),
            recovery: Ok(recovery),
        }
    }

    #[test]
    fn the_answer_has_every_figure_and_every_gap() {
        let gone = || "mosh is not installed here".to_owned();
        let mosh = Row {
            kind: Kind::Mosh,
            call: "mosh web1".to_owned(),
            open: Err(gone()),
            echo: Err(gone()),
            idle: Err(gone()),
            recovery: Err(gone()),
        };
        let comparison = Comparison {
            host: "web1".to_owned(),
            keys: 4,
            cut: Duration::from_secs(20),
            patience: Duration::from_secs(75),
            rows: vec![
                row(Kind::Ssh, 101.0, None),
                row(Kind::Autossh, 101.0, Some(31_000)),
                row(Kind::Abide, 0.3, Some(250)),
                mosh,
            ],
        };
        insta::assert_snapshot!(text(&comparison), @r"
                 PROMPT  MEDIAN     P90     P99  AT ONCE      BACK AFTER CUT  IDLE/H
        ssh       1.5 s  101 ms  303 ms  303 ms      0 %        not in 1m15s     120
        autossh   1.5 s  101 ms  303 ms  303 ms      0 %  31.0 s (new shell)     120
        abide     1.5 s  0.3 ms  0.9 ms  0.9 ms     75 %              250 ms     120
        mosh          -       -       -       -        -                   -       -

        From key to letter: solid the median, light p99, on a logarithmic scale
        ssh             ████████████████████████░░░░ 101 ms
        autossh         ████████████████████████░░░░ 101 ms
        abide           ████░░░░ 0.3 ms

        The path as ssh's echo shows it: 101 ms there and back, 0.5 ms more or less from key to key.
        Not measured:
          loss: TCP and the tools repair it before a screen can show it
          mosh, prompt: mosh is not installed here
        Idle packets are of 1m, reckoned for an hour; a cut is a path that dies for 20s and comes back with another address.
        ");
    }
}
