//! The client's loop: everything that happens to one link at the near end, one event at a time.

use std::time::Duration;

use abide_carrier::quic::Identity;
use abide_carrier::{Alarm, Driver, Event, LinkTag, Parts, Pipe};
use abide_host::clock;
use abide_host::memory::Heap;
use abide_link::recovery::{Recovery, Step};
use abide_link::{CarrierKind, Link, LinkEvent, LinkKey, Read, Role, StreamId};
use abide_openssh::Escape;
use abide_session::{
    COMMAND_ERRORS, COMMAND_IO, ClientMessage, Exited, KeeperMessage, Messages, Resize,
    TERMINAL_INPUT, ToClient, ToKeeper, encode, terminal_output,
};
use abide_terms::{Blame, Ending, EndingCode, LinkId, Moment};
use bytes::Bytes;
use tokio::process::Child;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use crate::again::{Again, Attempted, run_ssh_again, sign_in};
use crate::connect::Connected;
use crate::escape::{Command, EscapeWatch};
use crate::input::{Input, Taken};
use crate::interruption::{Interruption, interruptions};
use crate::outage::{Doing, Outage, OutageLine};
use crate::outcome::{LinkLost, Outcome};
use crate::plan::{Plan, Voice};
use crate::quic::{Found, Moved, QuicSide};
use crate::terminal::{CLEAR, LEAVE, Local};
use crate::writer::Writer;

/// Carrier events that wait; at it, carriers are read no faster than they are handled.
const EVENTS_MAX: usize = 64;
/// Events handled before output is written.
const EVENTS_PER_TURN: usize = 64;
/// Room that stdin waits for.
const INPUT_ROOM: usize = 64 * 1024;
/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_millis(1000);
/// An alarm later than this means that the machine slept, or we were stopped.
const OVERSLEPT: Duration = Duration::from_secs(2);

/// A client at work.
pub struct Client<'a> {
    plan: &'a Plan,
    voice: &'a mut dyn Voice,
    session: String,
    identity_of_link: (LinkId, LinkKey),
    driver: Driver,
    recovery: Recovery,
    quic: Option<QuicSide>,
    child: Option<Child>,
    on_terminal: bool,
    local: Option<Local>,
    input: Input,
    escape: EscapeWatch,
    stdout: Writer,
    stderr: Writer,
    output: StreamId,
    output_ended: bool,
    errors_ended: bool,
    exited: Option<Exited>,
    messages: Messages,
    outage: OutageLine,
    due: Option<Moment>,
    /// Which attempt to run ssh is the latest, and how to stop it.
    attempt: u64,
    attempting: Option<AbortHandle>,
    /// The round trip when there was last one to know.
    rtt: Option<Duration>,
    heap: Heap,
    outlets: Outlets,
}

/// Where background work reports to.
struct Outlets {
    attempts: mpsc::UnboundedSender<(u64, Attempted)>,
}

/// What the loop listens to.
struct Inlets {
    carriers: mpsc::Receiver<Event>,
    found: mpsc::UnboundedReceiver<Found>,
    attempts: mpsc::UnboundedReceiver<(u64, Attempted)>,
    interruptions: mpsc::Receiver<Interruption>,
    alarm: Alarm,
}

/// Something that woke the client.
enum Wake {
    Carrier(Event),
    Found(Found),
    Attempt(u64, Attempted),
    Interruption(Interruption),
    Input(std::io::Result<Taken>),
    Written,
    Alarm,
}

