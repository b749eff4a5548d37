//! Tasks for people who work on abide: `cargo xtask <task>`. One file per task. Nothing here
//! ships, and nothing that ships depends on it.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod bench;
mod dist;
mod lab;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <task>

tasks:
  lab up [PROFILE]   a network on this machine, to play with by hand (root)
  lab sweep          remove what labs of dead processes left behind
  bench STAGE        abide beside ssh and mosh: typing, open, echo, throughput, idle, memory (root)
  dist               a release binary that runs on distributions back to glibc 2.17
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["lab", rest @ ..] => lab::run(rest),
        ["bench", rest @ ..] => bench::run(rest),
        ["dist"] => dist::run(),
        ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            Ok(())
        }
        _ => Err(USAGE.to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            eprintln!("{}", text.trim_end());
            ExitCode::FAILURE
        }
    }
}
