//! `~s`: what the session printed, as far as the keeper has it, in the person's pager. The link goes on
//! meanwhile; output waits.

use std::process::Stdio;

use abide_link::{Read, StreamId};
use abide_session::{KeeperMessage, ShowLog};
use abide_terms::Moment;
use bytes::Bytes;
use tokio::process::{Child, Command};

use super::Client;
use crate::terminal::LEAVE;
use crate::writer::Writer;

/// A pager at work.
pub(super) struct Paging {
    child: Child,
    /// Gone when all was written, or nobody reads it.
    text: Option<Writer>,
    stream: StreamId,
}

impl Client<'_> {
    pub(super) fn ask_for_log(&mut self) {
        if self.paging.is_none() {
            self.tell(KeeperMessage::ShowLog(ShowLog {}));
        }
    }

    /// Gives the terminal to the pager; without one, what comes is passed over.
    pub(super) fn open_pager(&mut self, stream: u64) {
        let stream = StreamId::from_number(stream);
        self.lift();
        let shown = self.local.as_ref().is_some_and(|local| local.is_shown());
        let line = self.plan.pager.as_ref().filter(|_| shown && self.paging.is_none());
        let Some(line) = line else { return self.driver.link.abandon(stream) };
        self.uncover();
        let spawned = Command::new("/bin/sh")
            .arg("-c")
            .arg(line)
            .stdin(Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        let Ok(mut child) = spawned else { return self.driver.link.abandon(stream) };
        let text =
            child.stdin.take().and_then(|stdin| Writer::new(stdin.into_owned_fd().ok()?).ok());
        self.stdout.put(Bytes::from_static(LEAVE));
        self.local.iter_mut().for_each(|local| local.release());
        self.paging = Some(Paging { child, text, stream });
    }

    /// Passes text on to the pager.
    pub(super) fn feed_pager(&mut self, now: Moment) {
        let Some(paging) = &mut self.paging else { return };
        while let Some(text) = paging.text.as_mut().filter(|text| text.has_room()) {
            if text.is_broken() {
                paging.text = None;
                break;
            }
            match self.driver.link.read(now, paging.stream) {
                Read::Bytes(bytes) => text.put(bytes),
                Read::End => paging.text = None,
                Read::Nothing => break,
            }
        }
    }

    /// Waits until the pager is done, or takes more.
    pub(super) async fn pager_ready(paging: &mut Option<Paging>) -> bool {
        let Some(paging) = paging else { return std::future::pending().await };
        let Paging { child, text, .. } = paging;
        let room = async {
            match text {
                Some(text) => text.progress().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // However it ended, it is over.
            _ = child.wait() => true,
            () = room => false,
        }
    }

    /// The terminal is ours again.
    pub(super) fn close_pager(&mut self) -> std::io::Result<()> {
        let Some(paging) = self.paging.take() else { return Ok(()) };
        self.driver.link.abandon(paging.stream);
        if let Some(local) = &mut self.local {
            local.retake()?;
        }
        self.redraw();
        Ok(())
    }
}
