//! Drives one tunnel's machine: starts and ends ssh or what carries a link, reads what it says, probes. Decides
//! nothing.

mod link;

use super::ask::ask;
use super::limits::{Limits, Outcome};
use super::login::{Event, Login, Why};
use super::machine::{Machine, START_WITHIN};
use super::phase::{Action, Phase};
use super::report::{ForwardReport, News, State, TunnelReport};
use super::{Tunnel, fleet::Shared};
use crate::alarm::Alarm;
use crate::cause::{Cause, Class, Step};
use crate::command::{SettleError, Settled, settle};
use crate::forward::{Forward, Kind};
use crate::heard::Heard;
use crate::probe::{Answer, Unknown, probe};
use crate::side::{Ears, Inside, Side};
use crate::way::{Carrier, Way};
use abide_host::clock;
use abide_terms::Moment;
use rustix::process::Signal;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::watch;

pub(crate) use self::link::Files;

/// What somebody wants of a tunnel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wishes {
    /// Counts the network's changes.
    pub(crate) network: u64,
    /// Counts the wishes for another ssh.
    pub(crate) restarts: u64,
    /// It is to end.
    pub(crate) stop: bool,
}

type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// One tunnel, its machine, and what is under way for it.
pub(crate) struct Driver {
    tunnel: Tunnel,
    shared: Arc<Shared>,
    files: Files,
    machine: Machine,
    settled: Option<Settled>,
    login: Option<Login>,
    ears: Arc<Ears>,
    answers: Vec<(Answer, Option<Moment>)>,
    state_since: (State, Moment),
    told: Option<Cause>,
    /// Why plain ssh has its turn, as it was told last.
    plain_because: Option<String>,
    carrier: Option<Carrier>,
    /// An outage was told, and began then.
    outage: Option<Moment>,
    probing: Later<Vec<Answer>>,
    asking: Later<Cause>,
}

impl Driver {
    pub(crate) fn new(tunnel: Tunnel, shared: Arc<Shared>, files: Files) -> Self {
        let now = clock::now();
        let seed = u64::from_ne_bytes(abide_host::random::bytes());
        let limits: Limits = tunnel.limits.clone();
        Driver {
            machine: Machine::new(limits, tunnel.way, now, seed),
            tunnel,
            shared,
            files,
            settled: None,
            login: None,
            ears: Arc::default(),
            answers: Vec::new(),
            state_since: (State::Starting, now),
            told: None,
            plain_because: None,
            carrier: None,
            outage: None,
            probing: Box::pin(std::future::pending()),
            asking: Box::pin(std::future::pending()),
        }
    }

    /// Keeps the tunnel up until it ends for good.
    pub(crate) async fn run(mut self, mut wishes: watch::Receiver<Wishes>) -> Outcome {
        let mut seen = *wishes.borrow_and_update();
        let Ok(mut alarm) = Alarm::new() else {
            let reason = "no timer can be had".to_owned();
            return Outcome::GaveUp(Cause::Other { reason });
        };
        loop {
            if let Some(outcome) = self.act().await {
                self.tell();
                return outcome;
            }
            self.tell();
            let due = self.machine.poll_timeout();
            tokio::select! {
                event = next(&mut self.login) => self.handle_login(event).await,
                answers = &mut self.probing => self.handle_probed(answers),
                cause = &mut self.asking => {
                    self.asking = Box::pin(std::future::pending());
                    self.machine.handle_asked(clock::now(), cause);
                }
                changed = wishes.changed() => {
                    if changed.is_err() {
                        return Outcome::Stopped;
                    }
                    let wish = *wishes.borrow_and_update();
                    self.handle_wish(std::mem::replace(&mut seen, wish), wish);
                }
                rung = alarm.until(due) => {
                    if rung.is_err() {
                        return Outcome::Stopped;
                    }
                    let slow = self.slow();
                    self.machine.handle_time(clock::now(), || slow);
                }
            }
        }
    }

    async fn act(&mut self) -> Option<Outcome> {
        while let Some(action) = self.machine.poll_action() {
            match action {
                Action::Start => self.start().await,
                Action::Stop => self.signal(Signal::TERM),
                Action::Kill => self.signal(Signal::KILL),
                Action::Prod => self.signal(Signal::CONT),
                Action::Probe => self.probe(),
                Action::Ask { listen } => self.ask(listen),
                Action::Finish(outcome) => return Some(outcome),
            }
        }
        None
    }

