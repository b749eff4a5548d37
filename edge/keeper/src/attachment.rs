//! One client of a session: its link and what is under way on it.

use abide_carrier::Driver;
use abide_forward::Forwards;
use abide_host::child::Exit;
use abide_link::{CarrierKind, Read, StreamId};
use abide_session::{
    AttachedClient, ClientMessage, CodecError, Exited, KeeperMessage, Messages, OutputRestarts,
    Resize, Terminal, ToClient, ToKeeper, encode,
};
use abide_terms::{Ending, LinkId, Moment};
use bytes::Bytes;

use crate::answers::Answers;
use crate::output::Canvas;
use crate::program::Source;

/// Silence after which a client no longer holds the program back.
const ABSENT_AFTER: std::time::Duration = std::time::Duration::from_secs(5);
/// Room that a client which keeps up always has.
const ROOM_KEPT: usize = crate::program::TURN_MAX;

/// Which streams carry output.
#[derive(Debug)]
enum Output {
    /// A terminal's, which may restart.
    Terminal { stream: StreamId, restarts: u64, skipped: Option<u64> },
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
}

impl Attachment {
    pub(crate) fn new(
        link: LinkId,
        driver: Driver,
        name: String,
        terminal: Option<Terminal>,
        shared: bool,
        forwards: Forwards,
    ) -> Self {
        let output = if shared {
            let stream = StreamId::from_number(abide_session::terminal_output(0));
            Output::Terminal { stream, restarts: 0, skipped: None }
        } else {
            Output::Pipes
        };
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
        }
    }

    // Output.

    /// This client must be waited for before more output is read.
    pub(crate) fn holds_back(&self, now: Moment, source: Source) -> bool {
        let full = self.driver.link.room(self.stream(source)) < ROOM_KEPT;
        match self.output {
            Output::Pipes => full,
            Output::Terminal { skipped, .. } => full && skipped.is_none() && !self.is_absent(now),
        }
    }

    fn is_absent(&self, now: Moment) -> bool {
        self.driver.link.silent_since().is_some_and(|since| now.since(since) >= ABSENT_AFTER)
    }

    /// When it stops holding the program back, if nothing is heard before.
    pub(crate) fn absent_at(&self) -> Option<Moment> {
        let full = self.driver.link.room(self.stream(Source::Output)) < ROOM_KEPT;
        let since = self.driver.link.silent_since().filter(|_| full)?;
        matches!(self.output, Output::Terminal { skipped: None, .. }).then(|| since + ABSENT_AFTER)
    }

    fn stream(&self, source: Source) -> StreamId {
        match (&self.output, source) {
            (Output::Terminal { stream, .. }, _) => *stream,
            (Output::Pipes, Source::Output) => StreamId::from_number(abide_session::COMMAND_IO),
            (Output::Pipes, Source::Errors) => StreamId::from_number(abide_session::COMMAND_ERRORS),
        }
    }

    /// Gives the client its share of output. A client that does not keep up skips it: its next
    /// output stream opens with a snapshot.
    pub(crate) fn put(&mut self, source: Source, bytes: &Bytes) {
        let stream = self.stream(source);
        let length = bytes.len() as u64;
        if let Output::Terminal { skipped: Some(skipped), .. } = &mut self.output {
            *skipped += length;
            return;
        }
        if self.driver.link.write(stream, bytes.clone()).is_ok() {
            return;
        }
        if let Output::Terminal { skipped, .. } = &mut self.output {
            let waiting = self.driver.link.unacknowledged(stream) as u64;
            *skipped = Some(waiting + length);
            self.driver.link.abandon(stream);
        }
    }

    /// Once a client that skipped is heard again: a new output stream, opened by a snapshot.
    pub(crate) fn catch_up(&mut self, canvas: &Canvas) {
        let heard = self.driver.link.silent_since().is_none() && !self.driver.is_bare();
        let Output::Terminal { stream, restarts, skipped } = &mut self.output else { return };
        if !heard {
            return;
        }
        let Some(count) = skipped.take() else { return };
        *restarts += 1;
        *stream = StreamId::from_number(abide_session::terminal_output(*restarts));
        let stream = *stream;
        let message = OutputRestarts { stream: stream.number(), skipped: count };
        self.tell(ClientMessage::OutputRestarts(message));
        self.show(stream, canvas);
        if self.finished {
            self.driver.link.finish(stream);
        }
    }

    /// Opens the output of a client that comes to a session which is under way.
    pub(crate) fn show_all(&mut self, canvas: &Canvas) {
        self.show(self.stream(Source::Output), canvas);
    }

    fn show(&mut self, stream: StreamId, canvas: &Canvas) {
        let snapshot = canvas.snapshot(self.driver.link.room(stream));
        // It fits: `snapshot` was told the room.
        let _ = self.driver.link.write(stream, snapshot);
    }

    /// The program ended: tells the client, and ends its output.
    pub(crate) fn finish(&mut self, exit: Exit) {
        if std::mem::replace(&mut self.finished, true) {
            return;
        }
        self.tell(ClientMessage::Exited(exited(exit)));
        self.driver.link.finish(self.stream(Source::Output));
        if matches!(self.output, Output::Pipes) {
            self.driver.link.finish(self.stream(Source::Errors));
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
            silent: self.driver.link.silent_since().map(|since| now.since(since).as_secs()),
        }
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
