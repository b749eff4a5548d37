//! ssh does not lead to a keeper: the network, keys, accounts.

use crate::expect;
use crate::far::{Far, Setup};

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
