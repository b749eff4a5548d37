//! `abide`: the only place that reads the command line, speaks to people and exits.

mod agent;
mod args;
mod background;
mod command;
mod complaint;
mod config;
mod demo;
mod display;
mod exit;
mod explain;
mod log;
mod own_proxy;
mod planning;
mod print;
mod road;
mod voice;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    let answer = args::read(&arguments).and_then(command::run);
    answer.unwrap_or_else(|complaint| complaint.report()).into()
}
