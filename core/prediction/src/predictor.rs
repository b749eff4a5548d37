//! The state machine: keys, output and acknowledgements in; what to show out.

mod judge;
mod look;

use std::collections::VecDeque;
use std::time::Duration;

use abide_screen::{Position, Screen};
use abide_terms::Moment;

pub(crate) use self::look::Mark;
use crate::guess::{Guess, Line, Manner, bare_end, effect, next_line, next_row, step_back};
use crate::keys::{Key, Keys};
use crate::trigger::Trigger;
use crate::trust::{Prompts, Tty, is_editor, is_inserting, is_shell};
use crate::wish::Wish;

/// Guesses that are open, and keys that wait for a place; at either, the rest waits for the server.
pub const MAX_KEYS: usize = 256;
/// More bytes than this at once were pasted: they wait for the server.
pub const MAX_TYPED: usize = 100;
/// Echoes seen before the end of a line is believed to lead to the next row, if no other was seen.
const PROVEN: u32 = 8;

/// What keystrokes will most likely do. Pure: fed with what is typed and shown, and with the time.
///
/// In order: [`Predictor::handle_typed`] for bytes on their way to the server, before they can be
/// acknowledged; [`Predictor::handle_output`] after bytes of output were fed to the screen;
/// [`Predictor::handle_unacknowledged`] when that may have changed, and at
/// [`Predictor::poll_timeout`]. After any of them [`Predictor::view`] is what to show in place of
/// the screen. The screen is always the one without predictions.
///
/// Memory is bounded by [`MAX_KEYS`], and by a few dozen prompts.
#[derive(Clone, Debug)]
pub struct Predictor {
    trigger: Trigger,
    rtt: Duration,
    keys: Keys,
    /// Bytes typed so far, and how many of them the server is known to have.
    sent: u64,
    acked: u64,
    /// Keys whose effect is guessed, oldest first.
    guesses: VecDeque<Guess>,
    /// Keys after those, whose place is not known.
    adrift: Option<Adrift>,
    /// An echo that was seen: where its key ends, and its epoch.
    proof: Option<(u64, u32)>,
    /// A sign that came back as it was typed and may be a mask all the same, and its epoch.
    mask: Option<(char, u32)>,
    /// Goes up when it is no longer known who reads.
    epoch: u32,
    /// Epochs up to these are shown: text, and cursor movements.
    text_trusted: u32,
    moves_trusted: u32,
    /// Characters were typed that nobody saw echoed: a known prompt proves nothing.
    unaccounted: bool,
    /// Nothing was typed in this session yet.
    is_new: bool,
    /// A line editor says that it reads (bracketed paste).
    reads: bool,
    /// How much had been typed when it began to, and where the last key ends.
    reads_since: u64,
    read_to: u64,
    /// Where the last guess that came true left the cursor.
    rest: Option<Position>,
    line: Line,
    /// The text before the line, until an echo proves it to be a prompt.
    prompt: Option<String>,
    prompts: Prompts,
    /// What made the place unknown last.
    parted: Hole,
    tty: Option<Tty>,
    /// An editor's word that it takes text is not older than the last Escape.
    editor_current: bool,
    landing: Option<Landing>,
    /// Line ends that led to the next row; characters that were echoed in this epoch.
    landings: u32,
    echoed: u32,
    /// A line end did not lead there: the next must be seen to.
    misled: bool,
    /// The same in the editor that is on the screen: none is guessed until it is left.
    editor_misled: bool,
    output_at: Option<Moment>,
    looked_at: Moment,
}

/// Keys whose place is not known, as one before them did nobody knows what.
#[derive(Clone, Debug)]
struct Adrift {
    hole: Hole,
    /// Where the key ends that did it, in the input stream.
    end: u64,
    acked: Option<Moment>,
    /// Line feeds when it was typed.
    feeds: u64,
    waiting: VecDeque<Waiting>,
}

/// What kind of key it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hole {
    Enter,
    Edit,
    Other,
}

/// A key that waits for a place.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    key: Key,
    end: u64,
    typed: Moment,
    acked: Option<Moment>,
}

/// An Enter that is watched: does it lead to the next row and no further?
#[derive(Clone, Copy, Debug)]
struct Landing {
    end: u64,
    feeds: u64,
    place: Position,
}

impl Predictor {
    /// One for a session; with [`Wish::Never`] it does nothing.
    pub fn new(wish: Wish) -> Self {
        Self {
            trigger: Trigger::new(wish),
            rtt: Duration::ZERO,
            keys: Keys::default(),
            sent: 0,
            acked: 0,
            guesses: VecDeque::new(),
            adrift: None,
            proof: None,
            mask: None,
            epoch: 1,
            text_trusted: 0,
            moves_trusted: 0,
            unaccounted: false,
            is_new: true,
            reads: false,
            reads_since: 0,
            read_to: 0,
            rest: None,
            line: Line::default(),
            prompt: None,
            prompts: Prompts::default(),
            parted: Hole::Other,
            tty: None,
            editor_current: true,
            landing: None,
            landings: 0,
            echoed: 0,
            misled: false,
            editor_misled: false,
            output_at: None,
            looked_at: Moment::ZERO,
        }
    }

