//! Asks the server's own sshd whether it permits a forward: over the very connection that it authenticated
//! for this session, by the socket on which our ssh serves questions. So whatever the administrator set
//! (AllowTcpForwarding, PermitOpen, PermitListen, GatewayPorts, DisableForwarding) and whatever stands in
//! authorized_keys (restrict, permitopen, permitlisten) counts for a link as it does for ssh.
//!
//! Nothing is cached here, and nothing is decided without an answer.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use abide_openssh::{
    ChannelAnswer, ListenPlace, MuxAnswer, SessionPart, Target, channel_close, channel_open,
    mux_close_remote, mux_hello, mux_open_remote, mux_proxy, next_mux_message, read_channel_answer,
    read_mux_answer, session_open, session_request,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::mpsc;

/// How long sshd may take to answer. It connects to the target first, where it permits only some.
const ANSWER_WITHIN: Duration = Duration::from_secs(75);
/// Questions that wait at once. At it, further ones wait in the client.
const ASKED_MAX: usize = 256;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Question {
    /// May connections be opened to any host and port?
    Anywhere,
    /// May one be opened there? Where not everything is permitted, sshd is made to try.
    Open(Target),
    /// Listen there, for the forward of that number; the listener stays until `Unlisten`.
    Listen(u64, ListenPlace, Target),
    /// Listen there no more.
    Unlisten(u64, ListenPlace, Target),
    /// May a session have that? It has, in one where nothing runs, until `EndSession`.
    Session(SessionPart),
    /// End that session.
    EndSession,
}

/// What sshd said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It does it; for `Listen` the port, when it chose one.
    Permitted(Option<u16>),
    /// It does not: its words.
    Refused(String),
    /// It could not be asked: the connection is gone, or there never was one that answers.
    Unasked(String),
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) question: Question,
    pub(crate) verdict: Verdict,
}

/// Where questions are put; the ssh behind it is that of one carrier.
#[derive(Debug)]
pub(crate) struct Gate {
    questions: mpsc::Sender<Question>,
}

impl Gate {
    /// Asks through the ssh that serves at `path`; answers go to `answers`.
    pub(crate) fn new(path: PathBuf, answers: mpsc::UnboundedSender<Answer>) -> Self {
        let (questions, asked) = mpsc::channel(ASKED_MAX);
        tokio::spawn(serve(path, asked, answers));
        Gate { questions }
    }

    /// Puts a question. `false`: nobody is there to answer, or too many wait.
    pub(crate) fn ask(&self, question: Question) -> bool {
        self.questions.try_send(question).is_ok()
    }
}

/// Answers questions until the gate or ssh is gone. What is under way then is answered as unasked.
async fn serve(
    path: PathBuf,
    mut asked: mpsc::Receiver<Question>,
    answers: mpsc::UnboundedSender<Answer>,
) {
    // One proxy for good: OpenSSH up to 9.9 ends when one leaves after a channel that was not opened.
    let mut proxy = None;
    while let Some(question) = asked.recv().await {
        let answer = async {
            match &question {
                Question::Anywhere => anywhere(connected(&mut proxy, &path).await?).await,
                Question::Open(target) => open(connected(&mut proxy, &path).await?, target).await,
                Question::Listen(_, listen, target) => {
                    remote(&path, mux_open_remote(listen, target)).await
                }
                Question::Unlisten(_, listen, target) => {
                    remote(&path, mux_close_remote(listen, target)).await
                }
                Question::Session(part) => {
                    session(connected(&mut proxy, &path).await?, *part).await
                }
                Question::EndSession => end_session(connected(&mut proxy, &path).await?).await,
            }
        };
        let verdict = tokio::time::timeout(ANSWER_WITHIN, answer).await;
        let verdict = verdict.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        let lost = verdict.is_err();
        let verdict = verdict.unwrap_or_else(|error| Verdict::Unasked(error.to_string()));
        // The client lives as long as its gates.
        let _ = answers.send(Answer { question, verdict });
        if lost {
            return;
        }
    }
}

/// A connection on which answers are channel messages.
#[derive(Debug)]
struct Proxy {
    mux: Mux,
    channels: u32,
    /// The session that was opened for a question, by the server's number.
    session: Option<u32>,
}

async fn connected<'a>(
    proxy: &'a mut Option<Proxy>,
    path: &std::path::Path,
) -> io::Result<&'a mut Proxy> {
    if proxy.is_none() {
        let mut mux = Mux::connect(path).await?;
        match mux.exchange(mux_proxy()).await? {
            MuxAnswer::Proxied => *proxy = Some(Proxy { mux, channels: 0, session: None }),
            other => return Err(unexpected(&format!("{other:?}"))),
        }
    }
    proxy.as_mut().ok_or_else(|| unexpected("no proxy"))
}

