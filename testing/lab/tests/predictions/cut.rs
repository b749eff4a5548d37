//! All pairs of a lab, one cut for all of them, and when each end gives up.

use std::os::fd::AsFd;
use std::time::Duration;

use abide_host::clock;
use abide_lab::{Direction, Namespace, World};
use abide_terms::Moment;
use abide_timeouts::{Side, Timer, Version};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::case::Case;
use crate::pair::{Pair, index};
use crate::table::Row;

/// How long all goes well before the cut: no keepalive may end a healthy connection.
const HEALTHY: Duration = Duration::from_millis(4_500);
/// How long after the cut is looked: what ends later counts as not at all.
pub(crate) const LOOK: Duration = Duration::from_secs(24);

/// Measures.
pub(crate) fn run(lab: &World, cases: &[&Case]) -> Vec<Row> {
    let (client, server) = versions();
    let numbered: Vec<(u16, Case)> = (0..).zip(cases.iter().map(|case| **case)).collect();
    let (short, lasting): (Vec<_>, Vec<_>) =
        numbered.into_iter().partition(|(_, case)| case.ends_healthy());
    let mut pairs = start(lab, &lasting);
    // What ends by itself comes last: its end must not fall into the start of others.
    pairs.extend(start(lab, &short));
    let mut ended = vec![[None; 2]; pairs.len()];
    wait(&pairs, &mut ended, clock::now() + HEALTHY, |_| false);
    for (pair, ended) in pairs.iter().zip(&ended) {
        let early = ended.iter().any(Option::is_some);
        assert_eq!(early, pair.case.ends_healthy(), "{:?} while all was well", pair.case);
    }
    for direction in [Direction::Up, Direction::Down] {
        lab.link().blackhole_direction(direction, true);
    }
    let cut = clock::now();
    let heard = [lab.client(), lab.server()].map(last_heard);
    let wanted = |ended: &[[Option<Moment>; 2]]| all_known(&pairs, ended);
    wait(&pairs, &mut ended, cut + LOOK, wanted);
    let mut order: Vec<usize> = (0..pairs.len()).collect();
    order.sort_by_key(|at| pairs[*at].port);
    let rows = order.into_iter().flat_map(|at| {
        let (pair, ended) = (&pairs[at], &ended[at]);
        let heard = &heard;
        pair.case.sides.iter().map(move |side| {
            let firing = pair.case.predicted(*side, client, server);
            let kernels = firing.as_ref().is_some_and(|it| it.timer == Timer::TcpRetransmission);
            let from = match () {
                () if pair.case.ends_healthy() => pair.ready,
                // It counts from the first bytes that nobody acknowledged, which are sent at once.
                () if kernels => cut,
                () => of_port(&heard[index(*side)], pair.port).unwrap_or(cut),
            };
            let measured = ended[index(*side)].map(|at| at.since(from));
            Row { case: pair.case, side: *side, predicted: firing, measured }
        })
    });
    rows.collect()
}

/// Starts pairs, all at once.
fn start(lab: &World, cases: &[(u16, Case)]) -> Vec<Pair> {
    std::thread::scope(|scope| {
        let start = |(number, case): &(u16, Case)| {
            let (number, case) = (*number, *case);
            scope.spawn(move || Pair::start(lab, case, number))
        };
        let starting: Vec<_> = cases.iter().map(start).collect();
        starting.into_iter().map(|pair| pair.join().unwrap()).collect()
    })
}

/// Whether the wait may end early: no row is left that may still end within the look.
fn all_known(pairs: &[Pair], ended: &[[Option<Moment>; 2]]) -> bool {
    pairs
        .iter()
        .zip(ended)
        .all(|(pair, ended)| pair.case.sides.iter().all(|side| ended[index(*side)].is_some()))
}

/// Notes ends until then, or until enough is known.
fn wait(
    pairs: &[Pair],
    ended: &mut [[Option<Moment>; 2]],
    until: Moment,
    enough: impl Fn(&[[Option<Moment>; 2]]) -> bool,
) {
    while clock::now() < until && !enough(ended) {
        let open: Vec<(usize, usize)> = (0..pairs.len())
            .flat_map(|pair| [(pair, 0), (pair, 1)])
            .filter(|(pair, side)| ended[*pair][*side].is_none())
            .collect();
        let mut fds: Vec<PollFd<'_>> = open
            .iter()
            .map(|(pair, side)| {
                PollFd::from_borrowed_fd(pairs[*pair].ends[*side].as_fd(), PollFlags::IN)
            })
            .collect();
        let rest = Timespec::try_from(until.since(clock::now())).unwrap();
        let _interrupted_is_as_good = poll(&mut fds, Some(&rest));
        let now = clock::now();
        for ((pair, side), fd) in open.iter().zip(&fds) {
            if !fd.revents().is_empty() {
                ended[*pair][*side] = Some(now);
            }
        }
    }
}

/// When each connection of a namespace last received data, by the kernel's own account. Asked after
/// the cut, so that nothing can come in between.
fn last_heard(namespace: &Namespace) -> Vec<(u16, u16, Moment)> {
    let before = clock::now();
    let output = namespace.command("ss").args(["-tinH", "state", "established"]).output().unwrap();
    let now = before + clock::now().since(before) / 2;
    let text = String::from_utf8(output.stdout).unwrap();
    let mut found = Vec::new();
    let mut ports = None;
    for line in text.lines() {
        if !line.starts_with(char::is_whitespace) {
            let mut places = line.split_whitespace().skip(2).map(port);
            ports = places.next().flatten().zip(places.next().flatten());
        }
        let silent = line.split_whitespace().find_map(|word| word.strip_prefix("lastrcv:"));
        if let (Some((here, there)), Some(silent)) = (ports, silent) {
            found.push((here, there, now - Duration::from_millis(silent.parse().unwrap())));
        }
    }
    found
}

fn port(place: &str) -> Option<u16> {
    place.rsplit_once(':')?.1.parse().ok()
}

fn of_port(heard: &[(u16, u16, Moment)], port: u16) -> Option<Moment> {
    let mut of = heard.iter().filter(|(here, there, _)| *here == port || *there == port);
    of.next().map(|(_, _, at)| *at)
}

/// The releases here. Debian builds both from one source.
pub(crate) fn versions() -> (Version, Version) {
    let output = std::process::Command::new("ssh").arg("-V").output().unwrap();
    let version = Version::parse(&String::from_utf8_lossy(&output.stderr)).expect("a release");
    (version, version)
}

/// The side's name for people.
pub(crate) const fn who(side: Side) -> &'static str {
    match side {
        Side::Client => "ssh",
        Side::Server => "sshd",
    }
}
