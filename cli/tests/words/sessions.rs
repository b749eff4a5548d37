//! Sessions that are there, or are not, or may not be attached to.

use abide_lab::Terminal;

use crate::far::{Far, LIMIT, wait_until};
use crate::{expect, last_shown, shown, without_upload};

#[test]
fn sessions_that_are_not_there() {
    let far = Far::start();
    expect(without_upload(&far.says(&["ls", "far"])), "--\nno sessions on far\n=0");
    expect(far.says_of(far.local(&["ls"])), "--\nno sessions here\n=0");
    expect(
        far.says(&["attach", "far"]),
        "--\n\
         error: attach needs a terminal\n\
         because: stdin is not one\n\
         try: abide attach from a shell\n\
         =255",
    );
    for verb in ["end", "detach"] {
        expect(
            far.says(&[verb, "far", "nosuch"]),
            "--\n\
             error: there is no session `nosuch`\n\
             because: no session there has that id or name\n\
             try: abide ls -F DIR/config far\n\
             =1",
        );
        expect(
            far.says_of(far.local(&[verb, "nosuch"])),
            &format!(
                "--\n\
                 error: there is no session `nosuch` here\n\
                 because: no session there has that id or name\n\
                 try: abide ls, or for one on a host: abide {verb} nosuch SESSION\n\
                 =1"
            ),
        );
    }
    expect(
        shown(&far, &far.terminal(&["attach", "far", "nosuch"])),
        "error: there is no session `nosuch` on far\n\
         because: no session there has that id or name\n\
         try: abide ls -F DIR/config far\n\
         =1",
    );
    expect(
        shown(&far, &far.terminal(&["attach", "far"])),
        "error: there are no sessions on far\n\
         because: nothing is running there to attach to\n\
         try: abide -F DIR/config far, to begin one\n\
         =1",
    );
    expect(
        shown(&far, &Terminal::start(&far.local(&["attach"])).expect("a terminal")),
        "error: there are no sessions here\n\
         because: no keeper runs on this machine\n\
         try: abide ls HOST\n\
         =1",
    );
}

#[test]
fn sessions_that_are_there() {
    let far = Far::start();
    let first = far.shell(&["--name", "one", "far"]);
    let listed = far.says(&["ls", "far"]).replace("0s ", "AGE").replace("1s ", "AGE");
    let name =
        format!("{}@{}", "root", std::fs::read_to_string("/etc/hostname").expect("a name").trim());
    let listed = listed
        .replace(&name, "CLIENT")
        .replace("(quic)", "(CARRIER)")
        .replace("(ssh)", "(CARRIER)");
    let listed: Vec<String> =
        listed.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(
        listed,
        [
            "SESSION NAME AGE CLIENTS PROGRAM",
            "SESSION one AGE CLIENT (CARRIER) login shell",
            "--",
            "=0"
        ]
    );
    expect(
        far.says(&["--name", "one", "far", "true"]),
        "--\n\
         error: a session named `one` is there already on far\n\
         because: a name leads to one session\n\
         try: abide attach -F DIR/config far one\n\
         =255",
    );
    let second = far.shell(&["--name", "two", "far"]);
    let several = shown(&far, &far.terminal(&["attach", "far"]));
    assert!(
        several.starts_with("error: there are several sessions on far\nbecause: "),
        "{several}"
    );
    assert!(several.contains("SESSION `one` (login shell)"), "{several}");
    assert!(several.ends_with("\ntry: abide attach -F DIR/config far SESSION\n=1"), "{several}");
    expect(far.says(&["detach", "far", "one"]), "--\n=0");
    let by = last_shown(&far, &first);
    expect(
        by.replace(&name, "CLIENT"),
        "detached from session SESSION by CLIENT; it goes on: abide attach -F DIR/config far SESSION\n=255",
    );
    expect(far.says(&["end", "far", "one"]), "--\n=0");
    expect(far.says(&["end", "far", "two"]), "--\n=0");
    second.wait_exit(LIMIT).expect("an end");
    far.wait_until_gone();
}

#[test]
fn commands_are_not_shared() {
    let far = Far::start();
    let mut running = far.command(&["--name", "work", "far", "cat"]);
    let mut running = running
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("abide");
    wait_until("the session", || far.sessions().len() == 1);
    expect(
        shown(&far, &far.terminal(&["attach", "far", "work"])),
        "error: this session cannot be attached to\n\
         because: session SESSION runs `cat` without a terminal\n\
         try: abide end -F DIR/config far SESSION, if it is not wanted any more\n\
         =255",
    );
    drop(running.stdin.take());
    assert!(running.wait().expect("an end").success());
}
