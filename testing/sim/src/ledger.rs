//! What was written and what was read of every stream, and whether these agree.

use std::collections::BTreeMap;

use abide_link::StreamId;
use abide_terms::Moment;

use crate::content;
use crate::queue::EndIndex;
use crate::rng::mix;

/// One direction of a stream.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    pub(crate) written: u64,
    pub(crate) finished: bool,
    pub(crate) read: u64,
    pub(crate) ended: bool,
    /// When a transfer began, for its opener's direction.
    pub(crate) began: Option<Moment>,
    /// Its reader never pauses.
    pub(crate) steady: bool,
    /// The bytes themselves, for the control stream, whose content means something.
    log: Option<Vec<u8>>,
}

/// All directions of all streams, by stream and writer.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    flows: BTreeMap<(StreamId, EndIndex), Flow>,
}

/// The content of a flow.
pub(crate) fn key(stream: StreamId, writer: EndIndex) -> u64 {
    mix(stream.number() << 1 | writer as u64)
}

impl Ledger {
    pub(crate) fn flow(&mut self, stream: StreamId, writer: EndIndex) -> &mut Flow {
        self.flows.entry((stream, writer)).or_default()
    }

    pub(crate) fn wrote_text(&mut self, stream: StreamId, writer: EndIndex, text: &[u8]) {
        let flow = self.flow(stream, writer);
        flow.written += text.len() as u64;
        flow.log.get_or_insert_default().extend_from_slice(text);
    }

    /// Bytes were delivered to `writer`'s peer.
    pub(crate) fn read(
        &mut self,
        stream: StreamId,
        writer: EndIndex,
        bytes: &[u8],
    ) -> Result<(), String> {
        let flow = self.flow(stream, writer);
        let from = flow.read;
        flow.read += bytes.len() as u64;
        if flow.read > flow.written {
            return Err(format!("{stream:?}: {} bytes read, {} written", flow.read, flow.written));
        }
        if flow.ended {
            return Err(format!("{stream:?}: bytes after the end"));
        }
        let right = match &flow.log {
            Some(log) => log[from as usize..flow.read as usize] == *bytes,
            None => content::matches(key(stream, writer), from, bytes),
        };
        if right { Ok(()) } else { Err(format!("{stream:?}: wrong bytes from offset {from}")) }
    }

    /// The end was delivered to `writer`'s peer.
    pub(crate) fn read_end(&mut self, stream: StreamId, writer: EndIndex) -> Result<(), String> {
        let flow = self.flow(stream, writer);
        flow.ended = true;
        match (flow.finished, flow.read == flow.written) {
            (true, true) => Ok(()),
            (finished, _) => Err(format!(
                "{stream:?}: end after {} of {} bytes, finished: {finished}",
                flow.read, flow.written
            )),
        }
    }

    /// Both ends have abandoned it.
    pub(crate) fn forget(&mut self, stream: StreamId) {
        self.flows.remove(&(stream, 0));
        self.flows.remove(&(stream, 1));
    }
}
