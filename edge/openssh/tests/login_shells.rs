//! The remote line through every login shell that is installed, noisy ones too. Where a keeper
//! may be put is in `places.rs`.

mod support;

use std::process::Command;
use support::{
    Outcome, Running, Scratch, drive, fake_keeper, installed, remote_line, unique_build,
};

/// Without these the test proves too little.
const NEEDED: [&str; 4] = ["sh", "bash", "dash", "rbash"];
const OTHERS: [&str; 6] = ["tcsh", "csh", "fish", "zsh", "ksh", "mksh"];

const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Prints what noisy rc files print, then becomes the login shell.
const NOISY: &str = r#"echo Welcome; printf 'no newline'; umask 027; exec "$0" -c "$1""#;

fn log_in(shell: &str, home: &Scratch) -> Outcome {
    let line = remote_line(&unique_build(shell));
    let mut command = Command::new("sh");
    command.args(["-c", NOISY, shell, line.as_str()]);
    command.env_clear().env("HOME", home.path().join("a home")).env("PATH", PATH);
    drive(Running::start(&mut command), |_| Some(fake_keeper(200_000)))
}

fn check(shell: &str) {
    let home = Scratch::new(shell);
    let cache = format!("{}/a home/.cache/abide", home.text());
    let first = log_in(shell, &home);
    assert_eq!(first.noise, "Welcome\nno newline", "{shell}: {first:?}");
    assert_eq!(first.needs, [cache.as_str()], "{shell}: {first:?}");
    let build = unique_build(shell);
    let token = support::token();
    let said = format!(
        "exe={cache}/{build}/abide size=200000 umask=0027 path={PATH} \
         args=keeper --key=a_b-C.9/= {token}\nping"
    );
    assert_eq!(first.opened.as_deref(), Some(said.as_str()), "{shell}");
    assert_eq!((first.stderr.as_str(), first.status.code()), ("", Some(0)), "{shell}");

    let second = log_in(shell, &home);
    assert_eq!(second.needs, [""; 0], "{shell}: installed, asked for again");
    assert_eq!(second.opened.as_deref(), Some(said.as_str()), "{shell}");
}

#[test]
fn every_login_shell_brings_the_keeper() {
    let (found, missing): (Vec<&str>, Vec<&str>) =
        NEEDED.into_iter().chain(OTHERS).partition(|shell| installed(shell));
    println!("login shells tested: {found:?}; not installed: {missing:?}");
    for shell in NEEDED {
        assert!(found.contains(&shell), "{shell} must be installed for this test");
    }
    found.into_iter().for_each(check);
}
