//! Turns predictions of `abide-timeouts` into a story. Every number is the model's: here it is
//! only decided which of them are told, in which order and with which words.

mod answers;
mod parley;
mod path;
mod settings;
mod table;
mod tracks;
mod words;

use abide_timeouts::{Alive, IdleAs, Limit, Setup, Side, Situation, Traffic, Unknown, predict};

use crate::story::Story;

/// Whose timers a chart is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// A connection between two machines.
    Connection,
    /// This server, whoever connects to it.
    Server,
}

impl Scope {
    fn sides(self) -> &'static [Side] {
        match self {
            Scope::Connection => &[Side::Server, Side::Client],
            Scope::Server => &[Side::Server],
        }
    }
}

/// What to tell of.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// What it is called.
    pub title: &'a str,
    /// Whose timers.
    pub scope: Scope,
    /// What is set.
    pub now: &'a Setup,
    /// What somebody thinks of setting instead.
    pub what_if: Option<&'a Setup>,
}

impl<'a> Question<'a> {
    /// The setup whose consequences are told: the one asked about, if any.
    fn told(&self) -> &'a Setup {
        self.what_if.unwrap_or(self.now)
    }

    fn is_what_if(&self) -> bool {
        self.what_if.is_some_and(|what_if| what_if != self.now)
    }
}

/// The story of a setup, or of a change to it.
pub fn story_of(question: &Question<'_>) -> Story {
    let setup = question.told();
    let scope = question.scope;
    let mut tracks = tracks::believed(setup, scope);
    if question.is_what_if() {
        tracks.extend(tracks::before(question.now, setup, scope));
    }
    tracks.extend(tracks::gone(setup, scope, question.is_what_if()));
    tracks.extend(tracks::idle(setup, scope));
    tracks.extend(path::tracks(setup));
    Story {
        title: question.title.to_owned(),
        settings: settings::lines(question),
        answers: answers::of(setup, scope),
        tracks,
        maps: table::maps(question),
        exchanges: parley::exchanges(setup, scope),
        not_checked: not_checked(setup, scope),
    }
}

/// What nothing is drawn of, with the reason, each once.
fn not_checked(setup: &Setup, scope: Scope) -> Vec<String> {
    let situations = [Situation::DeadPath(Traffic::IDLE), Situation::Idle(IdleAs::Prompt)];
    let mut told = Vec::new();
    for Unknown { timer, side, reason } in situations
        .into_iter()
        .flat_map(|situation| predict(setup, situation).unknown)
        .filter(|unknown| scope.sides().contains(&unknown.side))
    {
        let line = format!("{} at the {}: {reason}", words::timer(timer), side.name());
        if !told.contains(&line) {
            told.push(line);
        }
    }
    told
}

/// A side's keepalive, if it is known and on.
fn asking(setup: &Setup, side: Side) -> Option<Alive> {
    Alive::of(setup, side).ok().filter(|alive| alive.interval != Limit::Off)
}
