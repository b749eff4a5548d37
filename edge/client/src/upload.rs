//! Sends this very binary to a server that has no keeper yet.

use std::io;
use std::path::Path;

use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Bytes read and sent at once.
const CHUNK: usize = 64 * 1024;

/// Sends the file's size, then exactly that many bytes; tells `progress` how many went.
pub(crate) async fn upload(
    exe: &Path,
    to: &mut (impl AsyncWrite + Unpin),
    mut progress: impl FnMut(u64, u64),
) -> io::Result<()> {
    let file = std::fs::File::open(exe)?;
    let total = file.metadata()?.len();
    to.write_all(&abide_openssh::answer_size(total)).await?;
    let mut source = Blocking(file).take(total);
    let mut chunk = vec![0; CHUNK];
    let mut sent = 0;
    while sent < total {
        let count = source.read(&mut chunk).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        to.write_all(&chunk[..count]).await?;
        sent += count as u64;
        progress(sent, total);
    }
    to.flush().await
}

/// A file of this machine, read in place: it is short, and in the page cache as it is running.
struct Blocking(std::fs::File);

impl tokio::io::AsyncRead for Blocking {
    fn poll_read(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        buffer: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        let count = io::Read::read(&mut self.0, buffer.initialize_unfilled())?;
        buffer.advance(count);
        std::task::Poll::Ready(Ok(()))
    }
}
