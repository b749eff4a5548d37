//! The grammar of what a terminal is sent: text, control characters, escape and control sequences,
//! strings. It knows where each begins and ends, whatever it is and however it is cut into pieces;
//! what they mean is for the [`Actions`] it calls. It never holds more than one string.

use crate::params::Params;
use crate::utf8::{Partial, Step};

/// Longest OSC payload that is looked at, bytes. A longer one is skipped to its end.
pub(crate) const MAX_STRING: usize = 64 * 1024;

/// Memory for strings that is kept between them, bytes.
const KEPT_CAPACITY: usize = 1024;

/// DCS strings with this prefix are for an outer terminal multiplexer's outer terminal; ESC inside
/// them is doubled and does not end them.
const TMUX_PREFIX: &[u8] = b"tmux;";

const BEL: u8 = 0x07;
const CAN: u8 = 0x18;
const SUB: u8 = 0x1a;
const ESC: u8 = 0x1b;
const DEL: u8 = 0x7f;

/// What the stream asks for, in order.
pub(crate) trait Actions {
    /// Printable ASCII, at least one byte.
    fn text(&mut self, ascii: &[u8]);
    /// A character that is neither ASCII nor a control character.
    fn character(&mut self, ch: char);
    /// A C0 control character, also one within a sequence.
    fn control(&mut self, byte: u8);
    /// `ESC`, at most one intermediate byte (0 for none), final byte.
    fn escape(&mut self, intermediate: u8, end: u8);
    /// A control sequence: CSI, private marker and intermediate byte (0 for none), final byte.
    fn sequence(&mut self, private: u8, intermediate: u8, end: u8, params: &Params);
    /// Payload of a complete OSC.
    fn osc(&mut self, payload: &[u8]);
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Ground,
    Escape,
    EscapeIntermediate,
    /// A control sequence; only here may a private marker come.
    Entry,
    Param,
    Intermediate,
    /// A control sequence that breaks the rules, skipped to its end.
    Ignore,
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

/// The position of a stream within the grammar.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parser {
    state: State,
    partial: Partial,
    params: Params,
    private: u8,
    intermediate: u8,
    /// More than one intermediate byte: nothing known has that.
    surplus: bool,
    kind: Kind,
    /// Bytes of the current string: an OSC whole, of a DCS only enough to know its prefix.
    payload: Vec<u8>,
    overlong: bool,
    /// Bytes taken since the last time that nothing was half received.
    unfinished: usize,
}

impl Parser {
    /// Whether no sequence and no character is half received.
    pub(crate) fn is_ground(&self) -> bool {
        self.state == State::Ground && !self.partial.is_begun()
    }

    pub(crate) fn feed(&mut self, mut bytes: &[u8], actions: &mut impl Actions) {
        while let Some(&byte) = bytes.first() {
            if self.is_ground() {
                self.unfinished = 0;
            }
            let used = match self.state {
                State::Ground => self.ground(bytes, actions),
                State::Text => self.string(bytes, actions),
                State::TextEscape => self.string_escape(byte, actions),
                _ if byte >= 0x80 || self.partial.is_begun() => self.foreign(byte),
                _ => {
                    self.sequence(byte, actions);
                    1
                }
            };
            self.unfinished = self.unfinished.saturating_add(used);
            bytes = &bytes[used..];
        }
    }

    /// Bytes of the sequence or character that is half received.
    pub(crate) fn unfinished(&self) -> usize {
        if self.is_ground() { 0 } else { self.unfinished }
    }

    #[inline]
    fn ground(&mut self, bytes: &[u8], actions: &mut impl Actions) -> usize {
        if !self.partial.is_begun() {
            let text = printable(bytes);
            if text > 0 {
                actions.text(&bytes[..text]);
                return text;
            }
            if bytes[0] < 0x80 {
                match bytes[0] {
                    ESC => self.begin_escape(),
                    DEL => {}
                    byte => actions.control(byte),
                }
                return 1;
            }
        }
        self.characters(bytes, actions)
    }

    /// Characters beyond ASCII, up to the next that is not. Returns the bytes used.
    fn characters(&mut self, bytes: &[u8], actions: &mut impl Actions) -> usize {
        if !self.partial.is_begun() {
            let text = whole(bytes);
            if !text.is_empty() {
                text.chars().for_each(|ch| print(ch, actions));
                return text.len();
            }
        }
        for (at, &byte) in bytes.iter().enumerate() {
            if byte < 0x80 && !self.partial.is_begun() {
                return at;
            }
            match self.partial.take(byte) {
                Step::More => {}
                Step::Whole(ch) => print(ch, actions),
                Step::Broken => print(char::REPLACEMENT_CHARACTER, actions),
                Step::BrokenBefore => {
                    print(char::REPLACEMENT_CHARACTER, actions);
                    return at;
                }
            }
        }
        bytes.len()
    }

    /// A character beyond ASCII within a sequence breaks it off and is swallowed, as in xterm, but
    /// for C1 controls, which mean nothing in UTF-8.
    fn foreign(&mut self, byte: u8) -> usize {
        match self.partial.take(byte) {
            Step::More | Step::Whole('\u{80}'..='\u{9f}') => 1,
            Step::Whole(_) | Step::Broken => {
                self.state = State::Ground;
                1
            }
            Step::BrokenBefore => {
                self.state = State::Ground;
                0
            }
        }
    }

