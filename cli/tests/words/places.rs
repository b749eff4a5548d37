//! The server has no place for a keeper, or cannot run it.

use crate::far::{Far, Setup};
use crate::{expect, without_upload};

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