impl<'a> Client<'a> {
    /// Serves the session that `connected` leads to until it is over for this client.
    pub async fn run(
        plan: &'a Plan,
        connected: Connected,
        identity: Option<Identity>,
        voice: &'a mut dyn Voice,
    ) -> std::io::Result<Outcome> {
        let now = clock::now();
        let (carriers_out, carriers) = mpsc::channel(EVENTS_MAX);
        let (found_out, found) = mpsc::unbounded_channel();
        let (attempts_out, attempts) = mpsc::unbounded_channel();
        let Connected { welcome, child, read, write, rest } = connected;
        let wrong = || std::io::Error::other("the keeper's welcome is not of this protocol");
        let link_id = LinkId(welcome.link[..].try_into().map_err(|_| wrong())?);
        let key = LinkKey::from_bytes(welcome.key[..].try_into().map_err(|_| wrong())?);
        let link = Link::new(Role::Client, u64::from_be_bytes(abide_host::random::bytes()));
        let mut driver = Driver::new(link, LinkTag(0), carriers_out);
        let kind = if child.is_some() { CarrierKind::SshPipe } else { CarrierKind::Local };
        driver.join(now, Parts::Pipe(Pipe::new(read, write, kind, &rest)?), true);
        let quic =
            identity.zip(welcome.quic.filter(|_| !plan.no_udp)).and_then(|(identity, quic)| {
                QuicSide::new(plan, quic, identity, (link_id, key.clone()), found_out)
            });
        let seed = u64::from_be_bytes(abide_host::random::bytes());
        // Forced (-tt) without a terminal here: the program has one, we pass bytes.
        let is_local = welcome.terminal && abide_host::tty::is_tty(std::io::stdin());
        let escape = match plan.escape {
            Escape::Byte(byte) if is_local => Some(byte),
            _ => None,
        };
        let output = if welcome.terminal { terminal_output(0) } else { COMMAND_IO };
        let mut client = Client {
            plan,
            voice,
            session: welcome.session,
            identity_of_link: (link_id, key),
            driver,
            recovery: Recovery::new(now, quic.is_some(), seed),
            quic,
            child,
            on_terminal: welcome.terminal,
            local: if is_local { Some(Local::take()?) } else { None },
            input: input(plan, is_local)?,
            escape: EscapeWatch::new(escape),
            stdout: Writer::new(std::io::stdout())?,
            stderr: Writer::new(std::io::stderr())?,
            output: StreamId::from_number(output),
            output_ended: false,
            errors_ended: welcome.terminal,
            exited: None,
            messages: Messages::default(),
            outage: OutageLine::default(),
            due: None,
            attempt: 0,
            attempting: None,
            rtt: None,
            heap: Heap::default(),
            outlets: Outlets { attempts: attempts_out },
        };
        if let Some(local) = &mut client.local {
            client.stdout.put(Bytes::from_static(local.ask()));
        }
        if matches!(client.input, Input::Ended) && !client.on_terminal {
            client.driver.link.finish(client.output);
        }
        let inlets = Inlets {
            carriers,
            found,
            attempts,
            interruptions: interruptions()?,
            alarm: Alarm::new()?,
        };
        client.serve(inlets).await
    }

    async fn serve(&mut self, mut inlets: Inlets) -> std::io::Result<Outcome> {
        let outcome = loop {
            if let Some(outcome) = self.settle(clock::now()) {
                break outcome;
            }
            let wake = self.wait(&mut inlets).await?;
            let now = clock::now();
            if let Some(outcome) = self.handle(now, wake).await? {
                break outcome;
            }
            for _ in 0..EVENTS_PER_TURN {
                let Ok(event) = inlets.carriers.try_recv() else { break };
                self.handle(now, Wake::Carrier(event)).await?;
            }
        };
        self.farewell(&outcome, &mut inlets).await;
        Ok(outcome)
    }

    async fn wait(&mut self, inlets: &mut Inlets) -> std::io::Result<Wake> {
        self.due = self.poll_timeout();
        let takes_input =
            self.driver.link.room(self.input_stream()) >= INPUT_ROOM && self.exited.is_none();
        let wake = tokio::select! {
            Some(event) = inlets.carriers.recv() => Wake::Carrier(event),
            taken = self.input.take(), if takes_input => Wake::Input(taken),
            () = self.stdout.progress() => Wake::Written,
            () = self.stderr.progress() => Wake::Written,
            Some(interruption) = inlets.interruptions.recv() => Wake::Interruption(interruption),
            Some(found) = inlets.found.recv(), if self.quic.is_some() => Wake::Found(found),
            Some((number, attempt)) = inlets.attempts.recv() => Wake::Attempt(number, attempt),
            rung = inlets.alarm.until(self.due) => { rung?; Wake::Alarm }
        };
        Ok(wake)
    }

