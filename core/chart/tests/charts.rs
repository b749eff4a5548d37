//! Whole charts as people see them: snapshots of text and SVG, and what must hold for all of them.

use std::time::Duration;

use abide_chart::shape::Shape;
use abide_chart::story::{End, Group};
use abide_chart::{
    Colour, Letters, Picture, Question, Scope, Story, Terminal, Theme, picture, story_of, svg, text,
};
use abide_timeouts::{
    ChannelTimeouts, ClientSettings, Fact, Kernel, Limit, Probing, Reason, ServerSettings, Setup,
    Switch, Version,
};
use proptest::prelude::*;

/// A server whose sshd asks, with a stock client of the same release.
fn server(version: (u16, u16), interval: u64, count: u32) -> Setup {
    let version = Version::new(version.0, version.1);
    let mut setup = Setup::stock(version, version);
    setup.server.alive = Probing::stated(interval, count);
    setup
}

/// As `--server` has it: nothing is known of any client.
fn this_server(version: (u16, u16), interval: u64, count: u32) -> Story {
    let mut setup = server(version, interval, count);
    let reason = Reason::NotAsked;
    setup.client.alive = Probing::not_checked(&reason);
    setup.client_kernel = Kernel::not_checked(&reason);
    tell("this server", Scope::Server, &setup, None)
}

fn tell(title: &str, scope: Scope, now: &Setup, what_if: Option<&Setup>) -> Story {
    story_of(&Question { title, scope, now, what_if })
}

fn plain(story: &Story) -> String {
    text(story, Terminal::default())
}

#[test]
fn six_hundred_twice_is_not_an_hour() {
    let story = this_server((9, 6), 600, 2);
    insta::assert_snapshot!("text_600x2", plain(&story));
    insta::assert_snapshot!("svg_600x2_light", svg(&picture(&story), Theme::Light));
}

#[test]
fn six_hundred_twice_is_an_hour_by_a_fault_of_9_2() {
    insta::assert_snapshot!("text_600x2_on_9_2", plain(&this_server((9, 2), 600, 2)));
}

#[test]
fn both_ends_ask() {
    let mut setup = server((10, 5), 60, 3);
    setup.client.alive = Probing::stated(15, 3);
    setup.server.shell_timeout = Fact::stated(Limit::from_secs(900));
    let story = tell("web1", Scope::Connection, &setup, None);
    insta::assert_snapshot!("text_both_ends", plain(&story));
    insta::assert_snapshot!("svg_both_ends_dark", svg(&picture(&story), Theme::Dark));
}

#[test]
fn what_if_stands_beside_what_is() {
    let now = server((9, 6), 600, 2);
    let then = server((9, 6), 20, 3);
    let story = tell("web1", Scope::Connection, &now, Some(&then));
    insta::assert_snapshot!("text_what_if", plain(&story));
}

#[test]
fn nobody_asks() {
    let setup = Setup::stock(Version::new(9, 6), Version::new(9, 6));
    insta::assert_snapshot!("text_nobody", plain(&tell("web1", Scope::Connection, &setup, None)));
}

#[test]
fn a_server_that_could_not_be_read_is_not_drawn() {
    let mut setup = Setup::stock(Version::new(9, 6), Version::new(9, 6));
    let reason = Reason::NotAsked;
    setup.server = ServerSettings::not_checked(&reason);
    setup.server_kernel = Kernel::not_checked(&reason);
    setup.client.alive = Probing::stated(30, 3);
    let story = tell("web1", Scope::Connection, &setup, None);
    insta::assert_snapshot!("text_server_not_checked", plain(&story));
    let all = plain(&story);
    let drawn = all.split("Not checked").next().unwrap_or_default();
    assert!(!drawn.lines().any(|line| line.trim_start().starts_with("ClientAlive ")), "{drawn}");
}

