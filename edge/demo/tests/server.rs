//! Both kinds of server, with the real `ssh` as client. Where no sshd is installed, the tests of
//! the system's kind say so and pass.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod setup;

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use abide_demo::server::{HOST, Kind, Server, ServerError, Setup};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

const LIMIT: Duration = Duration::from_secs(30);

async fn start(kind: Kind) -> Option<Server> {
    match Server::start(&setup::setup(kind)).await {
        Err(ServerError::NoSshd) => {
            eprintln!("not checked: no sshd on this machine");
            None
        }
        Err(ServerError::Unusable { kind: Kind::System, said })
            if said.contains("chown(/dev/pts") =>
        {
            eprintln!("not checked: an ordinary user's sshd gets no terminals here ({said})");
            None
        }
        server => Some(server.unwrap()),
    }
}

fn ssh(server: &Server, args: &[&str]) -> Command {
    let mut command = Command::new("ssh");
    command.arg("-F").arg(server.client_config()).args(args).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

async fn output(mut command: Command) -> (String, String, Option<i32>) {
    let output = tokio::time::timeout(LIMIT, command.output()).await.unwrap().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code())
}

async fn streams_and_statuses(kind: Kind) {
    let Some(server) = start(kind).await else { return };
    let (out, err, code) = output(ssh(&server, &[HOST, "echo hi; echo oh >&2; exit 3"])).await;
    assert_eq!((out.as_str(), err.as_str(), code), ("hi\n", "oh\n", Some(3)));
    let (_, _, code) = output(ssh(&server, &[HOST, "kill -9 $$"])).await;
    assert_eq!(code, Some(255), "ssh's answer to a death by signal");
}

async fn bytes_through_a_command(kind: Kind) {
    let Some(server) = start(kind).await else { return };
    let sent: Vec<u8> = (0..3_000_000_u32).map(|number| (number % 251) as u8).collect();
    let mut command = ssh(&server, &[HOST, "cat"]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let feed = async {
        stdin.write_all(&sent).await.unwrap();
        drop(stdin);
    };
    let mut received = Vec::new();
    let both = async { tokio::join!(feed, stdout.read_to_end(&mut received)) };
    tokio::time::timeout(LIMIT, both).await.unwrap().1.unwrap();
    assert!(received == sent, "{} of {} bytes", received.len(), sent.len());
    assert!(child.wait().await.unwrap().success());
}

async fn terminal_and_shell(kind: Kind) {
    let Some(server) = start(kind).await else { return };
    let mut command = ssh(&server, &["-tt", HOST]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"tty; echo home=$HOME; exit 5\n").await.unwrap();
    let output = tokio::time::timeout(LIMIT, child.wait_with_output()).await.unwrap().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("/dev/pts/"), "{text}");
    assert!(text.contains("home=/"), "{text}");
    assert_eq!(output.status.code(), Some(5), "{text}");
}

async fn strangers_are_refused(kind: Kind) {
    let (Some(server), Some(other)) = (start(kind).await, start(kind).await) else { return };
    let key = other.client_config().with_file_name("user_key");
    let identity = format!("IdentityFile={}", key.display());
    // First -o wins, but identities add up: only the stranger's remains without the
    // configuration's.
    let config = std::fs::read_to_string(server.client_config()).unwrap();
    let ours = config.lines().filter(|line| !line.contains("IdentityFile")).collect::<Vec<_>>();
    let stranger = server.client_config().with_file_name("stranger_config");
    std::fs::write(&stranger, ours.join("\n")).unwrap();
    let mut command = Command::new("ssh");
    command.arg("-F").arg(&stranger).args(["-o", &identity, HOST, "true"]);
    command.stdin(Stdio::null()).kill_on_drop(true);
    let (_, err, code) = output(command).await;
    assert_eq!(code, Some(255));
    assert!(err.contains("Permission denied"), "{err}");
}

async fn nothing_is_left(kind: Kind) {
    let Some(server) = start(kind).await else { return };
    let dir = server.client_config().parent().unwrap().to_owned();
    let mut command = ssh(&server, &["-tt", HOST, "echo pid=$$.; exec sleep 1000"]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let pid = tokio::time::timeout(LIMIT, async {
        let (mut text, mut buffer) = (String::new(), [0; 200]);
        loop {
            let count = stdout.read(&mut buffer).await.unwrap();
            assert!(count > 0, "{text}");
            text.push_str(&String::from_utf8_lossy(&buffer[..count]));
            if let Some((pid, _)) = text.split_once("pid=").and_then(|(_, s)| s.split_once('.')) {
                return pid.to_owned();
            }
        }
    });
    let pid = pid.await.unwrap();
    let process = Path::new("/proc").join(pid);
    assert!(process.exists());
    drop(server);
    tokio::time::timeout(LIMIT, child.wait()).await.unwrap().unwrap();
    let gone = async {
        while process.exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(LIMIT, gone).await.unwrap();
    assert!(!dir.exists(), "{} is left", dir.display());
}

macro_rules! for_both_kinds {
    ($($name:ident),+) => {
        mod system {
            $(#[tokio::test] async fn $name() { super::$name(super::Kind::System).await })+
        }
        #[cfg(feature = "embedded-server")]
        mod embedded {
            $(#[tokio::test] async fn $name() { super::$name(super::Kind::Embedded).await })+
        }
    };
}

for_both_kinds!(
    streams_and_statuses,
    bytes_through_a_command,
    terminal_and_shell,
    strangers_are_refused,
    nothing_is_left
);

#[tokio::test]
async fn an_unusable_directory_is_named() {
    let mut setup = setup::setup(Kind::System);
    setup.under = "/no/such/place".into();
    let error = Server::start(&setup).await.unwrap_err();
    assert!(error.to_string().contains("/no/such/place"), "{error}");
}

#[tokio::test]
async fn without_a_wish_the_first_kind_that_works_is_used() {
    let server = Server::start(&Setup::new(std::env::temp_dir())).await.unwrap();
    let (out, err, _) = output(ssh(&server, &[HOST, "echo works"])).await;
    assert_eq!(out, "works\n", "{err}");
}