    fn poll_timeout(&self) -> Option<Moment> {
        let silent = self.outage.poll_timeout(self.driver.link.silent_since());
        let outage = self.local.as_ref().filter(|local| local.is_shown()).and(silent);
        [self.driver.poll_timeout(), self.recovery.poll_timeout(), outage]
            .into_iter()
            .flatten()
            .min()
    }

    async fn handle(&mut self, now: Moment, wake: Wake) -> std::io::Result<Option<Outcome>> {
        match wake {
            Wake::Carrier(event) => self.on_carrier(now, event),
            Wake::Found(found) => self.on_found(now, found),
            // Of an attempt that was given up only success is news.
            Wake::Attempt(number, Attempted::Failed { .. } | Attempted::Stalled)
                if number != self.attempt => {}
            Wake::Attempt(_, attempt) => return Ok(self.on_attempt(now, attempt)),
            Wake::Interruption(interruption) => return Ok(self.on_interruption(now, interruption)),
            Wake::Input(taken) => return self.on_input(now, taken?).await,
            Wake::Written => {}
            Wake::Alarm => self.on_alarm(now),
        }
        Ok(None)
    }

    // Carriers.

    fn on_carrier(&mut self, now: Moment, event: Event) {
        if let Some(loss) = self.driver.handle(now, event) {
            tracing::info!(kind = ?loss.kind, why = loss.why, "carrier lost");
            if loss.kind == CarrierKind::SshPipe {
                self.child = None;
            }
            // What ended one carrier may have ended more than that: the others are asked at once.
            for (id, _) in self.driver.carriers() {
                self.driver.link.kick(now, id);
            }
        }
    }

    fn on_found(&mut self, now: Moment, found: Found) {
        let Some(quic) = &mut self.quic else { return };
        match found {
            Found::Candidates(candidates) => {
                tracing::info!(?candidates, "QUIC candidates");
                quic.set_candidates(candidates);
                quic.knock();
            }
            Found::Knock(answered) => {
                quic.handle_knock();
                let carrier = self.driver.quic();
                let trusted = carrier.is_some_and(|id| !self.driver.link.in_doubt(id));
                let Some(answered) = answered.filter(|_| !trusted) else { return };
                tracing::info!(address = %answered.address, "knock answered");
                if let (Moved::Rebound, Some(id)) =
                    (quic.use_path(answered, carrier.is_some()), carrier)
                {
                    self.driver.link.kick(now, id);
                    self.driver.pump(now);
                }
            }
            Found::Connection(connection) => match *connection {
                Ok((near, parts)) => {
                    tracing::info!(address = %parts.address(), "QUIC connected");
                    quic.handle_connected(near);
                    self.driver.join(now, Parts::Quic(parts), false);
                }
                Err(error) => {
                    tracing::info!(%error, "QUIC failed");
                    quic.handle_failed();
                }
            },
        }
    }

    fn on_attempt(&mut self, now: Moment, attempt: Attempted) -> Option<Outcome> {
        match attempt {
            Attempted::Joined { child, pipe } => {
                tracing::info!("ssh connected");
                self.recovery.handle_ssh_done(now);
                self.driver.join(now, Parts::Pipe(*pipe), false);
                self.child = Some(*child);
            }
            Attempted::Failed { needs_user } => self.recovery.handle_ssh_failed(now, needs_user),
            Attempted::Stalled => self.recovery.handle_ssh_stalled(now),
            Attempted::SessionGone => return Some(Outcome::Lost(LinkLost::SessionGone)),
        }
        None
    }

