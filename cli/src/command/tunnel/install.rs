//! `abide tunnel install`: a hardened systemd unit, shown before it is written.

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use abide_tunnel::{Scope, Unit};

use super::TunnelArgs;
use crate::complaint::Complaint;
use crate::exit::Exit;
use crate::print;

/// Variables that a user's tunnel needs to sign in.
const CARRIED: [&str; 2] = ["SSH_AUTH_SOCK", "ABIDE_SSH"];

/// Shows it, asks, writes it.
pub(super) fn run(args: &TunnelArgs) -> Result<Exit, Complaint> {
    let tunnels = super::tunnels(args)?;
    let name = match (&args.name, &args.file) {
        (Some(name), _) => name.clone(),
        (None, Some(file)) => {
            abide_tunnel::name_of(&file.file_stem().unwrap_or_default().to_string_lossy())
        }
        (None, None) => tunnels[0].name.clone(),
    };
    let unit = unit(args, name)?;
    let text = unit.text();
    verify(&unit, &text)?;
    print::out(format!("# {}\n{text}", unit.path().display()));
    if !args.yes && !asked(&unit.path())? {
        print::note("not written");
        return Ok(Exit::NO);
    }
    write(&unit.path(), &text)?;
    let [reload, start] = unit.start_commands();
    print::note(format_args!("written; now: {reload} && {start}"));
    if unit.scope == Scope::User {
        print::note("it runs while you are signed in; for ever after: loginctl enable-linger");
    }
    Ok(Exit::OK)
}

fn unit(args: &TunnelArgs, name: String) -> Result<Unit, Complaint> {
    let me = abide_host::users::current();
    let system = args.system || (me.uid == 0 && !args.user);
    let user = std::env::var("SUDO_USER").ok().filter(|_| me.uid == 0).unwrap_or(me.name);
    let home = home_of(&user).unwrap_or(me.home);
    let scope = if system { Scope::System { user } } else { Scope::User };
    let carried = |name: &&str| Some(((*name).to_owned(), std::env::var_os(name)?));
    let variables = if system { Vec::new() } else { CARRIED.iter().filter_map(carried).collect() };
    Ok(Unit {
        name,
        scope,
        program: abide_host::process::exe_path()?,
        words: words(args)?,
        home,
        variables,
    })
}

/// What stands behind `abide tunnel` in the unit.
fn words(args: &TunnelArgs) -> Result<Vec<OsString>, Complaint> {
    let mut words: Vec<OsString> = Vec::new();
    let flags = [("--plain", args.plain), ("--no-udp", args.no_udp)];
    words.extend(flags.iter().filter(|(_, set)| *set).map(|(name, _)| OsString::from(name)));
    let mut set = |name: &str, value: Option<OsString>| {
        words.extend(value.into_iter().flat_map(|value| [name.into(), value]));
    };
    let span = |span: std::time::Duration| OsString::from(format!("{}s", span.as_secs()));
    set("--name", args.name.clone().map(OsString::from).filter(|_| args.file.is_none()));
    set("--udp-ports", args.udp_ports.clone().map(OsString::from));
    set("--max-lifetime", args.max_lifetime.map(span));
    set("--max-starts", args.max_starts.map(|count| count.to_string().into()));
    let probing = args.probe_every.map(|probing| match probing {
        super::Probing::Off => "off".into(),
        super::Probing::Every(every) => span(every),
    });
    set("--probe-every", probing);
    let file = args.file.as_ref().map(std::path::absolute).transpose()?;
    set("--file", file.map(PathBuf::into_os_string));
    words.extend(args.words.iter().cloned());
    Ok(words)
}

/// A user's home, as the file of users says.
fn home_of(user: &str) -> Option<PathBuf> {
    let text = std::fs::read_to_string("/etc/passwd").ok()?;
    let entry = text.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let entry = entry.into_iter().find(|entry| entry.first() == Some(&user))?;
    entry.get(5).map(PathBuf::from)
}

/// Asks systemd what it thinks of the unit, where it is installed.
fn verify(unit: &Unit, text: &str) -> Result<(), Complaint> {
    let directory = std::env::temp_dir().join(format!("abide-unit-{}", std::process::id()));
    std::fs::create_dir(&directory)?;
    let path = directory.join(unit.file_name());
    let manager = if unit.scope == Scope::User { "--user" } else { "--system" };
    let answer = std::fs::write(&path, text).and_then(|()| {
        Command::new("systemd-analyze").args(["verify", "--man=no", manager]).arg(&path).output()
    });
    let _ = std::fs::remove_dir_all(&directory);
    match answer {
        // Where there is no systemd-analyze, or none that can ask, nobody is asked.
        Err(_) => Ok(()),
        Ok(answer) => {
            let said = String::from_utf8_lossy(&answer.stderr);
            let about = said.lines().filter(|line| line.contains(&unit.file_name()));
            let about: Vec<&str> = about.collect();
            if about.is_empty() {
                return Ok(());
            }
            Err(Complaint::new("systemd does not accept this unit").because(about.join("\n")))
        }
    }
}

fn asked(path: &Path) -> Result<bool, Complaint> {
    if !std::io::stdin().is_terminal() {
        print::note("nobody can be asked: --yes writes it");
        return Ok(false);
    }
    let there = if path.exists() { "Replace" } else { "Write" };
    let mut stderr = std::io::stderr();
    write!(stderr, "{there} {}? [y/N] ", path.display())?;
    stderr.flush()?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}

fn write(path: &Path, text: &str) -> Result<(), Complaint> {
    let failed = |error: std::io::Error| {
        Complaint::new(format!("{} cannot be written", path.display())).because(error.to_string())
    };
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    abide_host::files::write_atomic(path, text.as_bytes(), 0o644).map_err(failed)
}
