//! Keepers that are killed, stopped, or silent.

use rustix::process::Signal;

use crate::far::{Far, LIMIT, kill};
use crate::{expect, last_shown, shown};

#[test]
fn a_keeper_that_is_killed() {
    for line in [&["far"][..], &["--no-udp", "far"]] {
        let far = Far::start();
        let terminal = far.shell(line);
        kill(far.keeper(), Signal::KILL);
        expect(
            last_shown(&far, &terminal),
            "error: session SESSION is gone\n\
             because: its keeper or its machine stopped\n\
             try: abide ls -F DIR/config far\n\
             =255",
        );
    }
}

#[test]
fn a_keeper_that_is_stopped() {
    let far = Far::start();
    let terminal = far.shell(&["far"]);
    kill(far.keeper(), Signal::TERM);
    expect(
        last_shown(&far, &terminal),
        "session SESSION ended: its keeper was stopped (SIGTERM)\n=255",
    );
}

#[test]
fn a_keeper_that_does_not_answer() {
    let far = Far::start();
    let terminal = far.shell(&["--name", "still", "far"]);
    let (pid, id) = (far.keeper(), far.session());
    kill(pid, Signal::STOP);
    let said = |words: &[&str]| far.says(words).replace(&pid.to_string(), "PID");
    let listed = said(&["ls", "far"]);
    let listed = listed.lines().nth(1).expect("a session").split_whitespace().collect::<Vec<_>>();
    assert_eq!(listed.join(" "), "SESSION still - not answering login shell");
    let json = said(&["ls", "--json", "far"]);
    assert!(json.contains("\"answering\": false"), "{json}");
    for word in ["still", &id] {
        expect(
            said(&["end", "far", word]),
            "--\n\
             error: session SESSION does not answer\n\
             because: its keeper (pid PID) is stopped, and has been silent for 5s\n\
             try: ssh -F DIR/config far 'kill -CONT PID'\n\
             =255",
        );
    }
    expect(
        far.says_of(far.there(&["detach", "still"])).replace(&pid.to_string(), "PID"),
        "--\n\
         error: session SESSION does not answer\n\
         because: its keeper (pid PID) is stopped, and has been silent for 5s\n\
         try: kill -CONT PID\n\
         =255",
    );
    expect(
        shown(&far, &far.terminal(&["attach", "far", "still"])).replace(&pid.to_string(), "PID"),
        "error: the session on far does not answer\n\
         because: SESSION: its keeper (pid PID) is stopped, and has been silent for 5s\n\
         try: ssh -F DIR/config far 'kill -CONT PID'\n\
         =255",
    );
    kill(pid, Signal::CONT);
    expect(far.says(&["end", "far", "still"]), "--\n=0");
    terminal.wait_exit(LIMIT).expect("an end");
}
