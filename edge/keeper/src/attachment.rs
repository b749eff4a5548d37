//! One client of a session: its link and what is under way on it.

use abide_carrier::Driver;
use abide_forward::Forwards;
use abide_host::child::Exit;
use abide_link::{CarrierKind, Read, StreamId};
use abide_session::{
    AttachedClient, ClientMessage, CodecError, Exited, KeeperMessage, LogFollows, Messages, Pacing,
    Resize, Terminal, ToClient, ToKeeper, encode,
};
use abide_terms::{Ending, LinkId, Moment};
use bytes::Bytes;

use crate::answers::Answers;
use crate::keeper::inquiry::{ANSWER_LEAST, ANSWER_MOST, HEARD_JUST_NOW};
use crate::outlet::Outlet;
use crate::output::Canvas;
use crate::presence::Presence;
use crate::program::Source;

/// Room for a command's output that a client which keeps up always has.
const ROOM_KEPT: usize = crate::program::TURN_MAX;

/// What carries output.
#[derive(Debug)]
enum Output {
    /// A terminal's, some of which may be skipped.
    Terminal(Box<Outlet>),
    /// A command's: never skipped.
    Pipes,
}

/// One client.
pub(crate) struct Attachment {
    pub(crate) link: LinkId,
    pub(crate) driver: Driver,
    pub(crate) terminal: Option<Terminal>,
    /// Takes its terminal's answers out of what is typed while another's count.
    pub(crate) answers: Answers,
    name: String,
    output: Output,
    messages: Messages,
    finished: bool,
    pub(crate) forwards: Forwards,
    /// Logs that it asked for.
    logs: u64,
    pub(crate) presence: Presence,
}

impl Attachment {
    pub(crate) fn new(
        link: LinkId,
        driver: Driver,
        name: String,
        terminal: Option<Terminal>,
        shared: Option<Pacing>,
        forwards: Forwards,
    ) -> Self {
        let output =
            shared.map_or(Output::Pipes, |pacing| Output::Terminal(Box::new(Outlet::new(pacing))));
        Attachment {
            link,
            driver,
            terminal,
            answers: Answers::default(),
            name,
            output,
            messages: Messages::default(),
            finished: false,
            forwards,
            logs: 0,
            presence: Presence::new(abide_host::clock::now()),
        }
    }

    // Output.

    /// This client must be waited for before more output is read.
    pub(crate) fn holds_back(&self, now: Moment, source: Source) -> bool {
        match &self.output {
            Output::Pipes => self.driver.link.room(self.stream(source)) < ROOM_KEPT,
            Output::Terminal(outlet) => outlet.holds_back(now, &self.driver.link),
        }
    }

    /// When its output has to be looked at again, if nothing is heard before.
    pub(crate) fn output_timeout(&self) -> Option<Moment> {
        match &self.output {
            Output::Pipes => None,
            Output::Terminal(outlet) => outlet.poll_timeout(&self.driver.link),
        }
    }

    fn stream(&self, source: Source) -> StreamId {
        match (&self.output, source) {
            (Output::Terminal(outlet), _) => outlet.stream(),
            (Output::Pipes, Source::Output) => StreamId::from_number(abide_session::COMMAND_IO),
            (Output::Pipes, Source::Errors) => StreamId::from_number(abide_session::COMMAND_ERRORS),
        }
    }

    /// Gives the client its share of output.
    pub(crate) fn put(&mut self, now: Moment, source: Source, bytes: &Bytes) {
        let stream = self.stream(source);
        match &mut self.output {
            Output::Terminal(outlet) => outlet.put(now, &mut self.driver.link, bytes),
            // It holds the program back before it is full.
            Output::Pipes => drop(self.driver.link.write(stream, bytes.clone())),
        }
    }

    /// Skips what the client cannot keep up with, and goes on with the present when it is time.
    pub(crate) fn settle_output(&mut self, now: Moment, canvas: &Canvas) {
        let bare = self.driver.is_bare();
        if let Output::Terminal(outlet) = &mut self.output {
            outlet.settle(now, &mut self.driver.link, canvas, self.terminal.as_ref(), bare);
        }
    }

    /// Somebody typed a character that interrupts the program.
    pub(crate) fn handle_interrupt(&mut self, now: Moment) {
        if let Output::Terminal(outlet) = &mut self.output {
            outlet.handle_interrupt(now, &self.driver.link);
        }
    }

    /// Opens the output of a client that comes to a session which is under way.
    pub(crate) fn show_all(&mut self, canvas: &Canvas) {
        if let Output::Terminal(outlet) = &mut self.output {
            outlet.show_all(&mut self.driver.link, canvas, self.terminal.as_ref());
        }
    }

