//! Questions and orders from this machine that need no link: describe the session, detach, end.

use abide_screen::Looks;
use abide_session::{
    Ask, Description, Done, Failed, LOG_PART_MAX, Log, LogPart, Reply, ReplyAnswer,
};
use abide_terms::{EndingCode, Moment};
use tokio::sync::oneshot;

use super::Keeper;
use crate::output::Canvas;
use crate::program::describe;

impl Keeper {
    pub(super) fn on_question(
        &mut self,
        now: Moment,
        ask: Ask,
        reply: oneshot::Sender<Vec<Reply>>,
    ) {
        let answer = match ask {
            Ask::Log(log) => {
                // Who asked may be gone.
                let _ = reply.send(self.log(&log));
                return;
            }
            Ask::Describe(describe) if describe.asks_clients => {
                return self.on_inquiry(now, reply);
            }
            Ask::Describe(_) => ReplyAnswer::Description(self.describe(now)),
            Ask::Detach(detach) => {
                self.detach_all(now, EndingCode::Detached, &detach.by);
                ReplyAnswer::Done(Done {})
            }
            Ask::End(end) => {
                // Of a program that ended nothing is left but clients that never came back to hear of it.
                match self.exit {
                    Some(_) => self.detach_all(now, EndingCode::Ended, &end.by),
                    None => self.hang_up(now, &end.by),
                }
                ReplyAnswer::Done(Done {})
            }
            Ask::Attach(_) | Ask::Resume(_) => ReplyAnswer::Failed(Failed {
                evidence: "no descriptors".into(),
                ..Failed::default()
            }),
        };
        // Who asked may be gone.
        let _ = reply.send(vec![Reply { answer: Some(answer) }]);
    }

    /// What the session printed, in pieces.
    fn log(&self, log: &Log) -> Vec<Reply> {
        let Some(canvas) = &self.canvas else {
            let evidence = format!("session {} has no terminal, so nothing is kept of it", self.id);
            let failed = Failed { evidence, ..Failed::default() };
            return vec![Reply { answer: Some(ReplyAnswer::Failed(failed)) }];
        };
        let lines = usize::try_from(log.lines).ok().filter(|lines| *lines > 0);
        let looks = if log.plain { Looks::Plain } else { Looks::Kept };
        let text = canvas.listing(lines.unwrap_or(usize::MAX), looks);
        let part = |piece: &[u8]| ReplyAnswer::LogPart(LogPart { text: piece.to_vec() });
        let parts = text.chunks(LOG_PART_MAX).map(part).chain([ReplyAnswer::Done(Done {})]);
        parts.map(|answer| Reply { answer: Some(answer) }).collect()
    }

    pub(super) fn describe(&self, now: Moment) -> Description {
        Description {
            session: self.id.to_string(),
            name: self.start.name.clone(),
            program: describe(&self.start),
            age: now.since(self.began).as_secs(),
            clients: self.attachments.iter().map(|(_, client)| client.describe(now)).collect(),
            terminal: self.canvas.is_some(),
            title: self.canvas.as_ref().map(Canvas::title).unwrap_or_default(),
            finished: self.finished_at.is_some(),
            release: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            unanswered: false,
        }
    }
}
