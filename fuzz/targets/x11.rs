//! The first packet of an X program, whole and in any split, and DISPLAY: nothing is let through without
//! the cookie, and of what is let through nothing but the cookie is changed.
#![no_main]

use abide_x11::{Cookie, Display, Setup, Step};
use libfuzzer_sys::fuzz_target;

const FAKE: [u8; 16] = *b"a cookie it has.";
const REAL: [u8; 16] = *b"the display's ..";

fn hear<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Step {
    let mut setup = Setup::new(Cookie::from_bytes(FAKE), Some(Cookie::from_bytes(REAL)));
    let mut last = Step::More;
    for piece in pieces {
        match &mut last {
            Step::More => last = setup.handle_bytes(piece),
            Step::Passed(passed) => passed.extend_from_slice(piece),
            Step::Refused(_) => {}
        }
    }
    last
}

fuzz_target!(|data: &[u8]| {
    let whole = hear(std::iter::once(data));
    if let Step::Passed(passed) = &whole {
        assert_eq!(passed.len(), data.len());
        assert_eq!((&data[32..48], &passed[32..48]), (&FAKE[..], &REAL[..]));
        assert_eq!((&data[48..], &data[..6]), (&passed[48..], &passed[..6]));
    }
    assert_eq!(whole, hear(data.chunks(1)));
    if let Ok(display) = String::from_utf8_lossy(data).parse::<Display>() {
        assert_eq!(display.to_string().parse(), Ok(display));
    }
});
