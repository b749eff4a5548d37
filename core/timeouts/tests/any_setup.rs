//! Whatever the settings: predictions are in order, bounded, and more patience is never less.

use abide_timeouts::{
    ChannelTimeouts, Fact, Flow, IdleAs, Limit, MAX_EVENTS, Probing, Reason, Setup, Side,
    Situation, Switch, Traffic, Version, advise, beliefs, gap, path, predict, timeline,
};
use proptest::prelude::*;

fn fact<T: Clone + std::fmt::Debug + 'static>(
    values: impl Strategy<Value = T> + 'static,
) -> impl Strategy<Value = Fact<T>> {
    prop_oneof![
        8 => values.prop_map(Fact::stated),
        1 => Just(Fact::NotChecked(Reason::NotAsked)),
    ]
}

fn limit() -> impl Strategy<Value = Limit> {
    prop_oneof![0..30u64, 0..100_000u64, any::<u64>()].prop_map(Limit::from_secs)
}

fn count() -> impl Strategy<Value = u32> {
    prop_oneof![0..5u32, any::<u32>()]
}

fn version() -> impl Strategy<Value = Version> {
    (6..11u16, 0..10u16).prop_map(|(major, minor)| Version::new(major, minor))
}

fn probing() -> impl Strategy<Value = Probing> {
    (fact(limit()), fact(count())).prop_map(|(interval, count)| Probing { interval, count })
}

fn switch() -> impl Strategy<Value = Switch> {
    prop_oneof![Just(Switch::On), Just(Switch::Off)]
}

fn channels() -> impl Strategy<Value = ChannelTimeouts> {
    let words = prop_oneof![Just("none"), Just("session:*=5m global=1h"), Just("session=5m")];
    words.prop_map(|text| ChannelTimeouts::parse(text).expect("a value"))
}

prop_compose! {
    fn setup()(
        versions in (version(), fact(version())),
        alive in (probing(), probing()),
        tcp in (fact(switch()), fact(switch())),
        limits in (fact(limit()), fact(limit()), fact(limit()), fact(limit()), fact(limit())),
        kernel in (fact(limit()), fact(limit()), fact(count()), fact(count()), fact(limit())),
        channel in fact(channels()),
    ) -> Setup {
        let mut setup = Setup::stock(versions.0, versions.0);
        setup.server.version = versions.1;
        (setup.client.alive, setup.server.alive) = alive;
        (setup.client.tcp_keep_alive, setup.server.tcp_keep_alive) = tcp;
        setup.client.connect_timeout = limits.0;
        setup.server.login_grace = limits.1;
        setup.server.unused_connection = limits.2;
        setup.server.stop_idle = limits.3;
        setup.path = limits.4;
        let there = &mut setup.server_kernel;
        (there.keepalive_time, there.keepalive_interval) = (kernel.0, kernel.1);
        (there.keepalive_probes, there.retries2, there.user_timeout) =
            (kernel.2, kernel.3, kernel.4);
        setup.server.channel_timeout = channel;
        setup
    }
}

fn flow() -> impl Strategy<Value = Flow> {
    prop_oneof![Just(Flow::None), Just(Flow::Trickle), Just(Flow::Flood)]
}

fn traffic() -> impl Strategy<Value = Traffic> {
    (flow(), flow()).prop_map(|(from_client, from_server)| Traffic { from_client, from_server })
}

fn situation() -> impl Strategy<Value = Situation> {
    let idle = prop_oneof![
        Just(IdleAs::Prompt),
        Just(IdleAs::QuietProgram),
        Just(IdleAs::BusyProgram),
        Just(IdleAs::QuietCommand),
        Just(IdleAs::NoSession),
    ];
    prop_oneof![
        4 => traffic().prop_map(Situation::DeadPath),
        2 => traffic().prop_map(Situation::FrozenPeer),
        2 => idle.prop_map(Situation::Idle),
        1 => Just(Situation::Connecting),
        1 => Just(Situation::NoBanner),
        1 => Just(Situation::Login),
        1 => Just(Situation::MasterUnused),
    ]
}

proptest! {
    #[test]
    fn predictions_are_in_order_and_bounded(setup in setup(), situation in situation()) {
        let found = predict(&setup, situation);
        prop_assert!(found.firings.is_sorted_by_key(|it| it.after.likely));
        for it in &found.firings {
            let after = it.after;
            prop_assert!(after.earliest <= after.likely && after.likely <= after.latest, "{it:?}");
        }
        for side in [Side::Client, Side::Server] {
            let events = timeline(&setup, side, situation);
            prop_assert!(events.len() <= MAX_EVENTS);
            prop_assert!(events.is_sorted_by_key(|it| it.at));
        }
        // No panic, whatever is set.
        let _ = (advise(&setup, &[]), beliefs(&setup), gap(&setup), path(&setup));
    }

    /// A larger count never notices earlier, at any release and with any traffic. Not so for a
    /// count of 0, which means something else.
    #[test]
    fn more_patience_is_never_less(
        setup in setup(),
        interval in 1..10_000u64,
        count in 1..1_000u32,
        more in 1..1_000u32,
        traffic in traffic(),
    ) {
        let dead = Situation::DeadPath(traffic);
        for side in [Side::Client, Side::Server] {
            let noticed = |count| {
                let mut setup = setup.clone();
                let alive = match side {
                    Side::Client => &mut setup.client.alive,
                    Side::Server => &mut setup.server.alive,
                };
                *alive = Probing::stated(interval, count);
                predict(&setup, dead).first_of(side).map(|it| it.after.likely)
            };
            if let (Some(few), Some(many)) = (noticed(count), noticed(count + more)) {
                prop_assert!(few <= many, "{few:?} {many:?}");
            }
        }
    }
}
