//! ssh and the relay while they run: everything that happens comes in through one queue, and ends up
//! as state here. Dropping it ends ssh by its own process descriptor.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::os::fd::OwnedFd;
use std::process::{ChildStdin, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;

use abide_host::clock;
use abide_relay::{End, Event, Family, FarSettings, Fate, Recogniser, Relay, What};
use abide_terms::Moment;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::ssh::{Command, MARKER};
use crate::complaint::Complaint;
use crate::print;

/// Happenings that wait to be looked at; more packets than these at once are not seen.
const MAX_WAITING: usize = 8_192;
/// Lines of ssh's that are kept, the last ones.
const MAX_LINES: usize = 64;
/// Bytes of a line of ssh's that are kept.
const MAX_LINE: u64 = 4_096;
/// How long ssh may take to end when asked.
const END_LIMIT: Timespec = Timespec { tv_sec: 2, tv_nsec: 0 };

enum Happening {
    Relay(Event),
    Ready,
    Said(String),
    SaidAll,
    Exited(Moment, ExitStatus),
}

/// ssh behind a relay. Pairs have the client first.
pub(super) struct Running {
    /// The idle command is there.
    pub(super) ready: bool,
    /// The relay found no way to the server: why.
    pub(super) no_way: Option<String>,
    /// The server's first line.
    pub(super) banner: Option<String>,
    /// When each end last heard something.
    pub(super) heard: [Moment; 2],
    /// When each end hung up.
    pub(super) closed: [Option<Moment>; 2],
    /// Packets that each end sent after the cut.
    pub(super) held: [u32; 2],
    /// ssh's end.
    pub(super) exited: Option<(Moment, ExitStatus)>,
    /// It has closed its stderr.
    pub(super) said_all: bool,
    /// Where packets of the idle session go.
    pub(super) packets: Option<Recogniser>,
    lines: VecDeque<String>,
    inbox: Receiver<Happening>,
    process: OwnedFd,
    waiter: Option<JoinHandle<()>>,
    /// Held open: the idle command waits for its end.
    _stdin: Option<ChildStdin>,
    relay: Relay,
}

impl Running {
    /// Starts the relay, then ssh.
    pub(super) fn start(command: &Command) -> Result<Self, Complaint> {
        let (post, inbox) = sync_channel(MAX_WAITING);
        let family = match command.family {
            abide_openssh::AddressFamily::Any => Family::Any,
            abide_openssh::AddressFamily::V4 => Family::V4,
            abide_openssh::AddressFamily::V6 => Family::V6,
        };
        let settings = FarSettings { family, keepalive: command.keepalive() };
        let to = post.clone();
        // The relay must not wait for us; beyond the queue's end a packet is not seen.
        let relay = Relay::start(settings, move |event| drop(to.try_send(Happening::Relay(event))));
        let relay = relay.map_err(|error| {
            Complaint::new("the relay cannot be started").because(error.to_string())
        })?;
        let mut ssh = command.to(relay.address(), relay.pass());
        ssh.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = ssh.spawn()?;
        // Not waited for yet, so the number is still this process's.
        let process =
            pidfd_open(Pid::from_child(&child), PidfdFlags::empty()).map_err(|error| {
                let _ = child.kill();
                let _ = child.wait();
                std::io::Error::from(error)
            })?;
        let stdin = child.stdin.take();
        if let Some(stdout) = child.stdout.take() {
            listen(stdout, post.clone(), |line| (line == MARKER).then_some(Happening::Ready), None);
        }
        if let Some(stderr) = child.stderr.take() {
            listen(
                stderr,
                post.clone(),
                |line| Some(Happening::Said(line.to_owned())),
                Some(Happening::SaidAll),
            );
        }
        let waiter = std::thread::spawn(move || {
            if let Ok(status) = child.wait() {
                let _nobody_looks_any_more = post.send(Happening::Exited(clock::now(), status));
            }
        });
        let now = clock::now();
        Ok(Running {
            ready: false,
            no_way: None,
            banner: None,
            heard: [now; 2],
            closed: [None; 2],
            held: [0; 2],
            exited: None,
            said_all: false,
            packets: None,
            lines: VecDeque::new(),
            inbox,
            process,
            waiter: Some(waiter),
            _stdin: stdin,
            relay,
        })
    }

    /// Waits for one happening until then, and takes it.
    pub(super) fn next(&mut self, until: Moment) -> Result<(), RecvTimeoutError> {
        let happening = self.inbox.recv_timeout(until.since(clock::now()))?;
        match happening {
            Happening::Ready => self.ready = true,
            Happening::Exited(at, status) => self.exited = Some((at, status)),
            Happening::Said(line) => self.hear(line),
            Happening::SaidAll => self.said_all = true,
            Happening::Relay(event) => self.take(event),
        }
        Ok(())
    }

    /// Cuts the line; packets that passed before it have been taken when this returns.
    pub(super) fn cut(&mut self) {
        self.relay.cut();
        let now = clock::now();
        while self.next(now).is_ok() {}
    }

    /// When the last packet passed.
    pub(super) fn last_packet(&self) -> Moment {
        self.heard[0].max(self.heard[1])
    }

    /// Who hung up first.
    pub(super) fn first_to_close(&self) -> Option<End> {
        match self.closed {
            [Some(client), Some(server)] if client < server => Some(End::Client),
            [_, Some(_)] => Some(End::Server),
            [Some(_), None] => Some(End::Client),
            [None, None] => None,
        }
    }

    /// What ssh said.
    pub(super) fn words(&self) -> String {
        self.lines.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    }

    /// The last thing it said.
    pub(super) fn last_words(&self) -> String {
        self.lines.back().cloned().unwrap_or_default()
    }

    /// Until the session is there, what ssh says is for the person: a key wants to be touched.
    fn hear(&mut self, line: String) {
        if !self.ready {
            print::note(&line);
        }
        if self.lines.len() == MAX_LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    fn take(&mut self, event: Event) {
        let at = event.at;
        match event.what {
            What::Opened => {}
            What::NoWay(reason) => self.no_way = Some(reason),
            What::Banner { by: End::Server, line } => self.banner = Some(line),
            What::Banner { by: End::Client, .. } => {}
            What::Bytes { direction, count, fate: Fate::Passed } => {
                let by = direction.sender();
                self.heard[index(by.other())] = at;
                if let Some(packets) = &mut self.packets {
                    packets.see(by, at, count);
                }
            }
            What::Bytes { direction, fate: Fate::Held, .. } => {
                let held = &mut self.held[index(direction.sender())];
                *held = held.saturating_add(1);
            }
            What::Closed { by, .. } => self.closed[index(by)] = Some(at),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Nobody may wait for us to take what it posts.
        drop(std::mem::replace(&mut self.inbox, sync_channel(1).1));
        // It may be gone already. ssh gives its terminal back on this signal.
        let _ = pidfd_send_signal(&self.process, Signal::TERM);
        let mut end = [PollFd::new(&self.process, PollFlags::IN)];
        if poll(&mut end, Some(&END_LIMIT)) != Ok(1) {
            let _ = pidfd_send_signal(&self.process, Signal::KILL);
        }
        if let Some(waiter) = self.waiter.take() {
            let _ = waiter.join();
        }
    }
}

const fn index(end: End) -> usize {
    match end {
        End::Client => 0,
        End::Server => 1,
    }
}

/// Reads lines in a thread of their own and posts what becomes of them, and then the end.
fn listen(
    from: impl Read + Send + 'static,
    post: SyncSender<Happening>,
    make: impl Fn(&str) -> Option<Happening> + Send + 'static,
    end: Option<Happening>,
) {
    std::thread::spawn(move || {
        let mut from = BufReader::new(from);
        let mut line = Vec::new();
        // A line longer than the limit is taken in pieces.
        while matches!((&mut from).take(MAX_LINE).read_until(b'\n', &mut line), Ok(1..)) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            if make(&text).is_some_and(|it| post.send(it).is_err()) {
                return;
            }
            line.clear();
        }
        if let Some(end) = end {
            let _nobody_looks_any_more = post.send(end);
        }
    });
}
