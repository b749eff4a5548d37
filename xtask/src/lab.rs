//! `cargo xtask lab`: a lab to play with by hand.

use std::io::{BufRead, Write};
use std::process::Command;

use abide_lab::{Lab, LabError, Profile};

const USAGE: &str =
    "usage: cargo xtask lab up [lan|wan100|lossy|evdo|sat600|bloat|sg-mit] | lab sweep";

/// Runs the task; the error is what to print.
pub(crate) fn run(words: &[&str]) -> Result<(), String> {
    match words {
        ["up"] => up("wan100"),
        ["up", profile] => up(profile),
        ["sweep"] => {
            let swept = Lab::sweep().map_err(|error| error.to_string())?;
            println!(
                "removed {}",
                if swept.is_empty() { "nothing".into() } else { swept.join(" ") }
            );
            Ok(())
        }
        _ => Err(USAGE.to_owned()),
    }
}

fn up(profile: &str) -> Result<(), String> {
    let profile = Profile::by_name(profile).ok_or(USAGE)?;
    let lab = Lab::up(profile).map_err(|error| explain(&error))?;
    lab.start_sshd("").map_err(|error| explain(&error))?;
    introduce(&lab, profile);
    converse(&lab).map_err(|error| format!("error: {error}"))
}

fn introduce(lab: &Lab, profile: Profile) {
    let config = lab.ssh_config_path().display();
    println!(
        "A {} link: client {} -> NAT -> link -> server {} with sshd.\n\n  \
         sudo ip netns exec {} ssh -F {config} lab\n  \
         sudo ip netns exec {} bash\n  \
         control socket: {}\n\n\
         Commands: `help` lists the lab's; `ssh [ARGS]` logs in from the client; `shell` is a\n\
         shell at the client; `down`, end of input or Ctrl-C removes everything.",
        profile.name(),
        lab.client_address().map_or("nowhere".to_owned(), |address| address.to_string()),
        lab.server_address(),
        lab.client().name(),
        lab.client().name(),
        lab.control_path().display(),
    );
}

fn converse(lab: &Lab) -> std::io::Result<()> {
    let mut lines = std::io::stdin().lock().lines();
    loop {
        print!("lab> ");
        std::io::stdout().flush()?;
        let Some(line) = lines.next().transpose()? else {
            println!();
            return Ok(());
        };
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [] => {}
            ["down" | "exit" | "quit"] => return Ok(()),
            ["shell"] => run_inside(lab.client().command("bash").arg("--norc")),
            ["ssh", rest @ ..] => {
                let mut ssh = lab.client().command("ssh");
                run_inside(ssh.arg("-F").arg(lab.ssh_config_path()).arg("lab").args(rest));
            }
            _ => match lab.obey(&line) {
                Ok(text) => print!("{text}"),
                Err(error) => println!("{}", explain(&error)),
            },
        }
    }
}

fn run_inside(command: &mut Command) {
    match command.status() {
        Ok(status) if status.success() => {}
        Ok(status) => println!("{status}"),
        Err(error) => println!("error: {error}"),
    }
}

fn explain(error: &LabError) -> String {
    match error {
        LabError::Missing { what, remedy } => format!("error: the lab needs {what}\ntry: {remedy}"),
        other => format!("error: {other}"),
    }
}
