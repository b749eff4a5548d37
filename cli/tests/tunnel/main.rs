//! `abide tunnel` against a real sshd that knows nothing of abide, over plain ssh and over a link: forwards
//! pass bytes and come back, and each thing that can be wrong is named within 30 s, in words, in
//! `status --json` and in the exit status.

#![allow(unreachable_pub)]

#[path = "../far/mod.rs"]
mod far;
mod kept;
mod link;

use std::io::Write;
use std::net::TcpListener;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::time::Duration;

use abide_host::clock;
use far::{Far, Setup, kill, wait_until};
use kept::{Kept, NAMED_WITHIN, Service, free_port};
use rustix::process::Signal;

/// A flag that changes nothing where a keeper can run, and the one for the other way.
const WAYS: [&str; 2] = ["--udp-ports=60000-61000", "--plain"];

/// The process of ssh, or of the link.
fn process(report: &serde_json::Value) -> u32 {
    let pid = report["ssh_pid"].as_u64().or(report["link_pid"].as_u64()).expect("a pid");
    u32::try_from(pid).expect("a pid")
}

#[test]
fn all_three_kinds_pass_bytes_come_back_and_end() {
    let far = Far::start();
    let service = Service::start();
    let there = format!("127.0.0.1:{}", service.port);
    for way in WAYS {
        all_three_kinds(&far, way, &there);
    }
}

fn all_three_kinds(far: &Far, way: &str, there: &str) {
    let (local, remote, dynamic) = (free_port(), free_port(), free_port());
    let mut kept = Kept::start(
        far,
        &[
            way,
            "-L",
            &format!("{local}:{there}"),
            "-R",
            &format!("{remote}:{there}"),
            "-D",
            &dynamic.to_string(),
            "far",
        ],
    );
    let report = kept.wait_for(|it| it["state"] == "up" && it["forwards"][2]["answer"] == "yes");
    for index in 0..3 {
        assert_eq!(report["forwards"][index]["answer"], "yes", "{report}");
    }
    for port in [local, remote] {
        assert_eq!(kept::banner(port).as_deref(), Some("220 here\r\n"));
    }
    kill(process(&report), Signal::KILL);
    kept.wait_for(|it| it["starts"] == 2 && it["state"] == "up");
    assert_eq!(kept::banner(remote).as_deref(), Some("220 here\r\n"));
    assert_eq!(far.local(&["tunnel", "status"]).status().expect("runs").code(), Some(0));
    assert_eq!(kept.end(Signal::TERM), Some(0));
    let left = std::fs::read_dir(far.path("near/tunnels")).expect("a directory").count();
    assert_eq!(left, 0, "sockets are gone");
    assert_eq!(far.local(&["tunnel", "status"]).status().expect("runs").code(), Some(1));
}

#[test]
fn an_ssh_that_a_killed_abide_left_behind_is_ended_by_the_next() {
    let far = Far::start();
    let service = Service::start();
    let local = format!("{}:127.0.0.1:{}", free_port(), service.port);
    let mut kept = Kept::start(&far, &["--plain", "-L", &local, "far"]);
    let left = process(&kept.wait_for(|it| it["state"] == "up"));
    assert_eq!(kept.end(Signal::KILL), None);
    // Empty once it has ended, even where nobody takes its remains away.
    let line = format!("/proc/{left}/cmdline");
    let runs = || std::fs::read(&line).is_ok_and(|line| !line.is_empty());
    assert!(runs(), "nobody told it to end");
    let kept = Kept::start(&far, &["--plain", "-L", &local, "far"]);
    kept.wait_for(|it| it["state"] == "up" && it["starts"] == 1);
    wait_until("its end", || !runs());
}

#[test]
fn a_service_manager_hears_that_it_is_ready_and_alive() {
    let far = Far::start();
    let service = Service::start();
    let socket = far.path("notify");
    let manager = UnixDatagram::bind(&socket).expect("a socket");
    manager.set_read_timeout(Some(NAMED_WITHIN)).expect("a socket");
    let local = format!("{}:127.0.0.1:{}", free_port(), service.port);
    let mut command = far.command(&["tunnel", "-L", &local, "far"]);
    command.env("NOTIFY_SOCKET", &socket).env("WATCHDOG_USEC", "500000");
    let kept = Kept::spawn(&far, command);
    let mut heard = Vec::new();
    while !["READY=1", "STATUS=1 of 1 up"].iter().all(|it| heard.iter().any(|word| word == it))
        || heard.iter().filter(|word| *word == "WATCHDOG=1").count() < 4
    {
        let mut buffer = [0; 256];
        let count = manager.recv(&mut buffer).unwrap_or_else(|_| panic!("only {heard:?}"));
        heard.push(String::from_utf8_lossy(&buffer[..count]).into_owned());
    }
    drop(kept);
}

