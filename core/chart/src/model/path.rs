//! What known devices on a path would do with this connection, were they there.

use std::time::Duration;

use abide_timeouts::{Fact, Limit, Setup, gap, path};

use super::words::timer;
use crate::axis::span;
use crate::story::{End, Fate, Group, Track};

/// The longest silence of an idle connection, then the devices by how long they remember.
pub(super) fn tracks(setup: &Setup) -> Vec<Track> {
    let mut tracks: Vec<Track> = silence(setup).into_iter().collect();
    let mut devices: Vec<(Duration, Fate, Vec<&str>)> = Vec::new();
    for (device, fate) in path(setup) {
        let fate = match fate {
            abide_timeouts::Fate::Kept => Fate::Held,
            abide_timeouts::Fate::Forgotten => Fate::Forgotten,
            abide_timeouts::Fate::NotChecked(_) => Fate::Unknown,
        };
        match devices.last_mut() {
            Some((idle, known, names)) if *idle == device.idle && *known == fate => {
                names.push(device.name);
            }
            _ => devices.push((device.idle, fate, vec![device.name])),
        }
    }
    tracks.extend(devices.into_iter().map(|(after, fate, names)| Track {
        group: Group::Path,
        label: label(fate).to_owned(),
        beats: None,
        end: End::Forgets { after, fate, who: names.join(", ") },
        caption: String::new(),
    }));
    tracks
}

fn label(fate: Fate) -> &'static str {
    match fate {
        Fate::Held => "✓ held",
        Fate::Forgotten => "✗ forgotten",
        Fate::Unknown => "  not checked",
    }
}

fn silence(setup: &Setup) -> Option<Track> {
    let gap = gap(setup);
    let Fact::Known(longest, _) = gap.longest else { return None };
    let who = gap.maker.map_or_else(
        || "nobody sends anything".to_owned(),
        |maker| format!("then {} of the {} sends", timer(maker.timer), maker.side.name()),
    );
    let (end, who) = match longest {
        Limit::Off => (None, who),
        Limit::After(at) => (Some(at), format!("{}: {who}", span(at))),
    };
    Some(Track {
        group: Group::Path,
        label: "longest silence".to_owned(),
        beats: None,
        end: End::Silence { ends: end, who },
        caption: String::new(),
    })
}

/// How long each known device remembers.
pub(super) fn limits() -> Vec<Duration> {
    abide_timeouts::MIDDLEBOXES.iter().map(|device| device.idle).collect()
}
