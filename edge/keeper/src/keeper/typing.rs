//! What clients send: keystrokes and other input for the program, messages about it.

use abide_link::{Read, StreamId};
use abide_session::{COMMAND_IO, KeeperMessage, TERMINAL_INPUT, Terminal};
use abide_terms::{Blame, Ending, EndingCode, Moment};

use super::Keeper;
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
                if self.attachments.len() == 1 {
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
        }
    }

    /// Takes as much input from a client as the program has room for.
    pub(super) fn take_input(&mut self, now: Moment, index: usize) {
        let number = if self.canvas.is_some() { TERMINAL_INPUT } else { COMMAND_IO };
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
}
