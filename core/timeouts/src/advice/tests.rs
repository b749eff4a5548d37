//! Each rule finds what it should, and leaves alone what was not checked.

use std::time::Duration;

use super::*;
use crate::{
    ChannelTimeouts, FindingCode, Persist, Probing, Quirk, Reason, ServerSettings, Switch, Version,
};

fn stock() -> Setup {
    Setup::stock(Version::new(9, 2), Version::new(9, 2))
}

fn codes(setup: &Setup) -> Vec<FindingCode> {
    advise(setup, &[]).iter().map(Finding::code).collect()
}

fn found(setup: &Setup, code: FindingCode) -> Finding {
    let all = advise(setup, &[]);
    let one = all.iter().find(|finding| finding.code() == code);
    one.unwrap_or_else(|| panic!("no {code:?} in {all:?}")).clone()
}

fn file(line: u32) -> Origin {
    Origin::File { path: "/etc/ssh/sshd_config".into(), line }
}

#[test]
fn what_openssh_recommends_for_long_sessions_is_fine() {
    let mut setup = stock();
    setup.client.alive = Probing::stated(30, 20);
    assert_eq!(codes(&setup), vec![]);
}

#[test]
fn a_stock_session_is_kept_by_nobody() {
    let kept = found(&stock(), FindingCode::NothingKeepsPath);
    assert_eq!(kept.severity, Severity::Risk);
    let gap = Limit::from_secs(7_200);
    assert_eq!(kept.problem, Problem::NothingKeepsPath { gap });
    let mut unread = stock();
    unread.server = ServerSettings::not_checked(&Reason::NotAsked);
    assert_eq!(found(&unread, FindingCode::NothingKeepsPath).severity, Severity::Note);
}

#[test]
fn keepalives_are_compared_with_paths() {
    let mut setup = stock();
    setup.client.alive = Probing::stated(360, 3);
    let common = found(&setup, FindingCode::KeepaliveSlowerThanCommon);
    let Problem::KeepaliveSlowerThanCommon { devices, .. } = common.problem else { panic!() };
    let names: Vec<&str> = devices.iter().map(|device| device.name).collect();
    assert_eq!((names.len(), names[0], names[1]), (5, "Azure Load Balancer", "AWS NAT gateway"));
    setup.path = Fact::stated(Limit::from_secs(350));
    assert_eq!(found(&setup, FindingCode::KeepaliveSlowerThanPath).severity, Severity::Wrong);
    setup.client.alive = Probing::stated(240, 3);
    assert!(!codes(&setup).contains(&FindingCode::KeepaliveSlowerThanPath));
}

#[test]
fn an_interval_without_a_count() {
    let mut setup = stock();
    setup.client.alive = Probing::stated(60, 0);
    let client = found(&setup, FindingCode::ClientCountZero);
    assert_eq!(client.severity, Severity::Wrong);
    assert_eq!(client.problem, Problem::ClientCountZero { after: Duration::from_secs(60) });
    for (version, severity, does) in [
        ((8, 1), Severity::Wrong, Quirk::CountZeroEndsUnasked),
        ((8, 2), Severity::Risk, Quirk::CountZeroNeverEnds),
    ] {
        setup.server.version = Fact::stated(Version::new(version.0, version.1));
        setup.server.alive = Probing::stated(900, 0);
        let server = found(&setup, FindingCode::ServerCountZero);
        assert_eq!(server.severity, severity, "{version:?}");
        let Problem::ServerCountZero { does: it, .. } = server.problem else { panic!() };
        assert_eq!(it, Some(does));
    }
}

#[test]
fn the_famous_hour() {
    let mut setup = stock();
    setup.server.alive = Probing {
        interval: Fact::Known(Limit::from_secs(600), file(3)),
        count: Fact::Known(2, file(4)),
    };
    let idle = found(&setup, FindingCode::AliveIsNotIdle);
    assert_eq!(idle.evidence[0].origin, file(3));
    let doubled = found(&setup, FindingCode::DoubledInterval);
    let Problem::DoubledInterval { meant, real, .. } = doubled.problem else { panic!() };
    assert_eq!((meant.as_secs(), real.as_secs()), (1_800, 3_600));
    assert!(codes(&setup).contains(&FindingCode::SilencedByOutput));
    setup.server.version = Fact::stated(Version::new(9, 5));
    assert!(!codes(&setup).contains(&FindingCode::DoubledInterval));
}

