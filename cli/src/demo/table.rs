//! The table of the demo, as text for people.

use std::time::Duration;

use abide_demo::report::Row;
use abide_demo::server::Kind;

use super::contestants::{ABIDE, SSH};
use super::scenes::{PATIENCE, SCENES};
use super::sink::{Sink, Tone};

/// What this is, at once.
pub(crate) fn title(sink: &Sink) -> String {
    let words = "abide demo: ssh and abide side by side while the network between breaks";
    sink.paint(Tone::Heading, words) + "\n"
}

/// What it runs against and how long, as soon as that is known.
pub(crate) fn subtitle(sink: &Sink, kind: Kind, about: Duration) -> String {
    let seconds = about.as_secs();
    let words = format!("Both against {kind}; about {seconds} s; nothing is left behind.");
    sink.paint(Tone::Aside, &words) + "\n\n"
}

/// The head of the table.
pub(crate) fn head(sink: &Sink) -> String {
    let words = ["FAULT", "TOOL", "LIVED", "FIRST ECHO", "PAUSE", "LINES LOST", "KEYS LOST"];
    sink.paint(Tone::Heading, &line(words.map(str::to_owned))) + "\n"
}

/// The rows of one trial.
pub(crate) fn rows(sink: &Sink, name: &str, rows: &[Row]) -> String {
    let mut text = String::new();
    for (place, row) in rows.iter().enumerate() {
        let name = if place == 0 { name } else { "" };
        let plain = line(cells(name, row));
        // The verdict alone is coloured: it begins where the two columns before it end.
        let (start, rest) = plain.split_at(VERDICT);
        let (verdict, rest) = rest.split_at(WIDTHS[2]);
        let tone = if row.survived { Tone::Good } else { Tone::Bad };
        text.push_str(&format!("{start}{}{rest}\n", sink.paint(tone, verdict)));
        if row.lines_doubled + row.keys_doubled > 0 {
            text.push_str(&format!(
                "{:19}shown twice: {} lines, {} answers\n",
                "", row.lines_doubled, row.keys_doubled
            ));
        }
    }
    text
}

/// What stands under the table.
pub(crate) fn foot(sink: &Sink, all: &[Row], took: Duration) -> String {
    let lived = |tool| all.iter().filter(|row| row.tool == tool && row.survived).count();
    let of = SCENES.len();
    let how = format!(
        "Measured through a relay on 127.0.0.1 that plays the network, not a real cable.\n\
         First echo: after the end of the fault; never: not in {} s. Pause: no output.\n",
        PATIENCE.as_secs()
    );
    format!(
        "\n{} lived through {} of {of} faults, {} through {} of {of}; this took {} s.\n{}",
        ABIDE,
        lived(ABIDE),
        SSH,
        lived(SSH),
        took.as_secs(),
        sink.paint(Tone::Aside, &how),
    )
}

const WIDTHS: [usize; 7] = [17, 5, 8, 10, 7, 10, 9];
/// Where the third column begins.
const VERDICT: usize = WIDTHS[0] + 2 + WIDTHS[1] + 2;

/// Text to the left, numbers to the right.
fn line(cells: [String; 7]) -> String {
    let [fault, tool, lived, echo, pause, lines, keys] = cells;
    let [a, b, c, d, e, f, g] = WIDTHS;
    format!("{fault:a$}  {tool:b$}  {lived:c$}  {echo:>d$}  {pause:>e$}  {lines:>f$}  {keys:>g$}")
}

fn cells(name: &str, row: &Row) -> [String; 7] {
    let lived = match (row.survived, row.ended) {
        (true, _) => "yes",
        (false, true) => "no, died",
        (false, false) => "no, hung",
    };
    let lines = if row.survived { row.lines_lost.to_string() } else { "the rest".to_owned() };
    let pause = if row.survived { seconds(row.longest_pause) } else { "-".to_owned() };
    [
        name.to_owned(),
        row.tool.clone(),
        lived.to_owned(),
        row.first_echo.map_or("never".to_owned(), seconds),
        pause,
        lines,
        row.keys_lost.to_string(),
    ]
}

fn seconds(time: Duration) -> String {
    match time.as_millis() {
        millis @ ..1000 => format!("{millis} ms"),
        _ => format!("{:.2} s", time.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_fits_a_terminal_and_says_how_sessions_died() {
        let ssh = Row {
            tool: SSH.into(),
            fault: "reset",
            survived: false,
            first_echo: None,
            ended: true,
            longest_pause: Duration::from_secs(9),
            lines_lost: 0,
            lines_doubled: 0,
            keys_lost: 42,
            keys_doubled: 0,
        };
        let abide = Row {
            tool: ABIDE.into(),
            survived: true,
            first_echo: Some(Duration::from_millis(54)),
            longest_pause: Duration::from_millis(5_210),
            keys_lost: 0,
            ended: false,
            ..ssh.clone()
        };
        let sink = Sink::plain();
        let both = [ssh, abide];
        let text = head(&sink) + &rows(&sink, "connection reset", &both);
        assert_eq!(
            text,
            "FAULT              TOOL   LIVED     FIRST ECHO    PAUSE  LINES LOST  KEYS LOST\n\
             connection reset   ssh    no, died       never        -    the rest         42\n\
             \x20                  abide  yes            54 ms   5.21 s           0          0\n"
        );
        let about = Duration::from_secs(65);
        let top = title(&sink) + &subtitle(&sink, Kind::Embedded, about);
        let whole = top + &text + &foot(&sink, &both, Duration::from_secs(64));
        assert!(whole.contains("abide lived through 1 of 5 faults, ssh through 0 of 5"), "{whole}");
        assert!(whole.lines().all(|line| line.chars().count() < 80), "{whole}");
        assert!(SCENES.iter().all(|scene| scene.name.len() <= WIDTHS[0]));
    }
}