    async fn start(&mut self) {
        let way = self.machine.way();
        self.shared.tell(&self.tunnel.name, &News::Started { count: self.machine.starts(), way });
        self.ears = Arc::default();
        self.carrier = None;
        // What one left behind when it was killed would keep the next from making its own.
        self.files.remove();
        match settle(&self.shared.ssh, &self.tunnel.words, way, &self.files.control).await {
            Ok(settled) => {
                if self.settled.as_ref().is_none_or(|known| known.forwards != settled.forwards) {
                    let why = match self.tunnel.limits.probe_every {
                        Some(_) => Unknown::NotYet,
                        None => Unknown::Off,
                    };
                    let unknown = (Answer::NotKnown { why }, None);
                    self.answers = vec![unknown; settled.forwards.len()];
                }
                self.settled = Some(settled);
            }
            Err(error) => {
                let cause = match error {
                    SettleError::NoSsh(reason) => Cause::NoSsh { reason },
                    SettleError::WrongWords(reason) => Cause::CommandLine { reason },
                    SettleError::Refused(reason) => Cause::Settings { reason },
                    SettleError::NoForwards => {
                        Cause::CommandLine { reason: "nothing is to be forwarded".to_owned() }
                    }
                };
                return self.machine.handle_ended(clock::now(), cause);
            }
        }
        let argv = self.settled.as_ref().map_or(&[][..], |settled| &settled.argv);
        let started = match way {
            Way::Plain => Login::start(&self.shared.ssh, argv),
            Way::Link => Login::start_link(&self.link_words(argv)),
        };
        match started {
            Ok(login) => self.login = Some(login),
            Err(error) => self.no_ssh(error.to_string()),
        }
    }

    fn no_ssh(&mut self, reason: String) {
        self.machine.handle_ended(clock::now(), Cause::NoSsh { reason });
    }

    fn signal(&self, signal: Signal) {
        if let Some(login) = &self.login {
            login.signal(signal);
        }
    }

    fn forwards(&self) -> &[Forward] {
        self.settled.as_ref().map_or(&[], |settled| &settled.forwards)
    }

    fn side(&self) -> Side {
        let control = self.settled.as_ref().is_some_and(|settled| settled.control);
        let way = self.machine.way();
        let inside = match way {
            Way::Link => Some(Inside::Socks(self.files.socks.clone())),
            Way::Plain => control.then(|| Inside::Control(self.files.control.clone())),
        };
        let (ssh, ears) = (self.shared.ssh.clone(), Arc::clone(&self.ears));
        Side { ssh, ears, inside, is_link: way == Way::Link }
    }

    /// One forward after the other: two probes at once could not tell their connections apart.
    fn probe(&mut self) {
        let (side, forwards) = (self.side(), self.forwards().to_vec());
        self.probing = Box::pin(async move {
            let mut answers = Vec::new();
            for forward in &forwards {
                answers.push(probe(forward, &side).await);
            }
            answers
        });
    }

    fn ask(&mut self, listen: String) {
        let forwards = self.forwards().to_vec();
        let (ssh, words) = (self.shared.ssh.clone(), self.tunnel.words.clone());
        self.asking = Box::pin(ask(ssh, words, forwards, listen));
    }

    async fn handle_login(&mut self, event: Event) {
        match event {
            Event::Heard(heard, line) => {
                if heard == Heard::Said {
                    self.shared.tell(&self.tunnel.name, &News::Said(line));
                }
                self.ears.push(heard);
                self.judge();
            }
            Event::Told(news) => self.handle_told(news),
            Event::Ended(status) => {
                let Some(login) = self.login.take() else { return };
                self.probing = Box::pin(std::future::pending());
                let way = login.way();
                match login.why(status).await {
                    Why::Cause(cause) => self.machine.handle_ended(clock::now(), cause),
                    Why::Unfit(why) => self.handle_unfit(why),
                }
                if way == Way::Link {
                    self.files.remove();
                }
            }
        }
    }

    /// Whether ssh is up, or of no use.
    fn judge(&mut self) {
        let remotes = self.forwards().iter().filter(|it| it.kind == Kind::Remote).count();
        let (Some(login), now) = (&self.login, clock::now()) else { return };
        if let Some(cause) = login.useless() {
            self.machine.handle_useless(now, cause.clone());
        } else if login.is_up(remotes) && matches!(self.machine.phase(), Phase::Starting { .. }) {
            self.machine.handle_up(now);
            self.told = None;
            self.shared.tell(&self.tunnel.name, &News::Up);
        }
    }