    /// Only ssh leads to a keeper elsewhere; one of this machine is gone when its socket is.
    fn run_ssh(&mut self) {
        let attempts = self.outlets.attempts.clone();
        self.attempt += 1;
        let Some(way) = self.plan.way.clone() else {
            // The receiver lives as long as the client.
            let _ = attempts.send((self.attempt, Attempted::SessionGone));
            return;
        };
        let again = Again {
            number: self.attempt,
            way,
            session: self.session.clone(),
            link: self.identity_of_link.clone(),
            rtt: self.rtt,
            patience: self.recovery.ssh_patience(),
        };
        let running = tokio::spawn(run_ssh_again(again, attempts)).abort_handle();
        if let Some(older) = self.attempting.replace(running) {
            older.abort();
        }
    }

    // Time and the machine.

    fn on_alarm(&mut self, now: Moment) {
        if self.due.is_some_and(|due| now.since(due) > OVERSLEPT) {
            self.on_wake(now);
        }
        self.driver.handle_timeout(now);
    }

    /// Whatever was known of the network may be over: ask at once.
    fn on_wake(&mut self, now: Moment) {
        tracing::info!("network changed, or time passed");
        for (id, _) in self.driver.carriers() {
            self.driver.link.kick(now, id);
        }
        self.recovery.handle_network_change(now);
        self.driver.pump(now);
    }

    fn on_interruption(&mut self, now: Moment, interruption: Interruption) -> Option<Outcome> {
        match interruption {
            Interruption::Resized => {
                if let Some(local) = &mut self.local {
                    let terminal = local.resized();
                    self.tell(KeeperMessage::Resize(Resize { terminal: Some(terminal) }));
                }
                None
            }
            Interruption::Continued | Interruption::Network => {
                self.on_wake(now);
                None
            }
            // A terminal's session outlives the terminal; a command ends with who asked for it.
            Interruption::Stop(number) => Some(Outcome::Signalled(number)),
        }
    }

    // What the person types.

    fn input_stream(&self) -> StreamId {
        let number = if self.on_terminal { TERMINAL_INPUT } else { COMMAND_IO };
        StreamId::from_number(number)
    }

    async fn on_input(&mut self, now: Moment, taken: Taken) -> std::io::Result<Option<Outcome>> {
        let bytes = match taken {
            Taken::Bytes(bytes) => bytes,
            Taken::End if self.local.is_some() => return Ok(Some(Outcome::Signalled(1))),
            // A terminal's program sees no end of input: what it is owed is typed (^D).
            Taken::End if self.on_terminal => return Ok(None),
            Taken::End => {
                self.driver.link.finish(self.input_stream());
                return Ok(None);
            }
        };
        let bytes = match &mut self.local {
            Some(local) => local.take_answer(bytes),
            None => bytes,
        };
        if self.local.is_none() {
            self.send(now, bytes);
            return Ok(None);
        }
        if self.recovery.needs_user()
            && bytes.contains(&b'\r')
            && self.driver.link.silent_since().is_some()
        {
            return self.sign_in(now).await;
        }
        let (passed, commands) = self.escape.filter(&bytes);
        self.send(now, Bytes::from(passed));
        for command in commands {
            if let Some(outcome) = self.on_command(now, command)? {
                return Ok(Some(outcome));
            }
        }
        Ok(None)
    }

    fn send(&mut self, now: Moment, bytes: Bytes) {
        self.heap.handle_passed(now, bytes.len());
        let stream = self.input_stream();
        // There was room for a whole read before it was made.
        let _ = self.driver.link.write(stream, bytes);
    }

    fn on_command(&mut self, now: Moment, command: Command) -> std::io::Result<Option<Outcome>> {
        match command {
            Command::Leave => {
                let told = self.driver.link.silent_since().is_none();
                return Ok(Some(Outcome::Left { told }));
            }
            Command::Detach => return Ok(Some(Outcome::Detached)),
            Command::Help => {
                let help = self.voice.help(self.escape.character()).replace('\n', "\r\n");
                self.uncover();
                self.local.iter_mut().for_each(|local| local.feed(help.as_bytes()));
                self.stdout.put(Bytes::from(help));
            }
            Command::Suspend => {
                abide_host::tty::suspend_self()?;
                self.redraw();
                self.on_wake(now);
            }
        }
        Ok(None)
    }

