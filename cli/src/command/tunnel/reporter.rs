//! The voice of a link that nobody looks at: what it has to say goes to the tunnel's supervisor, as lines of
//! JSON on stdout. A supervisor that does not read is never waited for.

use std::os::fd::AsFd;

use abide_client::{CarrierNews, News, Notice, Voice};
use abide_openssh::{ListenPlace, SshEnding};
use abide_tunnel::{Carrier, Cause, LinkNews, MAX_LINE};

/// Of words for people, so many characters are told.
const MAX_WORDS: usize = 1000;

/// Writes to stdout.
pub(super) struct Reporter {
    carrier: Option<Carrier>,
    silent: bool,
    percent: Option<u64>,
    /// News were left out: where the link stands is told again first.
    owes: bool,
}

impl Reporter {
    pub(super) fn new() -> std::io::Result<Self> {
        abide_host::descriptors::set_nonblocking(std::io::stdout().as_fd(), true)?;
        Ok(Reporter { carrier: None, silent: false, percent: None, owes: false })
    }

    /// Tells it, unless the pipe is full: then it is left out.
    pub(super) fn send(&mut self, news: &LinkNews) {
        if self.owes {
            let state = if self.silent { LinkNews::Silent } else { LinkNews::Heard };
            let on = self.carrier.map(|carrier| LinkNews::On { carrier });
            self.owes = !(write(&state) && on.is_none_or(|on| write(&on)));
        }
        self.owes |= !write(news);
    }

    fn take(&mut self, news: News<'_>) -> Option<LinkNews> {
        Some(match news {
            News::Ready => LinkNews::Ready,
            News::Silent => {
                self.silent = true;
                LinkNews::Silent
            }
            News::Heard => {
                self.silent = false;
                LinkNews::Heard
            }
            News::On(CarrierNews::Local) => return None,
            News::On(CarrierNews::Ssh) => self.on(Carrier::Ssh),
            News::On(CarrierNews::Quic) => self.on(Carrier::Quic),
            News::SshFailed(ending) => LinkNews::SshFailed { cause: cause_of(ending.clone()) },
            News::NotOpened { why } => LinkNews::NotOpened { why: cut(why) },
            News::NotDialled { target } => LinkNews::NotDialled { target: target.to_owned() },
            News::Incoming { listen: ListenPlace::Port { port, .. }, allocated } => {
                LinkNews::Incoming { port: allocated.unwrap_or(*port) }
            }
            News::Incoming { listen: ListenPlace::Path(_), .. } => return None,
            News::Allocated { port, target } => {
                LinkNews::Allocated { port, target: target.to_owned() }
            }
            News::RemoteFailed { listen } => LinkNews::RemoteFailed { listen: listen.to_owned() },
        })
    }

    fn on(&mut self, carrier: Carrier) -> LinkNews {
        self.carrier = Some(carrier);
        LinkNews::On { carrier }
    }
}

/// Whether it was written, whole: a pipe takes a line of this length or nothing of it.
fn write(news: &LinkNews) -> bool {
    let Ok(mut line) = serde_json::to_vec(news) else { return true };
    line.push(b'\n');
    // One that is too long would be cut off, and so not understood.
    line.len() > MAX_LINE || rustix::io::write(std::io::stdout(), &line).is_ok()
}

/// What an ending of ssh's means for a tunnel.
pub(super) fn cause_of(ending: SshEnding) -> Cause {
    match Cause::of_ending(ending, "the connection ended") {
        Cause::Other { reason } => Cause::Other { reason: cut(&reason) },
        cause => cause,
    }
}

fn cut(words: &str) -> String {
    words.chars().take(MAX_WORDS).collect()
}

impl Voice for Reporter {
    fn tell(&mut self, notice: Notice<'_>) {
        let news = match notice {
            Notice::News(news) => self.take(news),
            Notice::Ssh(line) | Notice::Keeper(line) => Some(LinkNews::Said { line: cut(line) }),
            Notice::Upload { sent, total, .. } => {
                let percent = Some(sent * 100 / total.max(1));
                let fresh = std::mem::replace(&mut self.percent, percent) != percent;
                percent.filter(|_| fresh).map(|percent| LinkNews::Sending { percent })
            }
            // What it comes to is told when the keeper is there, or is not.
            Notice::PlaceFailed { .. } | Notice::Remark(_) => None,
        };
        if let Some(news) = news {
            self.send(&news);
        }
    }
}
