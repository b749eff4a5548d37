//! Clients come and go: who is let in, what each is told first, and who has to make room.

use std::time::Duration;

use abide_carrier::quic::PublicKey;
use abide_carrier::{Driver, LinkTag, Parts, Pipe};
use abide_forward::Forwards;
use abide_link::{Link, LinkKey, Role};
use abide_session::{
    Attach, ClientMessage, Opening, OpeningAnswer, Quic, RefusalCode, Refused, Terminal, Welcome,
    encode,
};
use abide_terms::{Blame, Ending, EndingCode, LinkId, Moment};

use super::Keeper;
use crate::attachment::Attachment;
use crate::lingering;
use crate::program::{describe, refused};

/// Clients of one session. At it, the one that is silent longest makes room.
const ATTACHMENTS_MAX: usize = 16;
/// How long CLOSE frames and refusals get to reach their clients.
pub(super) const CLOSING_FOR: Duration = Duration::from_secs(1);

impl Keeper {
    pub(super) fn on_attach(&mut self, now: Moment, attach: Attach, pipe: Pipe) {
        while self.refused.try_join_next().is_some() {}
        if let Err(refusal) = self.admit(now, attach, pipe) {
            let (refusal, pipe) = *refusal;
            tracing::warn!(evidence = refusal.evidence, "client refused");
            let opening = Opening { answer: Some(OpeningAnswer::Refused(refusal)) };
            self.refused.spawn(async move {
                // Who was refused may be gone.
                let _ = pipe.write_all(&encode(&opening)).await;
            });
        }
    }

    fn admit(
        &mut self,
        now: Moment,
        attach: Attach,
        pipe: Pipe,
    ) -> Result<(), Box<(Refused, Pipe)>> {
        let fresh = self.program.is_none() && self.finished_at.is_none();
        if fresh {
            if let Err(refusal) = self.start_program() {
                self.finished_at = Some(now);
                return Err(Box::new((refusal, pipe)));
            }
        } else if self.canvas.is_none() {
            let evidence =
                format!("session {} runs `{}` without a terminal", self.id, describe(&self.start));
            return Err(Box::new((refused(RefusalCode::NotShareable, evidence), pipe)));
        }
        if attach.displace {
            self.detach_all(now, EndingCode::Displaced, &attach.client);
        }
        self.make_room(now);
        self.welcome(now, attach, pipe, fresh);
        Ok(())
    }

    /// Makes a link for a client. `fresh`: it is the session's first.
    fn welcome(&mut self, now: Moment, attach: Attach, pipe: Pipe, fresh: bool) {
        let link_id = LinkId(abide_host::random::bytes());
        let key = LinkKey::from_bytes(abide_host::random::bytes());
        let client_key = PublicKey::from_slice(&attach.public_key);
        self.keys.admit(link_id, key.clone(), client_key);
        let asks_display = if fresh { self.display.is_some() } else { attach.display.is_some() };
        let quic = client_key.and_then(|_| self.quic());
        let pipe =
            pipe.with_opening(encode(&self.opening(link_id, &key, quic, (fresh, asks_display))));
        let link = Link::new(Role::Keeper, u64::from_be_bytes(abide_host::random::bytes()));
        let tag = LinkTag(self.next_tag);
        self.next_tag += 1;
        let driver = Driver::new(link, tag, self.outlets.carriers.clone());
        let shared = self.canvas.as_ref().map(|_| attach.pacing());
        let Attach { client: name, terminal, .. } = attach;
        let forwards = Forwards::new(Role::Keeper, tag.0, self.outlets.forwards.clone());
        let mut client = Attachment::new(link_id, driver, name, terminal.clone(), shared, forwards);
        client.driver.join(now, Parts::Pipe(pipe), true);
        if !fresh {
            self.show_all(&mut client, terminal.as_ref());
        } else if let Some(path) = self.agent_path() {
            client.serve_agent(path);
        }
        if asks_display {
            self.lead_display_to(tag, &mut client);
        }
        tracing::info!(client = client.name(), link = %link_id, "attached");
        client.driver.pump(now);
        self.attachments.push((tag, client));
        self.leader = Some(tag);
    }

    fn opening(
        &self,
        link: LinkId,
        key: &LinkKey,
        quic: Option<Quic>,
        (fresh, asks_display): (bool, bool),
    ) -> Opening {
        let user = fresh.then(abide_host::users::current);
        let mut notices = user.map(|user| lingering::warnings(&user)).unwrap_or_default();
        notices.extend(self.shortcoming.clone().filter(|_| fresh));
        if asks_display && self.display.is_none() {
            let id = self.id;
            notices.push(format!(
                "session {id} was started without X11 forwarding: it has no display"
            ));
        }
        let welcome = Welcome {
            session: self.id.to_string(),
            name: self.start.name.clone(),
            link: link.0.to_vec(),
            key: key.as_bytes().to_vec(),
            quic,
            release: env!("CARGO_PKG_VERSION").to_owned(),
            terminal: self.canvas.is_some(),
            notices,
            connected: self.connection.as_ref().map(|it| it.to.clone()).unwrap_or_default(),
            display: self.display_given(asks_display).map(Box::new),
        };
        Opening { answer: Some(OpeningAnswer::Welcome(welcome)) }
    }

    /// Opens the output of a client that comes to a session which is under way, in its size.
    fn show_all(&mut self, client: &mut Attachment, terminal: Option<&Terminal>) {
        let Some(canvas) = &mut self.canvas else { return };
        if let Some(terminal) = terminal
            && canvas.resize(terminal)
        {
            self.program.iter().for_each(|program| program.resize(terminal));
            self.attachments.iter_mut().for_each(|(_, other)| other.tell_size(terminal));
        }
        client.show_all(canvas);
        self.reading.iter().for_each(|reading| client.tell(ClientMessage::Reading(*reading)));
    }

    /// Drops the client that is silent longest when there are too many.
    fn make_room(&mut self, now: Moment) {
        if self.attachments.len() < ATTACHMENTS_MAX {
            return;
        }
        let silence =
            |(_, client): &(LinkTag, Attachment)| client.driver.link.silent_since().unwrap_or(now);
        let longest =
            (0..self.attachments.len()).min_by_key(|index| silence(&self.attachments[*index]));
        if let Some(index) = longest {
            let evidence = format!("{ATTACHMENTS_MAX} clients are attached");
            let ending = Ending::new(EndingCode::Displaced, Blame::AnotherClient, evidence);
            self.dismiss(now, index, ending);
        }
    }

    pub(super) fn dismiss(&mut self, now: Moment, index: usize, ending: Ending) {
        let (_, mut client) = self.attachments.remove(index);
        tracing::info!(client = client.name(), %ending, "detached");
        self.keys.dismiss(client.link);
        if client.driver.link.ending().is_none() {
            client.close(now, ending);
            self.closing.push_back((now + CLOSING_FOR, client));
        }
    }

    pub(super) fn detach_all(&mut self, now: Moment, code: EndingCode, by: &str) {
        for index in (0..self.attachments.len()).rev() {
            self.dismiss(now, index, Ending::new(code, Blame::AnotherClient, by));
        }
    }
}