#[test]
fn a_refused_key_and_a_changed_host_key_end_it_with_their_own_status() {
    for way in WAYS {
        refused_and_changed(way);
    }
}

fn refused_and_changed(way: &str) {
    // A password that was good yesterday is not asked for: a tunnel asks nobody.
    let far = Far::start_with(&Setup { config: "PasswordAuthentication yes", ..Setup::default() });
    let local = format!("{}:127.0.0.1:1", free_port());
    let keys = std::fs::read(far.path("authorized_keys")).expect("a file");
    std::fs::write(far.path("authorized_keys"), "").expect("a file");
    let said = far.says(&["tunnel", way, "-L", &local, "far"]);
    assert!(said.contains("error: far does not let you in"), "{said}");
    assert!(said.contains("because: it takes publickey, password; no key"), "{said}");
    assert!(said.ends_with("=4"), "{said}");
    std::fs::write(far.path("authorized_keys"), keys).expect("a file");

    far.know("stranger");
    let said = far.says(&["tunnel", way, "-L", &local, "far"]);
    assert!(said.contains("error: the host key of far has changed"), "{said}");
    assert!(said.contains("try: ssh-keygen -R '[127.0.0.1]:PORT' -f 'DIR/known_hosts'"), "{said}");
    assert!(said.ends_with("=5"), "{said}");

    std::fs::write(far.path("known_hosts"), "").expect("a file");
    let said = far.says(&["tunnel", way, "-L", &local, "far"]);
    assert!(said.contains("is not known") && said.ends_with("=5"), "{said}");
}

#[test]
fn keys_that_change_under_a_running_tunnel_are_named_and_mended() {
    let far = Far::start();
    let service = Service::start();
    let local = format!("{}:127.0.0.1:{}", free_port(), service.port);
    for way in WAYS {
        keys_that_change(&far, way, &local);
    }
}

fn keys_that_change(far: &Far, way: &str, local: &str) {
    let kept = Kept::start(far, &[way, "--keep-trying", "-L", local, "far"]);
    let report = kept.wait_for(|it| it["state"] == "up");
    std::fs::rename(far.path("authorized_keys"), far.path("away")).expect("a file");
    std::fs::write(far.path("authorized_keys"), "").expect("a file");
    kill(process(&report), Signal::TERM);
    kept.wait_for_cause("authentication");
    std::fs::rename(far.path("away"), far.path("authorized_keys")).expect("a file");
    far.know("stranger");
    kept.signal(Signal::USR1);
    kept.wait_for_cause("host-key-changed");
    far.know("host");
    kept.signal(Signal::HUP);
    kept.wait_for(|it| it["state"] == "up");
}

#[test]
fn a_taken_port_here_is_named_even_where_ssh_is_content() {
    let far = Far::start();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();
    // ::1 is free: ssh listens there and goes on.
    for way in WAYS {
        let said = far.says(&["tunnel", way, "-L", &format!("{port}:127.0.0.1:1"), "far"]);
        assert!(said.contains("cannot be listened at on this machine"), "{said}");
        assert!(said.contains("Address already in use") && said.ends_with("=6"), "{said}");
    }
}

#[test]
fn a_port_that_a_program_on_the_server_has_is_told_by_what_it_says() {
    let far = Far::start();
    let both = [&["127.0.0.1"][..], &["127.0.0.1", "::1"]];
    for (addresses, way) in both.into_iter().flat_map(|it| WAYS.map(|way| (it, way))) {
        let service = Service::start_at(addresses);
        let remote = format!("{}:127.0.0.1:1", service.port);
        let kept = Kept::start(&far, &[way, "-R", &remote, "far"]);
        let report = kept.wait_for_cause("remote-port-taken");
        assert_eq!(report["cause"]["says"], "220 here", "{addresses:?}");
    }
}

#[test]
fn a_stale_listener_is_told_from_a_program_and_its_end_is_enough() {
    let far = Far::start();
    let service = Service::start();
    for way in WAYS {
        stale_listener(&far, way, service.port);
    }
}

fn stale_listener(far: &Far, way: &str, target: u16) {
    let remote = format!("{}:127.0.0.1:{target}", free_port());
    let mut before = Command::new("ssh");
    before.arg("-F").arg(far.path("config")).args(["-N", "-R", &remote, "far"]);
    let mut before = before.stdin(Stdio::null()).stderr(Stdio::null()).spawn().expect("ssh");
    let port = remote.split(':').next().expect("a port").parse().expect("a port");
    wait_until("the earlier listener", || kept::banner(port).is_some());
    // Its client is as good as gone: nothing is answered any more.
    kill(before.id(), Signal::STOP);
    let kept = Kept::start(far, &[way, "-R", &remote, "far"]);
    let report = kept.wait_for_cause("remote-listener-stale");
    assert_eq!(report["cause"]["listen"], port.to_string());
    let said = far.says(&["tunnel", "status"]);
    assert!(said.contains("error: a stale listener holds port") && said.ends_with("=1"), "{said}");
    before.kill().expect("a child");
    before.wait().expect("a child");
    kept.wait_for(|it| it["state"] == "up" && it["forwards"][0]["answer"] == "yes");
}

