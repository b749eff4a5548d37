//! Tracks of time as bars on one scale.

use std::time::Duration;

use super::sheet::{MARGIN, Sheet, WIDTH, fit, measure};
use super::{BODY, SMALL};
use crate::Ink;
use crate::axis::{Axis, Place, span};
use crate::shape::{Anchor, Point, Stroke, Weight};
use crate::story::{Answered, End, Group, Track};

/// Where bars begin.
const START: f32 = MARGIN + 180.0;
/// Where the scale ends. Arrows go on to the margin.
const END: f32 = WIDTH - MARGIN - 20.0;
/// Height of a bar.
const BAR: f32 = 14.0;
/// Marks that can be told apart on one bar.
const MAX_MARKS: usize = 48;

fn x_at(place: f64) -> f32 {
    // Between 0 and 1: nothing is lost that could be seen.
    START + place as f32 * (END - START)
}

fn x_of(axis: Axis, time: Duration) -> Option<f32> {
    match axis.place(time) {
        Place::At(place) => Some(x_at(place)),
        Place::Beyond => None,
    }
}

/// Draws all tracks under their headings.
pub(super) fn draw(sheet: &mut Sheet, tracks: &[Track]) {
    if tracks.is_empty() {
        return;
    }
    let axis = Axis::over(tracks);
    sheet.heading("Time since the last packet");
    sheet.advance(22.0);
    let top = sheet.y() + 8.0;
    let bottom = top + height(tracks);
    for (place, label) in axis.ticks() {
        let x = x_at(place);
        let at = Point { x, y: sheet.y() };
        sheet.words_at(at, Anchor::Middle, SMALL, Weight::Regular, Ink::Faint, &label);
        sheet.line((x, top), (x, bottom), Ink::Grid, 1.0, Stroke::Solid);
    }
    draw_believed(sheet, axis, tracks, top, bottom);
    sheet.advance(8.0);
    for group in [Group::Belief, Group::Gone, Group::Idle, Group::Path] {
        let mut members = tracks.iter().filter(|track| track.group == group).peekable();
        if members.peek().is_none() {
            continue;
        }
        sheet.advance(GROUP);
        let (heading, ink) = heading(group);
        let ground = (MARGIN, sheet.y() - BODY * 0.85);
        let length = measure(heading, BODY, Weight::Bold);
        sheet.fill(ground, (length + 4.0, BODY * 1.15), Ink::Paper, 1.0);
        sheet.words(MARGIN, BODY, Weight::Bold, ink, heading);
        for track in members {
            draw_track(sheet, track, axis);
        }
    }
}

/// Height of a group's heading.
const GROUP: f32 = 30.0;
/// Height of a track without a caption.
const TRACK: f32 = 26.0;
/// Height of a caption.
const CAPTION: f32 = 17.0;

fn height(tracks: &[Track]) -> f32 {
    let mut groups: Vec<Group> = tracks.iter().map(|track| track.group).collect();
    groups.sort();
    groups.dedup();
    let tracks: f32 = tracks
        .iter()
        .map(|track| if track.caption.is_empty() { TRACK } else { TRACK + CAPTION })
        .sum();
    // A picture has tens of groups at most.
    tracks + groups.len() as f32 * GROUP + 8.0
}

fn heading(group: Group) -> (&'static str, Ink) {
    match group {
        Group::Belief => ("What people believe", Ink::Belief),
        Group::Gone => ("The other end is gone: who notices, and when", Ink::Dead),
        Group::Idle => ("Both ends are there, nobody types", Ink::Alive),
        Group::Path => ("What the path forgets when nothing passes for so long", Ink::Path),
    }
}

/// What is believed goes down through all tracks, so that each can be compared with it.
fn draw_believed(sheet: &mut Sheet, axis: Axis, tracks: &[Track], top: f32, bottom: f32) {
    for track in tracks {
        let End::Believed(at) = track.end else { continue };
        if let Some(x) = x_of(axis, at) {
            sheet.line((x, top), (x, bottom), Ink::Belief, 2.0, Stroke::Dashed);
        }
    }
}

