//! What the installed `ssh` and `sshd` say of a tree, in a mount namespace where it stands in for the
//! home folder and for `/etc/ssh`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use abide_sshconf::{Answer, Files, ReadError, Tree};

use super::Files as Generated;

/// Printed values, by lower-case keyword.
pub(crate) type Printed = BTreeMap<String, Vec<String>>;

/// A folder on disk that stands in for home and `/etc/ssh`; removed at the end.
pub(crate) struct World {
    dir: PathBuf,
    pub(crate) home: String,
    pub(crate) user: String,
    pub(crate) uid: u32,
}

const SETUP: &str =
    r#"mount --bind "$0/home" "$1" && mount --bind "$0/etc" /etc/ssh && shift && exec "$@""#;

impl World {
    /// A world of its own for a test; `None`, with the reason said, where this machine cannot make one.
    pub(crate) fn new(name: &str) -> Option<Self> {
        let dir = std::env::temp_dir().join(format!("abide-sshconf-{name}-{}", std::process::id()));
        let say = |program: &str, argument: &str| -> Option<String> {
            let output = Command::new(program).arg(argument).output().ok()?;
            Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        };
        let user = say("id", "-un")?;
        let uid = say("id", "-u")?.parse().ok()?;
        let home = std::env::var("HOME").ok()?;
        let world = Self { dir, home, user, uid };
        world.write(&Generated::new());
        let output = world.inside(&["/usr/bin/ssh", "-G", "here"]);
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            println!("NOT COMPARED with ssh and sshd: no mount namespace here ({})", said.trim());
            return None;
        }
        Some(world)
    }

    /// Makes the tree, and nothing else, be there.
    pub(crate) fn write(&self, files: &Generated) {
        use std::os::unix::fs::PermissionsExt;
        let _ = std::fs::remove_dir_all(&self.dir);
        std::fs::create_dir_all(self.dir.join("home/.ssh")).unwrap();
        std::fs::create_dir_all(self.dir.join("etc")).unwrap();
        for (path, bytes) in files {
            let path = self.on_disk(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, bytes).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
    }

    /// Puts a host key there, which `sshd -T` wants.
    pub(crate) fn write_host_key(&self) {
        let key = self.dir.join("etc/key");
        let mut keygen = Command::new("ssh-keygen");
        let made = keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(key).status();
        assert!(made.unwrap().success());
    }

    /// The host key's two files, to be kept over [`World::write`].
    pub(crate) fn host_key(&self) -> Generated {
        let key = |name: &str| std::fs::read(self.dir.join("etc").join(name)).unwrap();
        let files = [("/etc/ssh/key", key("key")), ("/etc/ssh/key.pub", key("key.pub"))];
        files.into_iter().map(|(path, bytes)| (path.to_owned(), bytes)).collect()
    }

    fn on_disk(&self, path: &str) -> PathBuf {
        match path.strip_prefix(&format!("{}/", self.home)) {
            Some(rest) => self.dir.join("home").join(rest),
            None => self.dir.join("etc").join(path.strip_prefix("/etc/ssh/").unwrap()),
        }
    }

    fn inside(&self, command: &[&str]) -> Output {
        let flags = if self.uid == 0 { "-m" } else { "-rm" };
        let mut run = Command::new("timeout");
        run.args(["20", "unshare", flags, "sh", "-c", SETUP])
            .arg(&self.dir)
            .arg(&self.home)
            .args(command);
        run.env("LC_ALL", "C").stdin(std::process::Stdio::null());
        run.output().expect("timeout is in coreutils")
    }

    /// `ssh -G`, or its complaint.
    pub(crate) fn ssh(&self, arguments: &[&str]) -> Result<Printed, String> {
        printed(self.inside(&[&["/usr/bin/ssh", "-G"], arguments].concat()))
    }

    /// `sshd -T`, or its complaint.
    pub(crate) fn sshd(&self, arguments: &[&str]) -> Result<Printed, String> {
        let fixed = ["/usr/sbin/sshd", "-T", "-h", "/etc/ssh/key"];
        printed(self.inside(&[&fixed, arguments].concat()))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

fn printed(output: Output) -> Result<Printed, String> {
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let mut found = Printed::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let (keyword, value) = line.split_once(' ').unwrap_or((line, ""));
        found.entry(keyword.to_ascii_lowercase()).or_default().push(value.to_owned());
    }
    Ok(found)
}

/// A generated tree as the library sees it; commands of `Match exec` are really run.
pub(crate) struct Seen(Tree);

impl Seen {
    pub(crate) fn new(files: &Generated) -> Self {
        let mut tree = Tree::new();
        for (path, bytes) in files {
            tree.insert(path, bytes.clone());
        }
        Self(tree)
    }
}

impl Files for Seen {
    fn read(&self, path: &Path) -> Result<Vec<u8>, ReadError> {
        self.0.read(path)
    }

    fn glob(&self, pattern: &str) -> Result<Vec<PathBuf>, ReadError> {
        self.0.glob(pattern)
    }

    fn exec(&self, command: &str) -> Answer {
        let status = Command::new("sh").args(["-c", command]).status().unwrap();
        if status.success() { Answer::Yes } else { Answer::No }
    }
}
