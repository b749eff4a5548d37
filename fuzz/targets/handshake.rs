//! Arbitrary frames in place of HELLO, CHALLENGE and PROOF, and real ones with some bits changed: only
//! the unchanged ones are accepted.
#![no_main]

mod input;

use abide_link::handshake::{Hello, Initiator, Responder};
use abide_link::{Frame, LinkKey};
use abide_terms::LinkId;
use input::Input;
use libfuzzer_sys::fuzz_target;

const LINK: LinkId = LinkId([7; 16]);
const CLIENT: [u8; 16] = [1; 16];
const KEEPER: [u8; 16] = [2; 16];

fn key() -> LinkKey {
    LinkKey::from_bytes([0x5a; 32])
}

/// What the keeper answers to our client.
fn real_challenge() -> Frame {
    let (_, hello) = Initiator::new(key(), LINK, CLIENT, b"tls");
    let hello = Hello::read(&hello).expect("own HELLO");
    Responder::new(key(), hello, KEEPER, b"tls").1
}

fn answers_to(challenge: Frame) -> Option<Frame> {
    let (initiator, _) = Initiator::new(key(), LINK, CLIENT, b"tls");
    initiator.handle_frame(challenge).ok().map(|(_, proof)| proof)
}

fn real_proof() -> Frame {
    answers_to(real_challenge()).expect("the right key")
}

/// Frames that an attacker makes up.
fn arbitrary(input: &mut Input<'_>) {
    while let Some(frame) = input.frame() {
        if frame != real_challenge() {
            assert_eq!(answers_to(frame.clone()), None, "a forged CHALLENGE was believed");
        }
        let Ok(hello) = Hello::read(&frame) else { continue };
        let (responder, challenge) = Responder::new(key(), hello, KEEPER, b"tls");
        assert!(matches!(challenge, Frame::Challenge { .. }));
        let Some(forged) = input.frame() else { continue };
        let forged = responder.handle_frame(forged.clone()).is_ok().then_some(forged);
        assert!(forged.is_none_or(|proof| proof == real_proof()), "a forged PROOF was believed");
    }
}

/// Real frames with bits changed on the way.
fn changed(input: &mut Input<'_>) {
    let Frame::Challenge { mut version, mut capabilities, mut nonce, mut proof } = real_challenge()
    else {
        return;
    };
    let mut forged = input.change(&mut nonce);
    forged |= input.change(&mut proof);
    let other = u64::from(input.byte());
    forged |= other != 0;
    version ^= other;
    capabilities |= u64::from(input.byte());
    let challenge = Frame::Challenge { version, capabilities, nonce, proof };
    assert_eq!(answers_to(challenge).is_some(), !forged);

    let (_, hello) = Initiator::new(key(), LINK, CLIENT, b"tls");
    let hello = Hello::read(&hello).expect("own HELLO");
    let mut binding = *b"tls";
    let relayed = input.change(&mut binding);
    let (responder, _) = Responder::new(key(), hello, KEEPER, &binding);
    let Frame::Proof(mut proof) = real_proof() else { return };
    let forged = input.change(&mut proof);
    assert_eq!(responder.handle_frame(Frame::Proof(proof)).is_ok(), !relayed && !forged);
}

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    if input.byte() % 2 == 0 { arbitrary(&mut input) } else { changed(&mut input) }
});
