//! `abide proxy --install HOST` and `--uninstall HOST`: the ProxyCommand in the user's own ssh_config,
//! by the ways of `abide timeouts set`: difference shown, checked by `ssh -G`, journalled, undoable.

use std::ffi::OsString;

use abide_openssh::Proxy;
use abide_settings::{
    About, ClientPlace, Place, PlanError, Planned, Reading, Wanted, change, plan, stands,
};
use abide_sshconf::{Keyword, Scope, Target};
use abide_store::{OperationId, Standing};

use super::ProxyArgs;
use super::line::Line;
use crate::command::target::read_host;
use crate::command::timeouts::{
    agree, described, difference, done, ledger, not_changed, not_planned, not_readable, place_for,
    take_back,
};
use crate::complaint::Complaint;
use crate::exit::Exit;
use crate::own_proxy::is_own;
use crate::print;

/// Puts the line in.
pub(super) fn install(args: &ProxyArgs) -> Result<Exit, Complaint> {
    let place = place(args)?;
    let now = Now::read(&place)?;
    if now.fdpass {
        return Err(Complaint::new(format!("ssh takes {} from a program already", place.host))
            .because("ProxyUseFdpass is yes: it passes a connection on, and abide passes bytes")
            .try_this("ProxyUseFdpass no for that host, and a ProxyCommand that passes bytes"));
    }
    let program = abide_host::process::exe_path()?;
    let config = place.given_config();
    if now.installed().is_some_and(holds_a_way) {
        print::note(format_args!(
            "abide: {} is reached so already; nothing was changed",
            place.host
        ));
        return Ok(Exit::OK);
    }
    let line = Line {
        program: &program,
        alias: &place.host,
        config: config.as_deref(),
        proxy: now.kept(),
        link: &args.link,
    };
    set(args, &place, Some(line.value()))
}

/// Takes it out: what was there before comes back, as far as it is known.
pub(super) fn uninstall(args: &ProxyArgs) -> Result<Exit, Complaint> {
    let place = place(args)?;
    let now = Now::read(&place)?;
    let Some(line) = now.installed() else {
        print::note(format_args!("abide: {} is not reached by abide proxy", place.host));
        return Ok(Exit::NO);
    };
    if let Some(id) = installed_by(&place)? {
        if args.dry_run {
            print::note(format_args!(
                "abide: change {id} would be taken back; nothing was changed (--dry-run)"
            ));
            return Ok(Exit::OK);
        }
        take_back(id, args.yes)?;
        // It may have been installed again with other options: then that one goes too.
        let is_left = Now::read(&place)?.installed().is_some();
        return if is_left { uninstall(args) } else { Ok(Exit::OK) };
    }
    if holds_a_way(line) {
        return Err(Complaint::new("the way that was taken before stands in that line only")
            .because(format!("ProxyCommand {line}; its file was changed since it was installed"))
            .try_this(format!("an editor, for {}", place.config().display())));
    }
    set(args, &place, None)
}

/// What ssh does for a host at present.
struct Now {
    proxy: Option<Proxy>,
    fdpass: bool,
}

impl Now {
    fn read(place: &ClientPlace) -> Result<Self, Complaint> {
        place.readable(None).map_err(|error| not_readable(&error))?;
        let values = place.effective().map_err(|error| not_changed(&error))?;
        let value = |name: &str| {
            let found = values.iter().find(|(known, _)| known == name);
            found
                .map(|(_, value)| value.clone())
                .filter(|value| !value.is_empty() && value != "none")
        };
        let command = value("proxycommand").map(Proxy::Command);
        Ok(Now {
            proxy: command.or_else(|| value("proxyjump").map(Proxy::Jump)),
            fdpass: value("proxyusefdpass").is_some_and(|value| value == "yes"),
        })
    }

    /// The line that leads through `abide proxy`.
    fn installed(&self) -> Option<&str> {
        match &self.proxy {
            Some(proxy @ Proxy::Command(line)) if is_own(proxy) => Some(line),
            _ => None,
        }
    }

    /// Another way than abide's, which abide's own login is to take.
    fn kept(&self) -> Option<&Proxy> {
        self.proxy.as_ref().filter(|proxy| !is_own(proxy))
    }
}

