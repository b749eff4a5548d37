//! `abide proxy` as ProxyCommand of the system's own ssh, sftp and scp, against a real sshd.

mod far;

use std::net::TcpListener;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicU16;

use abide_demo::relay::Relay;
use far::{Far, LIMIT, Setup, kill, processes_with, wait_until};
use rustix::process::Signal;

/// A far end whose ssh clients come through `abide proxy`, and through a relay that can fail.
struct Carried {
    far: Far,
    relay: Relay,
}

impl Carried {
    fn start() -> Self {
        Self::start_with("")
    }

    /// `config`: first lines of sshd's configuration.
    fn start_with(config: &str) -> Self {
        let logged = "SetEnv ABIDE_RUNTIME_DIR=$dir/run XDG_CACHE_HOME=$dir/cache \
                      XDG_STATE_HOME=$dir/state ABIDE_SYSLOG=$dir/syslog";
        let far =
            Far::start_with(&Setup { config: &format!("{config}\n{logged}"), ..Setup::default() });
        let relay = Relay::start(far.port, Arc::new(AtomicU16::new(0))).expect("a relay");
        let carried = Carried { far, relay };
        carried.know("known_hosts", "host");
        carried.lead(&carried.command("--no-udp --alias carried -l %r %h %p"));
        carried
    }

    /// A ProxyCommand of ours with these words.
    fn command(&self, words: &str) -> String {
        let config = self.far.path("outer");
        format!("{} proxy -F {} {words}", env!("CARGO_BIN_EXE_abide"), config.display())
    }

    /// Gives the outer ssh this ProxyCommand.
    fn lead(&self, command: &str) {
        let (dir, port) = (self.far.path(""), self.relay.tcp_port());
        let dir = dir.display();
        let config = format!(
            "Host carried\n HostName 127.0.0.1\n Port {port}\n ProxyCommand {command}\n\
             Host *\n User root\n IdentityFile {dir}/user\n IdentitiesOnly yes\n IdentityAgent none\n \
             UserKnownHostsFile {dir}/known_hosts\n GlobalKnownHostsFile /dev/null\n \
             StrictHostKeyChecking yes\n UpdateHostKeys no\n BatchMode yes\n"
        );
        std::fs::write(self.far.path("outer"), config).expect("a configuration");
    }

    /// Makes a key of the far end's the one that `file` knows.
    fn know(&self, file: &str, key: &str) {
        let public = self.far.path(&format!("{key}.pub"));
        let public = std::fs::read_to_string(public).expect("a key");
        let lines = [self.relay.tcp_port(), self.far.port]
            .map(|port| format!("[127.0.0.1]:{port} {public}"));
        std::fs::write(self.far.path(file), lines.concat()).expect("a file");
    }

    /// The system's `ssh`, `scp` or `sftp`.
    fn system(&self, program: &str, words: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.arg("-F").arg(self.far.path("outer")).args(words).stdin(Stdio::null());
        command.env("ABIDE_RUNTIME_DIR", self.far.path("near"));
        for variable in ["ABIDE_SSH", "ABIDE_UDP_VIA", "ABIDE_KEEPER", "ABIDE_LOG", "ABIDE_PROXY"] {
            command.env_remove(variable);
        }
        command
    }

    fn ssh(&self, words: &[&str]) -> Output {
        self.system("ssh", words).output().expect("ssh, of openssh-client")
    }

    /// An ssh whose far shell has said `in`, which has to be the first that this line prints.
    fn running(&self, line: &str) -> Child {
        let mut ssh = self.system("ssh", &["carried", line]);
        let ssh = ssh.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut ssh = ssh.spawn().expect("ssh");
        let mut first = [0; 3];
        std::io::Read::read_exact(ssh.stdout.as_mut().expect("piped"), &mut first).expect("output");
        assert_eq!(&first, b"in\n");
        ssh
    }

