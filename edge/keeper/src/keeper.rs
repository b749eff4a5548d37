//! The keeper's loop: everything that happens to one session, one event at a time.

mod carriers;
mod clients;
mod display;
mod farewell;
mod forwarding;
pub(crate) mod inquiry;
mod presence;
mod questions;
mod showing;
mod typing;

use std::collections::VecDeque;

use abide_carrier::quic::{DoorKeys, FarHandle};
use abide_carrier::{Alarm, Event, LinkTag};
use abide_forward::Told;
use abide_host::child::Exit;
use abide_host::clock;
use abide_host::memory::Heap;
use abide_link::LinkEvent;
use abide_session::{Quic, Reading, Start};
use abide_terms::{EndingCode, Moment, SessionId};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use self::carriers::Arrival;
use self::inquiry::Inquiry;
use crate::attachment::Attachment;
use crate::connection::Connection;
use crate::display::Display;
use crate::door::Visit;
use crate::output::Canvas;
use crate::program::{Program, Source};
use crate::refusals::Refusals;

/// Events handled before output is looked at again.
const EVENTS_PER_TURN: usize = 64;

/// What is needed to serve one session.
pub(crate) struct Keeper {
    id: SessionId,
    start: Start,
    began: Moment,
    /// What stands in for a program, if something does.
    connection: Option<Connection>,
    /// The session's display, if it has one.
    display: Option<Display>,
    /// To whom it leads.
    display_at: Option<LinkTag>,
    /// What the first client wished for and does not get, in words.
    shortcoming: Option<String>,
    program: Option<Program>,
    canvas: Option<Canvas>,
    /// How the terminal takes input, as clients were told.
    reading: Option<Reading>,
    exit: Option<Exit>,
    finished_at: Option<Moment>,
    kill_at: Option<Moment>,
    attachments: Vec<(LinkTag, Attachment)>,
    /// The client that came or typed last: its terminal's size and answers are the session's.
    leader: Option<LinkTag>,
    /// Clients that are being told that they are no longer attached.
    closing: VecDeque<(Moment, Attachment)>,
    /// Those who wait for what clients answer.
    inquiries: Vec<Inquiry>,
    next_tag: u64,
    keys: DoorKeys,
    quic: Option<Quic>,
    endpoint: Option<FarHandle>,
    wants_quic: bool,
    refusals: Refusals,
    /// Clients that are being told why they were refused.
    refused: JoinSet<()>,
    heap: Heap,
    outlets: Outlets,
}

/// What was made before the keeper serves.
#[derive(Default)]
pub(crate) struct Made {
    pub(crate) connection: Option<Connection>,
    pub(crate) display: Option<Display>,
    /// What was wished for and could not be made, in words.
    pub(crate) shortcoming: Option<String>,
}

/// Where carriers and the QUIC endpoint report to.
pub(crate) struct Outlets {
    pub(crate) carriers: mpsc::Sender<Event>,
    pub(crate) arrivals: mpsc::Sender<Arrival>,
    pub(crate) forwards: mpsc::UnboundedSender<Told>,
}

/// What the keeper listens to.
pub(crate) struct Inlets {
    pub(crate) visits: mpsc::Receiver<Visit>,
    pub(crate) carriers: mpsc::Receiver<Event>,
    pub(crate) arrivals: mpsc::Receiver<Arrival>,
    pub(crate) stop: mpsc::Receiver<&'static str>,
    pub(crate) forwards: mpsc::UnboundedReceiver<Told>,
}

/// Something that woke the keeper.
enum Wake {
    Visit(Visit),
    Carrier(Event),
    Arrival(Arrival),
    Forward(Told),
    Stop(&'static str),
    Output(Source),
    Input,
    Exit,
    Alarm,
}

impl Keeper {
    pub(crate) fn new(
        id: SessionId,
        start: Start,
        made: Made,
        keys: DoorKeys,
        outlets: Outlets,
    ) -> Self {
        let wants_quic = start.udp_low > 0;
        Keeper {
            id,
            start,
            began: clock::now(),
            connection: made.connection,
            display: made.display,
            display_at: None,
            shortcoming: made.shortcoming,
            program: None,
            canvas: None,
            reading: None,
            exit: None,
            finished_at: None,
            kill_at: None,
            attachments: Vec::new(),
            leader: None,
            closing: VecDeque::new(),
            inquiries: Vec::new(),
            next_tag: 0,
            keys,
            quic: None,
            endpoint: None,
            wants_quic,
            refusals: Refusals::default(),
            refused: JoinSet::new(),
            heap: Heap::new(clock::now()),
            outlets,
        }
    }

