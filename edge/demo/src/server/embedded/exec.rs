//! A command without a terminal: three pipes between a channel and a process, then how it ended.

use std::io;

use abide_host::child::Exit;
use abide_host::command::ShellCommand;
use abide_host::{process, signals};
use russh::server::{Handle, Msg};
use russh::{Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf, Sig};
use tokio::io::AsyncWriteExt;
use tokio::net::unix::pipe;

use crate::leash::Leash;

/// The stream number of standard error (RFC 4254, 5.2).
const STDERR: u32 = 1;
/// What a shell answers when it cannot run something; here, when the shell itself cannot be run.
const CANNOT_RUN: u32 = 126;

struct Running {
    program: Leash,
    stdin: pipe::Sender,
    stdout: pipe::Receiver,
    stderr: pipe::Receiver,
}

/// Runs `command` on `channel` until both are done.
pub(super) async fn run(channel: Channel<Msg>, handle: Handle, command: ShellCommand) {
    let (from_client, to_client) = channel.split();
    let Running { program, stdin, stdout, stderr } = match start(&command) {
        Ok(running) => running,
        Err(error) => return refuse(&to_client, &command, &error).await,
    };
    let output = async {
        // Either fails when the client is gone, which the other branch notices.
        let _ = tokio::join!(to_client.data(stdout), to_client.extended_data(STDERR, stderr));
        program.wait().await
    };
    tokio::select! {
        exit = output => {
            tell_end(&to_client, &handle, exit).await;
            return;
        }
        () = feed(from_client, stdin) => {}
    }
    // The client is gone and the pipes are closed: like sshd, let the command come to its own end.
    let _ = program.wait().await;
}

fn start(command: &ShellCommand) -> io::Result<Running> {
    let piped = process::spawn(command)?;
    Ok(Running {
        program: Leash::new(piped.child)?,
        stdin: pipe::Sender::from_owned_fd(piped.stdin)?,
        stdout: pipe::Receiver::from_owned_fd(piped.stdout)?,
        stderr: pipe::Receiver::from_owned_fd(piped.stderr)?,
    })
}

/// Writes what the client sends; returns when the channel is gone, not at the mere end of input.
async fn feed(mut from_client: ChannelReadHalf, stdin: pipe::Sender) {
    let mut stdin = Some(stdin);
    while let Some(message) = from_client.wait().await {
        match message {
            ChannelMsg::Data { data } => {
                let failed = match &mut stdin {
                    Some(pipe) => pipe.write_all(&data).await.is_err(),
                    None => false,
                };
                if failed {
                    stdin = None;
                }
            }
            ChannelMsg::Eof => stdin = None,
            ChannelMsg::Close => return,
            _ => {}
        }
    }
}

/// Says why nothing runs, as a shell would, and closes the channel.
pub(super) async fn refuse(
    to_client: &ChannelWriteHalf<Msg>,
    command: &ShellCommand,
    error: &io::Error,
) {
    let words = format!("cannot run {}: {error}\n", command.program.display());
    // All of these fail only when the client is gone.
    let _ = to_client.extended_data_bytes(STDERR, words.into_bytes()).await;
    let _ = to_client.exit_status(CANNOT_RUN).await;
    let _ = to_client.eof().await;
    let _ = to_client.close().await;
}

/// Passes on how the program ended and closes the channel.
pub(super) async fn tell_end(
    to_client: &ChannelWriteHalf<Msg>,
    handle: &Handle,
    exit: io::Result<Exit>,
) {
    // All of these fail only when the client is gone.
    let _ = to_client.eof().await;
    match exit {
        Ok(Exit::Code(code)) => {
            let _ = to_client.exit_status(code.into()).await;
        }
        Ok(Exit::Signal { number, core }) => {
            let signal = Sig::Custom(signals::signal_name(number).unwrap_or("UNKNOWN").to_owned());
            let id = to_client.id();
            let _ =
                handle.exit_signal_request(id, signal, core, String::new(), String::new()).await;
        }
        // Its end cannot be asked for, and ssh treats a close without a status as a failure.
        Err(_) => {}
    }
    let _ = to_client.close().await;
}