/// 600 s are 20 min of silence there: what remembers for 15 min does not keep it.
#[test]
fn the_path_sees_the_doubled_interval() {
    let kept = |story: &Story| {
        let map = &story.maps[0];
        map.kept[map.intervals.iter().position(|it| it.as_secs() == 600).expect("it is set")]
    };
    assert!(kept(&this_server((9, 2), 600, 2)) < kept(&this_server((9, 6), 600, 2)));
}

/// What the eye takes from it: the bar of the truth is half as long as that of the belief, and the
/// bar of the idle client leaves the picture.
#[test]
fn the_bars_tell_it_without_reading() {
    let all = plain(&this_server((9, 6), 600, 2));
    let row = |begin: &str, sign: char| {
        let line =
            all.lines().find(|line| line.trim_start().starts_with(begin) && line.contains(sign));
        let line = line.unwrap_or_else(|| panic!("no {begin} with {sign} in\n{all}"));
        line.chars().position(|letter| letter == sign).expect("found above") - 17
    };
    let (believed, real) = (row("guides", '○'), row("ClientAlive", '✗'));
    assert!(believed.abs_diff(2 * real) <= 1, "{believed} {real}\n{all}");
    assert_eq!(row("ClientAlive", '▶') + 17, 78, "{all}");
    for words in ["Not an hour", "Not an idle timeout", "closed after 30m", "never closed"] {
        assert!(all.contains(words), "{words}\n{all}");
    }
}

#[test]
fn hostile_settings_draw_something_sane() {
    for (version, interval, count) in [
        ((9, 2), u64::MAX, u32::MAX),
        ((9, 6), i32::MAX as u64, i32::MAX as u32),
        ((8, 1), 300, 0),
        ((9, 6), 300, 0),
        ((9, 6), 1, u32::MAX),
        ((9, 6), 0, 0),
        ((0, 0), 1, 1),
    ] {
        let mut setup = server(version, interval, count);
        for client in [Probing::stated(interval, count), Probing::stated(1, 0)] {
            setup.client.alive = client;
            let story = tell("\u{1b}[2J<b>&\u{202e}host", Scope::Connection, &setup, None);
            check(&story);
        }
    }
    insta::assert_snapshot!("text_huge", plain(&this_server((9, 6), u64::MAX, u32::MAX)));
    let mut zero = server((9, 6), 0, 3);
    zero.client.alive = Probing::stated(60, 0);
    let story = tell("web1", Scope::Connection, &zero, None);
    insta::assert_snapshot!("text_client_count_zero", plain(&story));
}

#[test]
fn colours_change_nothing_but_colours() {
    let story = this_server((9, 6), 600, 2);
    let coloured = text(&story, Terminal { colour: Colour::On, ..Terminal::default() });
    assert!(coloured.contains("\u{1b}[1;31m"));
    let mut bare = String::new();
    let mut parts = coloured.split("\u{1b}[");
    bare.push_str(parts.next().unwrap_or_default());
    for part in parts {
        bare.push_str(part.split_once('m').map_or(part, |(_, rest)| rest));
    }
    assert_eq!(bare, plain(&story));
}

/// What holds for every chart: nothing is wider than the terminal or outside the paper, nothing
/// from outside becomes control or markup.
fn check(story: &Story) {
    let all = plain(story);
    for line in all.lines() {
        assert!(line.chars().count() <= 80, "{line:?} in\n{all}");
        assert!(!line.ends_with(' ') && !line.chars().any(char::is_control), "{line:?}");
    }
    let ascii = text(story, Terminal { letters: Letters::Ascii, ..Terminal::default() });
    assert!(ascii.is_ascii());
    let picture = picture(story);
    inside(&picture);
    let markup = svg(&picture, Theme::Dark);
    assert!(markup.lines().all(|line| line.starts_with('<') && line.ends_with('>')), "{markup}");
    assert!(!markup.contains("<b>") && !markup.contains("NaN") && !markup.contains("inf"));
}