    /// These bytes are being sent.
    pub fn handle_typed(&mut self, now: Moment, bytes: &[u8], screen: &Screen) {
        let before = self.sent;
        self.sent += bytes.len() as u64;
        if bytes.len() > MAX_TYPED {
            self.keys = Keys::default();
            self.unaccounted = true;
            (self.is_new, self.read_to) = (false, self.sent);
            return self.part(Hole::Other, self.sent, screen);
        }
        let mut keys = std::mem::take(&mut self.keys);
        keys.read(bytes, |key, used| self.on_key(now, key, before + used as u64, screen));
        self.keys = keys;
    }

    /// Output was fed to the screen.
    pub fn handle_output(&mut self, now: Moment, screen: &Screen) {
        self.output_at = Some(now);
        let reads = screen.private_mode(2004) == Some(true);
        if reads && !self.reads {
            self.reads_since = self.sent;
        }
        self.reads = reads;
        let edits = is_editor(screen);
        self.editor_current |= !edits;
        self.editor_misled &= edits || screen.is_alternate();
        self.settle(now, screen);
    }

    /// So many bytes of those typed are not known to have arrived.
    pub fn handle_unacknowledged(&mut self, now: Moment, bytes: usize, screen: &Screen) {
        let acked = self.sent.saturating_sub(bytes as u64);
        if acked <= self.acked {
            return;
        }
        self.acked = acked;
        self.take_proof();
        let mark = |end: u64, at: &mut Option<Moment>| {
            if end <= acked {
                at.get_or_insert(now);
            }
        };
        self.guesses.iter_mut().for_each(|guess| mark(guess.end, &mut guess.acked));
        if let Some(adrift) = &mut self.adrift {
            mark(adrift.end, &mut adrift.acked);
            adrift.waiting.iter_mut().for_each(|waiting| mark(waiting.end, &mut waiting.acked));
        }
        self.settle(now, screen);
    }

    /// The round trip, as measured. How long is waited changes with it: look at
    /// [`Predictor::poll_timeout`], which may be due now.
    pub fn handle_rtt(&mut self, rtt: Duration) {
        self.rtt = rtt;
        self.trigger.handle_rtt(rtt, self.guesses.is_empty());
    }

    /// What the keeper says of the terminal.
    pub fn handle_tty(&mut self, tty: Tty) {
        self.tty = Some(tty);
        if tty.hides() {
            self.distrust();
        }
    }

    /// The screen is another: resized, restarted, drawn anew.
    pub fn forget(&mut self, screen: &Screen) {
        self.guesses.clear();
        self.distrust();
        // Where nothing was typed there is no answer to wait for.
        if !self.is_new {
            self.part(Hole::Other, self.sent, screen);
        }
    }

    /// [`Predictor::settle`] has something to do then.
    pub fn handle_timeout(&mut self, now: Moment, screen: &Screen) {
        self.settle(now, screen);
    }

    fn on_key(&mut self, now: Moment, key: Key, end: u64, screen: &Screen) {
        match &mut self.adrift {
            Some(adrift) if hole(key).is_none() && adrift.waiting.len() < MAX_KEYS => {
                adrift.waiting.push_back(Waiting { key, end, typed: now, acked: None });
            }
            Some(_) => self.part(hole(key).unwrap_or(Hole::Other), end, screen),
            None => self.guess(now, key, end, screen),
        }
        if key == Key::Escape {
            self.editor_current = false;
        }
        (self.is_new, self.read_to) = (false, end);
    }

    fn guess(&mut self, typed: Moment, key: Key, end: u64, screen: &Screen) {
        if self.guesses.is_empty() {
            self.arrive(screen);
        }
        let mut ahead = screen.clone();
        self.guesses.iter().for_each(|guess| guess.sketch(&mut ahead, false));
        let room = screen.takes_sketch() && self.guesses.len() < MAX_KEYS;
        let found = match key {
            _ if !room => None,
            Key::Enter if is_editor(screen) => self.edits().then(|| next_line(&ahead)).flatten(),
            Key::Enter if self.lands(screen) => next_row(&ahead),
            Key::Escape if is_inserting(screen) => {
                self.edits().then(|| step_back(&ahead)).flatten()
            }
            key => effect(key, &ahead, self.line),
        };
        let Some((effect, after)) = found else {
            self.line.end = None;
            if key == Key::Enter {
                self.watch(end, &ahead);
            }
            self.unaccounted |= matches!(key, Key::Char(_));
            let moves = matches!(key, Key::Backspace | Key::Left | Key::Right);
            let usual = if moves { Hole::Edit } else { Hole::Other };
            return self.part(hole(key).unwrap_or(usual), end, screen);
        };
        let before = ahead.cursor();
        self.line = self.line.after(effect, before, after);
        let mut guess = Guess {
            key,
            end,
            typed,
            acked: None,
            epoch: self.epoch,
            effect,
            before,
            after,
            was: ' ',
            seen: ' ',
        };
        let place = guess.expects().map(|(place, _)| place);
        let was = place.and_then(|(row, col)| ahead.glyph(row, col));
        guess.was = was.map_or(' ', |glyph| glyph.ch);
        let seen = place.and_then(|(row, col)| screen.glyph(row, col));
        guess.seen = seen.map_or(' ', |glyph| glyph.ch);
        self.guesses.push_back(guess);
        if key == Key::Escape {
            // What follows are commands.
            self.part(Hole::Other, end, screen);
        }
    }

