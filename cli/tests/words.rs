//! Every error that a person may meet, word for word: stdout, `--`, stderr, `=` and the exit status of
//! the real program against a real sshd.

mod far;

use std::process::Command;

use abide_host::child::Exit;
use abide_lab::Terminal;
use far::{Far, LIMIT, Setup, kill, make_ready, wait_until};
use rustix::process::Signal;

/// Both texts in full when they differ.
#[track_caller]
fn expect(said: String, expected: &str) {
    assert!(said == expected, "\nsaid:\n{said}\n\nexpected:\n{expected}");
}

/// What a terminal showed until the program ended, and how it ended.
fn shown(far: &Far, terminal: &Terminal) -> String {
    let exit = terminal.wait_exit(LIMIT).expect("an end");
    let Exit::Code(code) = exit else { panic!("{exit:?}") };
    format!("{}={code}", far.plain(&terminal.text()))
}

/// The same, from the words on that follow the restoring of a terminal's modes.
fn last_shown(far: &Far, terminal: &Terminal) -> String {
    let text = shown(far, terminal);
    text.rsplit_once("\x1b8\n").map_or(text.clone(), |(_, last)| last.to_owned())
}

const SENDING: &str = "abide: sending the keeper (";

/// Without the line about the upload, whose size changes from build to build.
fn without_upload(said: &str) -> String {
    said.lines().filter(|line| !line.starts_with(SENDING)).collect::<Vec<_>>().join("\n")
}

#[test]
fn ssh_does_not_get_there() {
    let far = Far::start();
    expect(
        far.says(&["-F", "/dev/null", "nosuch.invalid"]),
        "--\n\
         error: nosuch.invalid is not a known host name\n\
         because: the resolver says that there is no such name\n\
         try: getent hosts nosuch.invalid\n\
         =255",
    );
    expect(
        far.says(&["-F", "/dev/null", "attach", "nosuch.invalid"]),
        "--\n\
         error: attach is not a known host name\n\
         because: the resolver says that there is no such name\n\
         try: abide attach ..., the command before all flags\n\
         =255",
    );
    expect(
        far.says(&["-p", "1", "far"]),
        "--\n\
         error: 127.0.0.1 refuses connections at port 1\n\
         because: the machine answers, and nothing listens there\n\
         try: abide -p PORT -F DIR/config far, if its sshd listens elsewhere\n\
         =255",
    );
    let words = format!(
        "-p {} -i {} -o HostName=127.0.0.1 stranger true",
        far.port,
        far.path("stranger").display()
    );
    let config = far.path("config");
    let mut command = far.local(&["-F"]);
    command.arg(&config).args(words.split(' '));
    expect(
        far.says_of(command),
        "--\n\
         error: stranger does not let you in\n\
         because: it takes publickey, and was offered nothing that it accepts\n\
         try: ssh -v -F DIR/config -p PORT -i DIR/stranger -o HostName=127.0.0.1 stranger, to see which keys were offered\n\
         =255",
    );
    expect(
        far.says(&["-o", "NoSuchThing=1", "far"]),
        "--\n\
         error: ssh does not accept these settings\n\
         because: command-line: line 0: Bad configuration option: nosuchthing\n\
         try: ssh -G HOST, to see what it makes of them\n\
         =255",
    );
    let mut none = far.command(&["far"]);
    none.env("ABIDE_SSH", "/no/such/ssh");
    expect(
        far.says_of(none),
        "--\n\
         error: there is no ssh to run\n\
         because: cannot run `/no/such/ssh`: No such file or directory (os error 2)\n\
         try: apt install openssh-client\n\
         =255",
    );
}

#[test]
fn host_keys_that_are_not_right() {
    let far = Far::start();
    far.know("stranger");
    // ssh's own warning comes first, whole.
    let said = far.says(&["far", "true"]);
    assert!(said.contains("REMOTE HOST IDENTIFICATION HAS CHANGED"), "{said}");
    let (_, ours) = said.split_once("requested strict checking.\n").expect("ssh's last line");
    expect(
        ours.to_owned(),
        "error: the host key of far has changed\n\
         because: another key is known at DIR/known_hosts:1; this may be a new machine, or somebody in between\n\
         try: ssh-keygen -R '[127.0.0.1]:PORT' -f 'DIR/known_hosts', once you know that the change is right\n\
         =255",
    );
    std::fs::write(far.path("known_hosts"), "").expect("a file");
    expect(
        far.says(&["far", "true"]),
        "--\n\
         No ED25519 host key is known for [127.0.0.1]:PORT and you have requested strict checking.\n\
         error: the host key of far is not known\n\
         because: nobody accepted it\n\
         try: ssh -F DIR/config far, and compare the fingerprint\n\
         =255",
    );
}

