//! A QUIC connection at work: the control lane, a lane for each stream, datagrams.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use abide_link::{
    CarrierId, CarrierKind, Class, Frame, FrameDecoder, Lane as LinkLane, StreamId, decode_datagram,
};
use bytes::{Bytes, BytesMut};
use quinn::{Connection, Endpoint, RecvStream, SendStream, VarInt};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, JoinSet};

use super::settings::EXPORTER;
use crate::event::{Event, LinkTag, What};
use crate::greeting::{Greeter, GreetingError};
use crate::pipe::decode_all;
use crate::wire::Queue;

/// Bytes asked for in one read of a lane.
const READ_SIZE: usize = 64 * 1024;
/// A lane for which nothing came this long ends; the next bytes open another. So thousands of streams
/// that rest hold none.
const LANE_LINGER: Duration = Duration::from_secs(5);
/// Lanes among which those that have ended are first looked for.
const LANES_SWEPT: usize = 64;
/// Packets' contents taken from a lane at once.
const CHUNKS_MAX: usize = 32;
/// The datagram size that every QUIC path has room for (1200 bytes less QUIC's own overhead).
pub(super) const DATAGRAM_LEAST: usize = 1150;

/// A secret that only the two ends of this TLS connection know.
pub(crate) fn binding(connection: &Connection) -> io::Result<[u8; 32]> {
    let mut secret = [0; 32];
    connection
        .export_keying_material(&mut secret, EXPORTER, b"")
        .map_err(|_| io::Error::other("TLS exports no keying material"))?;
    Ok(secret)
}

/// Both directions of the control lane.
#[derive(Debug)]
pub(crate) struct Lane {
    send: SendStream,
    receive: RecvStream,
    decoder: FrameDecoder,
}

impl Lane {
    pub(crate) fn new(send: SendStream, receive: RecvStream) -> Self {
        Lane { send, receive, decoder: FrameDecoder::default() }
    }

    /// Says nothing more, and waits until the other end has received all that was said.
    pub(crate) async fn finish(&mut self) {
        // An error means that the connection is gone: nothing more will be received.
        let _ = self.send.finish();
        let _ = self.send.stopped().await;
    }
}

impl Greeter for Lane {
    async fn receive(&mut self) -> Result<Frame, GreetingError> {
        loop {
            if let Some(frame) = self.decoder.next_frame()? {
                return Ok(frame);
            }
            let chunk = self.receive.read_chunk(READ_SIZE, true).await.map_err(io::Error::from)?;
            let chunk = chunk.ok_or(GreetingError::Closed)?;
            self.decoder.buffer().extend_from_slice(&chunk.bytes);
        }
    }

    async fn send(&mut self, frame: Frame) -> Result<(), GreetingError> {
        Ok(self.send.write_all(&frame.encode()).await.map_err(io::Error::from)?)
    }
}

/// A QUIC connection whose handshake is done.
#[derive(Debug)]
pub struct QuicParts {
    // Keeps the endpoint's socket open as long as the connection is in use.
    endpoint: Endpoint,
    connection: Connection,
    control: Lane,
}

impl QuicParts {
    pub(crate) fn new(endpoint: Endpoint, connection: Connection, control: Lane) -> Self {
        QuicParts { endpoint, connection, control }
    }

    /// The peer's address.
    pub fn address(&self) -> std::net::SocketAddr {
        self.connection.remote_address()
    }

    pub(crate) fn kind(&self) -> CarrierKind {
        CarrierKind::Quic { payload_max: DATAGRAM_LEAST }
    }
}

/// Where frames go out on QUIC.
#[derive(Debug)]
pub(crate) struct QuicOutlet {
    connection: Connection,
    control: mpsc::UnboundedSender<[Bytes; 2]>,
    lanes: HashMap<StreamId, OpenLane>,
    /// Lanes that have ended are taken out when there are this many.
    sweep_at: usize,
    served: Served,
    heard: u64,
    _endpoint: Endpoint,
}

