//! The forwards of a session at the near end: what was asked for, how far each is, what the server was
//! found to permit, and the connections that wait to know. What is done about it is in
//! `client/forwarding`.

use std::collections::{BTreeMap, HashMap};

use abide_forward::{Accepted, Bind, Forwards, Kind, Listener, Told, UnixPlace, words};
use abide_link::Role;
use abide_openssh::{Effective, Forward, ListenPlace, Side, Target};
use abide_x11::Cookie;
use tokio::sync::mpsc;

use crate::gate::{Answer, Gate, Question};

/// How often a question is put that was not answered because ssh's connection went away.
pub(crate) const TRIES_MAX: u8 = 3;
/// Connections that wait for sshd's answer at once. At it, further ones are closed.
pub(crate) const WAITING_MAX: usize = 512;
/// Targets whose verdict is remembered. At it, all are forgotten, and asked for again.
pub(crate) const VERDICTS_MAX: usize = 1024;

/// A forward that was asked for, with its listener when this end listens.
#[derive(Debug)]
pub struct Prepared {
    pub(crate) forward: Forward,
    pub(crate) listener: Option<Listener>,
}

impl Prepared {
    /// What somebody else has of what it was to listen at, in words.
    pub fn shortcomings(&self) -> &[String] {
        self.listener.as_ref().map_or(&[], Listener::failed)
    }
}

/// A forward that cannot be had at this end.
#[derive(Debug)]
pub struct Unprepared {
    /// What was asked for.
    pub forward: Forward,
    /// The system's words.
    pub why: String,
}

/// Opens the listeners of this end. Needs an event loop; looks names up.
pub fn prepare(forwards: &[Forward], settings: &Effective) -> Vec<Result<Prepared, Unprepared>> {
    forwards.iter().map(|forward| prepare_one(forward, settings)).collect()
}

pub(crate) fn prepare_one(forward: &Forward, settings: &Effective) -> Result<Prepared, Unprepared> {
    let listener = match forward.side {
        Side::Remote => None,
        Side::Local => Some(
            bind(&forward.listen, settings)
                .map_err(|error| Unprepared { forward: forward.clone(), why: words(&error) })?,
        ),
    };
    Ok(Prepared { forward: forward.clone(), listener })
}

fn bind(listen: &ListenPlace, settings: &Effective) -> std::io::Result<Listener> {
    match listen {
        ListenPlace::Path(path) => Listener::unix(&UnixPlace {
            path: path.clone(),
            unlink: settings.stream_local_unlink,
            mask: settings.stream_local_mask.unwrap_or(STREAM_LOCAL_MASK),
        }),
        ListenPlace::Port { bind, port } => {
            Listener::port(&bind_of(bind.as_deref(), settings.gateway_ports), *port)
        }
    }
}

/// StreamLocalBindMask unless set.
pub(crate) const STREAM_LOCAL_MASK: u32 = 0o177;

/// ssh's rules for bind addresses of `-L` and `-D`.
fn bind_of(bind: Option<&str>, gateway_ports: bool) -> Bind {
    match bind {
        None if gateway_ports => Bind::Any,
        None | Some("localhost") => Bind::Loopback,
        Some("" | "*") => Bind::Any,
        Some(host) => Bind::Host(host.to_owned()),
    }
}

/// How far a forward is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Accepting, at this end or at the server's.
    Listening,
    /// sshd was asked to listen.
    Asked,
    /// sshd listens at that port; the keeper was asked at which addresses.
    Looking(u16),
    /// sshd was asked to listen no more, so that the keeper can at these addresses.
    Freeing(Vec<String>),
    /// The keeper was asked to listen.
    Binding,
}

/// A forward at work.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) forward: Forward,
    pub(crate) stage: Stage,
    /// The port that sshd chose.
    pub(crate) allocated: Option<u16>,
}

/// What is known about connecting to any host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Anywhere {
    Unknown,
    Asked,
    Permitted,
    /// Each target is asked for by itself.
    Restricted,
}

/// All of it.
pub(crate) struct Forwarding {
    pub(crate) forwards: Forwards,
    pub(crate) rules: BTreeMap<u64, Rule>,
    pub(crate) next_rule: u64,
    pub(crate) anywhere: Anywhere,
    pub(crate) verdicts: HashMap<Target, Result<(), String>>,
    /// Accepted, and sshd has not answered yet.
    pub(crate) waiting: Vec<(Target, Box<Accepted>)>,
    pub(crate) gate: Option<Gate>,
    /// Questions that nobody could be asked, and how often they were put.
    pub(crate) unasked: Vec<Question>,
    pub(crate) tries: HashMap<Question, u8>,
    pub(crate) answers: mpsc::UnboundedSender<Answer>,
    /// ssh runs again for questions' sake alone.
    pub(crate) ssh_for_questions: bool,
    /// It was told that all forwards are there.
    pub(crate) told_ready: bool,
    /// What programs at the far end have to know to use our display.
    pub(crate) cookie: Option<Cookie>,
}

impl Forwarding {
    pub(crate) fn new(
        told: mpsc::UnboundedSender<Told>,
        answers: mpsc::UnboundedSender<Answer>,
    ) -> Self {
        Forwarding {
            forwards: Forwards::new(Role::Client, 0, told),
            rules: BTreeMap::new(),
            next_rule: 1,
            anywhere: Anywhere::Unknown,
            verdicts: HashMap::new(),
            waiting: Vec::new(),
            gate: None,
            unasked: Vec::new(),
            tries: HashMap::new(),
            answers,
            ssh_for_questions: false,
            told_ready: false,
            cookie: None,
        }
    }

    /// Takes a forward on; its number.
    pub(crate) fn add(&mut self, prepared: Prepared) -> std::io::Result<u64> {
        let Prepared { forward, listener } = prepared;
        let number = self.next_rule;
        let stage = match listener {
            None => Stage::Asked,
            Some(listener) => {
                let kind = if forward.target == Target::Socks { Kind::Socks } else { Kind::Plain };
                self.forwards.listen(number, listener, kind)?;
                Stage::Listening
            }
        };
        self.next_rule += 1;
        self.rules.insert(number, Rule { forward, stage, allocated: None });
        Ok(number)
    }

    /// What is known of a target: may it be connected to?
    pub(crate) fn verdict(&self, target: &Target) -> Option<Result<(), String>> {
        if self.anywhere == Anywhere::Permitted && matches!(target, Target::Host { .. }) {
            return Some(Ok(()));
        }
        self.verdicts.get(target).cloned()
    }

    pub(crate) fn remember(&mut self, target: Target, verdict: Result<(), String>) {
        if self.verdicts.len() >= VERDICTS_MAX {
            self.verdicts.clear();
        }
        self.verdicts.insert(target, verdict);
    }

    /// Those that wait for a target whose verdict is known now.
    pub(crate) fn take_decided(&mut self) -> Vec<(Target, Box<Accepted>, Result<(), String>)> {
        let (mut decided, mut rest) = (Vec::new(), Vec::new());
        for (target, accepted) in std::mem::take(&mut self.waiting) {
            match self.verdict(&target) {
                Some(verdict) => decided.push((target, accepted, verdict)),
                None => rest.push((target, accepted)),
            }
        }
        self.waiting = rest;
        decided
    }
}
