//! How many handshakes may be under way on QUIC at once: of all together, and of each source. Counts,
//! and knows no keys: whose they must be, TLS and the link's own handshake say.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Handshakes of strangers at once, failed ones included while QUIC still closes them. At it, further
/// ones are not answered; who means it asks again in a second.
pub(super) const STRANGERS_MAX: usize = 64;
/// Those of them that one source may have, so that it cannot keep the others out. The same there.
const STRANGER_MAX: usize = 8;
/// Handshakes of strangers at once before further ones must first prove that they receive at the
/// address they claim (a Retry, RFC 9000, 8.1.2), which costs us no memory.
const UNPROVEN_MAX: usize = 4;
/// Handshakes at once of clients that knocked with a link's key: beside the strangers', so that these
/// cannot keep them out. The same there.
pub(super) const KNOCKERS_MAX: usize = 16;
/// Those of them that one address and port may have.
const KNOCKER_MAX: usize = 2;

/// Where a handshake comes from, as far as counting goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Source {
    /// An address and port from which somebody knocked with a link's key.
    Knocker(SocketAddr),
    /// An IPv4 address, or the 64 bits of IPv6 that its holder may vary the rest of.
    Stranger(IpAddr),
}

impl Source {
    pub(super) fn stranger(address: SocketAddr) -> Self {
        Source::Stranger(match address.ip().to_canonical() {
            IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
            v4 => v4,
        })
    }

    /// How many of its kind there may be, and how many of itself.
    fn limits(self) -> (usize, usize) {
        match self {
            Source::Knocker(_) => (KNOCKERS_MAX, KNOCKER_MAX),
            Source::Stranger(_) => (STRANGERS_MAX, STRANGER_MAX),
        }
    }

    fn is_of_kind(self, other: Source) -> bool {
        std::mem::discriminant(&self) == std::mem::discriminant(&other)
    }
}

/// What becomes of a handshake.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It goes on, as long as the pass is held.
    Enter(Pass),
    /// It goes on when it comes back with a proof of its address.
    Prove,
    /// It does not, as this many are under way. `news`: the last one was not told the same.
    Shut { under_way: usize, news: bool },
}

/// Keeps count. Clones keep the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Gate(Arc<Mutex<Inside>>);

#[derive(Debug, Default)]
struct Inside {
    held: HashMap<Source, usize>,
    /// Who was shut out last, since somebody left.
    shut_out: Option<Source>,
}

/// One handshake's place. Dropping it makes room.
#[derive(Debug)]
pub(super) struct Pass {
    gate: Gate,
    source: Source,
}

impl Gate {
    /// Asks for a handshake from `source`, which has proved its address or cannot be asked to.
    pub(super) fn ask(&self, source: Source, proved: bool) -> Verdict {
        let mut inside = self.lock();
        let (all_max, each_max) = source.limits();
        let of_kind = |(other, count): (&Source, &usize)| {
            if other.is_of_kind(source) { *count } else { 0 }
        };
        let all: usize = inside.held.iter().map(of_kind).sum();
        let each = inside.held.get(&source).copied().unwrap_or(0);
        if matches!(source, Source::Stranger(_)) && !proved && all >= UNPROVEN_MAX {
            return Verdict::Prove;
        }
        if each >= each_max || all >= all_max {
            let news = inside.shut_out.replace(source) != Some(source);
            return Verdict::Shut { under_way: if each >= each_max { each } else { all }, news };
        }
        inside.held.insert(source, each + 1);
        Verdict::Enter(Pass { gate: self.clone(), source })
    }

    fn leave(&self, source: Source) {
        let mut inside = self.lock();
        inside.shut_out = None;
        if let Some(count) = inside.held.get_mut(&source) {
            *count -= 1;
            if *count == 0 {
                inside.held.remove(&source);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        // Nothing panics while it is held; if it did, the counts would still be right.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.gate.leave(self.source);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stranger(number: u8) -> Source {
        Source::stranger(([192, 0, 2, number], 1000).into())
    }

    fn enter(gate: &Gate, source: Source, count: usize) -> Vec<Pass> {
        let passes = (0..count).map_while(|_| match gate.ask(source, true) {
            Verdict::Enter(pass) => Some(pass),
            Verdict::Prove | Verdict::Shut { .. } => None,
        });
        passes.collect()
    }

    #[test]
    fn one_source_keeps_nobody_else_out() {
        let gate = Gate::default();
        let held = enter(&gate, stranger(1), 100);
        assert_eq!(held.len(), STRANGER_MAX);
        assert!(matches!(
            gate.ask(stranger(1), true),
            Verdict::Shut { under_way: STRANGER_MAX, news: false }
        ));
        assert!(matches!(gate.ask(stranger(2), false), Verdict::Prove));
        assert_eq!(enter(&gate, stranger(2), 1).len(), 1, "another");
        drop(held);
        assert_eq!(enter(&gate, stranger(1), 1).len(), 1, "they left");
        assert!(gate.lock().held.is_empty(), "nothing is kept of those who left");
    }

    #[test]
    fn many_sources_do_not_keep_out_who_knocked() {
        let gate = Gate::default();
        let crowd: Vec<Pass> =
            (0..100).flat_map(|number| enter(&gate, stranger(number), 3)).collect();
        assert_eq!(crowd.len(), STRANGERS_MAX);
        let shut = |number, news| {
            let verdict = gate.ask(stranger(number), true);
            assert!(
                matches!(verdict, Verdict::Shut { under_way: STRANGERS_MAX, news: is } if is == news),
                "{verdict:?}"
            );
        };
        shut(200, true);
        shut(200, false);
        shut(201, true);
        let knockers = (0..100)
            .flat_map(|port| enter(&gate, Source::Knocker(([192, 0, 2, 9], port).into()), 3));
        assert_eq!(knockers.collect::<Vec<_>>().len(), KNOCKERS_MAX);
    }

    #[test]
    fn a_source_is_what_its_holder_cannot_vary() {
        let of = |text: &str| Source::stranger(text.parse().unwrap());
        assert_eq!(of("[2001:db8::1]:1"), of("[2001:db8::ffff:2]:9"));
        assert_ne!(of("[2001:db8::1]:1"), of("[2001:db8:0:1::1]:1"));
        assert_eq!(of("[::ffff:192.0.2.1]:1"), stranger(1));
        assert_ne!(stranger(1), stranger(2));
    }
}
