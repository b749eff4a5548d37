//! Tests of the client's half alone; `tests/` runs it against real shells.

use super::*;
use proptest::prelude::*;

fn token() -> Token {
    Token::new([0xab; 16])
}

fn need() -> BootstrapEvent {
    let architecture = Architecture { system: "linux".into(), machine: "aarch64".into() };
    BootstrapEvent::Need { architecture, place: "/home/a b/.cache/abide".into() }
}

/// What a noisy server with one full place says, in pieces that end where `cuts` say.
fn transcript() -> Vec<u8> {
    let token = token();
    let mut all = format!(
        "Welcome\nABIDE-{}\n\nABIDE-{token} FAILED /home/x full\n\nABIDE-{token} NEED Linux arm64 \
         /home/a b/.cache/abide\nlate noise",
        "ab".repeat(15)
    )
    .into_bytes();
    all.extend(open_marker(&token));
    all.extend(b"\0\x01\nABIDE");
    all
}

/// Events with neighbouring noise joined.
fn run(pieces: &[&[u8]]) -> Vec<BootstrapEvent> {
    let mut machine = Bootstrap::new(token());
    let mut events: Vec<BootstrapEvent> = Vec::new();
    let mut after: Vec<u8> = Vec::new();
    for piece in pieces {
        if machine.phase == Phase::Open {
            assert_eq!(machine.handle_bytes(piece), Err(BootstrapError::AlreadyOpen));
            after.extend_from_slice(piece);
            continue;
        }
        machine.handle_bytes(piece).unwrap();
        while let Some(event) = machine.poll_event() {
            match (events.last_mut(), event) {
                (Some(BootstrapEvent::Noise(old)), BootstrapEvent::Noise(new)) => old.extend(new),
                (_, event) => events.push(event),
            }
        }
    }
    if let Some(BootstrapEvent::Open { rest }) = events.last_mut() {
        rest.extend(after);
    }
    events
}

fn expected() -> Vec<BootstrapEvent> {
    vec![
        BootstrapEvent::Noise(format!("Welcome\nABIDE-{}\n", "ab".repeat(15)).into()),
        BootstrapEvent::PlaceFailed { place: "/home/x".into(), reason: FailReason::Full },
        need(),
        BootstrapEvent::Noise(b"late noise".into()),
        BootstrapEvent::Open { rest: b"\0\x01\nABIDE".into() },
    ]
}

#[test]
fn every_single_split_gives_the_same_events() {
    let all = transcript();
    for cut in 0..=all.len() {
        assert_eq!(run(&[&all[..cut], &all[cut..]]), expected(), "cut at {cut}");
    }
    let bytes: Vec<&[u8]> = all.chunks(1).collect();
    assert_eq!(run(&bytes), expected());
}

proptest! {
    #[test]
    fn any_splitting_gives_the_same_events(mut cuts in prop::collection::vec(0usize..400, 0..20)) {
        let all = transcript();
        cuts.extend([0, all.len()]);
        cuts.iter_mut().for_each(|cut| *cut = (*cut).min(all.len()));
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|w| &all[w[0]..w[1]]).collect();
        prop_assert_eq!(run(&pieces), expected());
    }

    #[test]
    fn noise_is_handed_on_unchanged(noise in prop::collection::vec(any::<u8>(), 0..3000)) {
        let mut all = noise.clone();
        all.extend(open_marker(&token()));
        let mut events = run(&[&all]);
        prop_assert_eq!(events.pop(), Some(BootstrapEvent::Open { rest: vec![] }));
        let heard = events.pop().map_or(vec![], |it| match it {
            BootstrapEvent::Noise(bytes) => bytes,
            other => panic!("{other:?}"),
        });
        prop_assert_eq!(heard, noise);
    }

    #[test]
    fn hostile_output_never_panics(text in "(\nABIDE-(ab){16} [A-Z]{0,8} ?[a-z/ ]{0,9}\n?){0,4}") {
        let mut machine = Bootstrap::new(token());
        let _ = machine.handle_bytes(text.as_bytes());
        while machine.poll_event().is_some() {}
    }
}

#[test]
fn a_marker_may_be_the_first_line_with_or_without_its_newline() {
    let marker = open_marker(&token());
    let open = vec![BootstrapEvent::Open { rest: vec![] }];
    assert_eq!(run(&[&marker]), open);
    assert_eq!(run(&[&marker[1..]]), open);
}

#[test]
fn limits_hold_at_their_edge() {
    let mut machine = Bootstrap::new(token());
    machine.handle_bytes(&vec![b'x'; MAX_NOISE]).unwrap();
    assert_eq!(machine.handle_bytes(b"x"), Err(BootstrapError::NoiseTooLong));

    let mut machine = Bootstrap::new(token());
    machine.handle_bytes(format!("ABIDE-{} ", token()).as_bytes()).unwrap();
    machine.handle_bytes(&[b'x'; MAX_MARKER_LINE]).unwrap();
    assert_eq!(machine.handle_bytes(b"x"), Err(BootstrapError::MarkerTooLong));
}

#[test]
fn markers_that_mean_nothing_are_refused() {
    for text in ["HELLO", "NEED Linux", "NEED Linux x86_64 ", "FAILED /x", "FAILED /x odd", ""] {
        let mut machine = Bootstrap::new(token());
        let line = format!("ABIDE-{} {text}\n", token());
        let bad = Err(BootstrapError::BadMarker(text.into()));
        assert_eq!(machine.handle_bytes(line.as_bytes()), bad, "{text}");
    }
}