    /// Gives the terminal to ssh, which asks what it has to ask.
    async fn sign_in(&mut self, now: Moment) -> std::io::Result<Option<Outcome>> {
        self.recovery.handle_sign_in(now);
        // The step that follows from it is this one.
        let _ = self.recovery.poll_step(now);
        if let Some(local) = &mut self.local {
            self.stdout.put(Bytes::from(self.outage.remove(local.screen())));
            self.stdout.put(Bytes::from_static(b"\r\n"));
            local.release();
        }
        let attempt = match &self.plan.way {
            Some(way) => sign_in(way, &self.session, &self.identity_of_link, self.voice).await,
            None => Attempted::SessionGone,
        };
        if let Some(local) = &mut self.local {
            local.retake()?;
        }
        self.redraw();
        Ok(self.on_attempt(clock::now(), attempt))
    }

    fn redraw(&mut self) {
        if let Some(local) = &self.local {
            self.stdout.put(Bytes::from(local.redraw()));
        }
    }

    // What follows from everything above.

    fn settle(&mut self, now: Moment) -> Option<Outcome> {
        while let Some(event) = self.driver.link.poll_event() {
            match event {
                LinkEvent::Closed(ending) => return Some(Outcome::Closed(ending)),
                LinkEvent::Silent => self.recovery.handle_silent(now, !self.driver.is_bare()),
                LinkEvent::Heard => self.on_heard(now),
                LinkEvent::Readable(_) | LinkEvent::Writable(_) | LinkEvent::Doubt(_) => {}
            }
        }
        self.recover(now);
        self.read_messages(now);
        self.show_output(now);
        self.driver.pump(now);
        self.draw_outage(now);
        self.heap.settle(now);
        if self.stdout.is_broken() {
            return Some(Outcome::OutputClosed);
        }
        let over = self.output_ended
            && self.errors_ended
            && self.stdout.is_flushed()
            && self.stderr.is_flushed();
        self.exited.clone().filter(|_| over).map(Outcome::Exited)
    }

    fn on_heard(&mut self, now: Moment) {
        self.recovery.handle_heard(now);
        self.uncover();
    }

    /// Removes the outage line if it is shown.
    fn uncover(&mut self) {
        let Some(local) = &self.local else { return };
        let removal = self.outage.remove(local.screen());
        if !removal.is_empty() {
            self.stdout.put(Bytes::from(removal));
        }
    }

    fn recover(&mut self, now: Moment) {
        let trusted = self.driver.quic().is_some_and(|id| !self.driver.link.in_doubt(id));
        self.recovery.handle_udp(now, trusted);
        let best = self.driver.link.best().and_then(|id| self.driver.link.rtt(id));
        self.rtt = best.and_then(|rtt| rtt.smoothed()).or(self.rtt);
        if let Some(quic) = self.quic.as_mut().filter(|_| trusted) {
            quic.handle_trusted();
        }
        while let Some(step) = self.recovery.poll_step(now) {
            match step {
                Step::Knock => self.quic.iter_mut().for_each(QuicSide::knock),
                Step::RunSsh => self.run_ssh(),
            }
        }
    }

    fn read_messages(&mut self, now: Moment) {
        while let Read::Bytes(bytes) = self.driver.link.read(now, StreamId::CONTROL) {
            self.messages.push(&bytes);
        }
        while let Ok(Some(message)) = self.messages.next_message::<ToClient>() {
            match message.message {
                Some(ClientMessage::Exited(exited)) => self.exited = Some(exited),
                Some(ClientMessage::OutputRestarts(restarts)) => {
                    self.restart_output(restarts.stream)
                }
                // Our own terminal keeps its size; what does not fit is the smaller one's loss.
                Some(ClientMessage::Resized(_)) | None => {}
            }
        }
    }

    fn restart_output(&mut self, stream: u64) {
        self.driver.link.abandon(self.output);
        self.output = StreamId::from_number(stream);
        if let Some(local) = &mut self.local {
            local.forget();
            self.stdout.put(Bytes::from_static(CLEAR));
        }
    }

