//! The client's loop: everything that happens to one link at the near end, one event at a time.
//! What follows from each kind of event is in the files below `client/`.

mod carriers;
mod commanding;
mod display;
mod farewell;
mod forwarding;
mod interruptions;
mod paging;
mod predicting;
mod showing;
mod skipping;
mod typing;

use std::time::Duration;

use abide_carrier::quic::Identity;
use abide_carrier::{Alarm, Driver, Event, LinkTag, Parts, Pipe};
use abide_forward::{Happened, Told};
use abide_host::clock;
use abide_host::memory::Heap;
use abide_link::recovery::Recovery;
use abide_link::{CarrierId, CarrierKind, Link, LinkEvent, LinkKey, Role, StreamId};
use abide_openssh::Escape;
use abide_session::{
    COMMAND_IO, Exited, KeeperMessage, Messages, ToKeeper, encode, terminal_output,
};
use abide_terms::{LinkId, Moment};
use abide_x11::Cookie;
use bytes::Bytes;
use tokio::process::Child;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use self::forwarding::is_forward;
use self::paging::Paging;
use self::skipping::Arriving;
use crate::again::Attempted;
use crate::connect::{Connected, Questions};
use crate::escape::EscapeWatch;
use crate::forwards::{Forwarding, Prepared};
use crate::gate::Answer;
use crate::input::{Input, Taken};
use crate::interruption::{Interruption, interruptions};
use crate::news::News;
use crate::outage::OutageLine;
use crate::outcome::Outcome;
use crate::plan::{Notice, Plan, Voice};
use crate::prediction::Prediction;
use crate::quic::{Found, QuicSide};
use crate::terminal::Local;
use crate::writer::Writer;

/// Carrier events that wait; at it, carriers are read no faster than they are handled.
const EVENTS_MAX: usize = 64;
/// Events handled before output is written.
const EVENTS_PER_TURN: usize = 64;
/// Room that stdin waits for.
const INPUT_ROOM: usize = 64 * 1024;

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
    prediction: Option<Prediction>,
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
    arriving: Option<Arriving>,
    paging: Option<Paging>,
    due: Option<Moment>,
    /// Which attempt to run ssh is the latest, and how to stop it.
    attempt: u64,
    attempting: Option<AbortHandle>,
    /// The round trip when there was last one to know.
    rtt: Option<Duration>,
    /// The best carrier, as it was told last.
    told_best: Option<CarrierId>,
    heap: Heap,
    outlets: Outlets,
    forwarding: Forwarding,
    /// We are to go to the background, and have not yet.
    foreground: bool,
    /// Where the latest ssh answers questions about forwards.
    questions: Option<Questions>,
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
    forwards: mpsc::UnboundedReceiver<Told>,
    answers: mpsc::UnboundedReceiver<Answer>,
}

/// Something that woke the client.
enum Wake {
    Carrier(Event),
    Found(Found),
    Attempt(u64, Attempted),
    Interruption(Interruption),
    Input(std::io::Result<Taken>),
    Written,
    Pager { done: bool },
    Alarm,
    Forward(Happened),
    Answer(Answer),
}

