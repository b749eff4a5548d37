//! Where foreign bytes may go.

use proptest::prelude::*;

use super::{screen, streams};
use crate::params::Params;
use crate::parser::{Actions, MAX_STRING, Parser};

/// Writes down text, and payloads in angle brackets.
#[derive(Default)]
struct Seen(Vec<u8>);

impl Actions for Seen {
    fn text(&mut self, ascii: &[u8]) {
        self.0.extend(ascii);
    }
    fn character(&mut self, _: char) {}
    fn control(&mut self, _: u8) {}
    fn escape(&mut self, _: u8, _: u8) {}
    fn sequence(&mut self, _: u8, _: u8, _: u8, _: &Params) {}
    fn osc(&mut self, payload: &[u8]) {
        self.0.extend([b"<", payload, b">"].concat());
    }
}

fn ground_after(bytes: &[u8]) -> bool {
    let mut parser = Parser::default();
    parser.feed(bytes, &mut Seen::default());
    parser.is_ground()
}

#[test]
fn inside_of_sequences_is_not_ground() {
    let inside: &[&[u8]] = &[
        b"\x1b",
        b"\x1b[",
        b"\x1b[3",
        b"\x1b[38;2;1",
        b"\x1b[?",
        b"\x1b(",
        b"\x1b]0;t",
        b"\x1b]0;t\x1b",
        b"\x1bPq",
        b"\x1bPq\x1b",
        b"\x1b_G",
        b"\x1b^x",
        b"\x1bXx",
        b"\x1b_G\x07",
        b"\xe2",
        b"\xe2\x82",
        b"\xf0\x9f\x98",
        b"\xc3",
        b"\x1b[3\x1b",
        b"\x1b]0;t\x1b[",
        b"\x1bPtmux;\x1b\x1b[1m",
    ];
    for bytes in inside {
        assert!(!ground_after(bytes), "{bytes:?}");
    }
}

#[test]
fn after_sequences_is_ground() {
    let after: &[&[u8]] = &[
        b"",
        b"text",
        b"\x1b[31m",
        b"\x1b7",
        b"\x1b(0",
        b"\x1b]0;t\x07",
        b"\x1b]0;t\x1b\\",
        b"\x1bPq~\x1b\\",
        b"\x1b_G\x1b\\",
        "é€😀".as_bytes(),
        b"\x1b[3\x18",
        b"\x1b]0;t\x1a",
        b"\xe2a",
        b"\xe2\x1b[m",
        b"\x80\x80",
        b"\xff",
        b"\x1b]0;t\x1b[m",
        b"\x1b\x1b[m",
        b"\x1bPtmux;\x1b\x1b]0;x\x07\x1b\\",
    ];
    for bytes in after {
        assert!(ground_after(bytes), "{bytes:?}");
    }
}

#[test]
fn strings_are_taken_out_and_only_osc_is_handed_on() {
    let mut seen = Seen::default();
    let mut parser = Parser::default();
    for part in b"a\x1b]0;ti\x1b\\b\x1bPdcs\x1b\\c\x1b]2;x\x07".chunks(3) {
        parser.feed(part, &mut seen);
    }
    assert_eq!(String::from_utf8(seen.0).unwrap(), "a<0;ti>bc<2;x>");
}

#[test]
fn overlong_strings_are_skipped_whole() {
    let mut screen = screen(2, 20, 0);
    screen.feed(b"\x1b]2;");
    screen.feed(&vec![b'x'; MAX_STRING]);
    screen.feed(b"yy\x07after");
    assert_eq!(screen.title(), None);
    assert_eq!(screen.lines()[0], "after");
}

proptest! {
    #![proptest_config(super::cases(300))]

    #[test]
    fn pieces_do_not_matter(bytes in streams::full_stream(40), cut in 1..7usize) {
        let mut whole = screen(8, 30, 50);
        whole.feed(&bytes);
        let mut pieces = screen(8, 30, 50);
        bytes.chunks(cut).for_each(|part| pieces.feed(part));
        prop_assert!(whole.is_ground());
        prop_assert!(pieces.is_ground());
        prop_assert_eq!(whole.replay(), pieces.replay());
    }

    #[test]
    fn ground_is_a_matter_of_the_bytes_only(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 1..9usize) {
        let mut parser = Parser::default();
        bytes.chunks(cut).for_each(|part| parser.feed(part, &mut Seen::default()));
        prop_assert_eq!(parser.is_ground(), ground_after(&bytes));
    }
}
