//! What the kernel does about bytes that nobody acknowledges, about peers that say nothing, and
//! about servers that do not answer. Linux; numbers of Documentation/networking/ip-sysctl.rst.

use std::time::Duration;

use crate::alive::{Alive, value};
use crate::predict::Prediction;
use crate::{
    Effect, Flow, Kernel, Limit, Reason, Route, Setup, Side, Switch, Timer, Traffic, When,
};

/// First pause before bytes are sent again where the round trip is short: TCP_RTO_MIN plus what
/// the clock and a delayed acknowledgement add. 943 s and 947 s were measured until the end; 0.22 s
/// gives 945 s.
pub const SHORT_RTO: Duration = Duration::from_millis(220);
/// TCP_RTO_MIN, with which the kernel computes its limit whatever the round trip.
const RTO_MIN: Duration = Duration::from_millis(200);
/// TCP_TIMEOUT_INIT: first pause between two attempts to connect.
const FIRST_SYN: Duration = Duration::from_secs(1);
/// More retries than the kernel allows (tcp_retries2 is a byte): larger ones count as this.
const MAX_RETRIES: u32 = 255;

/// How long unacknowledged bytes are sent again before the connection ends: at the first
/// retransmission due after tcp_retries2's "hypothetical timeout" (924.6 s for 15).
pub fn retransmission(retries2: u32, longest_pause: Duration) -> When {
    let limit = hypothetical(retries2.min(MAX_RETRIES), longest_pause);
    let likely = first_due_after(limit, SHORT_RTO, longest_pause);
    When { earliest: limit, likely, latest: limit.saturating_add(longest_pause) }
}

/// tcp_model_timeout (net/ipv4/tcp_timer.c): doubling pauses up to the longest, then that one.
fn hypothetical(retries: u32, longest: Duration) -> Duration {
    (0..=retries).map(|n| pause(n, RTO_MIN, longest)).sum()
}

/// When the retransmission falls that finds the limit passed. The kernel counts from the first
/// retransmission.
fn first_due_after(limit: Duration, first: Duration, longest: Duration) -> Duration {
    let mut at = first;
    for n in 1..=MAX_RETRIES {
        at = at.saturating_add(pause(n, first, longest));
        if at.saturating_sub(first) >= limit {
            break;
        }
    }
    at
}

/// The n-th pause, counted from 0.
pub(crate) fn pause(n: u32, first: Duration, longest: Duration) -> Duration {
    first.saturating_mul(1u32.checked_shl(n).unwrap_or(u32::MAX)).min(longest)
}

/// How long ssh's kernel tries to reach one address: with tcp_syn_retries 6 and 4 linear tries
/// before them 131 s, without them 127 s.
pub fn connecting(syn_retries: u32, linear: u32) -> Duration {
    let doubling = 1u64.checked_shl(syn_retries.saturating_add(1)).map_or(u64::MAX, |it| it - 1);
    FIRST_SYN.saturating_mul(linear).saturating_add(Duration::from_secs(doubling))
}

/// When TCP's keepalive gives up on a silent peer: the default 7200 s + 9 x 75 s is 2 h 11 m 15 s.
pub fn keepalive(kernel: &Kernel) -> Result<Limit, Reason> {
    let time = *value(&kernel.keepalive_time)?;
    let every = value(&kernel.keepalive_interval)?.duration().unwrap_or_default();
    let probes = *value(&kernel.keepalive_probes)?;
    Ok(match time {
        Limit::Off => Limit::Off,
        Limit::After(time) => Limit::After(time.saturating_add(every.saturating_mul(probes))),
    })
}

/// How long a kernel sends unacknowledged bytes again.
///
/// # Errors
/// The reason why a value was not checked.
pub fn patience(kernel: &Kernel) -> Result<(Timer, When), Reason> {
    if let Limit::After(limit) = value(&kernel.user_timeout)? {
        return Ok((Timer::TcpUserTimeout, When::exactly(*limit)));
    }
    let longest = value(&kernel.rto_max)?.duration().unwrap_or(Duration::from_secs(120));
    Ok((Timer::TcpRetransmission, retransmission(*value(&kernel.retries2)?, longest)))
}

/// A side's kernel and whether it asks idle peers (`TCPKeepAlive`).
pub(crate) fn side_of(setup: &Setup, side: Side) -> (&Kernel, Result<Switch, Reason>) {
    match side {
        Side::Client => (&setup.client_kernel, value(&setup.client.tcp_keep_alive).copied()),
        Side::Server => (&setup.server_kernel, value(&setup.server.tcp_keep_alive).copied()),
    }
}

