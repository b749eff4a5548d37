//! One fault at a time, named by what a person would say about it. Virtual time; the limits are those
//! of a home line with 40 ms of round trip.

use std::time::Duration;

use abide_sim::{Fault, Profile, Reach, Report, Scenario, percentile, run};

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const HOUR: Duration = seconds(3_600);

/// Runs a day with these faults on this way; what the simulator checks always holds.
fn day_with(profile: Profile, script: &[(Duration, Fault)]) -> Report {
    let scenario = Scenario::scripted(HOUR * 24, profile, script);
    let report = run(&scenario).unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(report.totals.faults, script.len() as u64);
    report
}

/// The same, and every key typed during or after a fault is echoed in time.
fn echoes_within(limit: Duration, profile: Profile, script: &[(Duration, Fault)]) -> Report {
    let report = day_with(profile, script);
    let times: Vec<Duration> = report
        .recoveries
        .iter()
        .chain(&report.slow_recoveries)
        .chain(&report.echoes)
        .copied()
        .collect();
    assert!(times.len() > script.len());
    let worst = percentile(&times, 100.0);
    assert!(worst <= limit, "{worst:?} to an echo");
    report
}

/// Somebody types for five minutes on a way of 100 ms that loses this many packets in a million.
fn typing_with_loss(loss_ppm: u64, seed: u64) -> Report {
    let rtt = Duration::from_millis(100);
    let profile = Profile { loss_ppm, rtt, jitter: Duration::ZERO, ..Profile::home() };
    let mut scenario = Scenario::scripted(seconds(400), profile, &[]);
    (scenario.typing, scenario.seed) = (1_500, seed);
    run(&scenario).unwrap_or_else(|failure| panic!("{failure}"))
}

#[test]
fn path_loses_every_seventh_packet_each_way() {
    let mut sum = Report::default();
    (0..20).for_each(|seed| sum.add(typing_with_loss(150_000, seed)));
    assert!(sum.echoes.len() > 29_000);
    let mean = sum.echoes.iter().sum::<Duration>() / sum.echoes.len() as u32;
    let slow = percentile(&sum.echoes, 99.0);
    assert!(mean <= Duration::from_millis(120), "{mean:?}");
    assert!(slow <= Duration::from_millis(200), "{slow:?}");
    let each = sum.totals.repeated / sum.totals.keys;
    assert!(each < 400, "{each} bytes repeated for a key");
}

#[test]
fn nothing_is_repeated_once_the_path_has_shown_that_it_loses_nothing() {
    let report = typing_with_loss(0, 1);
    assert_eq!(report.totals.keys, 1_500);
    let repeated = report.totals.repeated;
    assert!((1..1_500).contains(&repeated), "{repeated} bytes, all for the first keys");
}

fn only_ssh() -> Profile {
    Profile { reach: Reach::Ssh, ..Profile::home() }
}

const HALF_A_SECOND: Duration = Duration::from_millis(500);

#[test]
fn cable_is_pulled_for_a_while() {
    let pulled = [5, 60, 150].map(|lasts| (seconds(60 + lasts * 3), Fault::Outage(seconds(lasts))));
    let report = echoes_within(HALF_A_SECOND, Profile::home(), &pulled);
    assert_eq!(report.recoveries.len(), 3);
}

#[test]
fn cable_is_pulled_for_hours() {
    // Knocks are less frequent by then: one a second, later one in five.
    let pulled = [(HOUR, Fault::Outage(seconds(3_000))), (HOUR * 3, Fault::Outage(HOUR * 8))];
    let report = echoes_within(seconds(6), Profile::home(), &pulled);
    assert_eq!(report.recoveries.len(), 2);
}

#[test]
fn path_works_one_way_only() {
    let one_way =
        |at, towards_client| (seconds(at), Fault::OneWay { towards_client, lasts: seconds(90) });
    let report =
        echoes_within(HALF_A_SECOND, Profile::home(), &[one_way(600, true), one_way(1_200, false)]);
    assert_eq!(report.recoveries.len(), 2);
}

#[test]
fn nat_forgets_a_quiet_link() {
    for kick_cures in [true, false] {
        let forgets = Fault::NatForgets { pipes_too: true, kick_cures };
        echoes_within(seconds(2), Profile::home(), &[(HOUR, forgets), (HOUR * 5, forgets)]);
    }
}

#[test]
fn laptop_sleeps_for_a_weekend() {
    let sleeps = (HOUR, Fault::ClientSleeps(HOUR * 60));
    let scenario = Scenario::scripted(HOUR * 96, Profile::home(), &[sleeps]);
    let report = run(&scenario).unwrap_or_else(|failure| panic!("{failure}"));
    assert!(percentile(&report.echoes, 100.0) < seconds(2), "{:?}", report.echoes);
}

#[test]
fn laptop_sleeps_and_wakes_elsewhere() {
    let script = [
        (HOUR, Fault::ClientSleeps(HOUR)),
        (HOUR + seconds(60), Fault::NatForgets { pipes_too: true, kick_cures: false }),
    ];
    day_with(Profile::home(), &script);
}