    fn proxies(&self) -> Vec<u32> {
        processes_with(&["proxy", "-F", &self.far.path("outer").to_string_lossy()])
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Bytes that no compression and no luck makes equal to others.
fn make_file(path: &Path, megabytes: usize) {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let bytes: Vec<u8> = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    })
    .take(megabytes * 1024 * 1024 / 8)
    .flatten()
    .collect();
    std::fs::write(path, bytes).expect("a file");
}

fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |data| data.len())
}

/// Waits for a child, within the limit of these tests.
fn finish(child: &mut Child) -> bool {
    let mut status = None;
    wait_until("the program's end", || {
        status = child.try_wait().expect("a child");
        status.is_some()
    });
    status.is_some_and(|status| status.success())
}

#[test]
fn abide_itself_needs_no_second_link_below_its_own() {
    let carried = Carried::start();
    // Who runs this line fails.
    carried.lead("/nowhere/abide proxy --alias carried -l %r %h %p");
    let mut command = carried.system(env!("CARGO_BIN_EXE_abide"), &["--no-udp", "carried"]);
    let output = command.args(["echo", "here"]).output().expect("abide");
    assert_eq!(text(&output.stdout), "here\n", "{}", text(&output.stderr));
    assert!(!carried.ssh(&["carried", "true"]).status.success(), "the line was run by nobody");
}

#[test]
fn plain_ssh_is_carried_and_the_servers_log_says_from_where() {
    let carried = Carried::start();
    let log = UnixDatagram::bind(carried.far.path("syslog")).expect("a log");
    log.set_read_timeout(Some(LIMIT)).expect("a limit");
    let said = carried.ssh(&["carried", "echo $SSH_CONNECTION; echo odd >&2; exit 7"]);
    assert_eq!(said.status.code(), Some(7), "{}", text(&said.stderr));
    assert!(text(&said.stderr).contains("odd\n"));
    let connection = text(&said.stdout);
    let from = connection.split(' ').nth(1).expect("a port").to_owned();
    let mut buffer = [0; 1000];
    let count = log.recv(&mut buffer).expect("a record");
    let record = text(&buffer[..count]);
    let tail = format!(
        " carried to 127.0.0.1 port {} (from 127.0.0.1 port {from}) for user root",
        carried.far.port
    );
    assert!(record.starts_with("<38>abide[") && record.ends_with(&tail), "{record}");
    let client = record.split("connection from 127.0.0.1 port ").nth(1).expect("an address");
    let client = client.split(' ').next().expect("a port");
    assert_ne!(client, from, "where the login really came from is told");
    carried.far.wait_until_gone();
}

