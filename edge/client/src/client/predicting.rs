//! Predictions between output and terminal: everything that is written to the terminal passes here,
//! so that what was drawn over the output is off before it.

use abide_prediction::Tty;
use abide_session::Reading;
use abide_terms::Moment;
use bytes::Bytes;

use super::Client;

impl Client<'_> {
    /// Output, or words of ours that the terminal takes as output.
    pub(super) fn show(&mut self, now: Moment, bytes: Bytes) {
        let input = self.input_stream();
        let Some(local) = &mut self.local else { return self.stdout.put(bytes) };
        let Some(prediction) = &mut self.prediction else {
            local.feed(&bytes);
            return self.stdout.put(bytes);
        };
        // What the server has acknowledged with this output comes before it.
        let unacknowledged = self.driver.link.unacknowledged(input);
        prediction.handle_link(now, unacknowledged, self.rtt, local.screen());
        self.stdout.put(prediction.put(bytes.clone(), local.screen()));
        local.feed(&bytes);
        prediction.handle_output(now, local.screen());
    }

    /// Shows what is predicted now.
    pub(super) fn predict(&mut self, now: Moment) {
        if self.paging.is_some() {
            return;
        }
        let input = self.input_stream();
        let Some((prediction, local)) = self.prediction.as_mut().zip(self.local.as_ref()) else {
            return;
        };
        let unacknowledged = self.driver.link.unacknowledged(input);
        prediction.handle_link(now, unacknowledged, self.rtt, local.screen());
        let bytes = match local.is_placed() {
            true => prediction.show(now, local.screen()),
            false => prediction.lift(local.screen()),
        };
        self.stdout.put(bytes);
    }

    /// Takes predictions off the terminal: something is about to be drawn.
    pub(super) fn lift(&mut self) {
        if let Some((prediction, local)) = self.prediction.as_mut().zip(self.local.as_ref()) {
            self.stdout.put(prediction.lift(local.screen()));
        }
    }

    /// Writes what is drawn over the output: predictions go first, and come back on top of it.
    pub(super) fn draw(&mut self, bytes: Vec<u8>) {
        let bytes = Bytes::from(bytes);
        self.stdout.put(match (&mut self.prediction, &self.local) {
            (Some(prediction), Some(local)) => prediction.put(bytes, local.screen()),
            _ => bytes,
        });
    }

    /// How the far terminal takes input.
    pub(super) fn on_reading(&mut self, reading: Reading) {
        let tty = Tty { echo: reading.echo, canonical: reading.lines };
        self.prediction.iter_mut().for_each(|prediction| prediction.handle_tty(tty));
    }
}
