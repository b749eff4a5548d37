//! Recognises keepalive exchanges in what a relay saw of an otherwise idle connection: by their size,
//! and where compression hides that, by their rhythm. It decides nothing about whether they are as
//! they should be.

use std::time::Duration;

use abide_terms::Moment;

use crate::framing::{Framing, Request, framings};
use crate::record::End;

/// Exchanges kept; of a longer watch the later ones are counted as traffic alone.
pub const MAX_EXCHANGES: usize = 16_384;
/// An answer that takes longer answers something else.
const MAX_ANSWER: Duration = Duration::from_secs(10);
/// Silence before a packet that may begin an exchange of unknown size.
const QUIET: Duration = Duration::from_millis(300);
/// Longest keepalive on the wire: compression adds little to what it cannot shrink.
const MAX_COMPRESSED: usize = 128;

/// By what an exchange was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// Probe and answer have the lengths that this request has under some cipher and MAC.
    Size(Request),
    /// A question after silence and a shorter or equal answer: the same two lengths as before, or
    /// any short ones where compression hides the lengths.
    Rhythm,
}

/// The answer to a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// How long after the probe it passed.
    pub after: Duration,
    /// Its length on the wire.
    pub bytes: usize,
}

/// One keepalive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Who asked.
    pub by: End,
    /// When the probe passed.
    pub at: Moment,
    /// Length of the probe on the wire.
    pub bytes: usize,
    /// How long the asker had heard nothing; `None` where that began before the watch.
    pub silence: Option<Duration>,
    /// `None` while there is none.
    pub answer: Option<Answer>,
    /// What told it from other traffic.
    pub evidence: Evidence,
}

/// A packet that may turn out to be a probe.
#[derive(Clone, Copy, Debug)]
struct Packet {
    by: End,
    at: Moment,
    bytes: usize,
    silence: Option<Duration>,
    after_quiet: bool,
}

/// Watches a connection, packet by packet.
#[derive(Debug)]
pub struct Recogniser {
    /// What this connection's cipher and MAC may still be. Never empty: a contradiction is ignored.
    framings: Vec<Framing>,
    /// An exchange was recognised by its size: nothing hides the others'.
    is_sized: bool,
    /// Lengths tell nothing.
    is_compressed: bool,
    /// The last packet of each end that nothing has answered.
    open: [Option<Packet>; 2],
    /// Lengths of the last exchange of unknown size that each end began.
    rhythm: [Option<(usize, usize)>; 2],
    exchanges: Vec<Exchange>,
    /// When each end last heard something.
    heard: [Option<Moment>; 2],
    longest: [Duration; 2],
    other: u64,
}

impl Default for Recogniser {
    fn default() -> Self {
        Recogniser {
            framings: framings().collect(),
            is_sized: false,
            is_compressed: false,
            open: [None; 2],
            rhythm: [None; 2],
            exchanges: Vec::new(),
            heard: [None; 2],
            longest: [Duration::ZERO; 2],
            other: 0,
        }
    }
}

const fn index(end: End) -> usize {
    match end {
        End::Client => 0,
        End::Server => 1,
    }
}

impl Recogniser {
    /// Begins to watch a connection on which client and server last heard something then.
    pub fn after(client_heard: Moment, server_heard: Moment) -> Self {
        let heard = [Some(client_heard), Some(server_heard)];
        Recogniser { heard, ..Recogniser::default() }
    }

    /// The connection may be compressed: the same keepalive is of another length each time.
    #[must_use]
    pub fn compressed(self) -> Self {
        Recogniser { is_compressed: true, ..self }
    }

    /// Takes a packet. Times must not go back.
    pub fn see(&mut self, by: End, at: Moment, bytes: usize) {
        let last = self.heard.into_iter().flatten().max();
        let after_quiet = last.is_none_or(|last| at.since(last) >= QUIET);
        let silence = self.heard[index(by)].map(|heard| at.since(heard));
        let hearer = by.other();
        self.longest[index(hearer)] = self.longest_silence(hearer, at);
        self.heard[index(hearer)] = Some(at);
        let packet = Packet { by, at, bytes, silence, after_quiet };
        if self.answers(packet) {
            return;
        }
        // The one before it was no probe, or has got no answer.
        self.retire(by);
        self.open[index(by)] = Some(packet);
    }

