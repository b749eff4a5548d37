//! Scrollback: rows that left the screen at its top, kept encoded, within a number of lines and a
//! number of bytes. Rows are found by number, 0 is the oldest.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::encode;
use crate::links::{Link, LinkId, Links};
use crate::row::Row;

/// Most lines of scrollback a [`crate::Screen`] keeps; at the limit the oldest goes.
pub const MAX_SCROLLBACK_LINES: usize = 100_000;
/// Bytes of scrollback kept for each line that may be kept: when lines take more on average, the
/// oldest go before the number of lines is reached. Plain text of 80 columns takes about 85; this is
/// 3 MB at 10,000 lines.
pub const SCROLLBACK_BYTES_PER_LINE: usize = 300;
/// Bytes of scrollback that may be kept however few the lines are.
pub const MIN_SCROLLBACK_BYTES: usize = 128 * 1024;

/// Rows are kept together in chunks of about this many bytes, so that a copy of the whole shares
/// all but the last.
const CHUNK_BYTES: usize = 16 * 1024;
/// What a row takes beside its text: the number that says where it ends.
const ROW_OVERHEAD: usize = size_of::<u32>();
/// Most links of a chunk; rows with more begin the next one.
const MAX_CHUNK_LINKS: usize = 256;

#[derive(Clone, Debug, Default)]
struct Chunk {
    bytes: Vec<u8>,
    /// Where each row ends in `bytes`.
    ends: Vec<u32>,
    links: Vec<Arc<Link>>,
    link_bytes: usize,
}

impl Chunk {
    fn cost(&self) -> usize {
        self.bytes.len() + self.ends.len() * ROW_OVERHEAD + self.link_bytes
    }

    fn is_full(&self) -> bool {
        self.cost() >= CHUNK_BYTES || self.links.len() >= MAX_CHUNK_LINKS
    }

    fn push(&mut self, row: &Row, links: &Links) {
        let Self { bytes, ends, links: own, link_bytes } = self;
        encode::write(bytes, row, |id| {
            let Some(link) = links.get(id) else { return LinkId::NONE };
            let known = own.iter().rposition(|known| Arc::ptr_eq(known, link));
            LinkId::at(known.unwrap_or_else(|| {
                own.push(link.clone());
                *link_bytes += link.cost();
                own.len() - 1
            }))
        });
        // A chunk begins no row past CHUNK_BYTES, and no row comes near 4 GB.
        ends.push(bytes.len() as u32);
    }

    fn row(&self, index: usize) -> Row {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        encode::read(&self.bytes[start..self.ends[index] as usize])
    }
}

/// A row of scrollback with the links it speaks of.
pub(crate) struct Kept<'a> {
    pub(crate) row: Row,
    links: &'a [Arc<Link>],
}

impl<'a> Kept<'a> {
    pub(crate) fn link(&self, id: LinkId) -> Option<&'a Arc<Link>> {
        self.links.get(id.index()?)
    }
}

/// The scrollback of a screen.
#[derive(Clone, Debug)]
pub(crate) struct History {
    chunks: VecDeque<Arc<Chunk>>,
    /// Rows of the first chunk that are gone.
    gone: usize,
    len: usize,
    /// Rows ever added.
    total: u64,
    /// Sum of what the chunks cost, but for the last.
    closed_cost: usize,
    lines_max: usize,
    bytes_max: usize,
}

impl History {
    /// `lines_max` is cut to [`MAX_SCROLLBACK_LINES`].
    pub(crate) fn new(lines_max: usize) -> Self {
        let lines_max = lines_max.min(MAX_SCROLLBACK_LINES);
        let bytes_max = (lines_max * SCROLLBACK_BYTES_PER_LINE).max(MIN_SCROLLBACK_BYTES);
        let (chunks, gone, len, total, closed_cost) = (VecDeque::new(), 0, 0, 0, 0);
        Self { chunks, gone, len, total, closed_cost, lines_max, bytes_max }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Rows ever added.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// Bytes that the rows take now.
    pub(crate) fn bytes(&self) -> usize {
        self.closed_cost + self.chunks.back().map_or(0, |last| last.cost())
    }

    /// Adds the youngest row.
    pub(crate) fn push(&mut self, row: &Row, links: &Links) {
        self.total += 1;
        if self.lines_max == 0 {
            return;
        }
        if self.chunks.back().is_none_or(|last| last.is_full()) {
            self.open_chunk();
        }
        if let Some(last) = self.chunks.back_mut() {
            Arc::make_mut(last).push(row, links);
            self.len += 1;
        }
        if self.len > self.lines_max {
            self.drop_oldest();
        }
        // A single row stays, whatever it takes.
        if self.bytes() > self.bytes_max && self.chunks.len() > 1 {
            self.drop_chunk();
        }
    }

    fn open_chunk(&mut self) {
        if let Some(last) = self.chunks.back_mut() {
            self.closed_cost += last.cost();
            // What grew by doubling is cut to size, once for every 16 KiB.
            let last = Arc::make_mut(last);
            last.bytes.shrink_to_fit();
            last.ends.shrink_to_fit();
        }
        self.chunks.push_back(Arc::default());
    }

    fn drop_oldest(&mut self) {
        self.gone += 1;
        self.len -= 1;
        if self.chunks.front().is_some_and(|first| first.ends.len() == self.gone) {
            self.drop_chunk();
        }
    }

    fn drop_chunk(&mut self) {
        let Some(first) = self.chunks.pop_front() else { return };
        if !self.chunks.is_empty() {
            self.closed_cost -= first.cost();
        }
        self.len -= first.ends.len() - self.gone;
        self.gone = 0;
    }

    /// The rows from number `from` on.
    pub(crate) fn rows(&self, from: usize) -> impl Iterator<Item = Kept<'_>> {
        let mut skip = self.gone + from;
        self.chunks.iter().flat_map(move |chunk| {
            let start = skip.min(chunk.ends.len());
            skip -= start;
            (start..chunk.ends.len()).map(|at| Kept { row: chunk.row(at), links: &chunk.links })
        })
    }

    /// Whether the youngest row goes on on the screen.
    pub(crate) fn wraps(&self) -> bool {
        let Some(last) = self.chunks.back() else { return false };
        last.ends.len().checked_sub(1).is_some_and(|index| last.row(index).wraps)
    }

    /// Takes the youngest row back, with its links put among `links`.
    pub(crate) fn pop(&mut self, links: &mut Links) -> Option<Row> {
        let mut last = self.chunks.pop_back()?;
        let chunk = Arc::make_mut(&mut last);
        let index = chunk.ends.len().checked_sub(1)?;
        let mut row = chunk.row(index);
        row.relink(|id| {
            let link = chunk.links.get(id.index()?)?;
            Some(links.find(link).unwrap_or_else(|| links.add(link.clone())))
        });
        chunk.ends.pop();
        chunk.bytes.truncate(chunk.ends.last().map_or(0, |end| *end as usize));
        self.len -= 1;
        let exhausted = self.chunks.is_empty() && chunk.ends.len() == self.gone;
        if !exhausted && !chunk.ends.is_empty() {
            self.chunks.push_back(last);
        } else if let Some(before) = self.chunks.back() {
            self.closed_cost -= before.cost();
        } else {
            self.gone = 0;
        }
        Some(row)
    }

    pub(crate) fn clear(&mut self) {
        self.chunks.clear();
        (self.gone, self.len, self.closed_cost) = (0, 0, 0);
    }

    /// An empty one with the same maxima.
    pub(crate) fn emptied(&self) -> Self {
        Self::new(self.lines_max)
    }
}
