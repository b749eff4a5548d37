//! Who runs this program, as the system's user database says. Not logins, not other users.
#![allow(unsafe_code)]

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// The shell of a user who has none set.
const DEFAULT_SHELL: &str = "/bin/sh";

/// A user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Number.
    pub uid: u32,
    /// Login name.
    pub name: String,
    /// Home directory; need not exist.
    pub home: PathBuf,
    /// Login shell, "/bin/sh" if none is set; need not exist.
    pub shell: PathBuf,
}

/// The user of this process: from the user database or, for one who is not in it (containers),
/// from LOGNAME, USER, HOME and SHELL or, at last, the number, "/" and "/bin/sh".
pub fn current() -> User {
    let uid = rustix::process::geteuid().as_raw();
    look_up(uid).unwrap_or_else(|| from_environment(uid, |name| std::env::var_os(name)))
}

fn from_environment(uid: u32, variable: impl Fn(&str) -> Option<OsString>) -> User {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let path = |name: &str, default: &str| set(name).map_or(PathBuf::from(default), PathBuf::from);
    let name = set("LOGNAME").or_else(|| set("USER"));
    User {
        uid,
        name: name.map_or_else(|| uid.to_string(), |name| name.to_string_lossy().into_owned()),
        home: path("HOME", "/"),
        shell: path("SHELL", DEFAULT_SHELL),
    }
}

fn user(uid: u32, name: &OsStr, home: &OsStr, shell: &OsStr) -> User {
    let shell = if shell.is_empty() { OsStr::new(DEFAULT_SHELL) } else { shell };
    let name = name.to_string_lossy().into_owned();
    User { uid, name, home: PathBuf::from(home), shell: PathBuf::from(shell) }
}

/// By the C library, which also asks LDAP and the like.
#[cfg(not(target_feature = "crt-static"))]
fn look_up(uid: u32) -> Option<User> {
    use std::ffi::CStr;
    use std::os::unix::ffi::OsStrExt;

    /// An entry longer than this counts as missing.
    const MAX_ENTRY: usize = 1024 * 1024;
    let mut buffer = vec![0 as libc::c_char; 4096];
    // SAFETY: all-zero is a valid passwd; getpwuid_r is given the buffer's true length; the
    // strings of a found entry are in the buffer, end with 0 and are copied before it goes.
    unsafe {
        let mut entry = std::mem::zeroed::<libc::passwd>();
        let mut found = std::ptr::null_mut();
        loop {
            let space = (buffer.as_mut_ptr(), buffer.len());
            match libc::getpwuid_r(uid, &raw mut entry, space.0, space.1, &raw mut found) {
                libc::EINTR => {}
                libc::ERANGE if buffer.len() < MAX_ENTRY => buffer.resize(buffer.len() * 4, 0),
                0 if !found.is_null() => break,
                _ => return None,
            }
        }
        let text = |field: *const libc::c_char| match field.is_null() {
            true => OsStr::new(""),
            false => OsStr::from_bytes(CStr::from_ptr(field).to_bytes()),
        };
        Some(user(uid, text(entry.pw_name), text(entry.pw_dir), text(entry.pw_shell)))
    }
}

/// By the file alone: a static C library crashes when the database's configuration makes it load
/// a library.
#[cfg(target_feature = "crt-static")]
fn look_up(uid: u32) -> Option<User> {
    let database = std::fs::read_to_string("/etc/passwd").ok()?;
    parse(&database, uid)
}

#[cfg(any(test, target_feature = "crt-static"))]
fn parse(database: &str, uid: u32) -> Option<User> {
    database.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, number, _, _, home, shell] = fields[..] else { return None };
        let matches = number.parse() == Ok(uid);
        matches.then(|| user(uid, name.as_ref(), home.as_ref(), shell.as_ref()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn root_is_known_in_both_ways() {
        let root = look_up(0).unwrap();
        assert_eq!((root.name.as_str(), root.home.as_path()), ("root", Path::new("/root")));
        let database = std::fs::read_to_string("/etc/passwd").unwrap();
        assert_eq!(parse(&database, 0), Some(root));
    }

    #[test]
    fn the_current_user_has_this_process() {
        assert_eq!(current().uid, rustix::process::geteuid().as_raw());
        assert!(current().shell.is_absolute());
    }

    #[test]
    fn who_is_not_in_the_database_is_taken_from_the_environment() {
        assert_eq!(look_up(3_999_999_999), None);
        let bare = from_environment(7, |_| None);
        let expected = User { uid: 7, name: "7".into(), home: "/".into(), shell: "/bin/sh".into() };
        assert_eq!(bare, expected);
        let set = from_environment(7, |name| match name {
            "LOGNAME" => Some("".into()),
            other => Some(format!("/{other}").into()),
        });
        let expected =
            User { uid: 7, name: "/USER".into(), home: "/HOME".into(), shell: "/SHELL".into() };
        assert_eq!(set, expected);
    }

    #[test]
    fn an_empty_shell_is_the_plain_one() {
        let found = parse("broken\nann:x:12:12::/home/ann:\n", 12).unwrap();
        assert_eq!(found.shell, Path::new("/bin/sh"));
        assert_eq!(parse("ann:x:12:12::/home/ann:\n", 1), None);
    }
}
