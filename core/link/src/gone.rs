//! Streams that were and are no more: their late frames must not open them again. Ends number their
//! streams upwards, so that what is gone is a few ranges.

use std::collections::BTreeMap;

use crate::limits::GONE_RANGES_MAX;
use crate::stream_id::StreamId;

/// Kinds of streams that are numbered apart: opener and class, growing or not.
const KINDS: usize = 8;

/// Ranges of indexes (from, and one past the last) of each kind.
#[derive(Debug, Default)]
pub(crate) struct Gone([BTreeMap<u64, u64>; KINDS]);

fn kind(id: StreamId) -> usize {
    (id.number() & 3) as usize + if id.grows() { KINDS / 2 } else { 0 }
}

impl Gone {
    pub(crate) fn contains(&self, id: StreamId) -> bool {
        let before = self.0[kind(id)].range(..=id.index()).next_back();
        before.is_some_and(|(_, end)| id.index() < *end)
    }

    pub(crate) fn insert(&mut self, id: StreamId) {
        if self.contains(id) {
            return;
        }
        let (ranges, index) = (&mut self.0[kind(id)], id.index());
        let end = ranges.remove(&(index + 1)).unwrap_or(index + 1);
        match ranges.range_mut(..index).next_back() {
            Some((_, last)) if *last == index => *last = end,
            _ => drop(ranges.insert(index, end)),
        }
        if ranges.len() > GONE_RANGES_MAX
            && let (Some((from, _)), Some((_, end))) = (ranges.pop_first(), ranges.pop_first())
        {
            ranges.insert(from, end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream_id::{Class, Role};

    fn bulk(index: u64) -> StreamId {
        StreamId::new(Role::Client, Class::Bulk, index)
    }

    #[test]
    fn neighbours_join_whatever_their_order() {
        let mut gone = Gone::default();
        for index in [5, 3, 4, 9, 1, 2, 8] {
            assert!(!gone.contains(bulk(index)));
            gone.insert(bulk(index));
            gone.insert(bulk(index));
            assert!(gone.contains(bulk(index)));
        }
        assert!([0, 6, 7, 10].iter().all(|index| !gone.contains(bulk(*index))));
        assert_eq!(gone.0[kind(bulk(1))].len(), 2);
        let other = StreamId::new(Role::Keeper, Class::Bulk, 5);
        assert!(!gone.contains(other), "another's number");
    }

    #[test]
    fn memory_is_bounded_and_the_newest_are_remembered() {
        let mut gone = Gone::default();
        let last = 2 * (StreamId::GROWING_FROM + 2 * GONE_RANGES_MAX as u64);
        (0..=last).step_by(2).for_each(|index| gone.insert(bulk(index)));
        assert_eq!(gone.0[kind(bulk(last))].len(), GONE_RANGES_MAX);
        assert!(gone.contains(bulk(last)) && !gone.contains(bulk(last - 1)));
        assert!(!gone.contains(bulk(3)), "the few that do not grow are kept apart");
    }
}
