//! The commands, one file each.

mod attach;
mod autossh;
pub(crate) mod compare;
mod demo;
mod end;
pub(crate) mod help;
mod keeper;
mod list;
mod log;
pub(crate) mod proxy;
mod session;
mod target;
pub(crate) mod timeouts;
pub(crate) mod tunnel;

use crate::args::{Own, Request, whole};
use crate::complaint::Complaint;
use crate::exit::Exit;
use crate::print;

/// Does what was asked for.
pub(crate) fn run(request: Request) -> Result<Exit, Complaint> {
    match request {
        Request::Session(args) => session::run(args),
        Request::Keeper(words) => keeper::run(&words),
        Request::TunnelLink(args) => tunnel::carry(*args),
        Request::Autossh(words) => autossh::run(words),
        Request::Print(text) => Ok(printed(&text)),
        Request::Own(own) => match *own {
            Own::Ls { json, place } => list::run(&place, json),
            Own::Attach { link, detach_others, place } => attach::run(link, detach_others, &place),
            Own::Detach { place } => end::run(end::What::Detach, &place),
            Own::End { place } => end::run(end::What::End, &place),
            Own::Proxy(args) => proxy::run(*args),
            Own::Log { lines, plain, place } => log::run(lines, plain, &place),
            Own::Tunnel(args) => tunnel::run(*args),
            Own::Timeouts { verb } => timeouts::run(&verb),
            Own::Compare(args) => compare::run(*args),
            Own::Demo { json } => demo::run(json),
            Own::Completions { shell } => {
                let mut text = Vec::new();
                clap_complete::generate(shell, &mut whole(), "abide", &mut text);
                print::out(text);
                Ok(Exit::OK)
            }
            Own::Man => {
                let mut text = Vec::new();
                clap_mangen::Man::new(whole()).render(&mut text)?;
                print::out(text);
                Ok(Exit::OK)
            }
        },
    }
}

fn printed(text: &str) -> Exit {
    print::out(text);
    Exit::OK
}
