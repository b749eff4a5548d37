//! The ProxyCommand that `abide proxy --install` writes, as one line for ssh_config.

use std::ffi::OsStr;
use std::path::Path;

use abide_openssh::Proxy;

use crate::args::LinkArgs;
use crate::own_proxy::is_own;
use crate::road::quoted;

/// What the line says.
pub(super) struct Line<'a> {
    /// This program.
    pub(super) program: &'a Path,
    /// The host as ssh_config knows it.
    pub(super) alias: &'a str,
    /// The file of ssh's settings, where it is not the usual one.
    pub(super) config: Option<&'a Path>,
    /// How ssh reaches the host now.
    pub(super) proxy: Option<&'a Proxy>,
    pub(super) link: &'a LinkArgs,
}

impl Line<'_> {
    /// The value of ProxyCommand. `%h`, `%p` and `%r` are ssh's to fill in, as in every client that
    /// knows ProxyCommand; percent signs of paths and names are doubled.
    pub(super) fn value(&self) -> String {
        let mut words = vec![literal(self.program), "proxy".to_owned()];
        if self.link.no_udp {
            words.push("--no-udp".to_owned());
        }
        if let Some((low, high)) = self.link.udp_ports {
            words.extend(["--udp-ports".to_owned(), format!("{low}-{high}")]);
        }
        if let Some(config) = self.config {
            words.extend(["-F".to_owned(), literal(config)]);
        }
        match self.proxy {
            Some(Proxy::Jump(hops)) => words.extend(["-J".to_owned(), literal(hops)]),
            // Its own tokens are filled in by the same ssh, for the same host.
            Some(proxy @ Proxy::Command(line)) if !is_own(proxy) => {
                words.extend(["-o".to_owned(), quoted(format!("ProxyCommand={line}"))]);
            }
            Some(Proxy::Command(_)) | None => {}
        }
        words.extend(["--alias".to_owned(), literal(self.alias)]);
        words.extend(["-l", "%r", "%h", "%p"].map(str::to_owned));
        words.join(" ")
    }
}

fn literal(word: impl AsRef<OsStr>) -> String {
    quoted(word).replace('%', "%%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_that_was_taken_before_is_kept() {
        let udp_ports = Some((60_001, 60_002));
        let link = LinkArgs { no_udp: true, udp_ports, ..LinkArgs::default() };
        let value = |proxy: Option<Proxy>, link: &LinkArgs, config: Option<&Path>| {
            let line = Line {
                program: Path::new("/opt/100%/abide"),
                alias: "web",
                config,
                proxy: proxy.as_ref(),
                link,
            };
            line.value()
        };
        let plain = LinkArgs::default();
        assert_eq!(value(None, &plain, None), "/opt/100%%/abide proxy --alias web -l %r %h %p");
        assert_eq!(
            value(Some(Proxy::Jump("a,b".into())), &link, Some(Path::new("my conf"))),
            "/opt/100%%/abide proxy --no-udp --udp-ports 60001-60002 -F 'my conf' -J a,b \
             --alias web -l %r %h %p"
        );
        assert_eq!(
            value(Some(Proxy::Command("nc -X 5 'it' %h %p".into())), &plain, None),
            r"/opt/100%%/abide proxy -o 'ProxyCommand=nc -X 5 '\''it'\'' %h %p' --alias web -l %r %h %p"
        );
        let ours = Proxy::Command("abide proxy %h %p".into());
        assert_eq!(value(Some(ours), &plain, None), value(None, &plain, None));
    }
}
