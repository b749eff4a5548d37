//! Output that is skipped: the stream is given up for another one, which opens with the present state.
//! Only here is known what the terminal shows, so only here is decided what to write to get there.

use abide_link::StreamId;
use abide_screen::Seam;
use abide_session::{OutputRestarts, Pacing};
use abide_terms::Moment;
use bytes::{Bytes, BytesMut};

use super::Client;
use crate::terminal::CLEAR;

/// Most bytes of a state. A longer one is no keeper's, and is taken for output.
const STATE_MAX: u64 = 4 * 1024 * 1024;

/// A state that is arriving.
#[derive(Debug)]
pub(super) struct Arriving {
    restarts: OutputRestarts,
    bytes: BytesMut,
}

impl Client<'_> {
    pub(super) fn restart_output(&mut self, restarts: OutputRestarts) {
        self.driver.link.abandon(self.output);
        self.output = StreamId::from_number(restarts.stream);
        self.arriving = None;
        let Some(local) = &mut self.local else { return };
        if (1..=STATE_MAX).contains(&restarts.state) {
            self.arriving = Some(Arriving { restarts, bytes: BytesMut::new() });
        } else {
            local.forget();
            let _cleared = self.prediction.as_mut().map(|it| it.forget(local.screen()));
            self.stdout.put(Bytes::from_static(CLEAR));
        }
    }

    /// Takes what belongs to a state off the front of output; shows the state once it is whole.
    pub(super) fn take_state(&mut self, now: Moment, mut bytes: Bytes) -> Bytes {
        let Some(arriving) = &mut self.arriving else { return bytes };
        // At most STATE_MAX.
        let missing = arriving.restarts.state as usize - arriving.bytes.len();
        let rest = bytes.split_off(missing.min(bytes.len()));
        arriving.bytes.extend_from_slice(&bytes);
        if arriving.bytes.len() as u64 == arriving.restarts.state
            && let Some(arrived) = self.arriving.take()
        {
            self.show_state(now, &arrived);
        }
        rest
    }

    fn show_state(&mut self, now: Moment, arrived: &Arriving) {
        self.uncover();
        self.lift();
        let Some(local) = &mut self.local else { return };
        let Arriving { restarts, bytes } = arrived;
        let escape = self.escape.character();
        let missed = local.missed(restarts);
        let mark = match missed {
            Some(missed) => self.voice.skipped(Some(missed.saturating_sub(restarts.lines)), escape),
            None => self.voice.skipped(None, escape),
        };
        let seam = match missed {
            _ if self.plan.pacing == Pacing::Latest => Seam::InPlace,
            Some(added) if added <= restarts.lines => Seam::Joined { added: added as usize },
            Some(_) => Seam::Gap { lines: usize::MAX, mark: &mark },
            None if restarts.lines < restarts.scrolled => {
                Seam::Gap { lines: usize::MAX, mark: &mark }
            }
            None => Seam::Gap { lines: usize::MAX, mark: "" },
        };
        tracing::info!(skipped = restarts.skipped, ?seam, "output skipped");
        let written = local.jump(bytes, seam, restarts);
        self.stdout.put(Bytes::from(written));
        if let Some(prediction) = &mut self.prediction {
            prediction.handle_output(now, local.screen());
        }
    }
}