    fn show_output(&mut self, now: Moment) {
        while self.stdout.has_room() {
            match self.driver.link.read(now, self.output) {
                Read::Bytes(bytes) => {
                    // Output may come before the first answer: it must not scroll the line away.
                    self.uncover();
                    if let Some(local) = &mut self.local {
                        local.feed(&bytes);
                    }
                    self.heap.handle_passed(now, bytes.len());
                    self.stdout.put(bytes);
                }
                Read::End => {
                    self.output_ended = true;
                    break;
                }
                Read::Nothing => break,
            }
        }
        while !self.errors_ended && self.stderr.has_room() {
            match self.driver.link.read(now, StreamId::from_number(COMMAND_ERRORS)) {
                Read::Bytes(bytes) => self.stderr.put(bytes),
                Read::End => self.errors_ended = true,
                Read::Nothing => break,
            }
        }
    }

    fn draw_outage(&mut self, now: Moment) {
        let silent_since = self.driver.link.silent_since();
        if !self.outage.is_due(now, silent_since) {
            return;
        }
        let shown = self.local.as_ref().filter(|local| local.is_shown());
        let (Some(local), Some(since)) = (shown, silent_since) else { return };
        let doing = match () {
            () if self.recovery.needs_user() => Doing::NeedsUser,
            () if self.recovery.ssh_running() => Doing::RunningSsh,
            () if self.quic.is_some() => Doing::Knocking,
            () => Doing::Waiting,
        };
        let outage = Outage { silent: now.since(since), doing, escape: self.escape.character() };
        let text = self.voice.outage(&outage);
        self.stdout.put(Bytes::from(self.outage.draw(now, local.screen(), &text)));
    }

    fn tell(&mut self, message: KeeperMessage) {
        // A control stream that is full is that of a long outage; sizes are told again when typing.
        let _ =
            self.driver.link.write(StreamId::CONTROL, encode(&ToKeeper { message: Some(message) }));
    }

    // The end.

    /// Tells the keeper why we go, and puts the terminal in order.
    async fn farewell(&mut self, outcome: &Outcome, inlets: &mut Inlets) {
        let ending = match outcome {
            Outcome::Exited(_) => Some(Ending::new(EndingCode::Finished, Blame::Program, "")),
            Outcome::Detached => Some(Ending::new(EndingCode::Detached, Blame::You, "")),
            Outcome::Signalled(_) if self.local.is_some() => {
                Some(Ending::new(EndingCode::Detached, Blame::You, ""))
            }
            Outcome::Signalled(_) | Outcome::Left { .. } | Outcome::OutputClosed => {
                Some(Ending::new(EndingCode::Ended, Blame::You, "its client left"))
            }
            Outcome::Closed(_) | Outcome::Lost(_) => None,
        };
        if let Some(ending) = ending {
            self.driver.link.close(ending);
            self.driver.pump(clock::now());
            // Who is out of reach is not waited for.
            if self.driver.link.silent_since().is_none() {
                let _ = tokio::time::timeout(FAREWELL, self.until_heeded(inlets)).await;
            }
        }
        if let Some(local) = &self.local {
            let mut last = self.outage.remove(local.screen());
            if !matches!(outcome, Outcome::Exited(_)) {
                last.extend(LEAVE);
                last.extend(b"\r\n");
            }
            self.stdout.put(Bytes::from(last));
        }
        while !self.stdout.is_flushed() {
            if tokio::time::timeout(FAREWELL, self.stdout.progress()).await.is_err() {
                break;
            }
        }
        self.local = None;
    }

    /// Waits until the keeper has closed a carrier: then it knows.
    async fn until_heeded(&mut self, inlets: &mut Inlets) {
        while let Some(event) = inlets.carriers.recv().await {
            let lost = self.driver.handle(clock::now(), event).is_some();
            if lost || self.driver.is_bare() {
                return;
            }
            self.driver.pump(clock::now());
        }
    }
}

fn input(plan: &Plan, terminal: bool) -> std::io::Result<Input> {
    match terminal {
        _ if plan.stdin_null => Ok(Input::Ended),
        true => Input::terminal(),
        false => Input::thread(),
    }
}
