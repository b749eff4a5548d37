//! Hyperlinks (OSC 8) by small numbers, so that a cell can carry one in two bytes.

use std::collections::HashMap;
use std::sync::Arc;

/// Most links that are on the screens at a time; text written under more has none.
pub(crate) const MAX_LINKS: usize = 4096;
/// Most bytes of addresses and ids kept for the screens; behaviour as at [`MAX_LINKS`].
pub(crate) const MAX_LINK_BYTES: usize = 512 * 1024;
/// After the screens were searched in vain for links that are gone, this many are refused before
/// they are searched again.
const REFUSALS: usize = 1024;

/// A hyperlink.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Link {
    pub(crate) id: Option<String>,
    pub(crate) uri: String,
}

impl Link {
    /// Bytes that keeping it takes, about.
    pub(crate) fn cost(&self) -> usize {
        self.uri.len() + self.id.as_ref().map_or(0, String::len) + 64
    }
}

/// A link within one table; each table numbers its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct LinkId(u16);

impl LinkId {
    pub(crate) const NONE: Self = Self(0);

    pub(crate) fn is_some(self) -> bool {
        self != Self::NONE
    }

    pub(crate) fn to_bytes(self) -> [u8; 2] {
        self.0.to_le_bytes()
    }

    pub(crate) fn from_bytes(bytes: [u8; 2]) -> Self {
        Self(u16::from_le_bytes(bytes))
    }

    /// The id of the entry at `index` of a table.
    pub(crate) fn at(index: usize) -> Self {
        // Tables have at most MAX_LINKS entries.
        Self(u16::try_from(index + 1).unwrap_or(0))
    }

    /// Where in a table the entry is.
    pub(crate) fn index(self) -> Option<usize> {
        usize::from(self.0).checked_sub(1)
    }
}

/// The links of the screens.
#[derive(Clone, Debug, Default)]
pub(crate) struct Links {
    entries: Vec<Option<Arc<Link>>>,
    ids: HashMap<Arc<Link>, LinkId>,
    bytes: usize,
    refusals_left: usize,
}

impl Links {
    pub(crate) fn get(&self, id: LinkId) -> Option<&Arc<Link>> {
        self.entries.get(id.index()?)?.as_ref()
    }

    /// The number of a link that is known.
    pub(crate) fn find(&self, link: &Link) -> Option<LinkId> {
        self.ids.get(link).copied()
    }

    /// Whether room must be made with [`Links::retain`] before [`Links::add`] takes this one.
    pub(crate) fn wants_room(&mut self, link: &Link) -> bool {
        if self.has_room(link) {
            return false;
        }
        let refused = self.refusals_left > 0;
        self.refusals_left = if refused { self.refusals_left - 1 } else { REFUSALS };
        !refused
    }

    fn has_room(&self, link: &Link) -> bool {
        self.ids.len() < MAX_LINKS && self.bytes + link.cost() <= MAX_LINK_BYTES
    }

    /// Adds a link that [`Links::find`] does not find. None at the maxima.
    pub(crate) fn add(&mut self, link: Arc<Link>) -> LinkId {
        if !self.has_room(&link) {
            return LinkId::NONE;
        }
        self.bytes += link.cost();
        let free = self.entries.iter().position(Option::is_none).filter(|_| self.has_holes());
        let index = free.unwrap_or(self.entries.len());
        let id = LinkId::at(index);
        match free {
            Some(index) => self.entries[index] = Some(link.clone()),
            None => self.entries.push(Some(link.clone())),
        }
        self.ids.insert(link, id);
        id
    }

    fn has_holes(&self) -> bool {
        self.ids.len() < self.entries.len()
    }

    /// Forgets all links that `used` does not name.
    pub(crate) fn retain(&mut self, used: impl IntoIterator<Item = LinkId>) {
        let mut keep = vec![false; self.entries.len()];
        for index in used.into_iter().filter_map(LinkId::index) {
            keep[index] = true;
        }
        for (entry, keep) in self.entries.iter_mut().zip(keep) {
            if let Some(link) = entry.take_if(|_| !keep) {
                self.bytes -= link.cost();
                self.ids.remove(&link);
            }
        }
    }
}