impl<'a> Client<'a> {
    /// Serves the session that `connected` leads to until it is over for this client.
    pub async fn run(
        plan: &'a Plan,
        connected: Connected,
        forwards: Vec<Prepared>,
        identity: Option<Identity>,
        voice: &'a mut dyn Voice,
    ) -> std::io::Result<Outcome> {
        let now = clock::now();
        let (carriers_out, carriers) = mpsc::channel(EVENTS_MAX);
        let (found_out, found) = mpsc::unbounded_channel();
        let (attempts_out, attempts) = mpsc::unbounded_channel();
        let (forwards_out, forwards_in) = mpsc::unbounded_channel();
        let (answers_out, answers) = mpsc::unbounded_channel();
        let Connected { welcome, child, read, write, rest, questions } = connected;
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
        let cookie = welcome.display.as_ref().and_then(|given| given.cookie[..].try_into().ok());
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
            prediction: None,
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
            arriving: None,
            paging: None,
            due: None,
            attempt: 0,
            attempting: None,
            rtt: None,
            told_best: None,
            heap: Heap::new(now),
            outlets: Outlets { attempts: attempts_out },
            forwarding: Forwarding::new(forwards_out, answers_out),
            foreground: plan.background.is_some(),
            questions,
        };
        client.forwarding.cookie = cookie.map(Cookie::from_bytes);
        if let Some(local) = &mut client.local {
            client.stdout.put(Bytes::from_static(local.ask()));
            client.prediction = Prediction::wanted(plan.predict).filter(|_| local.is_shown());
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
            forwards: forwards_in,
            answers,
        };
        client.begin_forwards(forwards);
        client.serve(inlets).await
    }

    async fn serve(&mut self, mut inlets: Inlets) -> std::io::Result<Outcome> {
        let mut outcome = loop {
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
            for _ in 0..EVENTS_PER_TURN {
                let Ok((_, happened)) = inlets.forwards.try_recv() else { break };
                self.handle(now, Wake::Forward(happened)).await?;
            }
        };
        self.farewell(&mut outcome, &mut inlets).await;
        Ok(outcome)
    }

    async fn wait(&mut self, inlets: &mut Inlets) -> std::io::Result<Wake> {
        self.due = self.poll_timeout();
        let takes_input = self.driver.link.room(self.input_stream()) >= INPUT_ROOM
            && self.exited.is_none()
            && self.paging.is_none();
        let wake = tokio::select! {
            Some(event) = inlets.carriers.recv() => Wake::Carrier(event),
            done = Self::pager_ready(&mut self.paging) => Wake::Pager { done },
            taken = self.input.take(), if takes_input => Wake::Input(taken),
            () = self.stdout.progress() => Wake::Written,
            () = self.stderr.progress() => Wake::Written,
            Some(interruption) = inlets.interruptions.recv() => Wake::Interruption(interruption),
            Some(found) = inlets.found.recv(), if self.quic.is_some() => Wake::Found(found),
            Some((number, attempt)) = inlets.attempts.recv() => Wake::Attempt(number, attempt),
            Some((_, happened)) = inlets.forwards.recv() => Wake::Forward(happened),
            Some(answer) = inlets.answers.recv() => Wake::Answer(answer),
            rung = inlets.alarm.until(self.due) => { rung?; Wake::Alarm }
        };
        Ok(wake)
    }

    fn poll_timeout(&self) -> Option<Moment> {
        let silent = self.outage.poll_timeout(self.driver.link.silent_since());
        let outage = self.local.as_ref().filter(|local| local.is_shown()).and(silent);
        let predicted = self.prediction.as_ref().and_then(Prediction::poll_timeout);
        let single = [self.recovery.poll_timeout(), outage, self.heap.poll_timeout(), predicted];
        single.into_iter().chain([self.driver.poll_timeout()]).flatten().min()
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
            Wake::Written | Wake::Pager { done: false } => {}
            Wake::Pager { done: true } => self.close_pager()?,
            Wake::Alarm => self.on_alarm(now),
            Wake::Forward(happened) => {
                self.forwarding.forwards.handle(now, &mut self.driver.link, happened);
            }
            Wake::Answer(answer) => return Ok(self.on_answer(now, answer)),
        }
        Ok(None)
    }

    fn settle(&mut self, now: Moment) -> Option<Outcome> {
        while let Some(event) = self.driver.link.poll_event() {
            match event {
                LinkEvent::Closed(ending) => return Some(Outcome::Closed(ending)),
                LinkEvent::Silent => {
                    self.voice.tell(Notice::News(News::Silent));
                    self.recovery.handle_silent(now, !self.driver.is_bare());
                }
                LinkEvent::Heard => self.on_heard(now),
                LinkEvent::Readable(stream) if is_forward(stream) => {
                    let link = &mut self.driver.link;
                    self.forwarding.forwards.handle_readable(now, link, stream);
                }
                LinkEvent::Writable(stream) if is_forward(stream) => {
                    self.forwarding.forwards.handle_writable(&mut self.driver.link, stream);
                }
                LinkEvent::Readable(_) | LinkEvent::Writable(_) | LinkEvent::Doubt(_) => {}
            }
        }
        self.recover(now);
        if let Some(outcome) = self.read_messages(now).or_else(|| self.act_on_forwards(now)) {
            return Some(outcome);
        }
        self.show_output(now);
        self.feed_pager(now);
        self.driver.pump(now);
        self.draw_outage(now);
        self.predict(now);
        self.heap.settle(now);
        if self.stdout.is_broken() {
            return Some(Outcome::OutputClosed);
        }
        let over = self.output_ended
            && self.errors_ended
            && self.stdout.is_flushed()
            && self.stderr.is_flushed()
            // As ssh: what goes through the forwards is not cut short.
            && self.forwarding.forwards.is_idle();
        self.exited.clone().filter(|_| over).map(Outcome::Exited)
    }

    fn on_heard(&mut self, now: Moment) {
        self.voice.tell(Notice::News(News::Heard));
        self.recovery.handle_heard(now);
        self.uncover();
    }

    fn tell(&mut self, message: KeeperMessage) {
        // A control stream that is full is that of a long outage; sizes are told again when typing.
        let _ =
            self.driver.link.write(StreamId::CONTROL, encode(&ToKeeper { message: Some(message) }));
    }
}

fn input(plan: &Plan, terminal: bool) -> std::io::Result<Input> {
    match terminal {
        _ if plan.stdin_null => Ok(Input::Ended),
        true => Input::terminal(),
        false => Input::thread(),
    }
}
