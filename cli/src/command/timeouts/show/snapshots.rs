//! The page for setups that people have, word for word. Looked at once by eye; a change shows here.

use abide_timeouts::{
    ChannelTimeouts, Fact, Kernel, Limit, Origin, Probing, Reason, ServerSettings, Setup, Shadowed,
    Side, Switch, Version, advise,
};

use super::page::{Page, WIDTH};
use super::seen::{Client, Seen, Server};
use super::{json, render};

fn line(path: &str, line: u32) -> Origin {
    Origin::File { path: path.to_owned(), line }
}

fn seen(setup: Setup, shadowed: &[Shadowed], server: bool) -> Seen {
    let findings = advise(&setup, shadowed);
    Seen {
        name: "web1".to_owned(),
        client: Some(Client { address: "192.0.2.7 port 22".to_owned() }),
        server: server.then_some(Server { refused: None, refuses: false }),
        setup,
        findings,
    }
}

fn page(seen: &Seen) -> String {
    let text = render(seen, Page::plain());
    let long: Vec<&str> = text.lines().filter(|line| line.chars().count() > WIDTH).collect();
    assert!(long.is_empty(), "lines longer than {WIDTH}: {long:?}");
    text
}

fn stock(server: (u16, u16)) -> Setup {
    Setup::stock(Version::new(9, 2), Version::new(server.0, server.1))
}

/// Debian 12 on both ends, 600 x 2 as the guides have it, and a line too late to matter.
#[test]
fn the_famous_hour() {
    let mut setup = stock((9, 2));
    let drop_in = "/etc/ssh/sshd_config.d/10-keep.conf";
    setup.server.alive = Probing {
        interval: Fact::Known(Limit::from_secs(600), line(drop_in, 1)),
        count: Fact::Known(2, line(drop_in, 2)),
    };
    setup.client.alive.interval =
        Fact::Known(Limit::from_secs(15), line("/home/ann/.ssh/config", 4));
    let late = Shadowed {
        side: Side::Server,
        keyword: "ClientAliveInterval".to_owned(),
        value: "30".to_owned(),
        origin: line("/etc/ssh/sshd_config", 122),
        winner: "600".to_owned(),
        winner_origin: line(drop_in, 1),
    };
    insta::assert_snapshot!(page(&seen(setup, &[late], true)));
}

/// `--local`: the server is not asked, and nothing is said of it.
#[test]
fn this_machine_alone() {
    let mut setup = stock((9, 2));
    setup.server = ServerSettings::not_checked(&Reason::NotAsked);
    setup.server_kernel = Kernel::not_checked(&Reason::NotAsked);
    insta::assert_snapshot!(page(&seen(setup, &[], false)));
}

/// Limits of an admin's, a path that is known, and a count of 0.
#[test]
fn limits_and_mistakes() {
    let mut setup = stock((10, 5));
    let main = "/etc/ssh/sshd_config";
    setup.client.alive = Probing {
        interval: Fact::Known(Limit::from_secs(360), line("/home/ann/.ssh/config", 9)),
        count: Fact::Known(0, line("/home/ann/.ssh/config", 10)),
    };
    setup.client.shared = Fact::Known(Switch::On, line("/home/ann/.ssh/config", 2));
    setup.server.channel_timeout =
        Fact::Known(ChannelTimeouts::parse("session=5m").unwrap(), line(main, 80));
    setup.server.unused_connection = Fact::Known(Limit::from_secs(300), line(main, 81));
    setup.server.shell_timeout =
        Fact::Known(Limit::from_secs(900), line("/etc/profile.d/tmout.sh", 1));
    setup.server.stop_idle = Fact::NotChecked(Reason::NotTold("logind's files".to_owned()));
    setup.path =
        Fact::Known(Limit::from_secs(350), Origin::CommandLine("--path-keeps 350s".to_owned()));
    insta::assert_snapshot!(page(&seen(setup, &[], true)));
}

/// What is recommended for long sessions finds nothing wrong.
#[test]
fn nothing_wrong() {
    let mut setup = stock((10, 5));
    setup.client.alive = Probing::stated(30, 20);
    insta::assert_snapshot!(page(&seen(setup, &[], true)));
}

/// The server let nobody in: its banner is all that is known.
#[test]
fn the_banner_alone() {
    let mut setup = stock((9, 2));
    setup.client.alive = Probing::stated(30, 20);
    let why = Reason::Failed("web1: Permission denied (publickey).".to_owned());
    setup.server = ServerSettings::not_checked(&why);
    setup.server.version = Fact::Known(
        Version::new(9, 2),
        Origin::Banner("OpenSSH_9.2p1 Debian-2+deb12u10".to_owned()),
    );
    setup.server_kernel = Kernel::not_checked(&why);
    let mut seen = seen(setup, &[], true);
    seen.server =
        Some(Server { refused: Some("Permission denied (publickey).".to_owned()), refuses: false });
    insta::assert_snapshot!(page(&seen));
}

#[test]
fn json_has_its_shape() {
    let mut setup = stock((9, 2));
    setup.server.alive = Probing::stated(600, 2);
    insta::assert_snapshot!(json::render(&seen(setup, &[], true)).unwrap());
}
