//! Forwards at work: connections that were accepted are opened once sshd has said that it permits them,
//! and ports of the server are opened where sshd opened them. Messages and sockets in, decisions out.

use abide_forward::{Accepted, Dial, Forwards, Report, words};
use abide_link::StreamId;
use abide_openssh::{ListenPlace, Side, Target};
use abide_session::{
    AGENT_LISTENER, Addresses, ConnectTo, Cut, DISPLAY_LISTENER, Host, KeeperMessage, Listen,
    ListenAt, Listening, SocketPath,
};
use abide_terms::Moment;

use super::Client;
use crate::forwards::{
    Anywhere, Prepared, Rule, STREAM_LOCAL_MASK, Stage, TRIES_MAX, Unprepared, WAITING_MAX,
};
use crate::gate::{Answer, Gate, Question, Verdict};
use crate::news::News;
use crate::outcome::Outcome;
use crate::plan::Notice;

impl Client<'_> {
    /// Takes on the forwards that the session begins with.
    pub(super) fn begin_forwards(&mut self, forwards: Vec<Prepared>) {
        self.open_gate();
        for prepared in forwards {
            self.add_forward(prepared);
        }
    }

    pub(super) fn add_forward(&mut self, prepared: Prepared) {
        let forward = prepared.forward.clone();
        match self.forwarding.add(prepared) {
            Err(error) => self.forward_failed(&Unprepared { forward, why: words(&error) }),
            Ok(number) if forward.side == Side::Remote => {
                self.ask(Question::Listen(number, forward.listen, forward.target));
            }
            Ok(_) if matches!(forward.target, Target::Path(_)) => {}
            // Known before the first connection comes, it costs that one nothing.
            Ok(_) => self.ask_anywhere(),
        }
    }

    /// Questions go to the ssh that carries the link, or carried it last.
    pub(super) fn open_gate(&mut self) {
        let Some(path) = self.questions.as_ref().map(|questions| questions.path().to_owned())
        else {
            // Running ssh yet again would not help.
            return self.give_up_questions("there is no place for the socket on which ssh answers");
        };
        self.forwarding.gate = Some(Gate::new(path, self.forwarding.answers.clone()));
        for question in std::mem::take(&mut self.forwarding.unasked) {
            self.ask(question);
        }
    }

    fn ask_anywhere(&mut self) {
        if self.forwarding.anywhere == Anywhere::Unknown {
            self.forwarding.anywhere = Anywhere::Asked;
            self.ask(Question::Anywhere);
        }
    }

    fn ask(&mut self, question: Question) {
        let gate = self.forwarding.gate.as_ref();
        if !gate.is_some_and(|gate| gate.ask(question.clone())) {
            self.forwarding.unasked.push(question);
        }
    }

    /// Questions that could not be put need an ssh: it is run again, unless it is already or an outage
    /// lasts, in which recovery says when.
    pub(super) fn ask_again(&mut self) {
        let running = self.attempting.as_ref().is_some_and(|attempt| !attempt.is_finished());
        if self.forwarding.unasked.is_empty()
            || running
            || self.driver.link.silent_since().is_some()
        {
            return;
        }
        self.forwarding.ssh_for_questions = true;
        self.run_ssh();
    }

    /// ssh could not be run for them: they are answered by that.
    pub(super) fn give_up_questions(&mut self, why: &str) {
        self.forwarding.ssh_for_questions = false;
        for question in std::mem::take(&mut self.forwarding.unasked) {
            self.forwarding.tries.insert(question.clone(), TRIES_MAX);
            let verdict = Verdict::Unasked(why.to_owned());
            // The receiver lives as long as the client.
            let _ = self.forwarding.answers.send(Answer { question, verdict });
        }
    }

    pub(super) fn on_answer(&mut self, now: Moment, answer: Answer) -> Option<Outcome> {
        let Answer { question, verdict } = answer;
        tracing::info!(?question, ?verdict, "sshd asked");
        if let Verdict::Unasked(why) = &verdict {
            let tries = self.forwarding.tries.entry(question.clone()).or_default();
            *tries += 1;
            if *tries < TRIES_MAX {
                self.forwarding.gate = None;
                self.forwarding.unasked.push(question);
                return None;
            }
            tracing::warn!(why, "a question stays unanswered");
        }
        self.forwarding.tries.remove(&question);
        match question {
            Question::Anywhere => self.on_anywhere(&verdict),
            Question::Open(target) => {
                let verdict = match verdict {
                    Verdict::Permitted(_) => Ok(()),
                    Verdict::Refused(why) => Err(why),
                    Verdict::Unasked(why) => Err(unasked(&why)),
                };
                // One that was not asked may be asked again.
                self.forwarding.remember(target, verdict);
            }
            Question::Listen(number, ..) => return self.on_listen_answer(number, verdict),
            Question::Unlisten(number, ..) => self.on_unlisten_answer(number),
            // Only while a session begins; see `permission`.
            Question::Session(_) | Question::EndSession => {}
        }
        self.open_decided(now);
        None
    }

    fn on_anywhere(&mut self, verdict: &Verdict) {
        self.forwarding.anywhere = match verdict {
            Verdict::Permitted(_) => Anywhere::Permitted,
            Verdict::Refused(_) => Anywhere::Restricted,
            Verdict::Unasked(_) => Anywhere::Unknown,
        };
        let mut targets: Vec<Target> =
            self.forwarding.waiting.iter().map(|(target, _)| target.clone()).collect();
        targets.sort();
        targets.dedup();
        for target in targets.into_iter().filter(|target| matches!(target, Target::Host { .. })) {
            match verdict {
                Verdict::Permitted(_) => {}
                Verdict::Refused(_) => self.ask(Question::Open(target)),
                Verdict::Unasked(why) => self.forwarding.remember(target, Err(unasked(why))),
            }
        }
    }

    fn open_decided(&mut self, now: Moment) {
        for (target, accepted, verdict) in self.forwarding.take_decided() {
            match verdict {
                Ok(()) => self.open_stream(now, *accepted, &target),
                Err(why) => self.turn_away(*accepted, &why),
            }
        }
        // A server that could not be asked is asked again for the next connection.
        // So is one about a unix socket, which may only not be there yet.
        let lasting = |target: &Target, verdict: &Result<(), String>| {
            let is_path = matches!(target, Target::Path(_));
            verdict.as_ref().err().is_none_or(|why| !is_path && !why.starts_with(NOT_ASKED))
        };
        self.forwarding.verdicts.retain(|target, verdict| lasting(target, verdict));
    }

    fn open_stream(&mut self, now: Moment, accepted: Accepted, target: &Target) {
        let Some(to) = connect_to(target) else { return accepted.reject() };
        let link = &mut self.driver.link;
        self.forwarding.forwards.open(now, link, accepted, to, target.to_string());
    }

    fn turn_away(&mut self, accepted: Accepted, why: &str) {
        accepted.reject();
        self.not_opened(why);
    }

    fn not_opened(&mut self, why: &str) {
        self.voice.tell(Notice::News(News::NotOpened { why }));
        self.remark(&format!("channel {}: open failed: {why}", self.forwarding.next_rule + 1));
    }

    // What sockets and the keeper report.

    pub(super) fn act_on_forwards(&mut self, now: Moment) -> Option<Outcome> {
        while let Some(report) = self.forwarding.forwards.poll_report() {
            match report {
                Report::Accepted(accepted) => self.on_accepted(now, accepted),
                Report::Wanted(stream, to) => self.on_wanted(now, stream, &to),
                Report::Refused { why, .. } => self.not_opened(&why),
                Report::NotDialled { target } => {
                    self.voice.tell(Notice::News(News::NotDialled { target: &target }));
                }
                Report::Cut(stream) => {
                    self.tell(KeeperMessage::Cut(Cut { stream: stream.number() }));
                }
                Report::Wrong(wrong) => self.display_refused(wrong),
                // Listeners of this end are bound before they are taken on.
                Report::Listening(..) => {}
            }
        }
        self.ask_again();
        let is_there = |rule: &Rule| rule.stage == Stage::Listening;
        if self.forwarding.rules.values().all(is_there) {
            self.tell_ready();
            self.go_to_background();
        }
        None
    }

    fn tell_ready(&mut self) {
        if !std::mem::replace(&mut self.forwarding.told_ready, true) {
            self.voice.tell(Notice::News(News::Ready));
        }
    }

    /// Once all forwards are there, or are known not to come.
    fn go_to_background(&mut self) {
        let Some(path) = self.plan.background.as_ref().filter(|_| self.foreground) else { return };
        self.foreground = false;
        // The terminal that we came from may go; whoever waits may have gone.
        let _ = rustix::process::setsid();
        let _ = std::os::unix::net::UnixStream::connect(path);
    }

    fn on_accepted(&mut self, now: Moment, accepted: Box<Accepted>) {
        let rule = self.forwarding.rules.get(&accepted.listener);
        let target = match (&accepted.wanted, rule) {
            (Some(wanted), _) => Target::Host { host: wanted.host.clone(), port: wanted.port },
            (None, Some(rule)) => rule.forward.target.clone(),
            (None, None) => return accepted.reject(),
        };
        match self.forwarding.verdict(&target) {
            Some(Ok(())) => self.open_stream(now, *accepted, &target),
            Some(Err(why)) => self.turn_away(*accepted, &why),
            None if self.forwarding.waiting.len() >= WAITING_MAX => accepted.reject(),
            None => {
                self.forwarding.waiting.push((target.clone(), accepted));
                self.ask_about(target);
            }
        }
    }

    fn ask_about(&mut self, target: Target) {
        let is_host = matches!(target, Target::Host { .. });
        match self.forwarding.anywhere {
            Anywhere::Unknown if is_host => self.ask_anywhere(),
            Anywhere::Asked if is_host => {}
            _ => {
                let same = |(other, _): &&(Target, _)| *other == target;
                // Whoever was first to wait has asked.
                if self.forwarding.waiting.iter().filter(same).count() == 1 {
                    self.ask(Question::Open(target));
                }
            }
        }
    }

    /// A connection that the keeper accepted for us. It leads where we said, and nowhere else.
    fn on_wanted(&mut self, now: Moment, stream: StreamId, to: &ConnectTo) {
        let remote = |rule: &&Rule| rule.forward.side == Side::Remote;
        let target = match to {
            ConnectTo::Listener(DISPLAY_LISTENER) => return self.open_display(now, stream),
            ConnectTo::Listener(AGENT_LISTENER) => self.plan.agent.clone().map(Target::Path),
            ConnectTo::Listener(number) => {
                let rule = self.forwarding.rules.get(number).filter(remote);
                rule.map(|rule| {
                    let (listen, allocated) = (&rule.forward.listen, rule.allocated);
                    self.voice.tell(Notice::News(News::Incoming { listen, allocated }));
                    rule.forward.target.clone()
                })
            }
            ConnectTo::Host(host) => {
                let mut rules = self.forwarding.rules.values().filter(remote);
                let port = u16::try_from(host.port).ok();
                rules
                    .any(|rule| rule.forward.target == Target::Socks)
                    .then(|| port.map(|port| Target::Host { host: host.host.clone(), port }))
                    .flatten()
            }
            ConnectTo::Path(_) => None,
        };
        let dial = match &target {
            Some(Target::Host { host, port }) => Dial::Host(host.clone(), *port),
            Some(Target::Path(path)) => Dial::Path(path.clone()),
            Some(Target::Socks) | None => {
                let why = "administratively prohibited: no such forward";
                return self.forwarding.forwards.refuse(now, &mut self.driver.link, stream, why);
            }
        };
        let words = target.map(|target| target.to_string()).unwrap_or_default();
        self.forwarding.forwards.dial(stream, dial, words);
    }

    pub(super) fn on_cut(&mut self, cut: &Cut) {
        let stream = StreamId::from_number(cut.stream);
        self.forwarding.forwards.handle_cut(&mut self.driver.link, stream);
    }

    // Ports of the server.

    fn on_listen_answer(&mut self, number: u64, verdict: Verdict) -> Option<Outcome> {
        let rule = self.forwarding.rules.get_mut(&number)?;
        let chosen = match verdict {
            Verdict::Permitted(chosen) => chosen,
            Verdict::Refused(why) | Verdict::Unasked(why) => {
                return self.remote_failed(number, &why);
            }
        };
        rule.allocated = chosen;
        match &rule.forward.listen {
            ListenPlace::Port { port, .. } => {
                let port = chosen.unwrap_or(*port);
                rule.stage = Stage::Looking(port);
                let at = Some(ListenAt::Look(u32::from(port)));
                self.tell(KeeperMessage::Listen(Listen { listener: number, at, socks: false }));
            }
            ListenPlace::Path(_) => self.free(number, Vec::new()),
        }
        None
    }

    fn free(&mut self, number: u64, addresses: Vec<String>) {
        let Some(rule) = self.forwarding.rules.get_mut(&number) else { return };
        rule.stage = Stage::Freeing(addresses);
        let forward = rule.forward.clone();
        self.ask(Question::Unlisten(number, forward.listen, forward.target));
    }

    /// sshd listens no more; if it did not answer, its connection is gone and its listener with it.
    fn on_unlisten_answer(&mut self, number: u64) {
        let Some(rule) = self.forwarding.rules.get_mut(&number) else { return };
        let Stage::Freeing(addresses) = &rule.stage else { return };
        let at = match &rule.forward.listen {
            ListenPlace::Port { .. } => {
                ListenAt::Addresses(Addresses { addresses: addresses.clone() })
            }
            ListenPlace::Path(path) => {
                let settings = self.plan.way.as_ref().map(|way| &way.effective);
                ListenAt::Path(SocketPath {
                    path: path.display().to_string(),
                    mask: settings.and_then(|it| it.stream_local_mask).unwrap_or(STREAM_LOCAL_MASK),
                })
            }
        };
        rule.stage = Stage::Binding;
        let socks = rule.forward.target == Target::Socks;
        self.tell(KeeperMessage::Listen(Listen { listener: number, at: Some(at), socks }));
    }

    pub(super) fn on_listening(&mut self, listening: Listening) -> Option<Outcome> {
        let Listening { listener: number, failed, addresses } = listening;
        let rule = self.forwarding.rules.get_mut(&number)?;
        match (&rule.stage, failed) {
            (Stage::Looking(port), None) => {
                // Where the keeper cannot tell, loopback is what every setting permits.
                let loopback = ["127.0.0.1", "[::1]"].map(|host| format!("{host}:{port}"));
                let seen = if addresses.is_empty() { loopback.to_vec() } else { addresses };
                self.free(number, seen);
                None
            }
            (Stage::Binding, None) => {
                rule.stage = Stage::Listening;
                if let Some(port) = rule.allocated {
                    let target = rule.forward.target.to_string();
                    self.voice.tell(Notice::News(News::Allocated { port, target: &target }));
                    self.remark(&format!("Allocated port {port} for remote forward to {target}"));
                }
                None
            }
            // sshd permitted it, so the words are not all that there is to know.
            (Stage::Binding, Some(why)) => {
                self.remark(&format!("the keeper cannot listen where sshd did: {why}"));
                self.remote_failed(number, &why)
            }
            (_, Some(why)) => self.remote_failed(number, &why),
            (_, None) => None,
        }
    }

    fn remote_failed(&mut self, number: u64, why: &str) -> Option<Outcome> {
        let rule = self.forwarding.rules.remove(&number)?;
        let place = match &rule.forward.listen {
            ListenPlace::Port { port, .. } => format!("port {port}"),
            ListenPlace::Path(path) => format!("path {}", path.display()),
        };
        let listen = place.split_once(' ').map_or(&*place, |(_, listen)| listen);
        self.voice.tell(Notice::News(News::RemoteFailed { listen }));
        tracing::warn!(place, why, "no remote forward");
        let fatal = self.is_failure_fatal();
        let grade = if fatal { "Error" } else { "Warning" };
        self.remark(&format!("{grade}: remote port forwarding failed for listen {place}"));
        fatal.then_some(Outcome::ForwardFailed)
    }

    fn is_failure_fatal(&self) -> bool {
        self.plan.way.as_ref().is_some_and(|way| way.effective.exit_on_forward_failure)
    }

    fn forward_failed(&mut self, unprepared: &Unprepared) {
        self.remark(&format!("{}: {}", unprepared.forward.listen, unprepared.why));
    }
}

const NOT_ASKED: &str = "not asked";

fn unasked(why: &str) -> String {
    format!("{NOT_ASKED}: the server's sshd could not be asked whether it permits it ({why})")
}

fn connect_to(target: &Target) -> Option<ConnectTo> {
    match target {
        Target::Host { host, port } => {
            Some(ConnectTo::Host(Host { host: host.clone(), port: u32::from(*port) }))
        }
        Target::Path(path) => path.to_str().map(|path| ConnectTo::Path(path.to_owned())),
        Target::Socks => None,
    }
}

/// Whether a stream is one of ours to handle.
pub(super) fn is_forward(stream: StreamId) -> bool {
    Forwards::is_forward(stream)
}
