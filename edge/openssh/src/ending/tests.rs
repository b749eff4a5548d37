//! ssh's messages as OpenSSH 8 to 10 print them; `tests/endings.rs` makes a real ssh print them.

use super::*;

fn failed(stderr: &str) -> SshEnding {
    classify(stderr, ExitStatus::from_raw(255 << 8))
}

#[test]
fn each_message_has_its_ending() {
    use SshEnding::*;
    let host = || "h".to_owned();
    for (stderr, ending) in [
        (
            "ssh: Could not resolve hostname h: Name or service not known\r\n",
            UnknownHost { host: host(), temporary: false },
        ),
        (
            "ssh: Could not resolve hostname h: Temporary failure in name resolution\r\n",
            UnknownHost { host: host(), temporary: true },
        ),
        (
            "ssh: connect to host h port 22: Connection refused\r\n",
            Refused { host: host(), port: 22 },
        ),
        (
            "ssh: connect to host h port 22: No route to host\r\n",
            Unreachable { host: host(), reason: "No route to host".into() },
        ),
        ("ssh: connect to host h port 22: Connection timed out\r\n", TimedOut { host: host() }),
        ("Timeout, server h not responding.\r\n", TimedOut { host: host() }),
        ("Connection to h port 22 timed out\r\n", TimedOut { host: host() }),
        (
            "Connection timed out during banner exchange\r\nConnection to h port 22 timed out\r\n",
            BannerTimeout,
        ),
        ("Host key verification failed.\r\n", HostKeyUnknown),
        (
            "Permission denied, please try again.\r\nu@h: Permission denied (publickey,password).",
            PermissionDenied { methods: vec!["publickey".into(), "password".into()] },
        ),
        (
            "Received disconnect from 1.2.3.4 port 22:2: Too many authentication failures\r\n\
             Disconnected from 1.2.3.4 port 22\r\n",
            PermissionDenied { methods: vec![] },
        ),
        (
            "kex_exchange_identification: Connection closed by remote host\r\n\
             Connection closed by 1.2.3.4 port 22\r\n",
            ConnectionClosed,
        ),
        ("Connection to h closed by remote host.\r\n", ConnectionClosed),
        (
            "kex_exchange_identification: read: Connection reset by peer\r\n\
             Connection reset by 1.2.3.4 port 22\r\n",
            ConnectionReset,
        ),
        ("client_loop: send disconnect: Broken pipe\r\n", ConnectionReset),
        (
            "Unable to negotiate with 1.2.3.4 port 22: no matching cipher found. Their offer: x",
            KexFailed {
                reason: "Unable to negotiate with 1.2.3.4 port 22: no matching cipher found. \
                         Their offer: x"
                    .into(),
            },
        ),
        ("something new\r\n", Other { text: "something new".into() }),
        ("", Other { text: String::new() }),
    ] {
        assert_eq!(failed(stderr), ending, "{stderr}");
    }
}

#[test]
fn causes_win_over_consequences() {
    let jump = "ssh: connect to host jump port 22: Connection refused\r\n\
                kex_exchange_identification: Connection closed by remote host\r\n\
                Connection closed by UNKNOWN port 65535\r\n";
    assert_eq!(failed(jump), SshEnding::Refused { host: "jump".into(), port: 22 });
    let inside = "channel 0: open failed: connect failed: Connection refused\r\n\
                  stdio forwarding failed\r\n\
                  kex_exchange_identification: Connection closed by remote host\r\n\
                  Connection closed by UNKNOWN port 65535\r\n";
    let reason = "channel 0: open failed: connect failed: Connection refused".into();
    assert_eq!(failed(inside), SshEnding::ProxyFailed { reason });
    let command = "no way\r\nkex_exchange_identification: Connection closed by remote host\r\n\
                   Connection closed by UNKNOWN port 65535\r\n";
    assert_eq!(failed(command), SshEnding::ProxyFailed { reason: "no way".into() });
    let own = "error: h does not permit it\r\nbecause: prohibited\r\ntry: plain ssh\r\n\
               kex_exchange_identification: Connection closed by remote host\r\n\
               Connection closed by UNKNOWN port 65535\r\n";
    assert_eq!(failed(own), SshEnding::ProxyFailed { reason: "prohibited".into() });
    let two = "ssh: connect to host h port 22: Connection refused\r\n\
               ssh: connect to host h port 22: Network is unreachable\r\n";
    assert_eq!(failed(two), SshEnding::Refused { host: "h".into(), port: 22 });
    let remote = "cat: /x: Permission denied\r\nConnection to h closed by remote host.\r\n";
    assert_eq!(failed(remote), SshEnding::ConnectionClosed);
}

#[test]
fn signals_and_remote_statuses_are_not_ssh_failures() {
    assert_eq!(classify("", ExitStatus::from_raw(9)), SshEnding::Killed(9));
    let refused = "ssh: connect to host h port 22: Connection refused\r\n";
    assert_eq!(classify(refused, ExitStatus::from_raw(3 << 8)), SshEnding::RemoteExit(3));
}

#[test]
fn advice_depends_on_what_worked() {
    let gone = SshEnding::UnknownHost { host: "h".into(), temporary: false };
    assert_eq!(gone.retry(false), RetryAdvice::Never);
    assert_eq!(gone.retry(true), RetryAdvice::Later);
    let denied = SshEnding::PermissionDenied { methods: vec![] };
    assert_eq!(denied.retry(true), RetryAdvice::NeedsUser);
    assert_eq!(SshEnding::ConnectionClosed.retry(false), RetryAdvice::Later);
}