impl QuicOutlet {
    /// Sends at once or not at all.
    pub(crate) fn datagram(&self, head: &Bytes, body: &Bytes) {
        let whole = if body.is_empty() {
            head.clone()
        } else {
            let mut whole = BytesMut::with_capacity(head.len() + body.len());
            whole.extend_from_slice(head);
            whole.extend_from_slice(body);
            whole.freeze()
        };
        // Refused datagrams are lost ones: the link repeats what matters.
        let _ = self.connection.send_datagram(whole);
    }

    /// Queues for one lane, which is opened when first used.
    pub(crate) fn ordered(&mut self, lane: LinkLane, head: Bytes, body: Bytes) {
        self.served.queue.put(head.len() + body.len());
        // A closed channel means that the connection is reported as gone, or that the lane has ended.
        let unsent = match lane {
            LinkLane::Ordered(stream) => match self.lanes.get(&stream) {
                Some(open) => {
                    open.outlet.send([head, body]).err().map(|refused| (stream, refused.0))
                }
                None => Some((stream, [head, body])),
            },
            LinkLane::Control | LinkLane::Datagram => {
                let _ = self.control.send([head, body]);
                None
            }
        };
        if let Some((stream, first)) = unsent {
            self.open_lane(stream, first);
        }
    }

    fn open_lane(&mut self, stream: StreamId, first: [Bytes; 2]) {
        if self.lanes.len() >= self.sweep_at {
            self.lanes.retain(|_, lane| !lane.outlet.is_closed());
            self.sweep_at = (self.lanes.len() * 2).max(LANES_SWEPT);
        }
        let (outlet, inlet) = mpsc::unbounded_channel();
        let (reset, told) = oneshot::channel();
        let _ = outlet.send(first);
        let served = self.served.clone();
        tokio::spawn(served.serve_lane(self.connection.clone(), stream, inlet, told));
        self.lanes.insert(stream, OpenLane { outlet, _reset: reset });
    }

    /// Drops what waits to be sent of a stream.
    pub(crate) fn reset(&mut self, stream: StreamId) {
        self.lanes.remove(&stream);
    }

    pub(crate) fn queue(&self) -> &Queue {
        &self.served.queue
    }

    pub(crate) fn packet_counts(&self) -> (u64, u64) {
        let path = self.connection.stats().path;
        (path.sent_packets, path.lost_packets)
    }

    pub(crate) fn heard_since_last_asked(&mut self) -> bool {
        let heard = self.connection.stats().udp_rx.datagrams;
        std::mem::replace(&mut self.heard, heard) < heard
    }
}

/// One lane that we send on. Dropping it drops what was not sent.
#[derive(Debug)]
struct OpenLane {
    outlet: mpsc::UnboundedSender<[Bytes; 2]>,
    _reset: oneshot::Sender<()>,
}

impl Drop for QuicOutlet {
    fn drop(&mut self) {
        self.connection.close(0u32.into(), b"");
    }
}

/// Whom a connection's tasks report to.
#[derive(Clone, Debug)]
struct Served {
    link: LinkTag,
    carrier: CarrierId,
    events: mpsc::Sender<Event>,
    queue: Arc<Queue>,
}

impl Served {
    async fn tell(&self, what: What) {
        let _ = self.events.send(Event { link: self.link, carrier: self.carrier, what }).await;
    }

    /// Sends on a lane of its own what comes for a stream, until nothing has come for a while (it ends)
    /// or the stream was abandoned (it is reset).
    async fn serve_lane(
        self,
        connection: Connection,
        stream: StreamId,
        mut inlet: mpsc::UnboundedReceiver<[Bytes; 2]>,
        mut reset: oneshot::Receiver<()>,
    ) {
        // An error means that the connection is gone, which `watch` reports.
        let opened = tokio::select! {
            opened = connection.open_uni() => opened.ok(),
            _ = &mut reset => None,
        };
        if let Some(mut lane) = opened {
            // Echoes that do not fit a datagram go before bulk.
            let _ = lane.set_priority(i32::from(stream.class() == Class::Interactive));
            tokio::select! {
                () = self.fill_lane(&mut lane, &mut inlet) => {}
                _ = &mut reset => {
                    let _ = lane.reset(VarInt::from_u32(0));
                }
            }
        }
        inlet.close();
        let mut left = 0;
        while let Ok(pieces) = inlet.try_recv() {
            left += pieces.iter().map(Bytes::len).sum::<usize>();
        }
        if self.queue.took(left) {
            self.tell(What::Room).await;
        }
    }

