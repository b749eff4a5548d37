//! A program with a terminal on a channel: bytes, window sizes, hang-up, and how it ended.

use abide_host::command::ShellCommand;
use abide_host::pty::Size;
use russh::server::{Handle, Msg};
use russh::{Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf};

use super::exec::{refuse, tell_end};
use crate::terminal::Terminal;

/// Bytes taken from the terminal at once; it gives no more.
const MAX_READ: usize = 4096;

/// Runs `command` on a terminal of `size` until it ends or the client hangs up.
pub(super) async fn run(channel: Channel<Msg>, handle: Handle, command: ShellCommand, size: Size) {
    let (from_client, to_client) = channel.split();
    let terminal = match Terminal::start(&command, size) {
        Ok(terminal) => terminal,
        Err(error) => return refuse(&to_client, &command, &error).await,
    };
    tokio::select! {
        () = show(&terminal, &to_client) => {
            let exit = terminal.program().wait().await;
            tell_end(&to_client, &handle, exit).await;
        }
        // Dropping the terminal hangs up.
        () = feed(from_client, &terminal) => {}
    }
}

/// A size as the protocol has it, cut to what a terminal can hold.
pub(super) fn size(cols: u32, rows: u32, xpixel: u32, ypixel: u32) -> Size {
    let cut = |number: u32| u16::try_from(number).unwrap_or(u16::MAX);
    Size { rows: cut(rows), cols: cut(cols), xpixel: cut(xpixel), ypixel: cut(ypixel) }
}

/// Output until the program has ended or closed its terminal. What it printed last is still read,
/// what its left-over children print is not.
async fn show(terminal: &Terminal, to_client: &ChannelWriteHalf<Msg>) {
    let mut buffer = vec![0; MAX_READ];
    loop {
        let count = tokio::select! {
            biased;
            count = terminal.read(&mut buffer) => count.unwrap_or(0),
            _ = terminal.program().wait() => break,
        };
        if count == 0 || to_client.data_bytes(buffer[..count].to_vec()).await.is_err() {
            return;
        }
    }
    while let Some(count) = terminal.read_now(&mut buffer) {
        if to_client.data_bytes(buffer[..count].to_vec()).await.is_err() {
            return;
        }
    }
}

async fn feed(mut from_client: ChannelReadHalf, terminal: &Terminal) {
    while let Some(message) = from_client.wait().await {
        match message {
            ChannelMsg::Data { data } if terminal.write_all(&data).await.is_err() => return,
            ChannelMsg::WindowChange { col_width, row_height, pix_width, pix_height } => {
                terminal.resize(size(col_width, row_height, pix_width, pix_height));
            }
            ChannelMsg::Close => return,
            _ => {}
        }
    }
}
