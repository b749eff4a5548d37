//! The effective values of a configuration for one connection, by OpenSSH's rules.

use crate::client::Client;
use crate::client_match::short;
use crate::outcome::Outcome;
use crate::reader::Reader;
use crate::server::Server;
use crate::spec;
use crate::{
    ClientContext, Context, Dialect, Files, Keyword, Origin, Resolved, Root, Setting, tokens,
};

/// Reads the roots in order, with everything that they include, as `ssh` or `sshd` does for this
/// connection. Client roots are those of `ssh`: the user's file, then the system's; or the one of
/// `-F` alone. Never fails: what is wrong is in [`Resolved::troubles`].
pub fn resolve(roots: &[Root], context: &Context, files: &dyn Files) -> Resolved {
    match context {
        Context::Client(context) => client(roots, context, files),
        Context::Server(context) => {
            let server = Server::read(roots, context, files);
            let outcome = server.ledger.finish(Dialect::Server);
            complete(Dialect::Server, outcome, Vec::new(), server.reader)
        }
    }
}

fn client(roots: &[Root], context: &ClientContext, files: &dyn Files) -> Resolved {
    let client = Client::read(roots, context, files);
    let host = client.host_name();
    let mut outcome = client.ledger.finish(Dialect::Client);
    adjust(&mut outcome.settings, context, &host);
    let own = vec![
        default_setting(Keyword::USER, context.local_user.clone()),
        default_setting(Keyword::HOSTNAME, host),
    ];
    complete(Dialect::Client, outcome, own, client.reader)
}

fn default_setting(keyword: Keyword, value: String) -> Setting {
    Setting { keyword, value, raw: String::new(), origin: Origin::Default }
}

/// What `ssh` changes after reading: names and paths with tokens, descriptor passing, forwards.
fn adjust(settings: &mut Vec<Setting>, context: &ClientContext, host: &str) {
    let value_of = |settings: &[Setting], keyword| {
        let found = settings.iter().find(|setting| setting.keyword == keyword);
        found.map(|setting| setting.value.clone())
    };
    let user = value_of(settings, Keyword::USER).unwrap_or_else(|| context.local_user.clone());
    let port = value_of(settings, Keyword::PORT).unwrap_or_else(|| "22".to_owned());
    let alias = value_of(settings, Keyword::HOST_KEY_ALIAS);
    let clears = value_of(settings, Keyword::CLEAR_ALL_FORWARDINGS).as_deref() == Some("yes");
    if clears {
        const FORWARDS: [Keyword; 3] =
            [Keyword::LOCAL_FORWARD, Keyword::REMOTE_FORWARD, Keyword::DYNAMIC_FORWARD];
        settings.retain(|setting| !FORWARDS.contains(&setting.keyword));
    }
    let jumps = value_of(settings, Keyword::PROXY_JUMP).is_some_and(|jump| jump != "none");
    let home = context.home.to_string_lossy().into_owned();
    let token = |token| match token {
        'd' => Some(home.clone()),
        'h' => Some(host.to_owned()),
        'i' => context.uid.map(|uid| uid.to_string()),
        'k' => Some(alias.clone().unwrap_or_else(|| context.host.clone())),
        'l' => context.local_host.clone(),
        'L' => context.local_host.as_deref().map(|host| short(host).to_owned()),
        'n' => Some(context.host.clone()),
        'p' => Some(port.clone()),
        'r' => Some(user.clone()),
        'u' => Some(context.local_user.clone()),
        _ => None,
    };
    for setting in settings {
        let value = &setting.value;
        let changed = match setting.keyword {
            Keyword::HOSTNAME => Some(host.to_owned()),
            Keyword::REMOTE_COMMAND => tokens::expand(value, token).ok(),
            Keyword::CONTROL_PATH => tokens::expand(&at_home(value, &home), token).ok(),
            Keyword::TUNNEL if clears => Some("false".to_owned()),
            Keyword::PROXY_USE_FDPASS if jumps => Some("no".to_owned()),
            _ => None,
        };
        setting.value = changed.unwrap_or_else(|| value.clone());
    }
}

fn at_home(path: &str, home: &str) -> String {
    match path.strip_prefix("~/") {
        Some(rest) => format!("{home}/{rest}"),
        None => path.to_owned(),
    }
}

/// Adds what nobody set, and what was in vain.
fn complete(dialect: Dialect, outcome: Outcome, own: Vec<Setting>, reader: Reader<'_>) -> Resolved {
    let mut settings = outcome.settings.clone();
    let defaults = spec::table(dialect).iter().filter_map(|spec| {
        let known = spec.since.is_none_or(|since| reader.release >= since);
        let default = spec.default.filter(|_| known)?;
        Some(default_setting(Keyword::of(spec), default.to_owned()))
    });
    for setting in own.into_iter().chain(defaults) {
        if !settings.iter().any(|known| known.keyword == setting.keyword) {
            let value = quirk(&setting, &settings).unwrap_or(setting.value);
            settings.push(Setting { value, ..setting });
        }
    }
    let shadowed = outcome.shadowed(&settings);
    Resolved {
        dialect,
        settings,
        shadowed,
        doubts: outcome.doubts,
        troubles: reader.troubles,
        files: reader.opened,
    }
}

/// A default that depends on another setting: Debian's `ssh` probes every 300 s in batch mode.
fn quirk(setting: &Setting, settings: &[Setting]) -> Option<String> {
    let batch = settings.iter().find(|setting| setting.keyword == Keyword::BATCH_MODE);
    (setting.keyword == Keyword::SERVER_ALIVE_INTERVAL
        && batch.is_some_and(|one| one.value == "yes"))
    .then(|| "300".to_owned())
}