    async fn fill_lane(
        &self,
        lane: &mut SendStream,
        inlet: &mut mpsc::UnboundedReceiver<[Bytes; 2]>,
    ) {
        loop {
            let next = tokio::time::timeout(LANE_LINGER, inlet.recv()).await;
            let pieces = match next {
                Ok(pieces) => pieces,
                Err(_) => {
                    inlet.close();
                    inlet.try_recv().ok()
                }
            };
            let Some(mut pieces) = pieces else { return };
            let size = pieces.iter().map(Bytes::len).sum();
            let sent = lane.write_all_chunks(&mut pieces).await;
            let room = self.queue.took(size);
            if room {
                self.tell(What::Room).await;
            }
            if sent.is_err() {
                return;
            }
        }
    }

    async fn write(self, mut lane: SendStream, mut inlet: mpsc::UnboundedReceiver<[Bytes; 2]>) {
        while let Some(mut pieces) = inlet.recv().await {
            let size = pieces.iter().map(Bytes::len).sum();
            if lane.write_all_chunks(&mut pieces).await.is_err() {
                return;
            }
            if self.queue.took(size) {
                self.tell(What::Room).await;
            }
        }
        // Dropping the stream finishes it.
    }

    async fn read(self, mut lane: RecvStream, mut decoder: FrameDecoder) {
        let mut chunks: [Bytes; CHUNKS_MAX] = Default::default();
        loop {
            match decode_all(&mut decoder) {
                Ok(frames) if frames.is_empty() => {}
                Ok(frames) => self.tell(What::Frames(frames)).await,
                Err(error) => return self.tell(What::Gone(format!("sent {error}"))).await,
            }
            match lane.read_chunks(&mut chunks).await {
                Ok(Some(count)) => {
                    for chunk in &mut chunks[..count] {
                        decoder.buffer().extend_from_slice(&std::mem::take(chunk));
                    }
                }
                // The end of a lane is no end of the connection; an error is, and `watch` reports it.
                Ok(None) | Err(_) => return,
            }
        }
    }

    async fn accept_lanes(self, connection: Connection) {
        let mut readers = JoinSet::new();
        while let Ok(lane) = connection.accept_uni().await {
            readers.spawn(self.clone().read(lane, FrameDecoder::default()));
            while readers.try_join_next().is_some() {}
        }
    }

    async fn read_datagrams(self, connection: Connection) {
        while let Ok(datagram) = connection.read_datagram().await {
            match decode_datagram(datagram) {
                Ok(frames) => self.tell(What::Frames(frames)).await,
                Err(error) => return self.tell(What::Gone(format!("sent {error}"))).await,
            }
        }
    }

    async fn watch(self, connection: Connection) {
        let why = connection.closed().await;
        self.tell(What::Gone(why.to_string())).await;
    }
}

/// Runs a connection.
pub(crate) fn run(
    parts: QuicParts,
    link: LinkTag,
    carrier: CarrierId,
    events: mpsc::Sender<Event>,
) -> (QuicOutlet, Vec<JoinHandle<()>>) {
    let QuicParts { endpoint, connection, control } = parts;
    let served = Served { link, carrier, events, queue: Arc::new(Queue::default()) };
    let (outlet, inlet) = mpsc::unbounded_channel();
    let tasks = vec![
        tokio::spawn(served.clone().write(control.send, inlet)),
        tokio::spawn(served.clone().read(control.receive, control.decoder)),
        tokio::spawn(served.clone().accept_lanes(connection.clone())),
        tokio::spawn(served.clone().read_datagrams(connection.clone())),
        tokio::spawn(served.clone().watch(connection.clone())),
    ];
    let outlet = QuicOutlet {
        connection,
        control: outlet,
        lanes: HashMap::new(),
        sweep_at: LANES_SWEPT,
        served,
        heard: 0,
        _endpoint: endpoint,
    };
    (outlet, tasks)
}
