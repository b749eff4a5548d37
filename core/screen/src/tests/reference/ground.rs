//! Follows where in a byte stream sequences begin and end, and takes strings (OSC, DCS, APC, PM,
//! SOS) out of it. It knows the grammar, not the meaning; it never holds more than one string.

/// DCS strings with this prefix are for an outer terminal multiplexer's outer terminal; ESC inside
/// them is doubled and does not end them.
const TMUX_PREFIX: &[u8] = b"tmux;";

use crate::parser::MAX_STRING;

const BEL: u8 = 0x07;
const CAN: u8 = 0x18;
const SUB: u8 = 0x1a;
const ESC: u8 = 0x1b;

/// What the stream is made of, in order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// Text, control characters, escape and control sequences; may end in the middle of a
    /// sequence but not of a UTF-8 character (the library loses text there).
    Plain(&'a [u8]),
    /// Payload of a complete OSC.
    Osc(&'a [u8]),
    /// DECSTR, `CSI ! p`; its bytes are in the `Plain` before it too.
    SoftReset,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Ground,
    Escape,
    EscapeIntermediate,
    Csi,
    Text,
    TextEscape,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Osc,
    Dcs,
    Other,
}

/// The position of a stream within the grammar of escape sequences and UTF-8.
#[derive(Debug, Default)]
pub(crate) struct Tracker {
    state: State,
    kind: Kind,
    /// Bytes of the current string: an OSC whole, of a DCS only enough to know its prefix.
    payload: Vec<u8>,
    overlong: bool,
    /// Continuation bytes that the current UTF-8 character still lacks.
    missing: u8,
    /// The beginning of that character, held back until it is whole.
    held: Vec<u8>,
    csi_first: u8,
    csi_len: usize,
}

impl Tracker {
    /// Splits `bytes` into pieces.
    pub(crate) fn scan(&mut self, bytes: &[u8], sink: &mut impl FnMut(Piece<'_>)) {
        let mut at = self.complete(bytes, sink);
        let mut plain = at;
        while at < bytes.len() {
            match self.state {
                State::Ground => at += self.ground(&bytes[at..]),
                State::Text => {
                    at += self.text(&bytes[at..], sink);
                    plain = at;
                }
                State::TextEscape => {
                    at += self.text_escape(bytes[at], sink);
                    plain = at;
                }
                _ => {
                    let byte = bytes[at];
                    at += 1;
                    match self.sequence(byte) {
                        Step::More => {}
                        Step::SoftReset => {
                            sink(Piece::Plain(&bytes[plain..at]));
                            sink(Piece::SoftReset);
                            plain = at;
                        }
                        Step::StringStarts => {
                            sink(Piece::Plain(&bytes[plain..at - 1]));
                            // The reader of Plain has seen the ESC: take it back.
                            sink(Piece::Plain(&[CAN]));
                        }
                    }
                }
            }
        }
        if !matches!(self.state, State::Text | State::TextEscape) {
            let rest = self.hold_back(&bytes[plain..]);
            if !rest.is_empty() {
                sink(Piece::Plain(rest));
            }
        }
    }

    /// Goes on with a character that the piece before left incomplete. Returns the bytes used.
    fn complete(&mut self, bytes: &[u8], sink: &mut impl FnMut(Piece<'_>)) -> usize {
        if self.held.is_empty() {
            return 0;
        }
        let more = bytes.iter().take(self.missing.into());
        let more = more.take_while(|&&byte| is_continuation(byte)).count();
        self.held.extend_from_slice(&bytes[..more]);
        // Never more than the three that can be missing.
        self.missing -= more as u8;
        if self.missing > 0 && more == bytes.len() {
            return more;
        }
        match self.missing {
            0 => sink(Piece::Plain(&self.held)),
            _ => sink(Piece::Plain(String::from_utf8_lossy(&self.held).as_bytes())),
        }
        self.missing = 0;
        self.held.clear();
        more
    }

    /// Keeps an incomplete character at the end for later, returns what is before it.
    fn hold_back<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        if self.state != State::Ground || self.missing == 0 || !self.held.is_empty() {
            return bytes;
        }
        let lead = bytes.iter().rposition(|&byte| !is_continuation(byte)).unwrap_or(0);
        self.held.extend_from_slice(&bytes[lead..]);
        &bytes[..lead]
    }

    fn ground(&mut self, bytes: &[u8]) -> usize {
        let end = bytes.iter().position(|&byte| byte == ESC);
        let text = &bytes[..end.unwrap_or(bytes.len())];
        // A character is at most four bytes, so its lead is among the last three or it is whole.
        for &byte in &text[text.len().saturating_sub(3)..] {
            self.missing = still_missing(self.missing, byte);
        }
        match end {
            Some(end) => {
                self.missing = 0;
                self.state = State::Escape;
                end + 1
            }
            None => bytes.len(),
        }
    }

    fn sequence(&mut self, byte: u8) -> Step {
        self.state = match (self.state, byte) {
            (_, ESC) => State::Escape,
            (_, CAN | SUB) => State::Ground,
            (State::Escape, b'[') => {
                self.csi_len = 0;
                State::Csi
            }
            (State::Escape, b']') => return self.begin(Kind::Osc),
            (State::Escape, b'P') => return self.begin(Kind::Dcs),
            (State::Escape, b'X' | b'^' | b'_') => return self.begin(Kind::Other),
            (State::Escape, 0x20..=0x2f) => State::EscapeIntermediate,
            (State::Escape | State::EscapeIntermediate, 0x30..=0x7e) => State::Ground,
            (State::Csi, 0x40..=0x7e) => {
                self.state = State::Ground;
                let soft = byte == b'p' && self.csi_len == 1 && self.csi_first == b'!';
                return if soft { Step::SoftReset } else { Step::More };
            }
            (State::Csi, 0x20..=0x3f) => {
                if self.csi_len == 0 {
                    self.csi_first = byte;
                }
                self.csi_len = self.csi_len.saturating_add(1);
                State::Csi
            }
            (state, _) => state,
        };
        Step::More
    }

    fn begin(&mut self, kind: Kind) -> Step {
        self.kind = kind;
        self.payload.clear();
        self.overlong = false;
        self.state = State::Text;
        Step::StringStarts
    }

    fn text(&mut self, bytes: &[u8], sink: &mut impl FnMut(Piece<'_>)) -> usize {
        let osc = self.kind == Kind::Osc;
        let ends = |byte: u8| matches!(byte, ESC | CAN | SUB) || (osc && byte == BEL);
        let end = bytes.iter().position(|&byte| ends(byte));
        self.collect(&bytes[..end.unwrap_or(bytes.len())]);
        let Some(end) = end else { return bytes.len() };
        match bytes[end] {
            ESC => self.state = State::TextEscape,
            BEL => self.finish(sink),
            _ => self.drop_payload(),
        }
        end + 1
    }

    /// The byte after an ESC within a string: ST ends it, anything else begins another sequence.
    fn text_escape(&mut self, byte: u8, sink: &mut impl FnMut(Piece<'_>)) -> usize {
        if byte == b'\\' {
            self.finish(sink);
            return 1;
        }
        if self.kind == Kind::Dcs && self.payload == TMUX_PREFIX {
            self.state = State::Text;
            return 1;
        }
        self.finish(sink);
        sink(Piece::Plain(&[ESC]));
        self.state = State::Escape;
        0
    }

    fn collect(&mut self, bytes: &[u8]) {
        match self.kind {
            Kind::Osc if self.payload.len() + bytes.len() > MAX_STRING => {
                self.overlong = true;
                self.payload = Vec::new();
            }
            Kind::Osc if self.overlong => {}
            Kind::Osc => self.payload.extend_from_slice(bytes),
            Kind::Dcs => {
                let room = TMUX_PREFIX.len() - self.payload.len();
                self.payload.extend_from_slice(&bytes[..room.min(bytes.len())]);
            }
            Kind::Other => {}
        }
    }

    fn finish(&mut self, sink: &mut impl FnMut(Piece<'_>)) {
        if self.kind == Kind::Osc && !self.overlong {
            sink(Piece::Osc(&self.payload));
        }
        self.drop_payload();
    }

    fn drop_payload(&mut self) {
        self.payload.clear();
        self.state = State::Ground;
    }
}

enum Step {
    More,
    SoftReset,
    StringStarts,
}

fn is_continuation(byte: u8) -> bool {
    matches!(byte, 0x80..=0xbf)
}

fn still_missing(missing: u8, byte: u8) -> u8 {
    match byte {
        0x80..=0xbf => missing.saturating_sub(1),
        0xc2..=0xdf => 1,
        0xe0..=0xef => 2,
        0xf0..=0xf4 => 3,
        _ => 0,
    }
}
