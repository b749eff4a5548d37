//! The watch itself: ssh through the relay, idle, then cut. It gathers what happens and decides
//! nothing about it.

use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use abide_client::ConnectError;
use abide_host::clock;
use abide_openssh::classify;
use abide_relay::{End, Recogniser};
use abide_terms::{Moment, print_span};
use abide_timeouts::Side;

use super::configured::Configured;
use super::progress::Progress;
use super::running::Running;
use super::seen::{Alone, Cut, Ended, Seen};
use super::span::Spans;
use super::ssh::Command;
use crate::complaint::Complaint;
use crate::explain;

/// How long a login may take, a person with a code at hand included.
const LOGIN_LIMIT: Duration = Duration::from_secs(300);
/// Silence after which the login's last packets are over.
const SETTLED: Duration = Duration::from_millis(500);
/// Longest wait for that silence.
const SETTLE_LIMIT: Duration = Duration::from_secs(5);
/// How long ssh's last words may take after its end: another program may hold its stderr.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// How much later than predicted a side may give up before nobody waits any more: at least this.
const PATIENCE: Duration = Duration::from_secs(2);

/// Watches, from login to the end.
pub(super) fn run(
    command: &Command,
    host: &str,
    configured: &mut Configured,
    spans: Spans,
    cut: bool,
) -> Result<Seen, Complaint> {
    let mut watch = Watch { running: Running::start(command)?, progress: Progress::new() };
    watch.log_in(host)?;
    watch.settle();
    configured.take_banner(watch.running.banner.as_deref());
    let (from, ended) = watch.idle(host, spans.watch, configured.compresses);
    let until = clock::now();
    let packets = watch.running.packets.take().unwrap_or_default();
    let cut = match &ended {
        None if cut => Some(watch.cut(configured, spans.blind)),
        _ => None,
    };
    let banner = watch.running.banner.clone();
    Ok(Seen { banner, watched: until.since(from), until, packets, ended, cut })
}

struct Watch {
    running: Running,
    progress: Progress,
}

impl Watch {
    /// Until the idle command says that it is there.
    fn log_in(&mut self, host: &str) -> Result<(), Complaint> {
        let deadline = clock::now() + LOGIN_LIMIT;
        while !self.running.ready {
            if let Some(reason) = &self.running.no_way {
                return Err(Complaint::new(format!("the relay cannot reach {host}"))
                    .because(reason.clone())
                    .try_this(format!("ssh {host} true")));
            }
            if let Some((at, status)) = self.running.exited {
                // Its last words may still be on their way.
                while !self.running.said_all && !self.wait(at + LAST_WORDS) {}
                let said = self.running.words();
                return Err(explain::connect(&ConnectError::Ssh(classify(&said, status)), host));
            }
            if self.wait(deadline) {
                return Err(Complaint::new(format!("no idle session came of ssh {host}"))
                    .because("it ran something else than asked for, or the login never ended")
                    .try_this(format!("ssh {host} 'exec cat', which should wait for input")));
            }
        }
        Ok(())
    }

    /// Until the login's last packets have passed.
    fn settle(&mut self) {
        let limit = clock::now() + SETTLE_LIMIT;
        while self.running.exited.is_none() {
            let quiet = self.running.last_packet() + SETTLED;
            if clock::now() >= quiet.min(limit) || self.wait(quiet.min(limit)) {
                break;
            }
        }
    }

    /// Watches the idle session; returns when that began, and its end if it did not last.
    fn idle(&mut self, host: &str, span: Duration, compressed: bool) -> (Moment, Option<Ended>) {
        let from = clock::now();
        let quiet_since = self.running.last_packet();
        let [client, server] = self.running.heard;
        let packets = Recogniser::after(client, server);
        self.running.packets = Some(if compressed { packets.compressed() } else { packets });
        self.progress
            .begin(&format!("watching an idle session on {host} for {}", print_span(span)));
        loop {
            let now = clock::now();
            if let Some((at, _)) = self.running.exited {
                // What the relay saw and ssh's last words may still be on their way.
                self.hear_the_end(at);
                let by = self.running.first_to_close();
                let said = self.running.last_words();
                return (from, Some(Ended { after: at.since(quiet_since), by, said }));
            }
            if now >= from + span {
                self.progress.clear();
                return (from, None);
            }
            let words = self.running.packets.as_ref().map(counted).unwrap_or_default();
            self.progress.show(now.since(from), span, &words);
            self.wait((from + span).min(now + self.progress.every()));
        }
    }

    /// Cuts the line and waits for both sides to give up, each as long as it may take.
    fn cut(&mut self, configured: &Configured, blind: Duration) -> Cut {
        self.running.cut();
        let from = clock::now();
        let deadlines = patience(configured, self.running.heard, from + blind);
        let last = deadlines.into_iter().max().unwrap_or(from);
        self.progress.begin(&format!(
            "the line is cut; waiting up to {} for both sides to give up",
            print_span(last.since(from))
        ));
        loop {
            let now = clock::now();
            let closed = self.running.closed;
            if (0..2).all(|side| closed[side].is_some() || now >= deadlines[side]) {
                break;
            }
            let standing = |at: Option<Moment>| if at.is_some() { "gave up" } else { "waits" };
            let words = format!("ssh {}, the server {}", standing(closed[0]), standing(closed[1]));
            self.progress.show(now.since(from), last.since(from), &words);
            let next = deadlines.into_iter().filter(|at| *at > now).min().unwrap_or(now);
            self.wait(next.min(now + self.progress.every()));
        }
        self.progress.clear();
        let now = clock::now();
        let alone = |side: usize| Alone {
            heard: self.running.heard[side],
            gave_up: self.running.closed[side],
            waited: now.since(self.running.heard[side]),
            sent: self.running.held[side],
        };
        Cut { client: alone(0), server: alone(1) }
    }

    /// Until what the relay saw of an end and ssh's last words have come, or for a second.
    fn hear_the_end(&mut self, exited: Moment) {
        while !self.running.said_all || self.running.first_to_close().is_none() {
            if self.wait(exited + LAST_WORDS) {
                return;
            }
        }
    }

    /// Takes what happens until then; true when nothing did.
    fn wait(&mut self, until: Moment) -> bool {
        matches!(self.running.next(until), Err(RecvTimeoutError::Timeout))
    }
}

/// Until when each side may take to give up.
fn patience(configured: &Configured, heard: [Moment; 2], blind: Moment) -> [Moment; 2] {
    let predicted = configured.when_cut();
    let of = |side: Side, heard: Moment| match predicted.first_of(side) {
        Some(firing) => {
            let slack = PATIENCE.max(firing.after.likely / 20);
            heard + firing.after.latest.saturating_add(slack)
        }
        // It never will; a moment is enough to see that it is still there.
        None if predicted.is_whole(side) => heard,
        None => blind,
    };
    [of(Side::Client, heard[0]), of(Side::Server, heard[1])]
}

/// How many keepalives there were, for the bar.
fn counted(packets: &Recogniser) -> String {
    let exchanges = packets.exchanges();
    let by = |end| exchanges.iter().filter(|exchange| exchange.by == end).count();
    format!("keepalives: {} of ssh's, {} of the server's", by(End::Client), by(End::Server))
}
