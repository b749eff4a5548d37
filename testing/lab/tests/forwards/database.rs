//! A PostgreSQL server with a cluster of its own, in a namespace, on loopback. Asks it nothing.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use abide_lab::{Namespace, Trouble, wait_until};

/// Where Debian and Ubuntu put the server's programs, by version.
const VERSIONS: &str = "/usr/lib/postgresql";
/// The server refuses to run as root.
const USER: &str = "postgres";
const START_LIMIT: Duration = Duration::from_secs(30);
const END_LIMIT: Duration = Duration::from_secs(5);

/// A running server; ended when dropped. Its files go with the lab's directory.
pub(crate) struct Database {
    postmaster: Child,
}

impl Database {
    /// Makes a cluster and starts its server; returns once it answers.
    pub(crate) fn start(
        namespace: &Namespace,
        directory: &Path,
        port: u16,
    ) -> Result<Database, Trouble> {
        let programs = programs()?;
        let (user, group) = ids()?;
        fs::create_dir(directory)?;
        chown(directory, Some(user), Some(group))?;
        let data = directory.join("data");
        let mut initdb = as_user(Command::new("setpriv"), &programs.join("initdb"));
        initdb
            .args(["--no-sync", "--auth=trust", "--locale=C", "--encoding=UTF8", "-D"])
            .arg(&data);
        let output = initdb.current_dir(directory).output()?;
        if !output.status.success() {
            return Err(format!("initdb: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        let mut postgres = as_user(namespace.command("setpriv"), &programs.join("postgres"));
        postgres.arg("-D").arg(&data).current_dir(directory);
        for setting in [
            &format!("port={port}"),
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "fsync=off",
        ] {
            postgres.args(["-c", setting]);
        }
        let log = fs::File::create(directory.join("log"))?;
        postgres.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let mut database = Database { postmaster: postgres.spawn()? };
        let log = directory.join("log");
        let up = wait_until("the database", START_LIMIT, || {
            let said = fs::read_to_string(&log)?;
            if let Some(status) = database.postmaster.try_wait()? {
                return Err(format!("postgres: {status}: {said}").into());
            }
            Ok(said.contains("ready to accept connections"))
        });
        up.map(|()| database)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // "Fast" shutdown: connections are ended.
        let pid = self.postmaster.id().to_string();
        let _gone_already = Command::new("kill").args(["-INT", &pid]).status();
        let ended = wait_until("the end", END_LIMIT, || Ok(self.postmaster.try_wait()?.is_some()));
        if ended.is_err() {
            let _gone_already = self.postmaster.kill();
            let _reaped = self.postmaster.wait();
        }
    }
}

/// The newest version's programs.
fn programs() -> Result<PathBuf, Trouble> {
    let found = fs::read_dir(VERSIONS).into_iter().flatten().flatten().map(|it| it.path());
    let mut found: Vec<PathBuf> =
        found.map(|it| it.join("bin")).filter(|it| it.join("initdb").exists()).collect();
    found.sort();
    found.pop().ok_or_else(|| "no PostgreSQL server here: apt-get install postgresql".into())
}

fn ids() -> Result<(u32, u32), Trouble> {
    let users = fs::read_to_string("/etc/passwd")?;
    let line = users.lines().find(|line| line.split(':').next() == Some(USER));
    let fields: Vec<&str> = line.ok_or("no user postgres here")?.split(':').collect();
    Ok((fields[2].parse()?, fields[3].parse()?))
}

/// `setpriv`, told to run a program as the database's user.
fn as_user(mut setpriv: Command, program: &Path) -> Command {
    setpriv.args(["--reuid", USER, "--regid", USER, "--clear-groups"]).arg(program);
    setpriv
}