    /// Typing begins where everything typed before is settled. Is it known who reads?
    fn arrive(&mut self, screen: &Screen) {
        let cursor = screen.cursor();
        if self.rest == Some(cursor) {
            return;
        }
        self.begin(screen);
        if self.tty.is_some_and(Tty::hides) {
            return;
        }
        let text = screen.text_before(cursor.row, cursor.col);
        let reads = screen.private_mode(2004) == Some(true) && self.tty.is_none_or(Tty::is_raw);
        let is_raw = self.tty.is_some_and(Tty::is_raw);
        // It cannot have read what was typed before it began.
        let began = reads && is_raw && self.reads_since >= self.read_to;
        let unaccounted = self.unaccounted && !began;
        let login = self.is_new && began && is_shell(&text);
        let known = self.prompts.knows(&text) || (reads && self.prompts.knows_kind(&text)) || login;
        let edited = match self.parted {
            Hole::Edit => self.prompts.known_start(&text).map(str::len),
            Hole::Enter | Hole::Other => None,
        };
        if !unaccounted && (known || edited.is_some()) {
            self.text_trusted = self.epoch;
        }
        if let Some(length) = edited {
            self.line.start = start_after(screen, cursor.row, &text[..length]);
            self.line.end = bare_end(screen, cursor);
            self.prompt = None;
        }
        self.believe_editor(screen);
    }

    /// A new epoch, with the line beginning at the cursor.
    fn begin(&mut self, screen: &Screen) {
        let cursor = screen.cursor();
        self.epoch += 1;
        self.echoed = 0;
        self.line.start = (self.parted != Hole::Edit).then_some((cursor.row, cursor.col));
        self.line.end = self.line.start.and_then(|_| bare_end(screen, cursor));
        if self.parted == Hole::Enter {
            self.line.manner = Manner::Insert;
        }
        self.prompt = self.line.start.map(|_| screen.text_before(cursor.row, cursor.col));
    }

    fn believe_editor(&mut self, screen: &Screen) {
        if is_editor(screen) && self.editor_current {
            self.text_trusted = self.epoch;
            (self.line.start, self.line.end) = (None, None);
            self.prompt = None;
        }
    }

    /// From this key on the place is unknown.
    fn part(&mut self, hole: Hole, end: u64, screen: &Screen) {
        let typed = self.adrift.iter().flat_map(|adrift| &adrift.waiting);
        self.unaccounted |= typed.into_iter().any(|it| matches!(it.key, Key::Char(_)));
        let feeds = screen.line_feeds();
        let acked = None;
        self.adrift = Some(Adrift { hole, end, acked, feeds, waiting: VecDeque::new() });
        self.parted = hole;
        self.rest = None;
    }

    /// Nothing is believed until it is earned again.
    fn distrust(&mut self) {
        self.epoch += 1;
        self.proof = None;
        self.rest = None;
        self.unaccounted = true;
        (self.text_trusted, self.moves_trusted) = (0, 0);
        (self.landings, self.echoed) = (0, 0);
    }

    /// Whether Enter is believed to lead to the next row: in a program that does its own echo, on a
    /// line without a prompt, where the line before did or much was echoed.
    fn lands(&self, screen: &Screen) -> bool {
        let plain = screen.private_mode(2004) != Some(true) && self.tty.is_some_and(Tty::is_raw);
        let bare = self.line.start.is_some_and(|(_, col)| col == 0);
        let proven = self.landings > 0 || (self.echoed >= PROVEN && !self.misled);
        plain && bare && proven && self.text_trusted >= self.epoch
    }

    /// Whether the editor on the screen takes text, and Enter did there what it was guessed to do.
    fn edits(&self) -> bool {
        self.editor_current && !self.editor_misled && self.text_trusted >= self.epoch
    }

    fn watch(&mut self, end: u64, ahead: &Screen) {
        let bare = self.line.start.is_some_and(|(_, col)| col == 0);
        self.landing = next_row(ahead).filter(|_| bare).map(|(_, place)| Landing {
            end,
            feeds: ahead.line_feeds(),
            place,
        });
    }
}

/// What kind of hole a key makes whose effect is never guessed.
fn hole(key: Key) -> Option<Hole> {
    match key {
        Key::Char(_) | Key::Backspace | Key::Left | Key::Right => None,
        Key::Enter => Some(Hole::Enter),
        Key::Edit => Some(Hole::Edit),
        Key::Escape | Key::Other => Some(Hole::Other),
    }
}

/// The column right after a text at the beginning of a row.
fn start_after(screen: &Screen, row: u16, text: &str) -> Option<(u16, u16)> {
    let cols = screen.size().cols;
    let length = |col: &u16| screen.text_before(row, *col).len() >= text.len();
    (0..cols).find(length).map(|col| (row, col))
}
