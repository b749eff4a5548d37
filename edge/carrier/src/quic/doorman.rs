//! The keeper's UDP socket: answers knocks before QUIC sees them, passes everything else on.

use std::fmt;
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use abide_link::knock;
use quinn::udp::{RecvMeta, Transmit};
use quinn::{AsyncUdpSocket, UdpPoller};

use super::admitted::DoorKeys;

/// A socket that knows which knocks to answer.
pub(crate) struct Doorman {
    pub(crate) inner: Arc<dyn AsyncUdpSocket>,
    pub(crate) keys: DoorKeys,
}

impl fmt::Debug for Doorman {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Doorman")
    }
}

impl Doorman {
    /// Answers every right knock in a batch, which may hold several of one size; true if all were knocks.
    fn answer(&self, batch: &[u8], meta: &RecvMeta) -> bool {
        let stride = meta.stride.max(1);
        if stride != knock::LENGTH || batch.first().is_none_or(|first| first & 0x40 != 0) {
            return false;
        }
        for datagram in batch.chunks(stride) {
            let claim = knock::read(datagram);
            let answer = claim.and_then(|claim| self.keys.answer(&claim, meta.addr));
            let Some(answer) = answer else { continue };
            let transmit = Transmit {
                destination: meta.addr,
                ecn: None,
                contents: &answer,
                segment_size: None,
                src_ip: meta.dst_ip,
            };
            // A full socket drops it, as a network might; the client knocks again.
            let _ = self.inner.try_send(&transmit);
        }
        true
    }
}

impl AsyncUdpSocket for Doorman {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        self.inner.clone().create_io_poller()
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        self.inner.try_send(transmit)
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let polled = self.inner.poll_recv(cx, bufs, meta);
        if let Poll::Ready(Ok(count)) = &polled {
            for (buffer, meta) in bufs.iter().zip(meta.iter_mut()).take(*count) {
                if self.answer(&buffer[..meta.len], meta) {
                    // QUIC passes over what is empty.
                    meta.len = 0;
                }
            }
        }
        polled
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    fn max_transmit_segments(&self) -> usize {
        self.inner.max_transmit_segments()
    }

    fn max_receive_segments(&self) -> usize {
        self.inner.max_receive_segments()
    }

    fn may_fragment(&self) -> bool {
        self.inner.may_fragment()
    }
}