    fn begin_escape(&mut self) {
        self.state = State::Escape;
        (self.intermediate, self.surplus) = (0, false);
    }

    fn sequence(&mut self, byte: u8, actions: &mut impl Actions) {
        match byte {
            ESC => self.begin_escape(),
            CAN | SUB => self.state = State::Ground,
            0..=0x1f => actions.control(byte),
            DEL => {}
            _ => match self.state {
                State::Escape | State::EscapeIntermediate => self.escape(byte, actions),
                _ => self.control_sequence(byte, actions),
            },
        }
    }

    fn escape(&mut self, byte: u8, actions: &mut impl Actions) {
        match (self.state, byte) {
            (_, 0x20..=0x2f) => {
                self.state = State::EscapeIntermediate;
                self.note_intermediate(byte);
            }
            (State::Escape, b'[') => {
                self.state = State::Entry;
                self.private = 0;
                self.params.clear();
            }
            (State::Escape, b']') => self.begin_string(Kind::Osc),
            (State::Escape, b'P') => self.begin_string(Kind::Dcs),
            (State::Escape, b'X' | b'^' | b'_') => self.begin_string(Kind::Other),
            _ => {
                self.state = State::Ground;
                if !self.surplus {
                    actions.escape(self.intermediate, byte);
                }
            }
        }
    }

    fn note_intermediate(&mut self, byte: u8) {
        self.surplus |= self.intermediate != 0;
        self.intermediate = byte;
    }

    #[inline]
    fn control_sequence(&mut self, byte: u8, actions: &mut impl Actions) {
        self.state = match (self.state, byte) {
            (state, 0x40..=0x7e) => {
                self.state = State::Ground;
                if state != State::Ignore && !self.surplus {
                    actions.sequence(self.private, self.intermediate, byte, &self.params);
                }
                return;
            }
            (State::Ignore, _) => State::Ignore,
            (State::Entry, 0x3c..=0x3f) => {
                self.private = byte;
                State::Param
            }
            (_, 0x20..=0x2f) => {
                self.note_intermediate(byte);
                State::Intermediate
            }
            (State::Entry | State::Param, b'0'..=b'9') => {
                self.params.digit(byte);
                State::Param
            }
            (State::Entry | State::Param, b':' | b';') => {
                self.params.separator(byte == b':');
                State::Param
            }
            _ => State::Ignore,
        };
    }

    fn begin_string(&mut self, kind: Kind) {
        self.kind = kind;
        self.payload.clear();
        self.overlong = false;
        self.state = State::Text;
    }

    fn string(&mut self, bytes: &[u8], actions: &mut impl Actions) -> usize {
        let osc = self.kind == Kind::Osc;
        let ends = |byte: u8| matches!(byte, ESC | CAN | SUB) || (osc && byte == BEL);
        let end = bytes.iter().position(|&byte| ends(byte));
        self.collect(&bytes[..end.unwrap_or(bytes.len())]);
        let Some(end) = end else { return bytes.len() };
        match bytes[end] {
            ESC => self.state = State::TextEscape,
            BEL => self.finish_string(actions),
            _ => self.drop_string(),
        }
        end + 1
    }

    /// The byte after an ESC within a string: ST ends it, anything else begins another sequence.
    fn string_escape(&mut self, byte: u8, actions: &mut impl Actions) -> usize {
        if byte == b'\\' {
            self.finish_string(actions);
            return 1;
        }
        if self.kind == Kind::Dcs && self.payload == TMUX_PREFIX {
            self.state = State::Text;
            return 1;
        }
        self.finish_string(actions);
        self.begin_escape();
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

    fn finish_string(&mut self, actions: &mut impl Actions) {
        if self.kind == Kind::Osc && !self.overlong {
            actions.osc(&self.payload);
        }
        self.drop_string();
    }

    fn drop_string(&mut self) {
        self.payload.clear();
        // Most are short: one that was not leaves no memory behind.
        self.payload.shrink_to(KEPT_CAPACITY);
        self.state = State::Ground;
    }
}

/// The whole characters beyond ASCII that come first.
fn whole(bytes: &[u8]) -> &str {
    let end = bytes.iter().position(u8::is_ascii).unwrap_or(bytes.len());
    let valid = match str::from_utf8(&bytes[..end]) {
        Ok(text) => return text,
        Err(error) => error.valid_up_to(),
    };
    str::from_utf8(&bytes[..valid]).unwrap_or_default()
}

/// C1 controls, encoded as UTF-8, mean nothing, as in xterm.
#[inline]
fn print(ch: char, actions: &mut impl Actions) {
    if !('\u{80}'..='\u{9f}').contains(&ch) {
        actions.character(ch);
    }
}

/// How many bytes of printable ASCII come first.
#[inline]
fn printable(bytes: &[u8]) -> usize {
    const STEP: usize = 16;
    let is = |byte: &u8| (b' '..=b'~').contains(byte);
    let all = |step: &&[u8; STEP]| step.iter().fold(true, |all, byte| all & is(byte));
    let steps = bytes.as_chunks::<STEP>().0.iter().take_while(all).count();
    let rest = &bytes[steps * STEP..];
    steps * STEP + rest.iter().take(STEP).take_while(|byte| is(byte)).count()
}
