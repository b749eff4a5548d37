//! The program: begun for the first client, and what it prints goes into the terminal model and to
//! every client that keeps up.

use abide_session::{ClientMessage, RefusalCode, Refused};
use abide_terms::Moment;

use super::Keeper;
use crate::output::Canvas;
use crate::program::{Program, Source, describe, refused};

impl Keeper {
    pub(super) fn start_program(&mut self) -> Result<(), Refused> {
        let other = |error: std::io::Error| refused(RefusalCode::Other, error.to_string());
        self.program = Some(match &self.connection {
            Some(connection) => Program::connected(connection).map_err(other)?,
            None if self.start.nothing => Program::nothing().map_err(other)?,
            None => Program::spawn(&self.start, &self.lent())?,
        });
        self.canvas = self.start.terminal.as_ref().map(Canvas::new);
        tracing::info!(session = %self.id, program = describe(&self.start), "started");
        Ok(())
    }

    pub(super) async fn output_ready(&self, source: Source) {
        match &self.program {
            Some(program) => program.output_ready(source).await,
            None => std::future::pending().await,
        }
    }

    pub(super) async fn input_ready(&self) {
        match &self.program {
            Some(program) => program.input_ready().await,
            None => std::future::pending().await,
        }
    }

    pub(super) async fn exit_ready(&self) {
        match &self.program {
            Some(program) => program.exit_ready().await,
            None => std::future::pending().await,
        }
    }

    /// Takes some output; false when there was none.
    pub(super) fn on_output(&mut self, now: Moment, source: Source) -> bool {
        let taken = self.program.as_mut().and_then(|program| program.read_output(source));
        let Some(bytes) = taken else { return false };
        self.heap.handle_passed(now, bytes.len());
        if let Some(canvas) = &mut self.canvas {
            canvas.feed(&bytes);
        }
        // Before the output that goes with it.
        self.tell_reading();
        for (_, client) in &mut self.attachments {
            client.put(now, source, &bytes);
        }
        true
    }

    /// Tells clients when the terminal takes input in another way: nothing announces that, so it is
    /// looked at whenever something comes from the program or goes to it.
    pub(super) fn tell_reading(&mut self) {
        let reading = self.program.as_ref().and_then(Program::reading);
        if reading.is_none() || reading == self.reading {
            return;
        }
        self.reading = reading;
        let message = reading.map(ClientMessage::Reading);
        for (_, client) in &mut self.attachments {
            message.iter().for_each(|message| client.tell(message.clone()));
        }
    }

    pub(super) fn on_exit(&mut self, now: Moment) {
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
}