    /// Sends what the session printed, as text.
    pub(crate) fn show_log(&mut self, text: Bytes) {
        let Some(stream) = abide_session::session_log(self.logs) else { return };
        self.logs += 1;
        self.tell(ClientMessage::LogFollows(LogFollows { stream }));
        let stream = StreamId::from_number(stream);
        let link = &mut self.driver.link;
        // The oldest goes where it is longer than a buffer.
        let text = text.slice(text.len().saturating_sub(link.room(stream))..);
        // It fits, or too many logs are open, and this one is empty.
        let _ = link.write(stream, text);
        link.finish(stream);
    }

    /// The program ended: tells the client, and ends its output.
    pub(crate) fn finish(&mut self, exit: Exit) {
        if std::mem::replace(&mut self.finished, true) {
            return;
        }
        self.tell(ClientMessage::Exited(exited(exit)));
        match &mut self.output {
            Output::Terminal(outlet) => outlet.finish(&mut self.driver.link),
            Output::Pipes => [Source::Output, Source::Errors]
                .map(|source| self.stream(source))
                .into_iter()
                .for_each(|stream| self.driver.link.finish(stream)),
        }
    }

    // Messages.

    pub(crate) fn tell(&mut self, message: ClientMessage) {
        // A control stream that is full belongs to a client that is long gone; it gets a snapshot anyway.
        let _ =
            self.driver.link.write(StreamId::CONTROL, encode(&ToClient { message: Some(message) }));
    }

    pub(crate) fn tell_size(&mut self, terminal: &Terminal) {
        self.tell(ClientMessage::Resized(Resize { terminal: Some(terminal.clone()) }));
    }

    /// The client's messages since the last call.
    pub(crate) fn read_messages(&mut self, now: Moment) -> Result<Vec<KeeperMessage>, CodecError> {
        let mut found = Vec::new();
        while let Read::Bytes(bytes) = self.driver.link.read(now, StreamId::CONTROL) {
            self.messages.push(&bytes);
        }
        while let Some(message) = self.messages.next_message::<ToKeeper>()? {
            found.extend(message.message);
        }
        Ok(found)
    }

    /// Ends the link, telling the client why.
    pub(crate) fn close(&mut self, now: Moment, ending: Ending) {
        self.driver.link.close(ending);
        self.driver.pump(now);
    }

    pub(crate) fn describe(&self, now: Moment) -> AttachedClient {
        let carriers =
            self.driver.carriers().into_iter().map(|(_, kind)| kind_name(kind).to_owned());
        AttachedClient {
            name: self.name.clone(),
            carriers: carriers.collect(),
            silent: self.silent_since(now).map(|since| now.since(since).as_secs()),
        }
    }

    /// Since when nothing is heard of it, once that is longer than a client is ever quiet, or it owed an answer.
    fn silent_since(&self, now: Moment) -> Option<Moment> {
        let is_silent = self.driver.link.silent_since().is_some();
        self.presence.quiet_since(now).or(is_silent.then(|| self.presence.heard_at()))
    }

    /// Asks whether it is there, unless it was heard just now or is silent anyway; until when an answer is
    /// owed.
    pub(crate) fn ask_for_a_sign(&mut self, now: Moment) -> Option<Moment> {
        let heard_just_now = now.since(self.presence.heard_at()) < HEARD_JUST_NOW;
        if heard_just_now || self.silent_since(now).is_some() {
            return None;
        }
        let link = &self.driver.link;
        let rtt = link.best().and_then(|best| link.rtt(best)?.smoothed()).unwrap_or_default();
        let until = now + (2 * rtt).clamp(ANSWER_LEAST, ANSWER_MOST);
        if !self.presence.owes_answer(now) {
            for (id, _) in self.driver.carriers() {
                self.driver.link.kick(now, id);
            }
            self.driver.pump(now);
        }
        Some(self.presence.handle_asked(until))
    }

    /// Its process seems to be gone: every other carrier is asked, and a client that is there answers.
    pub(crate) fn ask_whether_there(&mut self, now: Moment) {
        self.presence.handle_dropped(now);
        for (id, _) in self.driver.carriers() {
            self.driver.link.kick(now, id);
        }
        self.driver.pump(now);
    }

    /// When it is given up, if nothing is heard before.
    pub(crate) fn given_up_at(&self) -> Option<Moment> {
        let waits_for_it = matches!(self.output, Output::Pipes);
        self.presence.given_up_at(waits_for_it)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

pub(crate) fn kind_name(kind: CarrierKind) -> &'static str {
    match kind {
        CarrierKind::Local => "local",
        CarrierKind::Quic { .. } => "quic",
        CarrierKind::SshPipe => "ssh",
    }
}

fn exited(exit: Exit) -> Exited {
    match exit {
        Exit::Code(code) => Exited { status: Some(u32::from(code)), ..Exited::default() },
        Exit::Signal { number, core } => {
            let signal = abide_host::signals::signal_name(number)
                .map_or_else(|| number.to_string(), str::to_owned);
            Exited { status: None, signal, core }
        }
    }
}
