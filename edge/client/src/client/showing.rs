//! What the person sees: output as it comes, messages about it, and the outage line.

use abide_host::clock;
use abide_link::{Read, StreamId};
use abide_session::{COMMAND_ERRORS, ClientMessage, ToClient};
use abide_terms::Moment;
use bytes::Bytes;

use super::Client;
use crate::outage::{Doing, Outage};
use crate::outcome::Outcome;
use crate::plan::Notice;
use crate::terminal::Local;

impl Client<'_> {
    pub(super) fn show_output(&mut self, now: Moment) {
        while self.stdout.has_room() && self.paging.is_none() {
            match self.driver.link.read(now, self.output) {
                Read::Bytes(bytes) => {
                    let bytes = self.take_state(now, bytes);
                    if bytes.is_empty() {
                        continue;
                    }
                    // Output may come before the first answer: it must not scroll the line away.
                    self.uncover();
                    self.heap.handle_passed(now, bytes.len());
                    self.show(now, bytes);
                }
                Read::End => {
                    self.output_ended = true;
                    break;
                }
                Read::Nothing => break,
            }
        }
        if self.output_ended && !self.on_terminal {
            // What comes the other way may go on: of a connection one half can end.
            self.stdout.finish(crate::writer::close_stdout);
        }
        while !self.errors_ended && self.stderr.has_room() {
            match self.driver.link.read(now, StreamId::from_number(COMMAND_ERRORS)) {
                Read::Bytes(bytes) => self.stderr.put(bytes),
                Read::End => self.errors_ended = true,
                Read::Nothing => break,
            }
        }
    }

    pub(super) fn read_messages(&mut self, now: Moment) -> Option<Outcome> {
        while let Read::Bytes(bytes) = self.driver.link.read(now, StreamId::CONTROL) {
            self.messages.push(&bytes);
        }
        while let Ok(Some(message)) = self.messages.next_message::<ToClient>() {
            match message.message {
                Some(ClientMessage::Exited(exited)) => self.exited = Some(exited),
                Some(ClientMessage::OutputRestarts(restarts)) => self.restart_output(restarts),
                Some(ClientMessage::OutputBegins(begins)) => {
                    self.local.iter_mut().for_each(|local| local.handle_begins(&begins));
                }
                Some(ClientMessage::Listening(listening)) => {
                    if let Some(outcome) = self.on_listening(listening) {
                        return Some(outcome);
                    }
                }
                Some(ClientMessage::Cut(cut)) => self.on_cut(&cut),
                Some(ClientMessage::Reading(reading)) => self.on_reading(reading),
                Some(ClientMessage::LogFollows(log)) => self.open_pager(log.stream),
                // Our own terminal keeps its size; what does not fit is the smaller one's loss.
                Some(ClientMessage::Resized(_)) => {
                    self.local.iter_mut().for_each(Local::lose_place);
                }
                None => {}
            }
        }
        None
    }

    pub(super) fn draw_outage(&mut self, now: Moment) {
        let silent_since = self.driver.link.silent_since();
        if !self.outage.is_due(now, silent_since) {
            return;
        }
        let free = self.paging.is_none();
        let shown = self.local.as_ref().filter(|local| local.is_shown() && free);
        let (Some(local), Some(since)) = (shown, silent_since) else { return };
        let doing = match () {
            () if self.recovery.needs_user() => Doing::NeedsUser,
            () if self.recovery.ssh_running() => Doing::RunningSsh,
            () if self.quic.is_some() => Doing::Knocking,
            () => Doing::Waiting,
        };
        let outage = Outage { silent: now.since(since), doing, escape: self.escape.character() };
        let text = self.voice.outage(&outage);
        let drawn = self.outage.draw(now, local.screen(), &text);
        self.draw(drawn);
    }

    /// A line for the person, as ssh would print it on stderr, without spoiling the screen.
    pub(super) fn remark(&mut self, text: &str) {
        if self.local.as_ref().is_none_or(|local| !local.is_shown()) {
            return self.voice.tell(Notice::Remark(text));
        }
        if self.plan.quiet {
            return;
        }
        let line = format!("{text}\r\n");
        self.uncover();
        self.show(clock::now(), Bytes::from(line));
    }

    /// Removes the outage line if it is shown.
    pub(super) fn uncover(&mut self) {
        let Some(local) = &self.local else { return };
        let removal = self.outage.remove(local.screen());
        if !removal.is_empty() {
            self.draw(removal);
        }
    }

    pub(super) fn redraw(&mut self) {
        if let Some(local) = &self.local {
            let _cleared = self.prediction.as_mut().map(|it| it.forget(local.screen()));
            self.stdout.put(Bytes::from(local.redraw()));
        }
    }
}
