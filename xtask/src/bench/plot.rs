//! The picture of a profile's typing: which colour is whose, and what stands beside each row.

use abide_chart::latency::{Contender, Latencies, Mark, latency_picture};
use abide_chart::{Ink, Theme, svg};
use abide_lab::Profile;

use super::tool::Tool;
use super::typing::Outcome;

/// A frame of a 60 Hz display, in ms: what is shown within it is taken for local.
pub(crate) const AT_ONCE_MS: f64 = 17.0;

/// The picture as SVG.
pub(crate) fn draw(profile: Profile, rows: &[(Tool, &Outcome)]) -> String {
    let link = profile.settings();
    let trip = (link.up.delay + link.down.delay).as_secs_f64() * 1e3;
    let story = Latencies {
        title: format!("Typing over {}: {}", profile.name(), about(profile)),
        subtitle: "5 keys a second to a program that echoes them; predictions count when shown"
            .to_owned(),
        rows: rows.iter().map(|(tool, outcome)| contender(*tool, outcome)).collect(),
        marks: vec![
            Mark { at: AT_ONCE_MS, name: "one frame".to_owned() },
            Mark { at: trip, name: "round trip".to_owned() },
        ],
    };
    svg(&latency_picture(&story), Theme::Light)
}

fn contender(tool: Tool, outcome: &Outcome) -> Contender {
    let shown = &outcome.shown;
    let note = format!(
        "median {:.1}, p99 {:.0} ms; {:.0} % at once",
        shown.median(),
        shown.quantile(0.99),
        outcome.at_once() * 100.0
    );
    let ink = match tool {
        Tool::Ssh => Ink::Belief,
        Tool::Mosh | Tool::MoshNever => Ink::Dead,
        _ => Ink::Alive,
    };
    Contender { name: tool.name().to_owned(), ink, times: shown.values().to_vec(), note }
}

fn about(profile: Profile) -> &'static str {
    match profile {
        Profile::Lan => "a cable",
        Profile::Wan100 => "100 ms, 100 Mbit/s",
        Profile::Lossy => "100 ms, 15 % loss each way",
        Profile::Evdo => "500 ms with jitter, 1 Mbit/s",
        Profile::Sat600 => "600 ms, 20 Mbit/s",
        Profile::Bloat => "50 ms behind a full queue of 5 s",
        Profile::SgMit => "273 ms, 100 Mbit/s",
    }
}