/// Two hosts that nobody can have named, at two ports: whoever permits these permits all. They are too
/// long for the domain name system, so that no resolver is troubled, and say in sshd's log what they are.
async fn anywhere(proxy: &mut Proxy) -> io::Result<Verdict> {
    for _ in 0..2 {
        let random: [u8; 16] = abide_host::random::bytes();
        let hex: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let host = format!("abide-asks-whether-any-destination-is-permitted-{hex}");
        let port = u16::from_be_bytes([random[0], random[1]]).max(1);
        let verdict = open(proxy, &Target::Host { host, port }).await?;
        if !matches!(verdict, Verdict::Permitted(_)) {
            return Ok(verdict);
        }
    }
    Ok(Verdict::Permitted(None))
}

/// Permitted is also what sshd permitted and could not reach: the keeper finds out for itself.
async fn open(proxy: &mut Proxy, target: &Target) -> io::Result<Verdict> {
    let number = proxy.channels;
    proxy.channels += 1;
    let Some(question) = channel_open(number, target) else {
        return Ok(Verdict::Refused("it leads nowhere".into()));
    };
    proxy.mux.stream.write_all(&question).await?;
    loop {
        let message = proxy.mux.next().await?;
        match read_channel_answer(&message) {
            Some(ChannelAnswer::Opened { ours, theirs }) if ours == number => {
                proxy.mux.stream.write_all(&channel_close(theirs)).await?;
                return Ok(Verdict::Permitted(None));
            }
            Some(ChannelAnswer::Unreached { ours, why }) if ours == number => {
                // sshd tells a policy from a socket that is not there only for TCP.
                return Ok(match target {
                    Target::Path(_) => Verdict::Refused(why),
                    Target::Host { .. } | Target::Socks => Verdict::Permitted(None),
                });
            }
            Some(ChannelAnswer::Prohibited { ours, why }) if ours == number => {
                return Ok(Verdict::Refused(format!("administratively prohibited: {why}")));
            }
            Some(_) => {}
            None => return Err(unexpected("a malformed message")),
        }
    }
}

/// Opens a session beside the one that carries the link, and asks for a part of it.
async fn session(proxy: &mut Proxy, part: SessionPart) -> io::Result<Verdict> {
    let number = proxy.channels;
    proxy.channels += 1;
    proxy.mux.stream.write_all(&session_open(number)).await?;
    loop {
        let message = proxy.mux.next().await?;
        match read_channel_answer(&message) {
            Some(ChannelAnswer::Opened { ours, theirs }) if ours == number => {
                proxy.session = Some(theirs);
                proxy.mux.stream.write_all(&session_request(theirs, part)).await?;
            }
            Some(
                ChannelAnswer::Unreached { ours, why } | ChannelAnswer::Prohibited { ours, why },
            ) if ours == number => return Ok(Verdict::Refused(why)),
            Some(ChannelAnswer::Granted { ours }) if ours == number => {
                return Ok(Verdict::Permitted(None));
            }
            Some(ChannelAnswer::Denied { ours }) if ours == number => {
                end_session(proxy).await?;
                return Ok(Verdict::Refused("request failed".to_owned()));
            }
            Some(_) => {}
            None => return Err(unexpected("a malformed message")),
        }
    }
}

async fn end_session(proxy: &mut Proxy) -> io::Result<Verdict> {
    if let Some(theirs) = proxy.session.take() {
        proxy.mux.stream.write_all(&channel_close(theirs)).await?;
    }
    Ok(Verdict::Permitted(None))
}

async fn remote(path: &std::path::Path, question: Vec<u8>) -> io::Result<Verdict> {
    let mut mux = Mux::connect(path).await?;
    match mux.exchange(question).await? {
        MuxAnswer::Done => Ok(Verdict::Permitted(None)),
        MuxAnswer::RemotePort(port) => Ok(Verdict::Permitted(Some(port))),
        MuxAnswer::Failed(why) => Ok(Verdict::Refused(why)),
        other => Err(unexpected(&format!("{other:?}"))),
    }
}

fn unexpected(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("ssh answered {what}"))
}

/// One connection to the ssh that serves.
#[derive(Debug)]
struct Mux {
    stream: UnixStream,
    buffer: Vec<u8>,
}

impl Mux {
    async fn connect(path: &std::path::Path) -> io::Result<Self> {
        let mut mux = Mux { stream: UnixStream::connect(path).await?, buffer: Vec::new() };
        match mux.exchange(mux_hello()).await? {
            MuxAnswer::Hello => Ok(mux),
            other => Err(unexpected(&format!("{other:?}"))),
        }
    }

    async fn exchange(&mut self, question: Vec<u8>) -> io::Result<MuxAnswer> {
        self.stream.write_all(&question).await?;
        let message = self.next().await?;
        read_mux_answer(&message).ok_or_else(|| unexpected("an unknown message"))
    }

    async fn next(&mut self) -> io::Result<Vec<u8>> {
        loop {
            match next_mux_message(&mut self.buffer) {
                Ok(Some(message)) => return Ok(message),
                Ok(None) => {}
                Err(length) => return Err(unexpected(&format!("a message of {length} bytes"))),
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}