#[test]
fn half_of_a_connection_ends_by_itself() {
    let carried = Carried::start();
    let mut command = carried.system("ssh", &["carried", "cat; echo and the rest"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("ssh");
    let mut input = child.stdin.take().expect("piped");
    std::io::Write::write_all(&mut input, b"typed\n").expect("taken");
    drop(input);
    let output = child.wait_with_output().expect("an end");
    assert_eq!(text(&output.stdout), "typed\nand the rest\n");
    carried.far.wait_until_gone();
}

#[test]
fn a_transfer_lives_through_faults() {
    let carried = Carried::start();
    let (from, to, back) =
        (carried.far.path("file"), carried.far.path("there"), carried.far.path("back"));
    make_file(&from, 50);
    let whole = length(&from);
    let there = format!("carried:{}", to.display());
    let mut up = carried.system("scp", &["-q", "-l", "160000", &from.to_string_lossy(), &there]);
    let mut up = up.spawn().expect("scp");
    wait_until("a part of the file", || length(&to) > whole / 10);
    carried.relay.change_address();
    assert!(length(&to) < whole, "the fault came before the end");
    assert!(finish(&mut up), "up");
    let logs = carried.far.keeper_logs();
    assert!(logs.contains(" carrier link="), "it came back: {logs}");
    assert!(std::fs::read(&from).expect("a file") == std::fs::read(&to).expect("a file"), "up");
    let batch = carried.far.path("batch");
    std::fs::write(&batch, format!("get {} {}\n", to.display(), back.display())).expect("a batch");
    let words = ["-q", "-l", "160000", "-b", &batch.to_string_lossy(), "carried"];
    let mut down = carried.system("sftp", &words).stdout(Stdio::null()).spawn().expect("sftp");
    wait_until("a part of the file", || length(&back) > whole / 10);
    carried.relay.reset_tcp();
    assert!(length(&back) < whole, "the fault came before the end");
    assert!(finish(&mut down), "down");
    assert!(std::fs::read(&from).expect("a file") == std::fs::read(&back).expect("a file"), "down");
    carried.far.wait_until_gone();
}

#[test]
fn a_changed_host_key_stops_the_outer_ssh_too() {
    let carried = Carried::start();
    // abide's own login knows the right key, so that only the outer ssh can find the wrong one.
    carried.know("right", "host");
    let right = carried.far.path("right");
    let words = format!("--no-udp -o UserKnownHostsFile={} --alias carried %h %p", right.display());
    carried.lead(&carried.command(&words));
    assert!(carried.ssh(&["carried", "true"]).status.success());
    carried.know("known_hosts", "stranger");
    let said = carried.ssh(&["carried", "echo in"]);
    assert_eq!(said.status.code(), Some(255));
    assert_eq!(text(&said.stdout), "");
    let words = text(&said.stderr);
    assert!(words.contains("REMOTE HOST IDENTIFICATION HAS CHANGED"), "{words}");
    carried.far.wait_until_gone();
}

#[test]
fn it_never_runs_itself_for_ever() {
    let carried = Carried::start();
    // A wrapper hides what it is from everything but the marker.
    let wrapper = carried.far.path("wrapper");
    let line = format!("#!/bin/sh\nexec {}\n", carried.command("--no-udp carried \"$1\""));
    std::fs::write(&wrapper, line).expect("a script");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&wrapper, mode).expect("a script");
    carried.lead(&format!("{} %p", wrapper.display()));
    let said = carried.ssh(&["carried", "true"]);
    assert_eq!(said.status.code(), Some(255));
    let words = text(&said.stderr);
    assert!(words.contains("runs inside itself"), "{words}");
    assert!(
        processes_with(&["proxy", "-F", &carried.far.path("outer").to_string_lossy()]).is_empty()
    );
}

#[test]
fn a_port_where_no_sshd_listens_and_words_that_are_wrong() {
    let carried = Carried::start();
    for (words, wanted) in [
        (&["proxy", "carried"][..], "no port given"),
        (&["proxy", "carried", "ssh"], "`ssh` is not a port"),
        (&["proxy", "carried", "0"], "`0` is not a port"),
        (&["proxy"], "no host given"),
    ] {
        let said = carried.far.says_of(carried.far.local(words));
        assert!(said.contains(wanted) && said.ends_with("=2"), "{said}");
    }
}

/// A service on loopback that must not be reached: whether anybody came.
struct Forbidden {
    listener: TcpListener,
}

impl Forbidden {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
        listener.set_nonblocking(true).expect("a listener");
        Forbidden { listener }
    }

    fn port(&self) -> u16 {
        self.listener.local_addr().expect("an address").port()
    }

    fn was_reached(&self) -> bool {
        self.listener.accept().is_ok()
    }
}

