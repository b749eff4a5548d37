//! What clients send: keystrokes and other input for the program, messages about it.

use abide_link::{Read, StreamId};
use abide_screen::Looks;
use abide_session::{COMMAND_IO, KeeperMessage, TERMINAL_INPUT, Terminal};
use abide_terms::{Blame, Ending, EndingCode, Moment};
use bytes::Bytes;

use super::Keeper;
use crate::answers::Answers;
use crate::program::Program;

impl Keeper {
    /// Handles a client's messages; `Err` is its ending, when they are none.
    pub(super) fn read_messages(&mut self, now: Moment, index: usize) -> Result<(), Ending> {
        let messages = self.attachments[index].1.read_messages(now).map_err(|error| {
            Ending::new(EndingCode::ProtocolBroken, Blame::Peer, error.to_string())
        })?;
        messages.into_iter().for_each(|message| self.on_message(now, index, message));
        Ok(())
    }

    fn on_message(&mut self, now: Moment, index: usize, message: KeeperMessage) {
        match message {
            KeeperMessage::Resize(resize) => {
                self.attachments[index].1.terminal = resize.terminal;
                if self.leader == Some(self.attachments[index].0) {
                    self.adopt_size(index);
                }
            }
            KeeperMessage::Signal(name) => {
                let number = abide_host::signals::signal_number(&name);
                if let (Some(number), Some(program)) = (number, &mut self.program) {
                    program.signal(number);
                }
            }
            KeeperMessage::HangUp(_) => {
                let by = self.attachments[index].1.name().to_owned();
                self.hang_up(now, &by);
            }
            KeeperMessage::Listen(listen) => self.attachments[index].1.listen(&listen),
            KeeperMessage::Unlisten(listener) => {
                self.attachments[index].1.forwards.unlisten(listener);
            }
            KeeperMessage::Cut(cut) => self.attachments[index].1.on_cut(&cut),
            KeeperMessage::ShowLog(_) => {
                let listing =
                    self.canvas.as_ref().map(|canvas| canvas.listing(usize::MAX, Looks::Kept));
                self.attachments[index].1.show_log(listing.unwrap_or_default().into());
            }
        }
    }

    /// Takes as much input from a client as the program has room for.
    pub(super) fn take_input(&mut self, now: Moment, index: usize) {
        let number = if self.canvas.is_some() { TERMINAL_INPUT } else { COMMAND_IO };
        let mut was_typed = false;
        while self.program.as_ref().is_some_and(Program::wants_input) {
            match self.attachments[index].1.driver.link.read(now, StreamId::from_number(number)) {
                Read::Bytes(bytes) => {
                    self.heap.handle_passed(now, bytes.len());
                    let bytes = self.typed(index, bytes);
                    was_typed |= !bytes.is_empty();
                    self.notice_interrupt(now, &bytes);
                    self.program.iter_mut().for_each(|program| program.put_input(bytes.clone()));
                }
                Read::End => {
                    self.program.iter_mut().for_each(Program::end_input);
                    break;
                }
                Read::Nothing => break,
            }
        }
        if was_typed {
            self.tell_reading();
        }
    }

    /// What of a client's bytes is for the program. Every attached terminal answers what the program
    /// asks, but only the leader's answers count; who types leads from then on.
    fn typed(&mut self, index: usize, bytes: Bytes) -> Bytes {
        let led = self.is_led();
        let (tag, client) = &mut self.attachments[index];
        if self.leader == Some(*tag) {
            return bytes;
        }
        let typed = if led { client.answers.without(&bytes).into() } else { bytes };
        if !typed.is_empty() {
            self.leader = Some(*tag);
            client.answers = Answers::default();
            self.adopt_size(index);
        }
        typed
    }

    /// Whether somebody who came or typed last can be heard.
    fn is_led(&self) -> bool {
        self.attachments.iter().any(|(tag, client)| {
            self.leader == Some(*tag) && client.driver.link.silent_since().is_none()
        })
    }

    /// When the leader is gone, the latest of the others takes over.
    pub(super) fn choose_leader(&mut self) {
        let there = self.attachments.iter().any(|(tag, _)| self.leader == Some(*tag));
        let Some((latest, _)) = self.attachments.last().filter(|_| !there) else { return };
        self.leader = Some(*latest);
        self.adopt_size(self.attachments.len() - 1);
    }

    /// A character that interrupts the program makes what it printed moot: clients jump to the present.
    fn notice_interrupt(&mut self, now: Moment, typed: &[u8]) {
        // Asked of the terminal only where it can matter: it is a system call.
        if self.canvas.is_none() || !typed.iter().any(u8::is_ascii_control) {
            return;
        }
        let interrupts = self.program.as_ref().map(Program::interrupts).unwrap_or_default();
        if typed.iter().any(|byte| interrupts.contains(byte)) {
            self.attachments.iter_mut().for_each(|(_, client)| client.handle_interrupt(now));
        }
    }

    /// Makes a client's size the session's.
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
}
