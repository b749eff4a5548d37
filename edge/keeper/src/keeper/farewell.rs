//! The end: of the program, and of the session once everybody who could be told was told.

use std::time::Duration;

use abide_terms::{Blame, Ending, EndingCode, Moment};

use super::Keeper;
use super::clients::CLOSING_FOR;
use crate::program::Source;

/// How long a keeper waits for its first client.
const FIRST_CLIENT_WITHIN: Duration = Duration::from_secs(30);
/// How long a finished session waits for clients that are out of reach.
const FINISHED_LINGERS: Duration = Duration::from_secs(7 * 24 * 3600);
/// How long a program may take to heed a hang-up before it is killed.
const HANG_UP_GRACE: Duration = Duration::from_secs(5);

const SIGHUP: i32 = 1;
const SIGKILL: i32 = 9;
const SIGCONT: i32 = 18;

impl Keeper {
    /// Ends the program, at somebody's wish.
    pub(super) fn hang_up(&mut self, now: Moment, by: &str) {
        tracing::info!(by, "asked to end");
        if let Some(program) = self.program.as_mut().filter(|_| self.exit.is_none()) {
            program.signal(SIGHUP);
            program.signal(SIGCONT);
            self.kill_at = Some(now + HANG_UP_GRACE);
        }
        if self.program.is_none() {
            self.finished_at = Some(now);
        }
    }

    /// Kills a program that did not heed a hang-up in time.
    pub(super) fn kill_if_due(&mut self, now: Moment) {
        if self.kill_at.is_some_and(|at| at <= now) {
            self.kill_at = None;
            self.program.iter_mut().for_each(|program| program.signal(SIGKILL));
        }
    }

    /// The system wants the keeper itself to end.
    pub(super) fn on_stop(&mut self, now: Moment, signal: &'static str) {
        tracing::warn!(signal, "stopped");
        if let Some(program) = self.program.as_mut().filter(|_| self.exit.is_none()) {
            program.signal(SIGHUP);
        }
        for index in (0..self.attachments.len()).rev() {
            self.dismiss(now, index, Ending::new(EndingCode::KeeperStopped, Blame::Host, signal));
        }
        self.finished_at = Some(now);
    }

    /// Once the program exited and all its output was read, clients are told.
    pub(super) fn notice_end(&mut self, now: Moment) {
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

    pub(super) fn is_over(&self, now: Moment) -> bool {
        if let Some(until) = self.unborn_until() {
            return now >= until;
        }
        let Some(until) = self.lingers_until() else { return false };
        self.closing.is_empty() && (self.attachments.is_empty() || now >= until)
    }

    /// How long the first client is waited for, while it is.
    pub(super) fn unborn_until(&self) -> Option<Moment> {
        let unborn = self.program.is_none() && self.finished_at.is_none();
        unborn.then(|| self.began + FIRST_CLIENT_WITHIN)
    }

    /// How long clients of a finished session are waited for.
    pub(super) fn lingers_until(&self) -> Option<Moment> {
        self.finished_at.map(|at| at + FINISHED_LINGERS)
    }

    /// Lets refusals and QUIC's last words out.
    pub(super) async fn farewell(mut self) {
        tracing::info!("over");
        self.closing.clear();
        let told = async { while self.refused.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(CLOSING_FOR, told).await;
        if let Some(display) = &self.display {
            display.forget().await;
        }
        if let Some(endpoint) = self.endpoint {
            endpoint.finish().await;
        }
    }
}