    /// Serves until the session is over and everybody who could be told was told.
    pub(crate) async fn serve(mut self, mut inlets: Inlets) -> std::io::Result<()> {
        let mut alarm = Alarm::new()?;
        while !self.is_over(clock::now()) {
            let wake = self.wait(&mut inlets, &mut alarm).await?;
            let now = clock::now();
            self.handle(now, wake);
            for _ in 0..EVENTS_PER_TURN {
                let Ok(event) = inlets.carriers.try_recv() else { break };
                self.handle(now, Wake::Carrier(event));
            }
            for _ in 0..EVENTS_PER_TURN {
                let Ok(told) = inlets.forwards.try_recv() else { break };
                self.handle(now, Wake::Forward(told));
            }
            self.settle(clock::now());
        }
        self.farewell().await;
        Ok(())
    }

    async fn wait(&self, inlets: &mut Inlets, alarm: &mut Alarm) -> std::io::Result<Wake> {
        let now = clock::now();
        let reads =
            |source| self.attachments.iter().all(|(_, client)| !client.holds_back(now, source));
        let (reads_output, reads_errors) = (reads(Source::Output), reads(Source::Errors));
        let wake = tokio::select! {
            Some(event) = inlets.carriers.recv() => Wake::Carrier(event),
            Some(visit) = inlets.visits.recv() => Wake::Visit(visit),
            Some(arrival) = inlets.arrivals.recv() => Wake::Arrival(arrival),
            Some(told) = inlets.forwards.recv() => Wake::Forward(told),
            Some(signal) = inlets.stop.recv() => Wake::Stop(signal),
            () = self.output_ready(Source::Output), if reads_output => Wake::Output(Source::Output),
            () = self.output_ready(Source::Errors), if reads_errors => Wake::Output(Source::Errors),
            () = self.input_ready() => Wake::Input,
            () = self.exit_ready() => Wake::Exit,
            rung = alarm.until(self.poll_timeout()) => { rung?; Wake::Alarm }
        };
        Ok(wake)
    }

    fn handle(&mut self, now: Moment, wake: Wake) {
        match wake {
            Wake::Carrier(event) => self.on_carrier(now, event),
            Wake::Visit(Visit::Attach { attach, pipe }) => self.on_attach(now, attach, pipe),
            Wake::Visit(Visit::Carrier { link, parts }) => self.on_new_carrier(now, link, parts),
            Wake::Visit(Visit::Refused(refusal)) => self.on_refused(now, &refusal),
            Wake::Visit(Visit::Question { ask, reply }) => self.on_question(now, ask, reply),
            Wake::Arrival(arrival) => self.on_arrival(now, arrival),
            Wake::Forward(told) => self.on_forward(now, told),
            Wake::Stop(signal) => self.on_stop(now, signal),
            Wake::Output(source) => drop(self.on_output(now, source)),
            Wake::Input => self.program.iter_mut().for_each(Program::write_input),
            Wake::Exit => self.on_exit(now),
            Wake::Alarm => self.on_alarm(now),
        }
    }

    /// What follows from everything that happened.
    fn settle(&mut self, now: Moment) {
        for index in (0..self.attachments.len()).rev() {
            self.serve_client(now, index);
        }
        self.choose_leader();
        self.settle_display();
        self.notice_end(now);
        for (_, client) in &mut self.attachments {
            if let Some(canvas) = &self.canvas {
                client.settle_output(now, canvas);
            }
            client.driver.pump(now);
        }
        self.settle_inquiries(now);
        self.heap.settle(now);
    }

    fn serve_client(&mut self, now: Moment, index: usize) {
        while let Some(event) = self.attachments[index].1.driver.link.poll_event() {
            match event {
                LinkEvent::Closed(ending) => {
                    self.dismiss(now, index, ending.clone());
                    if ending.code == EndingCode::Ended {
                        self.hang_up(now, &ending.evidence);
                    }
                    return;
                }
                LinkEvent::Readable(stream) | LinkEvent::Writable(stream) => {
                    self.attachments[index].1.move_forwarded(now, &event, stream);
                }
                LinkEvent::Silent | LinkEvent::Heard | LinkEvent::Doubt(_) => {}
            }
        }
        if let Err(ending) = self.read_messages(now, index) {
            return self.dismiss(now, index, ending);
        }
        self.act_on_forwards(now, index);
        self.take_input(now, index);
    }

    fn poll_timeout(&self) -> Option<Moment> {
        let clients = self.attachments.iter().flat_map(|(_, client)| {
            [client.driver.poll_timeout(), client.output_timeout(), client.given_up_at()]
        });
        let closing = self.closing.front().map(|(until, _)| *until);
        let single =
            [self.kill_at, self.unborn_until(), self.lingers_until(), self.heap.poll_timeout()];
        let waiting = [closing, self.inquiries_until()];
        clients.chain(single).chain(waiting).flatten().min()
    }

    fn on_alarm(&mut self, now: Moment) {
        for (_, client) in &mut self.attachments {
            client.driver.handle_timeout(now);
        }
        self.kill_if_due(now);
        self.give_up_absent(now);
        while self.closing.front().is_some_and(|(until, _)| *until <= now) {
            self.closing.pop_front();
        }
    }
}