#[test]
fn settings_of_the_server_are_named_and_not_got_around() {
    let far = Far::start_with(&Setup { config: "AllowTcpForwarding no", ..Setup::default() });
    let service = Service::start();
    for way in WAYS {
        let remote = format!("{}:127.0.0.1:{}", free_port(), service.port);
        let kept = Kept::start(&far, &[way, "-R", &remote, "far"]);
        kept.wait_for_cause("remote-forward-refused");
        drop(kept);
        let port = free_port();
        let local = format!("{port}:127.0.0.1:{}", service.port);
        let kept = Kept::start(&far, &[way, "-L", &local, "far"]);
        let report = kept.wait_for_cause("forward-forbidden");
        assert_eq!(report["state"], "degraded");
        assert_eq!(kept::banner(port), None, "nothing comes through");
    }
}

#[test]
fn a_server_that_forbids_the_look_is_not_taken_for_a_forward_that_is_gone() {
    let far = Far::start_with(&Setup { config: "AllowTcpForwarding remote", ..Setup::default() });
    let service = Service::start();
    for way in WAYS {
        let port = free_port();
        let remote = format!("{port}:127.0.0.1:{}", service.port);
        let kept = Kept::start(&far, &[way, "-R", &remote, "far"]);
        let report = kept.wait_for(|it| it["forwards"][0]["why"] == "not-allowed");
        assert_eq!((&report["state"], &report["starts"]), (&"up".into(), &1.into()), "{report}");
        assert_eq!(kept::banner(port).as_deref(), Some("220 here\r\n"));
    }
}

#[test]
fn a_target_that_is_not_there_leaves_the_tunnel_up_until_it_comes() {
    for way in WAYS {
        target_that_is_not_there(way);
    }
}

fn target_that_is_not_there(way: &str) {
    let far = Far::start();
    let (local, remote) = (free_port(), free_port());
    let target = free_port();
    let target_text = format!("127.0.0.1:{target}");
    let words = [
        way,
        "--probe-every=1s",
        "-L",
        &format!("{local}:{target_text}"),
        "-R",
        &format!("{remote}:{target_text}"),
        "far",
    ];
    let kept = Kept::start(&far, &words);
    let report = kept.wait_for_cause("target-refused");
    assert_eq!((&report["state"], &report["starts"]), (&"degraded".into(), &1.into()));
    let _service = Service::start_on(target);
    let report = kept.wait_for(|it| it["state"] == "up");
    assert_eq!(report["starts"], 1, "the same ssh");
    assert_eq!(report["forwards"][1]["answer"], "yes");
}

#[test]
fn a_server_that_is_gone_is_tried_until_it_is_back() {
    let far = Far::start();
    let config = far.path("config");
    let closed = format!("Port {}", free_port());
    let text = std::fs::read_to_string(&config).expect("a file");
    std::fs::write(&config, text.replace(&format!("Port {}", far.port), &closed)).expect("a file");
    let service = Service::start();
    let local = format!("{}:127.0.0.1:{}", free_port(), service.port);
    let kept = Kept::start(&far, &["-L", &local, "far"]);
    kept.wait_for_cause("refused");
    std::fs::write(&config, text).expect("a file");
    kept.wait_for(|it| it["state"] == "up");
}

#[test]
fn a_server_that_says_nothing_is_named_in_time() {
    let far = Far::start();
    let mute = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = mute.local_addr().expect("an address").port().to_string();
    let local = format!("{}:127.0.0.1:1", free_port());
    let kept = Kept::start(&far, &["-p", &port, "-L", &local, "far"]);
    let report = kept.wait_for(|it| !it["cause"].is_null());
    let code = report["cause"]["code"].as_str().expect("a code");
    assert!(["connection-lost", "timed-out"].contains(&code), "{report}");
}