/// Whether a line of ours is the only place where the way that was taken before stands.
fn holds_a_way(line: &str) -> bool {
    line.contains(" -J ") || line.contains("ProxyCommand=")
}

fn place(args: &ProxyArgs) -> Result<ClientPlace, Complaint> {
    let (invocation, more) = read_host(&args.place)?;
    let usage = |error: String, because: &str| {
        Complaint::new(error)
            .because(because)
            .try_this("abide proxy --install HOST")
            .exit(Exit::USAGE)
    };
    if !more.is_empty() {
        return Err(usage(
            format!("`{more}` is one word too many"),
            "a host is all that is read here",
        ));
    }
    let host = invocation.destination.host.to_string_lossy().into_owned();
    if host.contains(['*', '?', '!', ',', ' ']) {
        let because = "abide's own login needs the name of one host; a pattern is none";
        return Err(usage(format!("`{host}` is not one host"), because));
    }
    let mut passed = invocation.passed.iter();
    let mut flags: Vec<OsString> = Vec::new();
    while let Some(flag) = passed.next() {
        if flag != "-F" {
            let flag = flag.to_string_lossy();
            return Err(usage(
                format!("`{flag}` does not belong to --install"),
                "flags of single connections do not stand in ssh_config; only -F FILE is read here",
            ));
        }
        flags.extend([Some(flag.clone()), passed.next().cloned()].into_iter().flatten());
    }
    Ok(place_for(host, flags))
}

/// Sets ProxyCommand for the host, or takes the line out.
fn set(args: &ProxyArgs, place: &ClientPlace, value: Option<String>) -> Result<Exit, Complaint> {
    let (roots, context, files) = (place.roots(), place.context(), place.files());
    let reading = Reading { roots: &roots, context: &context, files: &files };
    let wanted = [Wanted { keyword: Keyword::PROXY_COMMAND, value }];
    let scope = Scope::Host(place.host.clone());
    let removes = wanted[0].value.is_none();
    let planned = match plan(reading, &wanted, &scope, &Target::Best) {
        // Of a ProxyCommand that is none `ssh -G` prints nothing.
        Ok(planned) if removes => Planned { expect: Vec::new(), ..planned },
        Ok(planned) => planned,
        Err(error @ PlanError::Nothing) => return not_planned(&error, ""),
        Err(error) => return not_planned(&error, &format!("ssh -G {}", place.host)),
    };
    print::out(difference(&planned.file.display().to_string(), &planned.before, &planned.after));
    if args.dry_run {
        print::note("abide: nothing was changed (--dry-run)");
        return Ok(Exit::OK);
    }
    if !args.yes {
        agree(&format!("Change {}?", planned.file.display()))?;
    }
    let about = About { place: described(place), settings: settings(&planned), undoes: None };
    let id = change(&ledger()?, place, &planned, about, &mut abide_store::unwatched)
        .map_err(|error| not_changed(&error))?;
    done(id, &planned);
    Ok(Exit::OK)
}

fn settings(planned: &Planned) -> Vec<String> {
    let line = |it: &abide_settings::ValueChange| match &it.will_be {
        Some(value) => format!("ProxyCommand {value}"),
        None => "ProxyCommand unset".to_owned(),
    };
    planned.values.iter().map(line).collect()
}

/// The change that put the line in, if the file is as that change left it.
fn installed_by(place: &ClientPlace) -> Result<Option<OperationId>, Complaint> {
    let ledger = ledger()?;
    let failed = |error: abide_store::JournalError| {
        Complaint::new("the journal of changes cannot be read").because(error.to_string())
    };
    let is_it = |about: &About| {
        let for_host = matches!(&about.place, Place::Client { host, .. } if *host == place.host);
        let proxy = |line: &String| {
            line.strip_prefix("ProxyCommand ")
                .is_some_and(|line| is_own(&Proxy::Command(line.to_owned())))
        };
        for_host && about.undoes.is_none() && about.settings.iter().any(proxy)
    };
    let records = ledger.list().map_err(failed)?.into_iter().flatten();
    let standing = records
        .filter(|record| is_it(&record.about) && matches!(stands(&ledger, record), Standing::Done));
    Ok(standing.last().map(|record| record.id))
}
