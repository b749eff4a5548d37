//! The keeper's loop: everything that happens to one session, one event at a time.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use abide_carrier::quic::{DoorKeys, FarEndpoint, FarHandle, Identity, PublicKey, QuicParts};
use abide_carrier::{Alarm, Driver, Event, LinkTag, Parts, Pipe, quic};
use abide_host::child::Exit;
use abide_host::clock;
use abide_host::memory::Heap;
use abide_link::{Link, LinkEvent, LinkKey, Read, Role, StreamId};
use abide_session::{
    Ask, Attach, Description, Done, Failed, KeeperMessage, Opening, OpeningAnswer, Quic,
    RefusalCode, Refused, Reply, ReplyAnswer, Start, Terminal, Welcome, encode,
};
use abide_terms::{Blame, Ending, EndingCode, LinkId, Moment, SessionId};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::attachment::{Attachment, kind_name};
use crate::door::Visit;
use crate::lingering;
use crate::output::Canvas;
use crate::program::{Program, Source, describe, refused};
use crate::refusals::{Refusal, Refusals};

/// Clients of one session. At it, the one that is silent longest makes room.
const ATTACHMENTS_MAX: usize = 16;
/// Events handled before output is looked at again.
const EVENTS_PER_TURN: usize = 64;
/// How long a keeper waits for its first client.
const FIRST_CLIENT_WITHIN: Duration = Duration::from_secs(30);
/// How long a finished session waits for clients that are out of reach.
const FINISHED_LINGERS: Duration = Duration::from_secs(7 * 24 * 3600);
/// How long a program may take to heed a hang-up before it is killed.
const HANG_UP_GRACE: Duration = Duration::from_secs(5);
/// How long CLOSE frames and refusals get to reach their clients.
const CLOSING_FOR: Duration = Duration::from_secs(1);

const SIGHUP: i32 = 1;
const SIGKILL: i32 = 9;
const SIGCONT: i32 = 18;

/// What is needed to serve one session.
pub(crate) struct Keeper {
    id: SessionId,
    start: Start,
    began: Moment,
    program: Option<Program>,
    canvas: Option<Canvas>,
    exit: Option<Exit>,
    finished_at: Option<Moment>,
    ending_by: Option<String>,
    kill_at: Option<Moment>,
    attachments: Vec<(LinkTag, Attachment)>,
    closing: VecDeque<(Moment, Attachment)>,
    next_tag: u64,
    keys: DoorKeys,
    quic: Option<Quic>,
    endpoint: Option<FarHandle>,
    wants_quic: bool,
    refusals: Refusals,
    /// Clients that are being told why they were refused.
    refused: JoinSet<()>,
    heap: Heap,
    carriers: mpsc::Sender<Event>,
    arrivals: mpsc::UnboundedSender<Arrival>,
}

/// A carrier by QUIC, or why it is none.
type Arrival = Result<(LinkId, QuicParts), quic::Refusal>;

/// What the keeper listens to.
pub(crate) struct Inlets {
    pub(crate) visits: mpsc::Receiver<Visit>,
    pub(crate) carriers: mpsc::Receiver<Event>,
    pub(crate) arrivals: mpsc::UnboundedReceiver<Arrival>,
    pub(crate) stop: mpsc::Receiver<&'static str>,
}