#[test]
fn keeper_is_paused_and_so_are_both() {
    let script = [
        (HOUR, Fault::KeeperPauses(seconds(300))),
        (HOUR * 2, Fault::BothPause(HOUR)),
        (HOUR * 4, Fault::KeeperPauses(HOUR)),
    ];
    echoes_within(seconds(2), Profile::home(), &script);
}

#[test]
fn udp_is_blocked_for_hours() {
    let script = [(HOUR, Fault::UdpBlocked(HOUR * 5))];
    let report = echoes_within(seconds(8), Profile::home(), &script);
    assert!(report.totals.quiet_quarters > 60, "{:?}", report.totals);
    assert!(report.totals.most_idle_packets <= 260, "{:?}", report.totals);
    assert!(report.totals.carriers >= 3, "over QUIC, over ssh, over QUIC again");
}

#[test]
fn only_ssh_goes_through_and_breaks() {
    let script = [
        (HOUR, Fault::CarrierDies { keeper_told: true }),
        (HOUR * 2, Fault::CarrierDies { keeper_told: false }),
        (HOUR * 3, Fault::NatForgets { pipes_too: true, kick_cures: false }),
    ];
    echoes_within(seconds(5), only_ssh(), &script);
}

#[test]
fn only_ssh_goes_through_and_the_cable_is_pulled() {
    let script = [(HOUR, Fault::Outage(seconds(150))), (HOUR * 3, Fault::Outage(HOUR * 3))];
    echoes_within(seconds(60), only_ssh(), &script);
}

#[test]
fn carrier_breaks_and_the_keeper_is_not_told() {
    let breaks = |hour| (HOUR * hour, Fault::CarrierDies { keeper_told: false });
    echoes_within(seconds(8), Profile::home(), &[breaks(1), breaks(2), breaks(3)]);
}

#[test]
fn path_flaps_for_forty_seconds() {
    echoes_within(seconds(4), Profile::home(), &[(HOUR, Fault::Flapping(seconds(40)))]);
}

#[test]
fn clocks_jump() {
    let jump = |at, client| (HOUR * at, Fault::ClockJumps { client, by: HOUR * 10 });
    echoes_within(seconds(2), Profile::home(), &[jump(1, true), jump(2, false), jump(3, true)]);
}

#[test]
fn carriers_are_replaced_while_they_work() {
    let script: Vec<_> = (1..50).map(|minute| (seconds(minute * 60), Fault::Replaced)).collect();
    let report = echoes_within(HALF_A_SECOND, Profile::home(), &script);
    assert!(report.totals.carriers > 40);
}

#[test]
fn half_of_all_packets_are_lost() {
    let script = [(HOUR, Fault::Loss { ppm: 500_000, lasts: HOUR })];
    day_with(Profile::home(), &script);
}

#[test]
fn an_idle_link_is_quiet() {
    for profile in [Profile::home(), only_ssh(), Profile { reach: Reach::Local, ..Profile::home() }]
    {
        let report = day_with(profile, &[]);
        assert!(report.totals.quiet_quarters > 90, "{:?}", report.totals);
        assert!((1..=260).contains(&report.totals.most_idle_packets), "{:?}", report.totals);
    }
}

#[test]
fn a_later_release_sends_frames_that_we_do_not_know() {
    let profile = Profile { skew: true, ..Profile::home() };
    let scenario =
        Scenario { profile: Some(profile), ..Scenario::random(7, HOUR * 48, seconds(120)) };
    let report = run(&scenario).unwrap_or_else(|failure| panic!("{failure}"));
    assert!(report.totals.bytes > 1_000_000);
}

#[test]
fn round_trips_take_seconds() {
    let profile = Profile { rtt: Duration::from_millis(2_500), ..Profile::home() };
    let scenario =
        Scenario { profile: Some(profile), ..Scenario::random(8, HOUR * 48, seconds(600)) };
    let report = run(&scenario).unwrap_or_else(|failure| panic!("{failure}"));
    assert!(report.totals.faults > 100 && report.totals.bytes > 100_000);
}

/// Seconds that a transfer of 40 MB takes on this way; 2 MB a second would need 20.
fn transfer_takes(reach: Reach, rtt: u64, from_keeper: bool) -> f64 {
    let rtt = Duration::from_millis(rtt);
    let profile = Profile { reach, rtt, bandwidth: 2_000_000, buffer: 1 << 20, ..Profile::home() };
    let mut scenario = Scenario::scripted(HOUR, profile, &[]);
    scenario.transfers = vec![(seconds(60), from_keeper, 40_000_000)];
    let report = run(&scenario).unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(report.totals.false_alarms, 0, "bulk made the link look dead");
    assert_eq!(report.transfers.len(), 1);
    report.transfers[0].1.as_secs_f64()
}

#[test]
fn bulk_fills_the_path() {
    for reach in [Reach::Ssh, Reach::SshAndUdp] {
        for (rtt, from_keeper) in [(1, true), (40, false), (100, true), (300, false)] {
            let took = transfer_takes(reach, rtt, from_keeper);
            assert!(took < 23.0, "{reach:?}, {rtt} ms: {took:.1} s for 20 s worth of bytes");
        }
    }
}