    fn handle_probed(&mut self, answers: Vec<Answer>) {
        self.probing = Box::pin(std::future::pending());
        let now = clock::now();
        let flags: Vec<_> = self.forwards().iter().map(Forward::flag).collect();
        for ((known, answer), forward) in self.answers.iter_mut().zip(&answers).zip(flags) {
            if known.0 != *answer {
                let answer = answer.clone();
                self.shared.tell(&self.tunnel.name, &News::Probed { forward, answer });
            }
            *known = (answer.clone(), Some(now));
        }
        let wrong = answers.into_iter().filter_map(|answer| match answer {
            Answer::No { cause } => Some(cause),
            _ => None,
        });
        // What another ssh would mend comes first.
        let worst = wrong.min_by_key(|cause| cause.class() == Class::Target);
        self.told = worst.clone();
        self.machine.handle_probed(now, worst);
    }

    fn handle_wish(&mut self, seen: Wishes, wish: Wishes) {
        let now = clock::now();
        if wish.stop {
            return self.machine.handle_stop(now);
        }
        if wish.restarts != seen.restarts {
            self.machine.handle_restart(now);
        }
        if wish.network != seen.network {
            self.machine.handle_network(now);
        }
    }

    /// What a login that takes too long hangs at.
    fn slow(&self) -> Cause {
        match self.login.as_ref().map_or(Step::Connecting, Login::step) {
            Step::Connecting => Cause::TimedOut { host: self.tunnel.words.host.clone() },
            step => Cause::Stuck { step },
        }
    }

    /// Says what has changed, and keeps the report true.
    fn tell(&mut self) {
        let now = clock::now();
        let due = self.machine.poll_timeout().map(|due| due.since(now).as_secs());
        let waiting = matches!(self.machine.phase(), Phase::Waiting { .. });
        if waiting && self.told.as_ref() != self.machine.cause() {
            self.told = self.machine.cause().cloned();
            if let Some(cause) = self.told.clone() {
                let news = News::Wrong { cause, next_seconds: due };
                self.shared.tell(&self.tunnel.name, &news);
            }
        }
        self.tell_outage(now);
        let state = self.state();
        if state != self.state_since.0 {
            self.state_since = (state, now);
        }
        self.shared.keep(self.report());
    }

    fn state(&self) -> State {
        match self.machine.phase() {
            Phase::Waiting { .. } | Phase::Asking { .. } => State::Waiting,
            Phase::Starting { .. } => State::Starting,
            Phase::Up { .. } if self.machine.quiet_since().is_some() => State::Outage,
            Phase::Up { .. } if self.machine.cause().is_some() => State::Degraded,
            Phase::Up { .. } => State::Up,
            Phase::Stopping { .. } => State::Stopping,
            Phase::Over => State::Ended,
        }
    }

    fn report(&self) -> super::fleet::Known {
        let forwards = self.forwards().iter().zip(&self.answers);
        let forwards = forwards.map(|(forward, (answer, probed))| {
            let report = ForwardReport {
                forward: forward.flag(),
                answer: answer.clone(),
                probed_seconds_ago: None,
            };
            (report, *probed)
        });
        super::fleet::Known {
            forwards: forwards.collect(),
            since: self.state_since.1,
            due: self.machine.poll_timeout(),
            report: TunnelReport {
                name: self.tunnel.name.clone(),
                host: self.tunnel.words.host.clone(),
                state: self.state_since.0,
                state_seconds: 0,
                way: self.machine.way(),
                plain_because: self.plain_because.clone().filter(|_| self.falls_back()),
                carrier: self.carrier.filter(|_| self.login.is_some()),
                starts: self.machine.starts(),
                ssh_pid: self.pid_of(Way::Plain),
                link_pid: self.pid_of(Way::Link),
                cause: self.machine.cause().cloned(),
                next_seconds: None,
                forwards: Vec::new(),
            },
        }
    }
}

// A login is named as too slow before a person would give up on it.
const _: () = assert!(START_WITHIN.as_secs() < 30);

/// What happens to ssh next; nothing ever, while there is none.
async fn next(login: &mut Option<Login>) -> Event {
    match login {
        Some(login) => login.next().await,
        None => std::future::pending().await,
    }
}
