//! Forwards at the far end, for each client: connections that the client accepted are made here, ports that
//! it asks for are opened here. What the server permits was asked of its sshd by the client; a keeper is
//! the user's own process, and does what any program of theirs may do.

use std::net::SocketAddr;
use std::path::PathBuf;

use abide_forward::{Dial, Forwards, Kind, Listener, Report, Told, UnixPlace, Wished, words};
use abide_link::{LinkEvent, StreamId};
use abide_session::{
    AGENT_LISTENER, Addresses, ClientMessage, ConnectTo, Cut, Host, Listen, ListenAt, Listening,
    SocketPath,
};
use abide_terms::Moment;

use super::Keeper;
use crate::attachment::Attachment;

/// Permissions that the agent's socket does not get.
const OTHERS: u32 = 0o177;

impl Keeper {
    pub(super) fn on_forward(&mut self, now: Moment, (tag, happened): Told) {
        let client = self.attachments.iter_mut().find(|(known, _)| known.0 == tag);
        // Of a client that was dismissed meanwhile nothing is left to move.
        if let Some((_, client)) = client {
            client.forwards.handle(now, &mut client.driver.link, happened);
        }
    }

    /// Where the first client's ssh-agent is reached, if the session has it.
    pub(super) fn agent_path(&self) -> Option<PathBuf> {
        let folder = self.start.agent.then(abide_host::local::runtime_dir)?.ok()?;
        Some(folder.join(format!("{}.agent", self.id)))
    }

    pub(super) fn act_on_forwards(&mut self, now: Moment, index: usize) {
        self.attachments[index].1.act_on_forwards(now);
    }
}

impl Attachment {
    /// Bytes came or were acknowledged.
    pub(super) fn move_forwarded(&mut self, now: Moment, event: &LinkEvent, stream: StreamId) {
        let link = &mut self.driver.link;
        match event {
            _ if !Forwards::is_forward(stream) => {}
            LinkEvent::Readable(_) => self.forwards.handle_readable(now, link, stream),
            _ => self.forwards.handle_writable(link, stream),
        }
    }

    /// Leads connections to the client's ssh-agent, as long as this client is there.
    pub(super) fn serve_agent(&mut self, path: PathBuf) {
        let place = UnixPlace { path, unlink: true, mask: OTHERS };
        let listens = Listener::unix(&place)
            .and_then(|listener| self.forwards.listen(AGENT_LISTENER, listener, Kind::Plain));
        if let Err(error) = listens {
            tracing::warn!(%error, "no socket for the agent");
        }
    }

    fn act_on_forwards(&mut self, now: Moment) {
        while let Some(report) = self.forwards.poll_report() {
            match report {
                Report::Accepted(accepted) => {
                    let to = match &accepted.wanted {
                        Some(wanted) => ConnectTo::Host(Host {
                            host: wanted.host.clone(),
                            port: u32::from(wanted.port),
                        }),
                        None => ConnectTo::Listener(accepted.listener),
                    };
                    let link = &mut self.driver.link;
                    self.forwards.open(now, link, *accepted, to, String::new());
                }
                Report::Wanted(stream, to) => self.connect(now, stream, to),
                Report::Cut(stream) => {
                    self.tell(ClientMessage::Cut(Cut { stream: stream.number() }));
                }
                Report::Listening(listener, bound) => self.tell_listening(listener, bound),
                // The client knows why: it was it that refused.
                Report::Refused { .. } | Report::NotDialled { .. } => {}
                // Displays are at the near end alone.
                Report::Wrong(_) => {}
            }
        }
    }

    fn connect(&mut self, now: Moment, stream: StreamId, to: ConnectTo) {
        let (dial, words) = match to {
            ConnectTo::Host(Host { host, port }) => match u16::try_from(port) {
                Ok(port) => (Dial::Host(host.clone(), port), format!("{host}:{port}")),
                Err(_) => {
                    let why = format!("connect failed: there is no port {port}");
                    return self.forwards.refuse(now, &mut self.driver.link, stream, why);
                }
            },
            ConnectTo::Path(path) => (Dial::Path(path.clone().into()), path),
            ConnectTo::Listener(_) => {
                let why = "the near end has no listeners of the far end";
                return self.forwards.refuse(now, &mut self.driver.link, stream, why);
            }
        };
        self.forwards.dial(stream, dial, words);
    }

    pub(super) fn on_cut(&mut self, cut: &Cut) {
        let stream = StreamId::from_number(cut.stream);
        self.forwards.handle_cut(&mut self.driver.link, stream);
    }

    pub(super) fn listen(&mut self, listen: &Listen) {
        let number = listen.listener;
        let kind = if listen.socks { Kind::Socks } else { Kind::Plain };
        match &listen.at {
            Some(ListenAt::Look(port)) => {
                let port = u16::try_from(*port).unwrap_or(0);
                let seen = abide_host::listening::own_listeners(port);
                let seen = seen.iter().map(SocketAddr::to_string).collect();
                self.tell_listening(number, Ok(seen));
            }
            Some(ListenAt::Addresses(Addresses { addresses })) => {
                let parsed: Result<Vec<SocketAddr>, _> =
                    addresses.iter().map(|text| text.parse()).collect();
                match parsed {
                    Ok(addresses) => {
                        self.forwards.listen_when_free(number, Wished::Addresses(addresses), kind);
                    }
                    Err(error) => self.tell_listening(number, Err(std::io::Error::other(error))),
                }
            }
            Some(ListenAt::Path(SocketPath { path, mask })) => {
                // sshd has just made that socket by the user's own rules, and leaves it behind.
                let place = UnixPlace { path: path.into(), unlink: true, mask: *mask };
                self.forwards.listen_when_free(number, Wished::Unix(place), kind);
            }
            None => {
                let error = std::io::Error::other("unknown kind of listener");
                self.tell_listening(number, Err(error));
            }
        }
    }

    fn tell_listening(&mut self, listener: u64, bound: std::io::Result<Vec<String>>) {
        let listening = match bound {
            Ok(addresses) => Listening { listener, failed: None, addresses },
            Err(error) => {
                Listening { listener, failed: Some(words(&error)), addresses: Vec::new() }
            }
        };
        self.tell(ClientMessage::Listening(listening));
    }
}