/// ssh's bytes go through another process: what its socket does is not known here.
pub(crate) fn is_proxied(setup: &Setup, side: Side) -> Option<Reason> {
    let proxy = || Reason::NotTold("the proxy's own connection".to_owned());
    match value(&setup.client.route) {
        Ok(Route::Proxied(_)) if side == Side::Client => Some(proxy()),
        Err(reason) if side == Side::Client => Some(reason),
        _ => None,
    }
}

/// Adds what a side's kernel does about a silence.
pub(crate) fn silence(setup: &Setup, side: Side, traffic: Traffic, found: &mut Prediction) {
    if let Some(reason) = is_proxied(setup, side) {
        return found.not_known(Timer::TcpRetransmission, side, reason);
    }
    let (kernel, asks) = side_of(setup, side);
    match first_unacknowledged(setup, side, traffic) {
        Err(reason) => found.not_known(Timer::TcpRetransmission, side, reason),
        Ok(None) => quiet(kernel, asks, side, None, found),
        Ok(Some(sent)) => {
            quiet(kernel, asks, side, Some(sent), found);
            match patience(kernel) {
                Ok((timer, after)) => {
                    found.fires(timer, side, after.later_by(sent), Effect::EndsConnection);
                }
                Err(reason) => found.not_known(Timer::TcpRetransmission, side, reason),
            }
        }
    }
}

/// When this side first sends something that nobody will acknowledge, counted from the last byte
/// that it received; `None`: it sends nothing. Where it is not known that the side's keepalive asks
/// nothing, nothing is known here.
pub(crate) fn first_unacknowledged(
    setup: &Setup,
    side: Side,
    traffic: Traffic,
) -> Result<Option<Duration>, Reason> {
    let own = traffic.from(side);
    if own != Flow::None {
        return Ok(Some(Duration::ZERO));
    }
    Alive::of(setup, side).map(|alive| alive.first_probe(own))
}

/// The kernel asks an idle peer, as long as nothing of its own waits for an acknowledgement
/// (tcp_keepalive_timer in net/ipv4/tcp_timer.c).
fn quiet(
    kernel: &Kernel,
    asks: Result<Switch, Reason>,
    side: Side,
    busy_from: Option<Duration>,
    found: &mut Prediction,
) {
    let after = match asks {
        Ok(Switch::Off) => return,
        Ok(Switch::On) => keepalive(kernel),
        Err(reason) => Err(reason),
    };
    match after {
        Ok(Limit::After(after)) if busy_from.is_none_or(|busy| after < busy) => {
            let after = When::exactly(after);
            found.fires(Timer::TcpKeepAlive, side, after, Effect::EndsConnection);
        }
        Ok(_) => {}
        Err(_) if busy_from == Some(Duration::ZERO) => {}
        Err(reason) => found.not_known(Timer::TcpKeepAlive, side, reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: Duration = Duration::from_secs(120);

    #[test]
    fn fifteen_retries_are_what_was_measured() {
        let after = retransmission(15, LONGEST);
        assert_eq!(after.earliest, Duration::from_millis(924_600)); // ip-sysctl.rst
        // 943 s with a client that types, 947 s with a server that prints.
        assert!((943.0..=947.5).contains(&after.likely.as_secs_f64()), "{after:?}");
    }

    #[test]
    fn eight_retries_are_about_a_hundred_seconds() {
        // "RFC 1122 recommends at least 100 seconds for the timeout, which corresponds to a value
        // of at least 8." (ip-sysctl.rst)
        let after = retransmission(8, LONGEST);
        assert!((100.0..=103.0).contains(&after.earliest.as_secs_f64()), "{after:?}");
        assert!(after.likely >= after.earliest && after.likely <= after.latest);
    }

    #[test]
    fn absurd_retries_end_all_the_same() {
        assert!(retransmission(u32::MAX, LONGEST).latest < Duration::from_secs(40_000));
    }

    #[test]
    fn connecting_takes_what_the_kernel_documents() {
        assert_eq!(connecting(6, 4), Duration::from_secs(131)); // ip-sysctl.rst, Linux 6.5
        assert_eq!(connecting(6, 0), Duration::from_secs(127));
        assert_eq!(connecting(u32::MAX, 0), Duration::from_secs(u64::MAX));
    }
}
