//! A program on a terminal of its own, as an event loop needs it. No terminal emulation: bytes in,
//! bytes out.

use std::io;
use std::os::fd::OwnedFd;

use abide_host::command::ShellCommand;
use abide_host::pty::{self, Size};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::leash::Leash;
use crate::watched::watched;

/// The terminal's master side and its program. Dropping it hangs up, then kills.
#[derive(Debug)]
pub(crate) struct Terminal {
    // Before the program: whoever handles the hang-up gets it first.
    master: AsyncFd<OwnedFd>,
    program: Leash,
}

impl Terminal {
    /// Starts `command` on a fresh terminal. Needs a tokio runtime with I/O.
    pub(crate) fn start(command: &ShellCommand, size: Size) -> io::Result<Self> {
        let mut pty = pty::open(size)?;
        let program = Leash::new(pty::spawn(&mut pty, command)?)?;
        Ok(Self { master: watched(pty.master, Interest::READABLE | Interest::WRITABLE)?, program })
    }

    pub(crate) fn program(&self) -> &Leash {
        &self.program
    }

    #[cfg(feature = "embedded-server")]
    pub(crate) fn resize(&self, size: Size) {
        // The size of a terminal that has just ended matters to nobody.
        let _ = pty::set_size(self.master.get_ref(), size);
    }

    /// The next output; 0 when every program has closed the terminal.
    pub(crate) async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let mut ready = self.master.readable().await?;
            if let Ok(result) = ready.try_io(|master| pty::read(master.get_ref(), buffer)) {
                return result;
            }
        }
    }

    /// Output that is there already, if any is.
    #[cfg(feature = "embedded-server")]
    pub(crate) fn read_now(&self, buffer: &mut [u8]) -> Option<usize> {
        pty::read(self.master.get_ref(), buffer).ok().filter(|count| *count > 0)
    }

    /// Types `bytes` if there is room for all of them now; a program that does not read loses them.
    pub(crate) fn type_now(&self, bytes: &[u8]) -> bool {
        write(self.master.get_ref(), bytes).is_ok_and(|count| count == bytes.len())
    }

    /// Types `bytes`, waiting while the program does not read.
    #[cfg(feature = "embedded-server")]
    pub(crate) async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let mut ready = self.master.writable().await?;
            if let Ok(result) = ready.try_io(|master| write(master.get_ref(), bytes)) {
                bytes = &bytes[result?..];
            }
        }
        Ok(())
    }
}

fn write(master: &OwnedFd, bytes: &[u8]) -> io::Result<usize> {
    Ok(rustix::io::retry_on_intr(|| rustix::io::write(master, bytes))?)
}
