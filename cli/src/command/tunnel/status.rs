//! `abide tunnel status`: all tunnels of this user, whichever process keeps them.

use std::time::Duration;

use abide_terms::print_span;
use abide_tunnel::status::{Heard, everywhere};
use abide_tunnel::{Carrier, SCHEMA, State, TunnelReport, Way};
use serde::Serialize;

use super::words;
use crate::complaint::Complaint;
use crate::exit::Exit;
use crate::print;

#[derive(Serialize)]
struct Listing<'a> {
    schema: u32,
    tunnels: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    pid: u32,
    #[serde(flatten)]
    tunnel: &'a serde_json::Value,
}

/// Prints them; 0 when there are some and all are up.
pub(super) fn run(json: bool) -> Result<Exit, Complaint> {
    let heard = everywhere(&super::directory()?);
    if json {
        let rows = heard.iter().flat_map(|process| {
            process.tunnels.iter().map(|tunnel| Row { pid: process.pid, tunnel })
        });
        let listing = Listing { schema: SCHEMA, tunnels: rows.collect() };
        let text = serde_json::to_string_pretty(&listing).map_err(std::io::Error::from)?;
        print::out(format!("{text}\n"));
    }
    let reports: Vec<TunnelReport> = heard.iter().flat_map(read).collect();
    if !json && reports.is_empty() {
        print::note("no tunnels are kept here");
    } else if !json {
        print::out(table(&reports));
    }
    let all_up = reports.iter().all(|report| report.state == State::Up);
    Ok(if all_up && !reports.is_empty() { Exit::OK } else { Exit::NO })
}

/// The tunnels of one process that are understood here.
fn read(process: &Heard) -> Vec<TunnelReport> {
    let read = |tunnel: &serde_json::Value| serde_json::from_value(tunnel.clone()).ok();
    process.tunnels.iter().filter_map(read).collect()
}

fn table(reports: &[TunnelReport]) -> String {
    let mut text = String::new();
    for report in reports {
        let since = print_span(Duration::from_secs(report.state_seconds));
        let starts =
            if report.starts == 1 { "1 start".into() } else { format!("{} starts", report.starts) };
        let (name, host, state) = (&report.name, &report.host, state(report.state));
        let next = match (report.state, report.next_seconds) {
            (State::Waiting, Some(seconds)) => {
                format!(", next try in {}", print_span(Duration::from_secs(seconds)))
            }
            _ => String::new(),
        };
        let way = way(report);
        text.push_str(&format!("{name} ({host}): {state} for {since}, {way}, {starts}{next}\n"));
        if let Some(why) = &report.plain_because {
            let why = why.replace('\n', "\n  ");
            text.push_str(&format!("  plain ssh, as no link is to be had:\n  {why}\n"));
        }
        for forward in &report.forwards {
            let answer = words::answer(&forward.answer, host);
            let ago = forward.probed_seconds_ago.map_or_else(String::new, |seconds| {
                format!(" ({} ago)", print_span(Duration::from_secs(seconds)))
            });
            text.push_str(&format!("  {}: {answer}{ago}\n", forward.forward));
        }
        if let Some(cause) = report.cause.as_ref().filter(|_| report.state != State::Up) {
            let words = words::of(cause, host).to_string().replace('\n', "\n  ");
            text.push_str(&format!("  {words}\n"));
        }
    }
    text
}

fn way(report: &TunnelReport) -> &'static str {
    match (report.way, report.carrier) {
        (Way::Plain, _) => "plain ssh",
        (Way::Link, None) => "a link",
        (Way::Link, Some(Carrier::Ssh)) => "a link over ssh",
        (Way::Link, Some(Carrier::Quic)) => "a link over QUIC",
    }
}

fn state(state: State) -> &'static str {
    match state {
        State::Starting => "starting",
        State::Up => "up",
        State::Degraded => "up, not passing bytes everywhere,",
        State::Outage => "waiting for the network, with its connections,",
        State::Waiting => "down",
        State::Stopping => "stopping",
        State::Ended => "ended",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use abide_tunnel::{Answer, Cause, ForwardReport};

    #[test]
    fn a_tunnel_that_is_down_says_why_and_when() {
        let report = TunnelReport {
            name: "gate".into(),
            host: "ann@gate".into(),
            state: State::Waiting,
            state_seconds: 75,
            way: Way::Plain,
            plain_because: None,
            carrier: None,
            starts: 3,
            ssh_pid: None,
            link_pid: None,
            cause: Some(Cause::RemoteListenerStale { listen: "8022".into() }),
            next_seconds: Some(9),
            forwards: vec![ForwardReport {
                forward: "-R 8022:localhost:22".into(),
                answer: Answer::Yes,
                probed_seconds_ago: Some(61),
            }],
        };
        let text = table(&[report]);
        assert!(
            text.starts_with(
                "gate (ann@gate): down for 1m15s, plain ssh, 3 starts, next try in 9s\n"
            ),
            "{text}"
        );
        assert!(text.contains("  -R 8022:localhost:22: passes bytes (1m1s ago)\n"), "{text}");
        assert!(text.contains("  error: a stale listener holds port 8022 on ann@gate\n"), "{text}");
    }
}
