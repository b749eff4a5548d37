//! Keeps tunnels up and says on stderr what happens to them.

use std::time::Duration;

use abide_tunnel::{Cause, Fleet, FleetError, News, Outcome, Tunnel, Way};

use super::words;
use crate::complaint::Complaint;
use crate::exit::Exit;
use crate::planning;
use crate::print;

/// Runs until each has ended.
pub(super) fn run(tunnels: Vec<Tunnel>) -> Result<Exit, Complaint> {
    let hosts: Vec<(String, String)> =
        tunnels.iter().map(|it| (it.name.clone(), it.words.host.clone())).collect();
    let several = tunnels.len() > 1;
    let verbose = |tunnel: &Tunnel| tunnel.words.as_given().iter().any(|word| word == "-v");
    let verbose = tunnels.iter().any(verbose);
    let told = {
        let hosts = hosts.clone();
        move |name: &str, news: &News| {
            if matches!(news, News::Said(_)) && !verbose {
                return;
            }
            let host = hosts.iter().find(|(known, _)| known == name).map(|(_, host)| host);
            say(name, host.map_or(name, String::as_str), news);
        }
    };
    let microseconds = std::env::var("WATCHDOG_USEC").ok().and_then(|text| text.parse().ok());
    let for_us = std::env::var("WATCHDOG_PID").ok();
    let for_us = for_us.is_none_or(|pid| pid == std::process::id().to_string());
    let fleet = Fleet {
        tunnels,
        ssh: planning::ssh(),
        directory: super::directory()?,
        notify_socket: std::env::var_os("NOTIFY_SOCKET"),
        watchdog: microseconds.filter(|_| for_us).map(Duration::from_micros),
        told: Box::new(told),
    };
    let outcomes = abide_tunnel::run(fleet).map_err(refused)?;
    let mut exit = Exit::OK;
    for (name, outcome) in &outcomes {
        let host = hosts.iter().find(|(known, _)| known == name).map(|(_, host)| host.as_str());
        let host = host.unwrap_or(name);
        match outcome {
            Outcome::Stopped => print::note(format_args!("abide: tunnel {name} was ended")),
            Outcome::Lifetime => {
                print::note(format_args!("abide: tunnel {name} has lived as long as it may"));
            }
            Outcome::Starts { .. } => {
                print::note(format_args!("abide: tunnel {name} has used up its starts"));
            }
            Outcome::GaveUp(cause) if several => {
                print::note(format_args!("abide: tunnel {name}:\n{}", words::of(cause, host)));
            }
            Outcome::GaveUp(cause) => print::note(words::of(cause, host)),
        }
        if exit == Exit::OK {
            exit = status(outcome);
        }
    }
    Ok(exit)
}

/// The exit status of a tunnel that ended so; docs/autossh.md lists them.
fn status(outcome: &Outcome) -> Exit {
    let cause = match outcome {
        Outcome::Stopped | Outcome::Lifetime => return Exit::OK,
        Outcome::Starts { .. } => return Exit::of_command(3),
        Outcome::GaveUp(cause) => cause,
    };
    match cause {
        Cause::CommandLine { .. } => Exit::USAGE,
        Cause::Authentication { .. } => Exit::of_command(4),
        Cause::HostKeyChanged { .. } | Cause::HostKeyUnknown => Exit::of_command(5),
        Cause::LocalPortTaken { .. } => Exit::of_command(6),
        Cause::Settings { .. } | Cause::NoAlgorithm { .. } | Cause::NoSsh { .. } => {
            Exit::of_command(7)
        }
        _ => Exit::FAILED,
    }
}

fn refused(error: FleetError) -> Complaint {
    let complaint = Complaint::new(error.to_string());
    match error {
        FleetError::Kept { .. } => complaint
            .because("one tunnel of a name at a time, or they would fight for its ports")
            .try_this("abide tunnel status"),
        FleetError::Io(_) => complaint,
        FleetError::TooMany(_) | FleetError::SameName(_) => complaint.exit(Exit::USAGE),
    }
}

fn say(name: &str, host: &str, news: &News) {
    match news {
        News::Started { count, way } => {
            let what = match way {
                Way::Plain => "ssh",
                Way::Link => "a link",
            };
            let which = if *count == 1 { String::new() } else { format!(" (start {count})") };
            print::note(format_args!("abide: tunnel {name}: starting {what}{which}"));
        }
        News::Unfit { why } => print::note(format_args!(
            "abide: tunnel {name}: no link is to be had there; plain ssh instead\n{why}"
        )),
        News::Outage => print::note(format_args!(
            "abide: tunnel {name}: no answer; its connections wait for the network"
        )),
        News::Back { seconds } => {
            let span = abide_terms::print_span(Duration::from_secs((*seconds).max(1)));
            print::note(format_args!("abide: tunnel {name}: back after {span}"));
        }
        News::Up => print::note(format_args!("abide: tunnel {name} is up")),
        News::Probed { forward, answer } => {
            let answer = words::answer(answer, host);
            print::note(format_args!("abide: tunnel {name}: {forward}: {answer}"));
        }
        News::Wrong { cause, next_seconds } => {
            let next = next_seconds.map_or(String::new(), |seconds| {
                let span = abide_terms::print_span(Duration::from_secs(seconds.max(1)));
                format!(" is down; next try in {span}")
            });
            print::note(format_args!("abide: tunnel {name}{next}\n{}", words::of(cause, host)));
        }
        // Only with -v: what it means follows in our words.
        News::Said(line) => print::note(format_args!("ssh: {line}")),
    }
}