    /// Every exchange so far, oldest first. A probe without an answer is one only if it is as long
    /// as an answered one of the same end was.
    pub fn exchanges(&self) -> Vec<Exchange> {
        let mut all = self.exchanges.clone();
        all.extend(self.open.into_iter().flatten().filter_map(|packet| self.unanswered(packet)));
        all.sort_by_key(|exchange| exchange.at);
        all
    }

    /// When an end last heard something.
    pub fn heard(&self, end: End) -> Option<Moment> {
        self.heard[index(end)]
    }

    /// The longest time up to `now` in which an end heard nothing.
    pub fn longest_silence(&self, end: End, now: Moment) -> Duration {
        let lasting = self.heard[index(end)].map_or(Duration::ZERO, |heard| now.since(heard));
        self.longest[index(end)].max(lasting)
    }

    /// Packets that belong to no keepalive.
    pub fn other_packets(&self) -> u64 {
        let undecided = self.open.into_iter().flatten();
        self.other + undecided.filter(|packet| self.unanswered(*packet).is_none()).count() as u64
    }

    /// Whether the packet completes an exchange.
    fn answers(&mut self, packet: Packet) -> bool {
        let asker = index(packet.by.other());
        let Some(probe) = self.open[asker] else { return false };
        let after = packet.at.since(probe.at);
        if after > MAX_ANSWER {
            return false;
        }
        if let Some(request) = self.request(probe.bytes, packet.bytes) {
            self.open[asker] = None;
            self.narrow(request, probe.bytes, packet.bytes);
            self.is_sized = true;
            self.keep(probe, packet, Evidence::Size(request));
            return true;
        }
        // An answer says less than its question. Where sizes are told, two that cross are no pair.
        if self.is_sized || !probe.after_quiet || packet.bytes > probe.bytes {
            return false;
        }
        self.open[asker] = None;
        let pair = (probe.bytes, packet.bytes);
        let came_before = self.rhythm[asker].replace(pair) == Some(pair);
        if came_before || (self.is_compressed && probe.bytes <= MAX_COMPRESSED) {
            self.keep(probe, packet, Evidence::Rhythm);
        } else {
            self.other += 2;
        }
        true
    }

    /// Which request has these lengths under a framing that this connection may have.
    fn request(&self, probe: usize, reply: usize) -> Option<Request> {
        if self.is_compressed {
            return None;
        }
        let fits = |request: &Request| {
            self.framings
                .iter()
                .any(|framing| framing.probe(*request) == probe && framing.reply(*request) == reply)
        };
        Request::ALL.into_iter().find(fits)
    }

    fn narrow(&mut self, request: Request, probe: usize, reply: usize) {
        self.framings
            .retain(|framing| framing.probe(request) == probe && framing.reply(request) == reply);
    }

    fn keep(&mut self, probe: Packet, reply: Packet, evidence: Evidence) {
        let answer = Answer { after: reply.at.since(probe.at), bytes: reply.bytes };
        self.push(Exchange {
            by: probe.by,
            at: probe.at,
            bytes: probe.bytes,
            silence: probe.silence,
            answer: Some(answer),
            evidence,
        });
    }

    fn push(&mut self, exchange: Exchange) {
        if self.exchanges.len() < MAX_EXCHANGES {
            self.exchanges.push(exchange);
        } else {
            self.other += 1;
        }
    }

    /// Gives up on an answer to this end's open packet.
    fn retire(&mut self, by: End) {
        let Some(packet) = self.open[index(by)].take() else { return };
        match self.unanswered(packet) {
            Some(exchange) => self.push(exchange),
            None => self.other += 1,
        }
    }

    fn unanswered(&self, packet: Packet) -> Option<Exchange> {
        let known = self.exchanges.iter().rev();
        let mut like_it = known.filter(|seen| {
            seen.answer.is_some() && seen.by == packet.by && seen.bytes == packet.bytes
        });
        let evidence = like_it.next()?.evidence;
        let Packet { by, at, bytes, silence, .. } = packet;
        Some(Exchange { by, at, bytes, silence, answer: None, evidence })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::from_nanos(millis * 1_000_000)
    }

    fn watch(packets: &[(End, u64, usize)]) -> Recogniser {
        let mut watch = Recogniser::default();
        packets.iter().for_each(|(by, millis, bytes)| watch.see(*by, at(*millis), *bytes));
        watch
    }