#[test]
fn several_tunnels_of_a_file_do_not_end_each_other() {
    let far = Far::start();
    let service = Service::start();
    let config = far.path("config");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = taken.local_addr().expect("an address").port();
    let text = format!(
        "[[tunnel]]\nname = 'good'\nhost = 'far'\nflags = ['-F', '{0}']\nlocal = ['{1}:127.0.0.1:{2}']\n\
         [[tunnel]]\nname = 'bad'\nhost = 'far'\nflags = ['-F', '{0}', '-p', '{3}']\ndynamic = ['{4}']\n",
        config.display(),
        free_port(),
        service.port,
        taken,
        free_port(),
    );
    let file = far.path("tunnels.toml");
    std::fs::File::create(&file).and_then(|mut it| it.write_all(text.as_bytes())).expect("a file");
    let mut kept = Kept::start(&far, &["--file", file.to_str().expect("UTF-8")]);
    kept.wait_for_all(|all| {
        let find = |name: &str| all.iter().find(|it| it["name"] == name).cloned();
        let (Some(good), Some(bad)) = (find("good"), find("bad")) else { return false };
        good["state"] == "up" && !bad["cause"].is_null()
    });
    let second = far.says(&["tunnel", "--name", "good", "-L", "1:a:2", "far"]);
    assert!(second.contains("a tunnel called `good` is kept already"), "{second}");
    assert_eq!(kept.end(Signal::INT), Some(0));
}

#[test]
fn starts_and_life_are_limited() {
    let far = Far::start();
    let local = format!("{}:127.0.0.1:1", free_port());
    let closed = free_port().to_string();
    let few = ["tunnel", "--max-starts", "2", "-p", &closed, "-L", &local, "far"];
    let said = far.says(&few);
    assert!(said.contains("starting a link (start 2)") && said.ends_with("=3"), "{said}");
    let began = clock::now();
    let said = far.says(&["tunnel", "--max-lifetime", "3s", "-L", &local, "far"]);
    assert!(said.contains("has lived as long as it may") && said.ends_with("=0"), "{said}");
    let lived = clock::now().since(began);
    assert!(lived >= Duration::from_secs(3) && lived < Duration::from_secs(8), "{lived:?}");
}

#[test]
fn wrong_lines_are_refused() {
    let far = Far::start();
    for (words, wanted) in [
        (&["tunnel"][..], "no host is given"),
        (&["tunnel", "far"], "nothing is to be forwarded"),
        (&["tunnel", "-L", "1:a:2", "far", "ls"], "`ls` is a command"),
        (&["tunnel", "-f", "-L", "1:a:2", "far"], "-f would take ssh out of abide's sight"),
        (&["tunnel", "--file", "/nonexistent"], "/nonexistent cannot be read"),
        (&["tunnel", "--max-lifetime", "soon", "far"], "soon"),
        (&["tunnel", "--wrong", "far"], "`--wrong` is not an option"),
        (&["tunnel", "-o", "NoSuch=1", "-L", "1:a:2", "far"], "Bad configuration option"),
        (&["tunnel", "-p", "many", "-L", "1:a:2", "far"], "Bad port 'many'"),
        (&["tunnel", "--plain", "-L", "1", "far"], "Bad local forwarding specification '1'"),
        (&["tunnel", "status", "-L"], "`-L` stands behind `status`"),
    ] {
        let said = far.says(words);
        assert!(said.contains(wanted), "{words:?}: {said}");
        assert!(said.ends_with("=2"), "{words:?}: {said}");
    }
}

#[test]
fn a_wrong_configuration_of_sshs_is_not_a_wrong_line() {
    let far = Far::start();
    let broken = far.path("broken");
    std::fs::write(&broken, "Host far\nCompression maybe\n").expect("a file");
    let path = broken.to_str().expect("UTF-8");
    let said = far.says_of(far.local(&["tunnel", "-F", "/nonexistent", "-L", "1:a:2", "far"]));
    assert!(said.contains("config file /nonexistent") && said.ends_with("=2"), "{said}");
    for words in [&["-F", path, "-L", "1:a:2", "far"][..], &["-p22", "-D1", "-F", path, "far"]] {
        let said = far.says_of(far.local(&[&["tunnel"], words].concat()));
        assert!(said.contains("line 2: unsupported option \"maybe\""), "{said}");
        assert!(said.ends_with("=7"), "{said}");
    }
}

#[test]
fn a_unit_is_shown_and_written_when_wanted() {
    let far = Far::start();
    let words = ["tunnel", "install", "--user", "--name", "db", "-L", "1:localhost:2", "far"];
    let home = far.path("home");
    let unit = home.join(".config/systemd/user/abide-tunnel-db.service");
    let mut command = far.command(&words);
    command.env("HOME", &home);
    let said = far.says_of(command);
    assert!(said.contains("Type=notify\n") && said.contains("not written"), "{said}");
    assert!(said.ends_with("=1"), "{said}");
    let said = far.says(&["tunnel", "install", "--system", "-R", "1:localhost:2", "far"]);
    assert!(said.contains("# /etc/systemd/system/abide-tunnel-far.service"), "{said}");
    assert!(!unit.exists());
}