#[test]
fn accounts_without_a_shell() {
    let far = Far::start();
    expect(
        far.says(&["-l", "nobody", "far"]),
        "--\n\
         Could not chdir to home directory /nonexistent: No such file or directory\n\
         error: no keeper could be started on far\n\
         because: the account has no shell that runs commands\n\
         try: chsh on the server, or another account\n\
         =255",
    );
    expect(
        far.says(&["-l", "sync", "far"]),
        "--\n\
         sync: invalid option -- 'c'\n\
         Try 'sync --help' for more information.\n\
         error: no keeper could be started on far\n\
         because: the server ran something else than asked for; it said: sync: invalid option -- 'c'\n\
         try: ssh -l sync -F DIR/config far\n\
         =255",
    );
    let inside = "printf 'not a program' >$dir/bad; chmod 755 $dir/bad; \
        printf \"root:x:0:0:root:/root:$dir/bad\\nsshd:x:100:65534::/run/sshd:/bin/false\\n\" >$dir/passwd; \
        mount --bind $dir/passwd /etc/passwd";
    let far = Far::start_with(&Setup { inside, ..Setup::default() });
    expect(
        far.says(&["far"]),
        "--\n\
         DIR/bad: Exec format error\n\
         error: no keeper could be started on far\n\
         because: the account has no shell that runs commands\n\
         try: chsh on the server, or another account\n\
         =255",
    );
}

/// A small home, a read-only, a full and a noexec directory; `$dir` is kept in sight.
const NO_PLACE: &str = "mkdir -p /run/sshd; mount --bind $dir /run/sshd; \
    mount -t tmpfs -o size=100k,mode=700 none ~root; \
    mount -t tmpfs -o ro none /var/tmp; \
    mount -t tmpfs -o noexec,mode=1777 none /dev/shm; \
    mount -t tmpfs -o size=64k,mode=1777 none /tmp; \
    mkdir -p $dir; mount --bind /run/sshd $dir; umount /run/sshd; \
    head -c 64k /dev/zero >/tmp/filled || true";

#[test]
fn no_place_for_the_keeper() {
    let setup = Setup { inside: NO_PLACE, default_places: true, ..Setup::default() };
    let far = Far::start_with(&setup);
    expect(
        without_upload(&far.says(&["far", "true"])),
        "--\n\
         abide: /root/.cache/abide: no space is left; trying the next place\n\
         abide: /root/.abide: no space is left; trying the next place\n\
         abide: /var/tmp/abide-0: cannot be written to; trying the next place\n\
         abide: /tmp/abide-0: no space is left; trying the next place\n\
         abide: /dev/shm/abide-0: programs cannot be run from there (noexec); trying the next place\n\
         error: far has no place for the keeper\n\
         because: /root/.cache/abide: no space is left\n         \
                  /root/.abide: no space is left\n         \
                  /var/tmp/abide-0: cannot be written to\n         \
                  /tmp/abide-0: no space is left\n         \
                  /dev/shm/abide-0: programs cannot be run from there (noexec)\n\
         try: free some space, or ABIDE_KEEPER=/some/folder in the login environment on far\n\
         =255",
    );
}

#[test]
fn no_place_for_the_keepers_socket() {
    let config = "SetEnv ABIDE_RUNTIME_DIR=/proc/nowhere XDG_CACHE_HOME=$dir/cache";
    let far = Far::start_with(&Setup { config, ..Setup::default() });
    expect(
        without_upload(&far.says(&["far", "true"])),
        "--\n\
         error: the folder of abide's sessions on far cannot be used\n\
         because: cannot use /proc/nowhere: No such file or directory (os error 2)\n\
         try: ABIDE_RUNTIME_DIR=/some/folder (yours alone) in the login environment on far\n\
         =255",
    );
}

#[test]
fn another_architecture() {
    let inside = "mkdir $dir/bin; chmod 755 $dir/bin; \
        printf '#!/bin/sh\\ncase $1 in -m) echo riscv64;; *) echo Linux;; esac\\n' >$dir/bin/uname; \
        chmod 755 $dir/bin/uname; mount --bind $dir/bin/uname $(command -v uname)";
    let far = Far::start_with(&Setup { inside, ..Setup::default() });
    expect(
        far.says(&["far", "true"]),
        &format!(
            "--\n\
             error: no keeper for far\n\
             because: the server is linux riscv64, this program is for linux {}\n\
             try: ssh -t -F DIR/config far tmux new -A, which needs no keeper\n\
             =255",
            std::env::consts::ARCH
        ),
    );
}

