//! Arbitrary datagrams as knocks and answers, and real ones with bits changed: only the unchanged ones
//! are answered, and no answer is longer than its knock.
#![no_main]

mod input;

use abide_link::{LinkKey, knock};
use abide_terms::LinkId;
use input::Input;
use libfuzzer_sys::fuzz_target;

const LINK: LinkId = LinkId([7; 16]);

fuzz_target!(|data: &[u8]| {
    let key = LinkKey::from_bytes([0x5a; 32]);
    let mut input = Input(data);
    let number = u64::from(input.byte());
    let mut knocks = knock::knock(&key, LINK, number);
    let changed = input.change(&mut knocks);
    let answer = knock::read(&knocks).and_then(|claim| claim.answer(&key));
    assert_eq!(answer.is_some(), !changed);
    if let Some(mut answer) = answer {
        assert!(answer.len() <= knocks.len());
        let changed = input.change(&mut answer);
        let answered = knock::read(&answer).and_then(|claim| claim.answered(&key));
        assert_eq!(answered, (!changed).then_some(number));
    }
    if let Some(claim) = knock::read(input.0) {
        assert_eq!(claim.answer(&key), None, "a knock that nobody with the key made");
        assert_eq!(claim.answered(&key), None, "an answer that nobody with the key gave");
    }
});
