//! Tracks of time as rows: a bar, its marks, how it ends, and what that means below it.

use std::time::Duration;

use super::grid::Grid;
use crate::Ink;
use crate::axis::{Axis, Place, span};
use crate::story::{Answered, Beats, End, Group, Track};
use crate::tame::{tame, wrap};

/// Where bars begin.
const START: usize = Track::MAX_LABEL + 2;

/// Bars in a row of the grid.
#[derive(Clone, Copy)]
struct Ruler {
    axis: Axis,
    /// Columns of a bar.
    length: usize,
}

impl Ruler {
    /// The column of a time; `None` beyond the horizon.
    fn column(self, time: Duration) -> Option<usize> {
        match self.axis.place(time) {
            Place::At(place) => Some(self.at(place)),
            Place::Beyond => None,
        }
    }

    /// The column of a place from 0 to 1.
    fn at(self, place: f64) -> usize {
        START + (place * (self.length - 1) as f64).round() as usize
    }

    fn edge(self) -> usize {
        START + self.length - 1
    }
}

/// Draws all tracks under their headings.
pub(super) fn draw(grid: &mut Grid, tracks: &[Track], width: usize) {
    if tracks.is_empty() {
        return;
    }
    let ruler = Ruler { axis: Axis::over(tracks), length: width - START - 1 };
    grid.space();
    grid.line(0, "Time since the last packet", Ink::Present);
    draw_ticks(grid, ruler);
    for group in [Group::Belief, Group::Gone, Group::Idle, Group::Path] {
        let mut members = tracks.iter().filter(|track| track.group == group).peekable();
        if members.peek().is_none() {
            continue;
        }
        let row = grid.line(0, heading(group), ink_of(group));
        grid.fill(row, heading(group).chars().count() + 1, ruler.edge() + 1, '·', Ink::Grid);
        for track in members {
            draw_track(grid, track, ruler);
        }
    }
}

fn heading(group: Group) -> &'static str {
    match group {
        Group::Belief => "What people believe",
        Group::Gone => "The other end is gone: who notices, and when",
        Group::Idle => "Both ends are there, nobody types",
        Group::Path => "What the path forgets when nothing passes for so long",
    }
}

fn ink_of(group: Group) -> Ink {
    match group {
        Group::Belief => Ink::Belief,
        Group::Gone => Ink::Dead,
        Group::Idle => Ink::Alive,
        Group::Path => Ink::Path,
    }
}

fn draw_ticks(grid: &mut Grid, ruler: Ruler) {
    let words = grid.height();
    let scale = words + 1;
    grid.fill(scale, START, ruler.edge() + 1, '─', Ink::Faint);
    let mut free = 0;
    for (number, (place, label)) in ruler.axis.ticks().into_iter().enumerate() {
        let column = ruler.at(place);
        grid.put(scale, column, if number == 0 { "├" } else { "┬" }, Ink::Faint);
        let half = label.chars().count() / 2;
        let from = if number == 0 { column } else { column - half.min(column) };
        if from >= free && from + label.chars().count() <= ruler.edge() + 2 {
            grid.put(words, from, &label, Ink::Faint);
            free = from + label.chars().count() + 1;
        }
    }
}

fn draw_track(grid: &mut Grid, track: &Track, ruler: Ruler) {
    let label: String = tame(&track.label).chars().take(Track::MAX_LABEL).collect();
    let row = grid.line(1, &label, Ink::Text);
    let (letter, ink) = bar(track);
    let end = track.end.at().map(|at| ruler.column(at));
    // Never, or beyond the horizon: the bar runs out of the picture.
    let stop = end.flatten().unwrap_or(ruler.edge());
    grid.fill(row, START, stop, letter, ink);
    if let Some(beats) = track.beats {
        draw_beats(grid, row, beats, stop, ruler);
    }
    draw_end(grid, row, track, stop, ruler);
    for line in wrap(&tame(&track.caption), ruler.length) {
        grid.line(START, &line, Ink::Faint);
    }
}

/// Without colours the kind of bar tells: a live connection is a thick line, silence a broken one.
fn bar(track: &Track) -> (char, Ink) {
    match (&track.end, track.group) {
        (End::Believed(_), _) => ('┄', Ink::Belief),
        (End::Forgets { .. }, _) => ('·', Ink::Path),
        (End::Silence { .. }, _) => ('─', Ink::Path),
        (End::GivesUp(_), _) => ('╌', Ink::Kernel),
        (_, Group::Idle) => ('━', Ink::Alive),
        _ => ('╌', Ink::Dead),
    }
}

fn draw_beats(grid: &mut Grid, row: usize, beats: Beats, stop: usize, ruler: Ruler) {
    let (mark, ink) = match beats.answered {
        Answered::Yes => ('●', Ink::Alive),
        Answered::No => ('?', Ink::Probe),
    };
    // Every second column at most: marks must not run into each other.
    for place in ruler.axis.beats(beats, ruler.length / 2) {
        let column = ruler.at(place);
        if column < stop {
            grid.fill(row, column, column + 1, mark, ink);
        }
    }
}

fn draw_end(grid: &mut Grid, row: usize, track: &Track, stop: usize, ruler: Ruler) {
    let (mark, ink) = match &track.end {
        End::Closes(_) => ('✗', Ink::Dead),
        End::GivesUp(_) => ('✗', Ink::Kernel),
        End::Believed(_) => ('○', Ink::Belief),
        End::Forgets { .. } => ('○', Ink::Path),
        End::Silence { .. } => ('│', Ink::Path),
        End::Never => ('▶', bar(track).1),
    };
    let is_beyond = track.end.at().is_some_and(|at| ruler.column(at).is_none());
    let mark = if is_beyond { '▶' } else { mark };
    grid.fill(row, stop, stop + 1, mark, ink);
    let right = (ruler.edge() + 1).saturating_sub(stop + 2);
    let left = stop.saturating_sub(START + 2);
    let words = end_words(track);
    if words.chars().count() <= right || right >= left {
        grid.put(row, stop + 2, &cut(&words, right), ink);
    } else {
        // To the left of the mark, with a gap on both sides.
        let words = cut(&words, left);
        let from = stop - words.chars().count() - 2;
        grid.put(row, from, &format!(" {words} "), ink);
    }
}

fn cut(words: &str, room: usize) -> String {
    if words.chars().count() <= room {
        return words.to_owned();
    }
    let kept: String = words.chars().take(room.saturating_sub(1)).collect();
    if kept.is_empty() { kept } else { kept + "…" }
}

fn end_words(track: &Track) -> String {
    match &track.end {
        End::Closes(at) | End::GivesUp(at) | End::Believed(at) => span(*at),
        End::Forgets { after, who, .. } => format!("{} {who}", span(*after)),
        End::Silence { who, .. } => who.clone(),
        End::Never => "never closed".to_owned(),
    }
}