/// Whose forwards sshd refuses does not get them by way of a proxy, which leads to sshd alone.
fn stays_forbidden(config: &str, key_options: &str) {
    let carried = Carried::start_with(config);
    let key = std::fs::read_to_string(carried.far.path("user.pub")).expect("a key");
    std::fs::write(carried.far.path("authorized_keys"), format!("{key_options} {key}"))
        .expect("our file");
    let service = Forbidden::start();
    let what = format!("[{config}] [{key_options}]");
    // Carried, and asked for the service as ssh can ask.
    let place = format!("127.0.0.1:{}", service.port());
    let said = carried.ssh(&["-W", &place, "carried"]);
    let words = text(&said.stderr);
    assert!(!said.status.success() && said.stdout.is_empty(), "{what}: {words}");
    let listen = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr());
    let listen = listen.expect("a loopback port").port();
    let forward = format!("127.0.0.1:{listen}:{place}");
    let words =
        ["-o", "ExitOnForwardFailure=yes", "-L", &forward, "carried", "echo in; sleep 1000"];
    let mut ssh = carried.system("ssh", &words).stdout(Stdio::piped()).spawn().expect("ssh");
    // Where sshd permits nothing at all, not even the way to itself is led.
    let is_in = std::io::Read::read_exact(ssh.stdout.as_mut().expect("piped"), &mut [0; 3]);
    if is_in.is_ok() {
        let mut near = std::net::TcpStream::connect(("127.0.0.1", listen)).expect("ssh listens");
        near.set_read_timeout(Some(LIMIT)).expect("a limit");
        let got = std::io::Read::read(&mut near, &mut [0; 1]);
        assert!(!matches!(got, Ok(1..)), "{what}: {got:?}");
        ssh.kill().expect("killed");
    }
    ssh.wait().expect("an end");
    let listened = format!("127.0.0.1:0:{place}");
    let said = carried.ssh(&["-o", "ExitOnForwardFailure=yes", "-R", &listened, "carried", "true"]);
    assert_eq!(said.status.code(), Some(255), "{what}: -R: {}", text(&said.stderr));
    assert!(!service.was_reached(), "{what}");
}

#[test]
fn what_sshd_forbids_is_not_got_around() {
    stays_forbidden("AllowTcpForwarding no", "");
    stays_forbidden("PermitOpen none\nPermitListen none", "");
    stays_forbidden("", "restrict");
}

/// Whom sshd lets run one program alone gets that program from abide, too, and no keeper.
#[test]
fn an_account_of_one_command_stays_one() {
    let carried = Carried::start();
    let key = std::fs::read_to_string(carried.far.path("user.pub")).expect("a key");
    let forced = format!("restrict,command=\"echo only this\" {key}");
    std::fs::write(carried.far.path("authorized_keys"), forced).expect("our file");
    let said = carried.far.says(&["far", "id"]);
    assert!(!said.contains("uid="), "{said}");
    let said = carried.ssh(&["carried", "id"]);
    assert_eq!(said.status.code(), Some(255));
    assert!(!text(&said.stdout).contains("uid="), "{said:?}");
    assert!(carried.far.sessions().is_empty());
    assert!(!carried.far.path("cache/abide").exists(), "a keeper was stored");
}

#[test]
fn an_outer_ssh_that_is_killed_leaves_nothing() {
    let carried = Carried::start();
    let mut ssh = carried.running("echo in; sleep 1000");
    assert_eq!(carried.far.sessions().len(), 1);
    kill(ssh.id(), Signal::KILL);
    ssh.wait().expect("an end");
    carried.far.wait_until_gone();
}

#[test]
fn a_proxy_that_is_killed_leaves_nothing_either() {
    let carried = Carried::start();
    let mut ssh = carried.running("echo in; sleep 1000");
    let proxies = carried.proxies();
    assert_eq!(proxies.len(), 1, "{proxies:?}");
    kill(proxies[0], Signal::KILL);
    assert!(!finish(&mut ssh), "ssh tells that its connection is gone");
    carried.far.wait_until_gone();
    let logs = carried.far.keeper_logs();
    assert!(logs.contains("given up: its process is gone"), "{logs}");
}

#[test]
fn a_connection_that_is_cut_is_not_taken_for_a_dead_client() {
    let carried = Carried::start();
    let mut ssh = carried.running("echo in; read word; echo $word");
    carried.relay.cut(true);
    carried.relay.reset_tcp();
    wait_until("the loss being seen", || carried.far.keeper_logs().contains("carrier lost"));
    let logs = carried.far.keeper_logs();
    assert!(!logs.contains("let go by the other end"), "{logs}");
    carried.relay.cut(false);
    let mut input = ssh.stdin.take().expect("piped");
    std::io::Write::write_all(&mut input, b"still here\n").expect("taken");
    let output = ssh.wait_with_output().expect("an end");
    assert_eq!(text(&output.stdout), "still here\n");
}

