//! What the person types: to the session, or to us by the escape character.

use abide_host::clock;
use abide_link::StreamId;
use abide_session::{COMMAND_IO, TERMINAL_INPUT};
use abide_terms::Moment;
use bytes::Bytes;

use super::Client;
use crate::again::{Attempted, sign_in};
use crate::escape::Command;
use crate::input::Taken;
use crate::outcome::Outcome;

impl Client<'_> {
    pub(super) fn input_stream(&self) -> StreamId {
        let number = if self.on_terminal { TERMINAL_INPUT } else { COMMAND_IO };
        StreamId::from_number(number)
    }

    pub(super) async fn on_input(
        &mut self,
        now: Moment,
        taken: Taken,
    ) -> std::io::Result<Option<Outcome>> {
        let bytes = match taken {
            Taken::Bytes(bytes) => bytes,
            Taken::End if self.local.is_some() => {
                return Ok(Some(Outcome::Signalled { number: 1, told: false }));
            }
            // A terminal's program sees no end of input: what it is owed is typed (^D).
            Taken::End if self.on_terminal => return Ok(None),
            Taken::End => {
                self.driver.link.finish(self.input_stream());
                return Ok(None);
            }
        };
        let bytes = match &mut self.local {
            Some(local) => {
                let was_placed = local.is_placed();
                let bytes = local.take_answer(bytes);
                if !was_placed && local.is_placed() {
                    // Nothing was shown before.
                    let _ = self.prediction.as_mut().map(|it| it.forget(local.screen()));
                }
                bytes
            }
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

    pub(super) fn send(&mut self, now: Moment, bytes: Bytes) {
        self.heap.handle_passed(now, bytes.len());
        if let (Some(prediction), Some(local)) = (&mut self.prediction, &self.local) {
            prediction.handle_typed(now, &bytes, local.screen());
        }
        let stream = self.input_stream();
        // There was room for a whole read before it was made.
        let _ = self.driver.link.write(stream, bytes);
    }

    pub(super) fn on_command(
        &mut self,
        now: Moment,
        command: Command,
    ) -> std::io::Result<Option<Outcome>> {
        match command {
            Command::Leave => {
                let told = self.driver.link.silent_since().is_none();
                return Ok(Some(Outcome::Left { told }));
            }
            Command::Detach => return Ok(Some(Outcome::Detached)),
            Command::Help => {
                let help = self.voice.help(self.escape.character()).replace('\n', "\r\n");
                self.uncover();
                self.show(now, Bytes::from(help));
            }
            Command::ShowLog => self.ask_for_log(),
            Command::Connections => self.show_connections(now),
            Command::OpenLine => self.show_words(now, "\r\nssh> "),
            Command::Echo(bytes) => self.show_words(now, &String::from_utf8_lossy(&bytes)),
            Command::Line(line) => {
                self.show_words(now, "\r\n");
                self.obey(now, &line);
            }
            Command::Suspend => {
                self.lift();
                abide_host::tty::suspend_self()?;
                self.redraw();
                self.on_wake(now);
            }
        }
        Ok(None)
    }

    /// Gives the terminal to ssh, which asks what it has to ask.
    pub(super) async fn sign_in(&mut self, now: Moment) -> std::io::Result<Option<Outcome>> {
        self.recovery.handle_sign_in(now);
        // The step that follows from it is this one.
        let _ = self.recovery.poll_step(now);
        self.lift();
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
}