fn inside(picture: &Picture) {
    let within = |x: f32, y: f32| {
        x >= -1.0 && y >= -1.0 && x <= picture.width + 1.0 && y <= picture.height + 1.0
    };
    for shape in &picture.shapes {
        let all = match shape {
            Shape::Box { at, width, height, .. } | Shape::Frame { at, width, height, .. } => {
                within(at.x, at.y) && within(at.x + width, at.y + height)
            }
            Shape::Line { from, to, .. } => within(from.x, from.y) && within(to.x, to.y),
            Shape::Polygon { corners, .. } => corners.iter().all(|at| within(at.x, at.y)),
            Shape::Disc { at, radius, .. } => {
                within(at.x - radius, at.y - radius) && within(at.x + radius, at.y + radius)
            }
            Shape::Words { at, anchor, size, weight, text, .. } => {
                let width = abide_chart::metrics::width(text, *size, *weight);
                let left = match anchor {
                    abide_chart::shape::Anchor::Start => at.x,
                    abide_chart::shape::Anchor::Middle => at.x - width / 2.0,
                    abide_chart::shape::Anchor::End => at.x - width,
                };
                within(left, at.y - size) && within(left + width, at.y)
            }
        };
        assert!(all, "outside {} x {}: {shape:?}", picture.width, picture.height);
    }
}

fn limits() -> impl Strategy<Value = Fact<Limit>> {
    prop_oneof![
        Just(Fact::stated(Limit::Off)),
        Just(Fact::NotChecked(Reason::NotAsked)),
        Just(Fact::NotChecked(Reason::Failed("very long words ".repeat(40)))),
        (1u64..100_000).prop_map(|seconds| Fact::stated(Limit::from_secs(seconds))),
        any::<u64>().prop_map(|seconds| Fact::stated(Limit::from_secs(seconds))),
    ]
}

fn counts() -> impl Strategy<Value = Fact<u32>> {
    prop_oneof![
        (0u32..12).prop_map(Fact::stated),
        any::<u32>().prop_map(Fact::stated),
        Just(Fact::NotChecked(Reason::Failed("a long reason with <markup> & more".repeat(9)))),
    ]
}

prop_compose! {
    fn setups()(
        versions in ((7u16..11, 0u16..10), (7u16..11, 0u16..10)),
        alive in ((limits(), counts()), (limits(), counts())),
        others in (limits(), limits(), limits(), limits()),
        tcp in any::<(bool, bool)>(),
    ) -> Setup {
        let version = |(major, minor)| Version::new(major, minor);
        let switch = |on| Fact::stated(if on { Switch::On } else { Switch::Off });
        let mut setup = Setup::stock(version(versions.0), version(versions.1));
        setup.client.alive = Probing { interval: alive.0.0, count: alive.0.1 };
        setup.server.alive = Probing { interval: alive.1.0, count: alive.1.1 };
        setup.server.shell_timeout = others.0;
        setup.server.stop_idle = others.1;
        setup.path = others.2;
        setup.server_kernel.user_timeout = others.3;
        setup.client.tcp_keep_alive = switch(tcp.0);
        setup.server.tcp_keep_alive = switch(tcp.1);
        setup
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_setup_can_be_drawn(
        now in setups(),
        what_if in proptest::option::of(setups()),
        scope in prop_oneof![Just(Scope::Connection), Just(Scope::Server)],
        title in ".{0,60}",
    ) {
        check(&tell(&title, scope, &now, what_if.as_ref()));
    }
}

#[test]
fn what_does_end_an_idle_session_is_drawn() {
    let mut setup = server((10, 5), 600, 2);
    setup.server.channel_timeout =
        Fact::stated(ChannelTimeouts::parse("session:*=5m").expect("a value of sshd's"));
    setup.client = ClientSettings::stock(Version::new(10, 5));
    let story = tell("web1", Scope::Connection, &setup, None);
    let idle: Vec<_> = story.tracks.iter().filter(|track| track.group == Group::Idle).collect();
    let five = End::Closes(Duration::from_secs(300));
    assert!(
        idle.iter().any(|track| track.label == "ChannelTimeout" && track.end == five),
        "{idle:?}"
    );
    assert!(plain(&story).contains("ChannelTimeout ends an idle session after 5m"));
}