fn draw_track(sheet: &mut Sheet, track: &Track, axis: Axis) {
    sheet.advance(TRACK);
    let middle = sheet.y() - BAR / 2.0 + 1.0;
    let label = fit(&track.label, BODY, Weight::Regular, START - MARGIN - 12.0);
    sheet.words(MARGIN, BODY, Weight::Regular, Ink::Text, &label);
    let ink = ink_of(track);
    let stop = track.end.at().map_or(Some(WIDTH - MARGIN), |at| x_of(axis, at));
    let runs_out = track.end == End::Never || stop.is_none();
    let stop = stop.unwrap_or(WIDTH - MARGIN);
    let body = if runs_out { stop - BAR } else { stop };
    match track.end {
        End::Silence { .. } => sheet.line((START, middle), (body, middle), ink, 4.0, Stroke::Solid),
        End::Believed(_) => sheet.line((START, middle), (body, middle), ink, 3.0, Stroke::Dashed),
        _ => {
            let cover = if track.group == Group::Idle { 0.8 } else { 0.35 };
            sheet.fill((START, middle - BAR / 2.0), (body - START, BAR), ink, cover);
        }
    }
    if runs_out {
        sheet.arrow_head(stop, middle, 1.0, BAR, ink);
    }
    draw_beats(sheet, track, axis, middle, body);
    draw_end(sheet, track, middle, stop, runs_out);
    if !track.caption.is_empty() {
        sheet.advance(CAPTION);
        let caption = fit(&track.caption, SMALL, Weight::Regular, WIDTH - MARGIN - START);
        // Lines of the scale go behind the words, not through them.
        let length = measure(&caption, SMALL, Weight::Regular);
        let ground = (START - 2.0, sheet.y() - SMALL * 0.85);
        sheet.fill(ground, (length + 4.0, SMALL * 1.1), Ink::Paper, 1.0);
        sheet.words(START, SMALL, Weight::Regular, Ink::Faint, &caption);
    }
}

fn ink_of(track: &Track) -> Ink {
    match (&track.end, track.group) {
        (End::Believed(_), _) => Ink::Belief,
        (End::Forgets { .. } | End::Silence { .. }, _) => Ink::Path,
        (End::GivesUp(_), _) => Ink::Kernel,
        (_, Group::Idle) => Ink::Alive,
        _ => Ink::Dead,
    }
}

fn draw_beats(sheet: &mut Sheet, track: &Track, axis: Axis, middle: f32, body: f32) {
    let Some(beats) = track.beats else { return };
    for x in axis.beats(beats, MAX_MARKS).into_iter().map(x_at) {
        if x + 4.0 > body {
            break;
        }
        match beats.answered {
            // An answered probe is a full disc, a missed one an empty one with a question.
            Answered::Yes => {
                sheet.disc(x, middle, 6.5, Ink::Paper);
                sheet.disc(x, middle, 4.5, Ink::Alive);
            }
            Answered::No => {
                sheet.disc(x, middle, 9.0, Ink::Probe);
                sheet.disc(x, middle, 7.5, Ink::Paper);
                let at = Point { x, y: middle + 4.5 };
                sheet.words_at(at, Anchor::Middle, 12.0, Weight::Bold, Ink::Probe, "?");
            }
        }
    }
}

fn draw_end(sheet: &mut Sheet, track: &Track, middle: f32, stop: f32, runs_out: bool) {
    let ink = ink_of(track);
    if !runs_out {
        match track.end {
            End::Closes(_) | End::GivesUp(_) => sheet.cross(stop, middle, 8.0, ink),
            _ => sheet.disc(stop, middle, 5.0, ink),
        }
    }
    let (words, size) = end_words(track);
    let right = WIDTH - MARGIN - stop - 16.0;
    let left = stop - START - 24.0;
    let length = measure(&words, size, Weight::Bold);
    let beside = length <= right || right >= left;
    let words = fit(&words, size, Weight::Bold, if beside { right } else { left });
    let length = measure(&words, size, Weight::Bold);
    let from = if beside { stop + 16.0 } else { stop - 18.0 - length };
    // Words that lie on a bar or on lines of the scale get paper under them.
    sheet.fill((from - 5.0, middle - size * 0.62), (length + 10.0, size * 1.24), Ink::Paper, 1.0);
    let base = Point { x: from, y: middle + size * 0.36 };
    sheet.words_at(base, Anchor::Start, size, Weight::Bold, ink, &words);
}

fn end_words(track: &Track) -> (String, f32) {
    match &track.end {
        End::Closes(at) => (format!("{} closed", span(*at)), 17.0),
        End::GivesUp(at) | End::Believed(at) => (span(*at), BODY),
        End::Forgets { after, who, .. } => (format!("{} {who}", span(*after)), SMALL),
        End::Silence { who, .. } => (who.clone(), SMALL),
        End::Never => ("never closed".to_owned(), 17.0),
    }
}