#[test]
fn an_ssh_that_ends_while_there_is_no_network_leaves_nothing() {
    let carried = Carried::start();
    let ssh = carried.running("echo in; sleep 1000");
    carried.relay.cut(true);
    kill(ssh.id(), Signal::TERM);
    // Whoever reads what ssh prints sees its end at once.
    ssh.wait_with_output().expect("an end");
    let left = (carried.proxies().len(), carried.far.sessions().len());
    assert_eq!(left, (1, 1), "it waits for the network");
    carried.relay.cut(false);
    carried.far.wait_until_gone();
    wait_until("the proxy's end", || carried.proxies().is_empty());
}

/// What a server that permits no connections must refuse, by whatever way it was told.
fn refuses(carried: &Carried) {
    let said = carried.ssh(&["carried", "echo in"]);
    assert_eq!(said.status.code(), Some(255));
    assert_eq!(text(&said.stdout), "");
    let words = text(&said.stderr);
    let place = format!("does not permit a connection to 127.0.0.1 port {}", carried.far.port);
    assert!(words.contains(&place) && words.contains("administratively prohibited"), "{words}");
    let target = format!("127.0.0.1:{}", carried.far.port);
    let said = carried.far.says(&["-W", &target, "far"]);
    assert!(said.contains("does not permit") && said.ends_with("=255"), "{said}");
    assert!(!said.contains("SSH-2.0"), "{said}");
    assert!(carried.far.sessions().is_empty(), "nothing was begun");
}

#[test]
fn a_server_that_permits_no_forwards_permits_none_of_this() {
    for config in ["AllowTcpForwarding no", "DisableForwarding yes", "PermitOpen 127.0.0.1:1"] {
        refuses(&Carried::start_with(config));
    }
    let carried = Carried::start();
    let keys = carried.far.path("authorized_keys");
    let key = std::fs::read_to_string(&keys).expect("a key");
    for options in ["restrict", "no-port-forwarding", "permitopen=\"127.0.0.1:1\""] {
        std::fs::write(&keys, format!("{options} {key}")).expect("a key");
        refuses(&carried);
    }
    std::fs::write(&keys, format!("permitopen=\"127.0.0.1:{}\" {key}", carried.far.port))
        .expect("a key");
    assert_eq!(text(&carried.ssh(&["carried", "echo in"]).stdout), "in\n");
}

#[test]
fn stdin_and_stdout_are_a_connection_from_the_server() {
    let carried = Carried::start();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let target = listener.local_addr().expect("a port").to_string();
    let served = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut heard = String::new();
        std::io::Read::read_to_string(&mut stream, &mut heard).expect("an end");
        std::io::Write::write_all(&mut stream, format!("heard {heard}").as_bytes()).expect("taken");
    });
    let mut command = carried.far.command(&["-W", &target, "far"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("abide");
    let mut input = child.stdin.take().expect("piped");
    std::io::Write::write_all(&mut input, b"this").expect("taken");
    drop(input);
    let output = child.wait_with_output().expect("an end");
    assert_eq!((text(&output.stdout).as_str(), output.status.code()), ("heard this", Some(0)));
    served.join().expect("served");
    // Nobody listens there any more.
    let said = carried.far.says(&["-W", &target, "far"]);
    assert!(said.contains("the connection was not made on far"), "{said}");
    assert!(said.contains("refused") && said.ends_with("=255"), "{said}");
    let said = carried.far.says(&["-W", "nowhere", "far"]);
    assert!(said.contains("`nowhere` is not HOST:PORT, for -W"), "{said}");
    carried.far.wait_until_gone();
}
