//! Replacing a file: what stays, and what is refused. Being killed is in `killed.rs`.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod support;

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use abide_store::{Content, Original, ReplaceError, Step, leftover, remove, replace, unwatched};
use support::{Scratch, SmallDisk};

const OLD: &str = "Host a\n  Port 22\n";
const NEW: &[u8] = b"Host a\n  Port 23\n";

fn old_file(scratch: &Scratch) -> std::path::PathBuf {
    let path = scratch.join("config");
    fs::write(&path, OLD).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
    path
}

fn alone(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

#[test]
fn owner_mode_attributes_and_links_stay() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.join("real")).unwrap();
    let real = scratch.join("real/config");
    fs::rename(old_file(&scratch), &real).unwrap();
    let is_root = rustix::process::geteuid().is_root();
    if is_root {
        std::os::unix::fs::chown(&real, Some(12_345), Some(54_321)).unwrap();
    }
    let attribute =
        rustix::fs::setxattr(&real, "user.abide", b"kept", rustix::fs::XattrFlags::empty());
    if let Err(error) = attribute {
        eprintln!("NOT TESTED: attributes, which this file system has not: {error}");
    }
    let before = fs::metadata(&real).unwrap();
    symlink("real/config", scratch.join("one")).unwrap();
    symlink("one", scratch.join("two")).unwrap();

    let original = Original::read(&scratch.join("two")).unwrap();
    replace(&original, NEW, "7", &mut unwatched).unwrap();

    let after = fs::metadata(&real).unwrap();
    assert_eq!(fs::read(&real).unwrap(), NEW);
    assert_eq!(
        (after.uid(), after.gid(), after.mode()),
        (before.uid(), before.gid(), before.mode())
    );
    assert_ne!(after.ino(), before.ino(), "a new file, not the old one written over");
    assert_eq!(fs::read_link(scratch.join("two")).unwrap(), Path::new("one"));
    if attribute.is_ok() {
        let mut value = [0; 16];
        let length = rustix::fs::getxattr(&real, "user.abide", &mut value[..]).unwrap();
        assert_eq!(&value[..length], b"kept");
    }
    assert_eq!(alone(&scratch.join("real")), 1, "nothing is left beside it");
}

#[test]
fn a_new_file_is_the_owners_alone() {
    let scratch = Scratch::new();
    let path = scratch.join("config");
    let original = Original::read(&path).unwrap();
    assert_eq!(original.content, Content::Absent);
    replace(&original, NEW, "7", &mut unwatched).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
    remove(&Original::read(&path).unwrap(), &mut unwatched).unwrap();
    assert_eq!(alone(scratch.path()), 0);
}

#[test]
fn a_file_that_appears_meanwhile_is_not_overwritten() {
    let scratch = Scratch::new();
    let path = scratch.join("config");
    let original = Original::read(&path).unwrap();
    let mut appear = |step| {
        if step == Step::FreshSynced {
            fs::write(&path, "theirs").unwrap();
        }
    };
    let error = replace(&original, NEW, "7", &mut appear).unwrap_err();
    assert!(matches!(error, ReplaceError::Changed(_)), "{error}");
    assert_eq!(fs::read(&path).unwrap(), b"theirs");
    assert_eq!(alone(scratch.path()), 1);
}

#[test]
fn a_change_by_somebody_else_is_seen_up_to_the_end() {
    type Meddle = fn(&Path);
    let meddlers: [Meddle; 4] = [
        |path| fs::write(path, "theirs").unwrap(),
        |path| fs::remove_file(path).unwrap(),
        // The same bytes in another file: somebody replaced it.
        |path| {
            fs::write(path.with_extension("x"), OLD).unwrap();
            fs::rename(path.with_extension("x"), path).unwrap();
        },
        |path| {
            fs::rename(path, path.with_extension("x")).unwrap();
            symlink("config.x", path).unwrap();
        },
    ];
    for meddle in meddlers {
        let scratch = Scratch::new();
        let path = old_file(&scratch);
        let original = Original::read(&path).unwrap();
        let mut now = None;
        let mut watch = |step| {
            if step == Step::FreshSynced {
                meddle(&path);
                now = fs::read(&path).ok();
            }
        };
        let error = replace(&original, NEW, "7", &mut watch).unwrap_err();
        assert!(matches!(error, ReplaceError::Changed(_)), "{error}");
        assert_eq!(fs::read(&path).ok(), now, "theirs stays");
        assert!(!leftover(&path, "7").exists());
    }
}

#[test]
fn a_read_only_file_is_refused_even_to_root() {
    let scratch = Scratch::new();
    let path = old_file(&scratch);
    fs::set_permissions(&path, Permissions::from_mode(0o444)).unwrap();
    let error = replace(&Original::read(&path).unwrap(), NEW, "7", &mut unwatched).unwrap_err();
    assert!(matches!(error, ReplaceError::ReadOnly { mode: 0o444, .. }), "{error}");
    assert!(error.to_string().contains("read-only (mode 0444)"), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), OLD);
    assert_eq!(alone(scratch.path()), 1);
}

#[test]
fn a_file_with_several_names_is_refused() {
    let scratch = Scratch::new();
    let path = old_file(&scratch);
    fs::hard_link(&path, scratch.join("other")).unwrap();
    let error = replace(&Original::read(&path).unwrap(), NEW, "7", &mut unwatched).unwrap_err();
    assert!(matches!(error, ReplaceError::SeveralNames { names: 2, .. }), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), OLD);
}

#[test]
fn a_full_disk_leaves_the_old_file() {
    let Some(disk) = SmallDisk::new(64) else { return };
    let path = disk.path().join("config");
    fs::write(&path, OLD).unwrap();
    // All but a page.
    let filler = vec![b'x'; 56 * 1024];
    fs::write(disk.path().join("filler"), &filler).unwrap();
    let big = vec![b'#'; 32 * 1024];
    let error = replace(&Original::read(&path).unwrap(), &big, "7", &mut unwatched).unwrap_err();
    assert!(matches!(error, ReplaceError::Full(_)), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), OLD);
    assert!(!leftover(&path, "7").exists(), "the part that fitted is gone");
}

#[test]
fn what_is_no_file_is_refused() {
    let scratch = Scratch::new();
    assert!(Original::read(scratch.path()).is_err());
    let pipe = scratch.join("pipe");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    assert!(Original::read(&pipe).unwrap_err().to_string().contains("is not a file"));
    symlink("loop", scratch.join("loop")).unwrap();
    assert!(Original::read(&scratch.join("loop")).is_err());
}
