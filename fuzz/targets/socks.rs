//! What a SOCKS client sends, whole and in any split: the same comes of it, and a request that is whole is
//! one that a resolver and a connection can be asked for.
#![no_main]

use abide_socks::{Greeting, Step};
use libfuzzer_sys::fuzz_target;

/// Feeds pieces until something is decided: what was replied on the way, and what came of it. What
/// follows a request is the connection's.
fn hear<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<u8>, Step) {
    let (mut greeting, mut replies, mut decided) = (Greeting::default(), Vec::new(), None);
    for piece in pieces {
        match &mut decided {
            Some(Step::Wanted(wanted)) => wanted.rest.extend_from_slice(piece),
            Some(_) => {}
            None => {
                let mut step = greeting.handle_bytes(piece);
                while let Step::Reply(reply) = step {
                    replies.extend_from_slice(reply);
                    step = greeting.handle_bytes(b"");
                }
                decided = (step != Step::More).then_some(step);
            }
        }
    }
    (replies, decided.unwrap_or(Step::More))
}

fuzz_target!(|data: &[u8]| {
    let whole = hear(std::iter::once(data));
    if let Step::Wanted(wanted) = &whole.1 {
        assert!((1..=255).contains(&wanted.host.len()));
        assert!(wanted.host.bytes().all(|byte| byte.is_ascii_graphic()));
        assert!(data.ends_with(&wanted.rest));
    }
    // Where all of it fits at once, the split does not matter.
    if data.len() <= abide_socks::REQUEST_MAX {
        assert_eq!(whole, hear(data.chunks(1)));
    }
});