/// Something that woke the keeper.
enum Wake {
    Visit(Visit),
    Carrier(Event),
    Arrival(Arrival),
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
        keys: DoorKeys,
        carriers: mpsc::Sender<Event>,
        arrivals: mpsc::UnboundedSender<Arrival>,
    ) -> Self {
        let wants_quic = start.udp_low > 0;
        Keeper {
            id,
            start,
            began: clock::now(),
            program: None,
            canvas: None,
            exit: None,
            finished_at: None,
            ending_by: None,
            kill_at: None,
            attachments: Vec::new(),
            closing: VecDeque::new(),
            next_tag: 0,
            keys,
            quic: None,
            endpoint: None,
            wants_quic,
            refusals: Refusals::default(),
            refused: JoinSet::new(),
            heap: Heap::default(),
            carriers,
            arrivals,
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
            self.settle(clock::now());
        }
        tracing::info!("over");
        self.closing.clear();
        let told = async { while self.refused.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(CLOSING_FOR, told).await;
        if let Some(endpoint) = self.endpoint {
            endpoint.finish().await;
        }
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
            Some(signal) = inlets.stop.recv() => Wake::Stop(signal),
            () = self.output_ready(Source::Output), if reads_output => Wake::Output(Source::Output),
            () = self.output_ready(Source::Errors), if reads_errors => Wake::Output(Source::Errors),
            () = self.input_ready() => Wake::Input,
            () = self.exit_ready() => Wake::Exit,
            rung = alarm.until(self.poll_timeout()) => { rung?; Wake::Alarm }
        };
        Ok(wake)
    }

    async fn output_ready(&self, source: Source) {
        match &self.program {
            Some(program) => program.output_ready(source).await,
            None => std::future::pending().await,
        }
    }

    async fn input_ready(&self) {
        match &self.program {
            Some(program) => program.input_ready().await,
            None => std::future::pending().await,
        }
    }

    async fn exit_ready(&self) {
        match &self.program {
            Some(program) => program.exit_ready().await,
            None => std::future::pending().await,
        }
    }

    fn handle(&mut self, now: Moment, wake: Wake) {
        match wake {
            Wake::Carrier(event) => self.on_carrier(now, event),
            Wake::Visit(Visit::Attach { attach, pipe }) => self.on_attach(now, attach, pipe),
            Wake::Visit(Visit::Carrier { link, parts }) => self.on_new_carrier(now, link, parts),
            Wake::Visit(Visit::Refused(refusal)) => self.refusals.tell(now, &refusal),
            Wake::Visit(Visit::Question { ask, reply }) => self.on_question(now, ask, reply),
            Wake::Arrival(Ok((link, parts))) => self.on_new_carrier(now, link, Parts::Quic(parts)),
            Wake::Arrival(Err(quic::Refusal { address, why })) => {
                let refusal = Refusal { kind: "quic", from: address.to_string(), why };
                self.refusals.tell(now, &refusal);
            }
            Wake::Stop(signal) => self.on_stop(now, signal),
            Wake::Output(source) => drop(self.on_output(now, source)),
            Wake::Input => self.program.iter_mut().for_each(Program::write_input),
            Wake::Exit => self.on_exit(now),
            Wake::Alarm => self.on_alarm(now),
        }
    }

    // Clients come and go.

    fn on_attach(&mut self, now: Moment, attach: Attach, pipe: Pipe) {
        while self.refused.try_join_next().is_some() {}
        if let Err(refusal) = self.admit(now, attach, pipe) {
            let (refusal, pipe) = *refusal;
            tracing::warn!(evidence = refusal.evidence, "client refused");
            let opening = Opening { answer: Some(OpeningAnswer::Refused(refusal)) };
            self.refused.spawn(async move {
                // Who was refused may be gone.
                let _ = pipe.write_all(&encode(&opening)).await;
            });
        }
    }

    fn admit(
        &mut self,
        now: Moment,
        attach: Attach,
        pipe: Pipe,
    ) -> Result<(), Box<(Refused, Pipe)>> {
        let fresh = self.program.is_none() && self.finished_at.is_none();
        if fresh {
            if let Err(refusal) = self.start_program() {
                self.finished_at = Some(now);
                return Err(Box::new((refusal, pipe)));
            }
        } else if self.canvas.is_none() {
            let evidence =
                format!("session {} runs `{}` without a terminal", self.id, describe(&self.start));
            return Err(Box::new((refused(RefusalCode::NotShareable, evidence), pipe)));
        }
        if attach.displace {
            self.detach_all(now, EndingCode::Displaced, &attach.client);
        }
        self.make_room(now);
        self.welcome(now, attach, pipe, fresh);
        Ok(())
    }

    fn start_program(&mut self) -> Result<(), Refused> {
        self.program = Some(Program::spawn(&self.start)?);
        self.canvas = self.start.terminal.as_ref().map(Canvas::new);
        tracing::info!(session = %self.id, program = describe(&self.start), "started");
        Ok(())
    }

    fn welcome(&mut self, now: Moment, attach: Attach, pipe: Pipe, fresh: bool) {
        let link_id = LinkId(abide_host::random::bytes());
        let key = LinkKey::from_bytes(abide_host::random::bytes());
        let client_key = PublicKey::from_slice(&attach.public_key);
        self.keys.admit(link_id, key.clone(), client_key);
        let quic = client_key.and_then(|_| self.quic());
        let welcome = Welcome {
            session: self.id.to_string(),
            name: self.start.name.clone(),
            link: link_id.0.to_vec(),
            key: key.as_bytes().to_vec(),
            quic,
            release: env!("CARGO_PKG_VERSION").to_owned(),
            terminal: self.canvas.is_some(),
            notices: if fresh {
                lingering::warnings(&abide_host::users::current())
            } else {
                Vec::new()
            },
        };
        let opening = encode(&Opening { answer: Some(OpeningAnswer::Welcome(welcome)) });
        let link = Link::new(Role::Keeper, u64::from_be_bytes(abide_host::random::bytes()));
        let tag = LinkTag(self.next_tag);
        self.next_tag += 1;
        let driver = Driver::new(link, tag, self.carriers.clone());
        let mut client = Attachment::new(
            link_id,
            driver,
            attach.client,
            attach.terminal.clone(),
            self.canvas.is_some(),
        );
        client.driver.join(now, Parts::Pipe(pipe.with_opening(opening)), true);
        if let (Some(canvas), false) = (&mut self.canvas, fresh) {
            if let Some(terminal) = &attach.terminal
                && canvas.resize(terminal)
            {
                self.program.iter().for_each(|program| program.resize(terminal));
                let others = self.attachments.iter_mut();
                others.for_each(|(_, other)| other.tell_size(terminal));
            }
            client.show_all(canvas);
        }
        tracing::info!(client = client.name(), link = %link_id, "attached");
        client.driver.pump(now);
        self.attachments.push((tag, client));
    }

    /// The keeper's QUIC endpoint, opened when the first client wants it.
    fn quic(&mut self) -> Option<Quic> {
        if std::mem::take(&mut self.wants_quic) {
            match self.open_quic() {
                Ok(quic) => self.quic = Some(quic),
                Err(error) => tracing::warn!(%error, "no QUIC: ssh's own connection serves alone"),
            }
        }
        self.quic.clone()
    }

    fn open_quic(&mut self) -> std::io::Result<Quic> {
        let port = |value: u32| u16::try_from(value).map_err(std::io::Error::other);
        let ports = port(self.start.udp_low)?..=port(self.start.udp_high)?;
        let socket = abide_host::udp::bind_in_range(ports)?;
        let identity = Identity::generate().map_err(std::io::Error::other)?;
        let endpoint = FarEndpoint::new(socket, &identity, self.keys.clone())?;
        let port = endpoint.port();
        self.endpoint = Some(endpoint.handle());
        let arrivals = self.arrivals.clone();
        // The receiver lives as long as the keeper.
        tokio::spawn(endpoint.serve(move |arrival| drop(arrivals.send(arrival))));
        let addresses = abide_host::network::addresses().unwrap_or_default();
        let addresses =
            addresses.into_iter().filter(|address| !address.loopback && !address.link_local);
        let reached: Option<IpAddr> = reached_at();
        let mut addresses: Vec<IpAddr> =
            reached.into_iter().chain(addresses.map(|address| address.ip)).collect();
        addresses.dedup();
        let addresses = addresses.iter().map(IpAddr::to_string).collect();
        Ok(Quic { port: u32::from(port), public_key: identity.public().0.to_vec(), addresses })
    }

    fn on_new_carrier(&mut self, now: Moment, link: LinkId, parts: Parts) {
        let kind = kind_name(parts.kind());
        let client = self.attachments.iter_mut().find(|(_, client)| client.link == link);
        // A link dismissed between its handshake and now simply gets no carrier.
        if let Some((_, client)) = client {
            tracing::info!(%link, kind, "carrier");
            client.driver.join(now, parts, false);
        }
    }

    fn on_carrier(&mut self, now: Moment, event: Event) {
        let tag = event.link;
        if let Some((_, client)) = self.attachments.iter_mut().find(|(known, _)| *known == tag)
            && let Some(loss) = client.driver.handle(now, event)
        {
            tracing::info!(link = %client.link, kind = kind_name(loss.kind), why = loss.why, "carrier lost");
        }
    }

    /// Drops the client that is silent longest when there are too many.
    fn make_room(&mut self, now: Moment) {
        if self.attachments.len() < ATTACHMENTS_MAX {
            return;
        }
        let silence =
            |(_, client): &(LinkTag, Attachment)| client.driver.link.silent_since().unwrap_or(now);
        let longest =
            (0..self.attachments.len()).min_by_key(|index| silence(&self.attachments[*index]));
        if let Some(index) = longest {
            let evidence = format!("{ATTACHMENTS_MAX} clients are attached");
            self.dismiss(
                now,
                index,
                Ending::new(EndingCode::Displaced, Blame::AnotherClient, evidence),
            );
        }
    }

    fn dismiss(&mut self, now: Moment, index: usize, ending: Ending) {
        let (_, mut client) = self.attachments.remove(index);
        tracing::info!(client = client.name(), %ending, "detached");
        self.keys.dismiss(client.link);
        if client.driver.link.ending().is_none() {
            client.close(now, ending);
            self.closing.push_back((now + CLOSING_FOR, client));
        }
    }

    fn detach_all(&mut self, now: Moment, code: EndingCode, by: &str) {
        for index in (0..self.attachments.len()).rev() {
            self.dismiss(now, index, Ending::new(code, Blame::AnotherClient, by));
        }
    }

    // Questions from this machine.

    fn on_question(&mut self, now: Moment, ask: Ask, reply: oneshot::Sender<Reply>) {
        let answer = match ask {
            Ask::Describe(_) => ReplyAnswer::Description(self.describe(now)),
            Ask::Detach(detach) => {
                self.detach_all(now, EndingCode::Detached, &detach.by);
                ReplyAnswer::Done(Done {})
            }
            Ask::End(end) => {
                self.hang_up(now, end.by);
                ReplyAnswer::Done(Done {})
            }
            Ask::Attach(_) | Ask::Resume(_) => {
                ReplyAnswer::Failed(Failed { evidence: "no descriptors".into() })
            }
        };
        // Who asked may be gone.
        let _ = reply.send(Reply { answer: Some(answer) });
    }

    fn describe(&self, now: Moment) -> Description {
        Description {
            session: self.id.to_string(),
            name: self.start.name.clone(),
            program: describe(&self.start),
            age: now.since(self.began).as_secs(),
            clients: self.attachments.iter().map(|(_, client)| client.describe(now)).collect(),
            terminal: self.canvas.is_some(),
            title: self.canvas.as_ref().map(Canvas::title).unwrap_or_default(),
            finished: self.finished_at.is_some(),
            release: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
        }
    }

    // The program.

    /// Takes some output; false when there was none.
    fn on_output(&mut self, now: Moment, source: Source) -> bool {
        let taken = self.program.as_mut().and_then(|program| program.read_output(source));
        let Some(bytes) = taken else { return false };
        self.heap.handle_passed(now, bytes.len());
        if let Some(canvas) = &mut self.canvas {
            canvas.feed(&bytes);
        }
        for (_, client) in &mut self.attachments {
            client.put(source, &bytes);
        }
        true
    }

    fn on_exit(&mut self, now: Moment) {
        let Some(program) = &mut self.program else { return };
        if program.exit().is_none() {
            return;
        }
        // What the program itself printed is there by now; others on its terminal are not waited for.
        if self.canvas.is_some() {
            while self.on_output(now, Source::Output) {}
            self.program.iter_mut().for_each(Program::close_terminal);
        }
    }

    fn hang_up(&mut self, now: Moment, by: String) {
        tracing::info!(by, "asked to end");
        self.ending_by = Some(by);
        if let Some(program) = self.program.as_ref().filter(|_| self.exit.is_none()) {
            program.signal(SIGHUP);
            program.signal(SIGCONT);
            self.kill_at = Some(now + HANG_UP_GRACE);
        }
        if self.program.is_none() {
            self.finished_at = Some(now);
        }
    }

    fn on_stop(&mut self, now: Moment, signal: &'static str) {
        tracing::warn!(signal, "stopped");
        if let Some(program) = self.program.as_ref().filter(|_| self.exit.is_none()) {
            program.signal(SIGHUP);
        }
        for index in (0..self.attachments.len()).rev() {
            self.dismiss(now, index, Ending::new(EndingCode::KeeperStopped, Blame::Host, signal));
        }
        self.finished_at = Some(now);
    }

    // What follows from everything above.

    fn settle(&mut self, now: Moment) {
        for index in (0..self.attachments.len()).rev() {
            self.serve_client(now, index);
        }
        self.notice_end(now);
        for (_, client) in &mut self.attachments {
            if let Some(canvas) = &self.canvas {
                client.catch_up(canvas);
            }
            client.driver.pump(now);
        }
        self.heap.settle(now);
    }

    fn serve_client(&mut self, now: Moment, index: usize) {
        while let Some(event) = self.attachments[index].1.driver.link.poll_event() {
            if let LinkEvent::Closed(ending) = event {
                self.dismiss(now, index, ending.clone());
                if ending.code == EndingCode::Ended {
                    self.hang_up(now, ending.evidence);
                }
                return;
            }
        }
        match self.attachments[index].1.read_messages(now) {
            Ok(messages) => {
                messages.into_iter().for_each(|message| self.on_message(now, index, message))
            }
            Err(error) => {
                let ending =
                    Ending::new(EndingCode::ProtocolBroken, Blame::Peer, error.to_string());
                return self.dismiss(now, index, ending);
            }
        }
        self.take_input(now, index);
    }

    fn on_message(&mut self, now: Moment, index: usize, message: KeeperMessage) {
        match message {
            KeeperMessage::Resize(resize) => {
                self.attachments[index].1.terminal = resize.terminal;
                if self.attachments.len() == 1 {
                    self.adopt_size(index);
                }
            }
            KeeperMessage::Signal(name) => {
                let number = abide_host::signals::signal_number(&name);
                if let (Some(number), Some(program)) = (number, &self.program) {
                    program.signal(number);
                }
            }
            KeeperMessage::HangUp(_) => {
                let by = self.attachments[index].1.name().to_owned();
                self.hang_up(now, by);
            }
        }
    }

    fn take_input(&mut self, now: Moment, index: usize) {
        let number = if self.canvas.is_some() {
            abide_session::TERMINAL_INPUT
        } else {
            abide_session::COMMAND_IO
        };
        let mut typed = false;
        while self.program.as_ref().is_some_and(Program::wants_input) {
            match self.attachments[index].1.driver.link.read(now, StreamId::from_number(number)) {
                Read::Bytes(bytes) => {
                    if !std::mem::replace(&mut typed, true) {
                        self.adopt_size(index);
                    }
                    self.heap.handle_passed(now, bytes.len());
                    self.program.iter_mut().for_each(|program| program.put_input(bytes.clone()));
                }
                Read::End => {
                    self.program.iter_mut().for_each(Program::end_input);
                    break;
                }
                Read::Nothing => break,
            }
        }
    }

    /// The latest typer decides the size.
    fn adopt_size(&mut self, index: usize) {
        let (Some(terminal), Some(canvas)) =
            (self.attachments[index].1.terminal.clone(), &mut self.canvas)
        else {
            return;
        };
        if !canvas.resize(&terminal) {
            return;
        }
        let terminal: &Terminal = canvas.terminal();
        self.program.iter().for_each(|program| program.resize(terminal));
        for (_, other) in &mut self.attachments {
            other.tell_size(terminal);
        }
    }

    /// Once the program exited and all its output was read, clients are told.
    fn notice_end(&mut self, now: Moment) {
        let Some(program) = &mut self.program else { return };
        let spent = program.is_over(Source::Output) && program.is_over(Source::Errors);
        // Asked only then: before, it would be a system call for every turn.
        let Some(exit) = spent.then(|| program.exit()).flatten() else { return };
        if self.exit.is_none() {
            tracing::info!(?exit, "program ended");
            self.exit = Some(exit);
            self.finished_at = Some(now);
            self.kill_at = None;
        }
        self.attachments.iter_mut().for_each(|(_, client)| client.finish(exit));
    }

    // Time.

    fn poll_timeout(&self) -> Option<Moment> {
        let clients = self
            .attachments
            .iter()
            .flat_map(|(_, client)| [client.driver.poll_timeout(), client.absent_at()]);
        let unborn = self.program.is_none().then(|| self.began + FIRST_CLIENT_WITHIN);
        let lingers = self.finished_at.map(|at| at + FINISHED_LINGERS);
        let closing = self.closing.front().map(|(until, _)| *until);
        clients.chain([self.kill_at, unborn, lingers, closing]).flatten().min()
    }

    fn on_alarm(&mut self, now: Moment) {
        for (_, client) in &mut self.attachments {
            client.driver.handle_timeout(now);
        }
        if self.kill_at.is_some_and(|at| at <= now) {
            self.kill_at = None;
            self.program.iter().for_each(|program| program.signal(SIGKILL));
        }
        while self.closing.front().is_some_and(|(until, _)| *until <= now) {
            self.closing.pop_front();
        }
    }

    fn is_over(&self, now: Moment) -> bool {
        if self.program.is_none() && self.finished_at.is_none() {
            return now >= self.began + FIRST_CLIENT_WITHIN;
        }
        let Some(finished) = self.finished_at else { return false };
        let patient = now < finished + FINISHED_LINGERS;
        self.closing.is_empty() && (self.attachments.is_empty() || !patient)
    }
}

/// The address at which ssh reached this machine.
fn reached_at() -> Option<IpAddr> {
    let connection = std::env::var("SSH_CONNECTION").ok()?;
    connection.split(' ').nth(2)?.parse().ok()
}
