//! Running ssh again for a link that lost its carriers: silently in the background, or in the
//! foreground when it has to ask the person.

use std::time::Duration;

use abide_carrier::{GreetingError, Pipe, greet};
use abide_link::handshake::HandshakeError;
use abide_link::{CarrierKind, LinkKey};
use abide_openssh::{Bring, RetryAdvice, SshEnding};
use abide_terms::{EndingCode, LinkId};
use tokio::process::Child;
use tokio::sync::mpsc;

use crate::connect::{ConnectError, Opened, Questions, open};
use crate::plan::{Notice, Voice, Way};

/// How long TCP and banner may take, at least: the kernel repeats a lost SYN after one second and then
/// after two more, so that a new attempt asks sooner than a longer one would.
const CONNECT_LEAST: Duration = Duration::from_secs(2);
/// The same where a proxy has to log in elsewhere first.
const CONNECT_LEAST_PROXY: Duration = Duration::from_secs(10);
/// How many round trips they may take.
const CONNECT_ROUND_TRIPS: u32 = 8;
/// How long a login may take beside that; one that hangs (ConnectTimeout does not cover the key
/// exchange) must not stand in the way of the next.
const LOGIN_LEAST: Duration = Duration::from_secs(8);
/// How many round trips it may take: four times the usual.
const LOGIN_ROUND_TRIPS: u32 = 60;

/// What an attempt needs.
pub(crate) struct Again {
    /// Which attempt it is; its outcome is told under this number.
    pub(crate) number: u64,
    pub(crate) way: Way,
    pub(crate) session: String,
    pub(crate) link: (LinkId, LinkKey),
    pub(crate) rtt: Option<Duration>,
    /// By how much to be more patient than usual.
    pub(crate) patience: u32,
}

/// What an attempt came to.
pub(crate) enum Attempted {
    /// A new pipe of the link.
    Joined { child: Box<Child>, pipe: Box<Pipe>, questions: Option<Questions> },
    /// Nothing. `needs_user`: ssh would have had to ask.
    Failed { needs_user: bool, ending: Option<SshEnding> },
    /// Nothing either: the server was reached, and the rest took too long.
    Stalled,
    /// The server is there, the session is not.
    SessionGone,
}

/// Runs ssh once without asking anybody anything.
pub(crate) async fn run_ssh_again(again: Again, done: mpsc::UnboundedSender<(u64, Attempted)>) {
    let Again { number, way, session, link, rtt, patience } = again;
    let rtt = rtt.unwrap_or_default();
    let least = if way.effective.proxy.is_some() { CONNECT_LEAST_PROXY } else { CONNECT_LEAST };
    let connect = least.max(rtt * CONNECT_ROUND_TRIPS) * patience;
    let login = LOGIN_LEAST.max(rtt * LOGIN_ROUND_TRIPS) * patience;
    let bring = Bring::Again { connect_timeout: connect.as_secs() as u32 };
    tracing::info!(?connect, "running ssh");
    let mut mute = Mute;
    let attempt = attempt(&way, &session, &link, bring, &mut mute);
    let attempted = tokio::time::timeout(connect + login, attempt).await;
    // The client may have ended meanwhile.
    let _ = done.send((number, attempted.unwrap_or(Attempted::Stalled)));
}

/// Runs ssh in the foreground: it may ask.
pub(crate) async fn sign_in(
    way: &Way,
    session: &str,
    link: &(LinkId, LinkKey),
    voice: &mut dyn Voice,
) -> Attempted {
    attempt(way, session, link, Bring::First, voice).await
}

async fn attempt(
    way: &Way,
    session: &str,
    link: &(LinkId, LinkKey),
    bring: Bring,
    voice: &mut dyn Voice,
) -> Attempted {
    let args = ["keeper", "resume", session].map(str::to_owned).to_vec();
    match open(way, args, bring, voice).await {
        Ok(opened) => join(opened, link).await,
        Err(error) => {
            tracing::info!(%error, "ssh failed");
            let ConnectError::Ssh(ending) = error else { return failed() };
            match ending {
                SshEnding::BannerTimeout => Attempted::Stalled,
                _ => Attempted::Failed {
                    needs_user: ending.retry(true) != RetryAdvice::Later,
                    ending: Some(ending),
                },
            }
        }
    }
}

async fn join(opened: Opened, (link, key): &(LinkId, LinkKey)) -> Attempted {
    let Opened { child, read, write, rest, questions } = opened;
    let Ok(mut pipe) = Pipe::new(read, write, CarrierKind::SshPipe, &rest) else {
        return failed();
    };
    match greet(&mut pipe, key, *link).await {
        Ok(()) => Attempted::Joined { child: Box::new(child), pipe: Box::new(pipe), questions },
        Err(GreetingError::Handshake(HandshakeError::Refused { code, .. }))
            if code == EndingCode::UnknownLink.number() =>
        {
            Attempted::SessionGone
        }
        Err(error) => {
            tracing::info!(%error, "the link was not resumed");
            failed()
        }
    }
}

fn failed() -> Attempted {
    Attempted::Failed { needs_user: false, ending: None }
}

/// Says nothing: the outage line speaks.
struct Mute;

impl Voice for Mute {
    fn tell(&mut self, _: Notice<'_>) {}
}