    #[test]
    fn probes_of_both_ends_are_told_apart_even_when_they_cross() {
        let watch = watch(&[
            (End::Client, 1_000, 52),
            (End::Server, 1_001, 28),
            (End::Client, 2_000, 52),
            (End::Server, 2_000, 60),
            (End::Client, 2_001, 36),
            (End::Server, 2_001, 28),
        ]);
        let seen = watch.exchanges();
        let of = |end| seen.iter().filter(|exchange| exchange.by == end).collect::<Vec<_>>();
        assert_eq!((of(End::Client).len(), of(End::Server).len()), (2, 1), "{seen:?}");
        assert!(seen.iter().all(|exchange| exchange.answer.is_some()));
        assert_eq!(of(End::Server)[0].evidence, Evidence::Size(Request::Channel));
        assert_eq!(watch.other_packets(), 0);
    }

    #[test]
    fn a_probe_without_an_answer_is_known_by_those_before_it() {
        let silent = watch(&[(End::Client, 1_000, 52), (End::Client, 2_000, 52)]);
        assert!(silent.exchanges().is_empty(), "nothing proves that these are probes");
        let seen = watch(&[
            (End::Client, 1_000, 52),
            (End::Server, 1_001, 28),
            (End::Client, 2_000, 52),
            (End::Client, 3_000, 52),
        ])
        .exchanges();
        let answered: Vec<bool> = seen.iter().map(|exchange| exchange.answer.is_some()).collect();
        assert_eq!(answered, [true, false, false]);
    }

    #[test]
    fn where_compression_changes_every_length_silence_tells_them() {
        let packets = [
            (End::Client, 1_000, 68),
            (End::Server, 1_001, 36),
            (End::Client, 2_000, 44),
            (End::Server, 2_001, 28),
            (End::Client, 3_000, 36),
            (End::Server, 3_001, 36),
        ];
        let mut watch = Recogniser::after(at(0), at(0)).compressed();
        packets.iter().for_each(|(by, millis, bytes)| watch.see(*by, at(*millis), *bytes));
        assert_eq!(watch.exchanges().len(), 3, "{:?}", watch.exchanges());
        assert_eq!(watch.other_packets(), 0);
    }

    #[test]
    fn silence_is_counted_from_what_the_asker_heard() {
        let mut watch = Recogniser::after(at(0), at(400));
        watch.see(End::Client, at(1_000), 52);
        watch.see(End::Server, at(1_010), 28);
        watch.see(End::Client, at(2_010), 52);
        watch.see(End::Server, at(2_020), 28);
        let silences: Vec<_> = watch.exchanges().iter().map(|it| it.silence).collect();
        assert_eq!(silences, [Some(Duration::from_secs(1)), Some(Duration::from_secs(1))]);
        assert_eq!(watch.longest_silence(End::Client, at(2_500)), Duration::from_millis(1_010));
        assert_eq!(watch.longest_silence(End::Server, at(9_010)), Duration::from_secs(7));
        assert_eq!(watch.heard(End::Client), Some(at(2_020)));
    }

    #[test]
    fn other_traffic_is_no_keepalive() {
        // A keystroke and its echo under chacha20-poly1305, and a bulk transfer.
        let keys = [(End::Client, 0, 36), (End::Server, 5, 36)];
        let bulk = [(End::Server, 900, 32_000), (End::Server, 901, 32_000), (End::Client, 902, 44)];
        let watch = watch(&[&keys[..], &bulk[..]].concat());
        assert!(watch.exchanges().is_empty(), "{:?}", watch.exchanges());
        assert_eq!(watch.other_packets(), 5);
    }

    #[test]
    fn compressed_keepalives_are_known_by_their_rhythm() {
        let mut packets = Vec::new();
        for round in 1..=4 {
            packets.push((End::Server, round * 5_000, 47));
            packets.push((End::Client, round * 5_000 + 2, 31));
        }
        let watch = watch(&packets);
        let seen = watch.exchanges();
        assert_eq!(seen.len(), 3, "the first of them proves nothing yet");
        assert!(seen.iter().all(|it| it.evidence == Evidence::Rhythm && it.by == End::Server));
    }
}
