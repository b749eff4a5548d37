//! The sessions while a trial lasts: a few lines written over on a terminal, or a line for each
//! change elsewhere. Not the table.

use std::time::Duration;

use abide_demo::trial::{Event, Part, State};

use super::scenes::{SCENES, Scene};
use super::sink::{Manner, Sink, Tone};

/// The view of one trial.
#[derive(Debug)]
pub(crate) struct Live<'a> {
    sink: &'a Sink,
    number: usize,
    scene: &'a Scene,
    /// The newest picture of each tool, in the order in which they were first heard.
    newest: Vec<Event>,
    /// Lines on the screen that are to be written over.
    drawn: usize,
}

impl<'a> Live<'a> {
    /// Begins with the trial of the scene of that number, from 0.
    pub(crate) fn begin(sink: &'a Sink, number: usize, scene: &'a Scene) -> Self {
        let live = Live { sink, number, scene, newest: Vec::new(), drawn: 0 };
        if sink.manner() == Manner::Plain {
            sink.write(&format!("{}\n", live.title()));
        }
        live
    }

    /// Takes the newest picture of one session.
    pub(crate) fn show(&mut self, event: Event) {
        let part_before = self.newest.iter().map(|known| known.part).max();
        let place = self.newest.iter().position(|known| known.tool == event.tool);
        let before = place.map(|place| self.newest[place].state);
        match place {
            Some(place) => self.newest[place] = event.clone(),
            None => self.newest.push(event.clone()),
        }
        match self.sink.manner() {
            Manner::Redrawn => self.redraw(),
            Manner::Plain => {
                if part_before.is_some_and(|part| part < event.part) {
                    self.tell(event.elapsed, self.scene.words(event.part));
                }
                if before != Some(event.state) && event.part != Part::Closing {
                    self.tell(event.elapsed, &format!("{}: {}", event.tool, state(&event)));
                }
            }
            Manner::Silent => {}
        }
    }

    /// Takes the view off the screen; what follows is written in its place.
    pub(crate) fn end(mut self) {
        self.erase();
    }

    fn title(&self) -> String {
        format!("{}/{}  {}", self.number + 1, SCENES.len(), self.scene.name)
    }

    fn words(&self, part: Part) -> &'static str {
        let coming_up = self.newest.iter().any(|event| event.state == State::Connecting);
        if coming_up { "both sessions come up" } else { self.scene.words(part) }
    }

    fn tell(&self, elapsed: Duration, words: &str) {
        self.sink.write(&format!("  {:5.1} s  {words}\n", elapsed.as_secs_f64()));
    }

    fn redraw(&mut self) {
        let mut text = String::from("\n");
        text.push_str(&self.sink.paint(Tone::Heading, &self.title()));
        if let Some(event) = self.newest.last() {
            let seconds = event.part_for.as_secs();
            text.push_str(&format!(": {}, {seconds} s", self.words(event.part)));
        }
        text.push_str("\x1b[K\n");
        for event in &self.newest {
            text.push_str(&self.line(event));
            text.push_str("\x1b[K\n");
        }
        let lines = text.matches('\n').count();
        let up = if self.drawn > 0 { format!("\r\x1b[{}A", self.drawn) } else { String::new() };
        self.sink.write(&(up + &text));
        self.drawn = lines;
    }

    fn erase(&mut self) {
        if self.drawn > 0 {
            self.sink.write(&format!("\r\x1b[{}A\x1b[J", self.drawn));
            self.drawn = 0;
        }
    }

    fn line(&self, event: &Event) -> String {
        let tone = match event.state {
            State::Live => Tone::Good,
            State::Connecting | State::Silent => Tone::Doubtful,
            State::Ended if event.part == Part::Closing => Tone::Aside,
            State::Ended => Tone::Bad,
        };
        let state = self.sink.paint(tone, &format!("{:23}", state(event)));
        format!(
            "     {:5}  {state}  {:4} lines shown  {:4} keys answered",
            event.tool, event.lines, event.answers
        )
    }
}

impl Drop for Live<'_> {
    fn drop(&mut self) {
        self.erase();
    }
}

fn state(event: &Event) -> String {
    match event.state {
        State::Connecting => "connecting".to_owned(),
        State::Live => "live".to_owned(),
        State::Silent => format!("no answer for {:.1} s", event.quiet.as_secs_f64()),
        State::Ended if event.part == Part::Closing => "closed".to_owned(),
        State::Ended => "has lost its connection".to_owned(),
    }
}