#[test]
fn command_lines_that_are_wrong() {
    let far = Far::start();
    let mut said = String::new();
    let lines = [
        "",
        "--wat far",
        "-z far",
        "--name a/b far",
        "--udp-ports 5 far",
        "--udp-ports x far",
        "-p",
        "ls far more words",
        "ls --wat",
        "ls -z far",
        "end",
        "detach",
        "demo --wat",
        "keeper",
    ];
    for line in lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        said.push_str(&format!("$ abide {line}\n{}\n", without_upload(&far.says(&words))));
    }
    let forwards = ["-W h:1", "-w any"];
    for flag in forwards {
        let words: Vec<&str> = flag.split(' ').chain(["far"]).collect();
        said.push_str(&format!("$ abide {flag} far\n{}\n", far.says(&words)));
    }
    expect(said, include_str!("words/command_lines.txt"));
}

#[test]
fn help_is_one_screen() {
    let far = Far::start();
    let said = far.says_of(far.local(&["--help"]));
    assert_eq!(said, far.says_of(far.local(&["help"])));
    let (out, err) = said.split_once("--\n=0").expect("all on stdout, and well");
    assert!(err.is_empty());
    assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");
    assert!(out.lines().count() <= 40);
    for word in ["abide ls", "abide attach", "abide detach", "abide end", "abide demo", "~.", "255"]
    {
        assert!(out.contains(word), "{word} is missing in\n{out}");
    }
    let version = format!("abide {}\n--\n=0", env!("CARGO_PKG_VERSION"));
    expect(far.says_of(far.local(&["--version"])), &version);
}

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

#[test]
fn remote_commands_end_as_they_end() {
    let far = Far::start();
    let said = far.says(&["far", "echo out; echo err >&2; exit 3"]);
    expect(without_upload(&said), "out\n--\nerr\n=3");
    expect(far.says(&["far", "exit 255"]), "--\n=255");
    expect(
        far.says(&["far", "nosuchcommand"]),
        "--\nbash: line 1: nosuchcommand: command not found\n=127",
    );
    expect(
        far.says(&["far", "echo out; kill -TERM $$"]),
        "out\n--\nsession SESSION ended: its program was ended by SIGTERM\n=255",
    );
    expect(far.says(&["-q", "far", "kill -KILL $$"]), "--\n=255");
    expect(
        far.says(&["-s", "far", "nosuch"]),
        "--\n\
         error: there is no subsystem `nosuch` on far\n\
         because: the server's sshd and abide know none of that name\n\
         try: ssh -s -F DIR/config far nosuch\n\
         =255",
    );
}

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

#[test]
fn a_folder_of_sessions_that_lets_others_in() {
    use std::os::unix::fs::PermissionsExt;
    let far = Far::start();
    std::fs::create_dir_all(far.path("run")).expect("a folder");
    std::fs::set_permissions(far.path("run"), std::fs::Permissions::from_mode(0o755))
        .expect("a mode");
    expect(
        without_upload(&far.says(&["far", "true"])),
        "--\n\
         error: the folder of abide's sessions on far cannot be used\n\
         because: DIR/run has mode 0755, which lets others in (should be 0700)\n\
         try: ssh -F DIR/config far 'chmod 700 DIR/run'\n\
         =255",
    );
}

#[test]
fn a_command_that_is_too_long() {
    let far = Far::start();
    let said = far.says(&["far", &"x".repeat(70_000)]);
    let most = said.split_once("at most ").expect("a limit").1.split(' ').next().expect("a number");
    let most: usize = most.parse().expect("a number");
    let longest = |length| far.says(&["far", &format!("true {}", "x".repeat(length - 5))]);
    assert!(longest(most + 1).contains("too long for abide"));
    assert!(without_upload(&longest(most)).ends_with("--\n=0"));
}

#[test]
fn the_words_come_when_stdout_is_closed() {
    let far = Far::start();
    let mut command = Command::new("sh");
    let abide = env!("CARGO_BIN_EXE_abide");
    let config = far.path("config").display().to_string();
    command.args([
        "-c",
        &format!("{abide} -F {config} far 'yes' | head -c 2; {abide} ls >&-; echo $?"),
    ]);
    command.env("ABIDE_RUNTIME_DIR", far.path("near"));
    let said = far.says_of(command);
    expect(without_upload(&said), "y\n0\n--\nno sessions here\n=0");
    let terminal = far.terminal(&["far"]);
    make_ready(&terminal);
}