#[test]
fn patterns_that_match_nothing_and_releases_that_know_none() {
    let mut setup = stock();
    let value = ChannelTimeouts::parse("session=5m").unwrap();
    setup.server.channel_timeout = Fact::Known(value.clone(), file(9));
    let dead = found(&setup, FindingCode::ChannelPatternMatchesNothing);
    let expected = Remedy::Set {
        side: Side::Server,
        keyword: "ChannelTimeout",
        value: "session:*=300".into(),
    };
    assert_eq!(dead.remedy, expected);
    setup.server.version = Fact::stated(Version::new(9, 1));
    assert!(codes(&setup).contains(&FindingCode::KeywordUnknownToRelease));
    setup.server = ServerSettings::stock(Version::new(9, 6));
    setup.client.channel_timeout = Fact::Known(value, file(1));
    assert!(codes(&setup).contains(&FindingCode::KeywordUnknownToRelease));
}

#[test]
fn sessions_close_and_connections_stay() {
    let mut setup = stock();
    let value = ChannelTimeouts::parse("session:*=5m").unwrap();
    setup.server.channel_timeout = Fact::stated(value);
    assert!(codes(&setup).contains(&FindingCode::SessionClosesConnectionStays));
    setup.server.unused_connection = Fact::stated(Limit::from_secs(60));
    assert!(!codes(&setup).contains(&FindingCode::SessionClosesConnectionStays));
}

#[test]
fn logins_that_wait_for_a_phone() {
    let mut setup = stock();
    setup.client.alive = Probing::stated(15, 3);
    let short = found(&setup, FindingCode::LoginTooShort);
    let expected =
        Remedy::Set { side: Side::Client, keyword: "ServerAliveCountMax", value: "4".into() };
    assert_eq!(short.remedy, expected);
    setup.client.alive = Probing::stated(15, 4);
    assert!(!codes(&setup).contains(&FindingCode::LoginTooShort));
}

#[test]
fn counts_beyond_tcp() {
    let mut setup = stock();
    setup.client.alive = Probing::stated(30, 60);
    let Problem::CountBeyondTcp { promised, real, .. } =
        found(&setup, FindingCode::CountBeyondTcp).problem
    else {
        panic!()
    };
    assert_eq!((promised.as_secs(), real.as_secs()), (1_830, 975));
}

#[test]
fn shared_connections_and_nobody_who_notices() {
    let mut setup = stock();
    setup.client.shared = Fact::stated(Switch::On);
    setup.client.persist = Fact::stated(Persist::Forever);
    let Problem::SharedWithoutKeepalive { until } =
        found(&setup, FindingCode::SharedWithoutKeepalive).problem
    else {
        panic!()
    };
    assert_eq!(until.map(|it| it.as_secs()), Some(945));
    assert!(!codes(&setup).contains(&FindingCode::NobodyNotices));
    setup.client.tcp_keep_alive = Fact::stated(Switch::Off);
    assert!(codes(&setup).contains(&FindingCode::NobodyNotices));
}

#[test]
fn lines_without_effect() {
    let line = Shadowed {
        side: Side::Server,
        keyword: "ClientAliveInterval".into(),
        value: "30".into(),
        origin: file(120),
        winner: "600".into(),
        winner_origin: file(3),
    };
    let all = advise(&stock(), &[line]);
    let dead = all.iter().find(|it| it.code() == FindingCode::LineHasNoEffect).unwrap();
    assert_eq!((dead.severity, &dead.remedy), (Severity::Risk, &Remedy::Remove(file(120))));
}

#[test]
fn a_server_that_was_not_read_is_not_blamed() {
    let mut setup = stock();
    setup.client.alive = Probing::stated(30, 20);
    setup.server = ServerSettings::not_checked(&Reason::NotAsked);
    setup.server_kernel = crate::Kernel::not_checked(&Reason::NotAsked);
    assert_eq!(codes(&setup), vec![]);
}
