//! `abide proxy --install` and `--uninstall`, with the real `ssh -G`.
#![allow(clippy::unwrap_used)]

mod door;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use door::{Scratch, run, said, text};

const CONFIG: &str = "# Mine\nHost web\n  HostName 192.0.2.1\n\nHost far\n  ProxyJump a,b\n  \
                      HostName 192.0.2.2\n\nHost odd\n  ProxyCommand nc -X 5 'it' %h %p\n\nHost *\n  User ann\n";

struct Mine {
    scratch: Scratch,
    config: PathBuf,
}

impl Mine {
    fn new() -> Self {
        let scratch = Scratch::new();
        let config = scratch.join("config");
        fs::write(&config, CONFIG).unwrap();
        Mine { scratch, config }
    }

    fn proxy(&self, words: &[&str]) -> String {
        let all = [&["proxy", "-F", text(&self.config)], words].concat();
        said(&run(&self.scratch, &all))
    }

    fn now(&self) -> String {
        fs::read_to_string(&self.config).unwrap()
    }

    /// The ProxyCommand that ssh has for a host.
    fn command(&self, host: &str) -> String {
        let output = Command::new("ssh").args(["-G", "-F", text(&self.config), host]).output();
        let printed = String::from_utf8(output.unwrap().stdout).unwrap();
        let found = printed.lines().find_map(|line| line.strip_prefix("proxycommand "));
        found.unwrap_or("none").to_owned()
    }
}

#[test]
fn it_is_installed_for_its_host_once_and_taken_out_to_the_byte() {
    let mine = Mine::new();
    let shown = mine.proxy(&["--install", "-n", "web"]);
    assert!(shown.contains("+") && shown.contains(" proxy -F "), "{shown}");
    assert!(shown.contains("nothing was changed (--dry-run)"), "{shown}");
    assert_eq!(mine.now(), CONFIG);

    let refused = mine.proxy(&["--install", "web"]);
    assert!(refused.contains("nobody is there to say yes"), "{refused}");
    assert_eq!(mine.now(), CONFIG);

    mine.proxy(&["--install", "--yes", "web"]);
    let command = mine.command("web");
    let config = text(&mine.config);
    let tail = format!("/abide proxy -F {config} --alias web -l %r %h %p");
    assert!(command.ends_with(&tail), "{command}");
    assert_eq!(mine.command("other"), "none");
    let installed = mine.now();
    let again = mine.proxy(&["--install", "--yes", "web"]);
    assert!(again.contains("so already"), "{again}");
    assert_eq!(mine.now(), installed);

    mine.proxy(&["--install", "--yes", "--no-udp", "web"]);
    assert!(mine.command("web").contains(" proxy --no-udp "));
    mine.proxy(&["--uninstall", "--yes", "web"]);
    assert_eq!(mine.now(), CONFIG, "both changes are taken back");
    let none = mine.proxy(&["--uninstall", "--yes", "web"]);
    assert!(none.contains("is not reached by abide proxy"), "{none}");
}

#[test]
fn ways_through_other_hosts_are_kept() {
    let mine = Mine::new();
    mine.proxy(&["--install", "--yes", "far"]);
    let command = mine.command("far");
    assert!(command.contains(" -J a,b --alias far -l %r %h %p"), "{command}");
    mine.proxy(&["--install", "--yes", "odd"]);
    let command = mine.command("odd");
    let kept = r"-o 'ProxyCommand=nc -X 5 '\''it'\'' %h %p' --alias odd";
    assert!(command.contains(kept), "{command}");
    let again = mine.proxy(&["--install", "--yes", "odd"]);
    assert!(again.contains("reached so already"), "{again}");
    mine.proxy(&["--uninstall", "--yes", "odd"]);
    assert_eq!(mine.command("odd"), "nc -X 5 'it' %h %p");
    // Once somebody else changed the file, only the line itself could go, and the way with it.
    fs::write(&mine.config, mine.now() + "# more\n").unwrap();
    let refused = mine.proxy(&["--uninstall", "--yes", "far"]);
    assert!(refused.contains("stands in that line only"), "{refused}");
    assert!(mine.command("far").contains("--alias far"));
}

#[test]
fn a_file_that_was_changed_since_loses_that_line_and_nothing_else() {
    let mine = Mine::new();
    mine.proxy(&["--install", "--yes", "web"]);
    fs::write(&mine.config, mine.now() + "# more\n").unwrap();
    mine.proxy(&["--uninstall", "--yes", "web"]);
    assert_eq!(mine.command("web"), "none");
    assert!(mine.now().contains("# more\n") && mine.now().contains("HostName 192.0.2.1"));
    assert!(!mine.now().contains("--alias"), "{}", mine.now());
}

#[test]
fn what_cannot_be_installed_is_refused() {
    let mine = Mine::new();
    for (words, wanted) in [
        (&["--install", "web*"][..], "`web*` is not one host"),
        (&["--install", "-p", "22", "web"], "`-p` does not belong to --install"),
        (&["--install", "web", "22"], "`22` is one word too many"),
        (&["--install", "--uninstall", "web"], "cannot be used with"),
    ] {
        let refused = mine.proxy(words);
        assert!(refused.contains(wanted), "{refused}");
        assert_eq!(mine.now(), CONFIG);
    }
    fs::write(&mine.config, "Host web\n ProxyUseFdpass yes\n ProxyCommand nc %h %p\n").unwrap();
    let refused = mine.proxy(&["--install", "--yes", "web"]);
    assert!(refused.contains("ProxyUseFdpass"), "{refused}");
}
