//! A host for which ssh_config has `abide proxy` as its ProxyCommand, reached by abide itself: a link
//! needs no second link below it. Not what `abide proxy` does (`command/proxy`), but the way that its
//! line in ssh_config leads by.

use abide_openssh::{Effective, Invocation, Proxy};

use crate::complaint::Complaint;
use crate::explain;

/// Ways that lead to another `abide proxy`: more are a loop.
const DEPTH_MAX: usize = 4;

/// Words of `abide proxy` that are followed by a value which says nothing of the way.
const WITH_VALUE: [&str; 5] = ["--alias", "--udp-ports", "-F", "-l", "-p"];

/// Takes `abide proxy` out of the way to a host; what its line says of a jump host, of another
/// ProxyCommand or of other options holds from here on.
///
/// # Errors
/// When ssh does not accept the settings.
pub(crate) fn step_past(
    ssh: &std::ffi::OsString,
    invocation: &mut Invocation,
    mut effective: Effective,
) -> Result<Effective, Complaint> {
    for _ in 0..DEPTH_MAX {
        let Some(options) = effective.proxy.as_ref().and_then(way_of) else { break };
        put_first(invocation, &options);
        effective =
            abide_openssh::query(ssh, invocation).map_err(|error| explain::settings(&error))?;
    }
    Ok(effective)
}

/// ssh takes the first value of an option.
pub(crate) fn put_first(invocation: &mut Invocation, options: &[String]) {
    let words = options.iter().flat_map(|option| ["-o".into(), std::ffi::OsString::from(option)]);
    invocation.passed.splice(0..0, words);
}

/// Whether a proxy is `abide proxy`.
pub(crate) fn is_own(proxy: &Proxy) -> bool {
    words_of(proxy).is_some()
}

/// The options by which `abide proxy` itself would go; `None` if the proxy is something else.
fn way_of(proxy: &Proxy) -> Option<Vec<String>> {
    let words = words_of(proxy)?;
    let mut options = Vec::new();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        if WITH_VALUE.contains(&word.as_str()) {
            words.next();
        } else if let Some(joined) = word.strip_prefix("-o") {
            // Tokens in it are ssh's to fill in, here as there.
            options.extend(given(joined).or_else(|| words.next()));
        } else if let Some(joined) = word.strip_prefix("-J") {
            let hops = given(joined).or_else(|| words.next());
            options.extend(hops.map(|hops| format!("ProxyJump={}", hops.replace("%%", "%"))));
        } else if let Some(joined) = word.strip_prefix("-i") {
            let file = given(joined).or_else(|| words.next());
            options.extend(file.map(|file| format!("IdentityFile={file}")));
        }
    }
    if !options.iter().any(|option| is_proxy(option)) {
        options.push("ProxyCommand=none".to_owned());
    }
    Some(options)
}

fn given(joined: &str) -> Option<String> {
    (!joined.is_empty()).then(|| joined.to_owned())
}

fn is_proxy(option: &str) -> bool {
    let name = option.split(['=', ' ']).next().unwrap_or_default();
    ["ProxyCommand", "ProxyJump"].iter().any(|proxy| proxy.eq_ignore_ascii_case(name))
}

/// The words after `abide proxy`, under whatever path and with whatever words before it (`exec`,
/// variables). One that is not recognised stays in the way, and works.
fn words_of(proxy: &Proxy) -> Option<Vec<String>> {
    let Proxy::Command(line) = proxy else { return None };
    let mut words = shlex::split(line)?;
    let at = words.windows(2).position(|pair| {
        std::path::Path::new(&pair[0]).file_name().is_some_and(|name| name == "abide")
            && pair[1] == "proxy"
    })?;
    Some(words.split_off(at + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(line: &str) -> Option<Vec<String>> {
        way_of(&Proxy::Command(line.into()))
    }

    #[test]
    fn our_own_line_is_known_and_others_are_left_alone() {
        for ours in [
            "abide proxy 192.0.2.1 22",
            "exec /usr/local/bin/abide proxy -l ann h 22",
            "env A=b '/opt/a b/abide' proxy h 22",
            "/opt/abide proxy --no-udp -F 'my conf' --alias web -l %r %h %p",
        ] {
            assert_eq!(way(ours), Some(vec!["ProxyCommand=none".into()]), "{ours}");
        }
        for other in ["nc h 22", "ssh -W h:22 abide", "abide h nc proxy 22", "abide 'proxy"] {
            assert_eq!(way(other), None, "{other}");
        }
        assert_eq!(way_of(&Proxy::Jump("abide".into())), None);
    }

    #[test]
    fn the_way_that_the_line_keeps_is_taken() {
        let jump = way("abide proxy -J ann@a,b -i /k --alias web -l %r %h %p");
        assert_eq!(jump, Some(vec!["ProxyJump=ann@a,b".into(), "IdentityFile=/k".into()]));
        let command =
            way(r"abide proxy -o 'ProxyCommand=nc -X 5 '\''it'\'' %h %p' --alias web %h %p");
        assert_eq!(command, Some(vec!["ProxyCommand=nc -X 5 'it' %h %p".into()]));
        let other = way("abide proxy -oCompression=yes %h %p");
        assert_eq!(other, Some(vec!["Compression=yes".into(), "ProxyCommand=none".into()]));
    }
}
