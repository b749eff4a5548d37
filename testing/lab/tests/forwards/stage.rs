//! A lab with everything that talks through forwards: services at both ends, the ways to them, and
//! the program that carries them.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use abide_lab::{Lab, LinkSettings, Namespace, Program, Trouble, wait_until};

use crate::database::Database;
use crate::service;
use crate::socks::Door;
use crate::supplicant::Supplicant;

/// How long a program may take to have all its forwards up: a login and an upload.
const UP_LIMIT: Duration = Duration::from_secs(60);
/// Bytes of each log that a failure shows, from its end.
const LOG_SHOWN: usize = 8_000;

/// Ports of the services, the same at both ends.
const DATABASE: u16 = 5_432;
const SERVICE: u16 = 8_000;
/// Ports where forwards listen: on the client for `-L`, on the server for `-R`.
const FORWARDED: [(u16, u16); 2] = [(15_432, DATABASE), (18_000, SERVICE)];
const SOCKS: u16 = 11_080;
/// Ports of the client's that lead through `-D`.
const BEHIND_SOCKS: [(u16, u16); 2] = [(25_432, DATABASE), (28_000, SERVICE)];

/// One of the three kinds of forwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Local,
    Remote,
    Dynamic,
}

impl Way {
    pub(crate) const ALL: [Way; 3] = [Way::Local, Way::Remote, Way::Dynamic];

    pub(crate) fn flag(self) -> &'static str {
        match self {
            Way::Local => "-L",
            Way::Remote => "-R",
            Way::Dynamic => "-D",
        }
    }
}

/// The lab and what runs in it; the fields go in this order.
pub(crate) struct Stage {
    carrier: Option<Child>,
    _doors: Vec<Door>,
    _databases: Vec<Database>,
    pub(crate) lab: Lab,
    program: PathBuf,
}

impl Stage {
    /// Services at both ends, nothing between them yet.
    pub(crate) fn new(link: LinkSettings, program: &Program) -> Result<Stage, Trouble> {
        let lab = Lab::up(link)?;
        // The database's user must get at its own directory in there.
        fs::set_permissions(lab.directory(), fs::Permissions::from_mode(0o711))?;
        lab.start_sshd_for(program)?;
        let mut databases = Vec::new();
        let home = lab.directory();
        for (namespace, name) in [(lab.client(), "database-c"), (lab.server(), "database-s")] {
            databases.push(Database::start(namespace, &home.join(name), DATABASE)?);
            service::serve(listen(namespace, SERVICE)?);
        }
        let mut doors = Vec::new();
        for (door, target) in BEHIND_SOCKS {
            let listener = listen(lab.client(), door)?;
            doors.push(Door::open(listener, lab.client().clone(), SOCKS, target));
        }
        let program = program.path();
        Ok(Stage { carrier: None, _doors: doors, _databases: databases, lab, program })
    }

    /// Starts the program under trial; returns when all its forwards lead somewhere.
    pub(crate) fn carry(&mut self, by: Supplicant) -> Result<(), Trouble> {
        let mut forwards = vec!["-D".to_owned(), format!("127.0.0.1:{SOCKS}")];
        for (forwarded, target) in FORWARDED {
            for flag in ["-L", "-R"] {
                forwards.push(flag.to_owned());
                forwards.push(format!("127.0.0.1:{forwarded}:127.0.0.1:{target}"));
            }
        }
        let said = fs::File::create(self.path("said"))?;
        let mut command = by.command(self, &forwards)?;
        command.stdin(Stdio::null()).stdout(said.try_clone()?).stderr(said);
        self.carrier = Some(command.spawn()?);
        let up = wait_until("all forwards leading somewhere", UP_LIMIT, || {
            if let Some(Some(status)) = self.carrier.as_mut().map(Child::try_wait).transpose()? {
                return Err(format!("it ended: {status}").into());
            }
            Ok(Way::ALL.into_iter().all(|way| self.leads_somewhere(way)))
        });
        up.map_err(|trouble| format!("{trouble}; {}", self.logs()).into())
    }

    /// Whether the service answers there. That somebody listens is not enough: who asks sshd whether
    /// a port is permitted listens for a moment, too.
    fn leads_somewhere(&self, way: Way) -> bool {
        const LIMIT: Duration = Duration::from_secs(2);
        let (namespace, _, port) = self.entrance(way);
        let ask = || {
            let mut stream = connect(namespace, port)?;
            stream.set_read_timeout(Some(LIMIT))?;
            stream.write_all(b"echo\nup\n")?;
            stream.shutdown(Shutdown::Write)?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok::<bool, Trouble>(answer == "up\n")
        };
        ask().unwrap_or(false)
    }

    /// The port at which a way leads to the database of the other end, and to its service; and the
    /// namespace in which that port is.
    pub(crate) fn entrance(&self, way: Way) -> (&Namespace, u16, u16) {
        let ports = if way == Way::Dynamic { BEHIND_SOCKS } else { FORWARDED };
        let namespace = if way == Way::Remote { self.lab.server() } else { self.lab.client() };
        (namespace, ports[0].0, ports[1].0)
    }

    /// A program on the client's side.
    pub(crate) fn client(&self, program: impl AsRef<Path>) -> Command {
        let mut command = self.lab.client().command(program.as_ref());
        command.env("ABIDE_LOG", self.path("client.log"));
        command.env("ABIDE_RUNTIME_DIR", self.path("client-run"));
        command.env("HOME", self.lab.directory());
        command
    }

    pub(crate) fn abide(&self) -> &Path {
        &self.program
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.lab.directory().join(name)
    }

    /// In the dark: a tunnel's status has to say so, and that nothing was started anew.
    pub(crate) fn look_at(&self, of: Supplicant) -> Result<(), Trouble> {
        if of != Supplicant::Tunnel {
            return Ok(());
        }
        let output = self.client(&self.program).args(["tunnel", "status", "--json"]).output()?;
        let said = String::from_utf8_lossy(&output.stdout).replace([' ', '\n'], "");
        let is_so = [r#""state":"outage""#, r#""starts":1,"#].iter().all(|it| said.contains(it));
        if is_so { Ok(()) } else { Err(format!("in the dark its status is {said}").into()) }
    }

    /// What the program said, and the logs of both ends.
    pub(crate) fn logs(&self) -> String {
        let mut files = vec![self.path("said"), self.path("client.log"), self.path("sshd.log")];
        let keepers = fs::read_dir(self.path("state/abide/keepers"));
        files.extend(keepers.into_iter().flatten().flatten().map(|entry| entry.path()));
        let shown = files.iter().map(|path| {
            let log = fs::read(path).unwrap_or_default();
            let end = String::from_utf8_lossy(&log[log.len().saturating_sub(LOG_SHOWN)..]);
            format!("==== {}\n{}\n", path.display(), end.trim_end())
        });
        shown.collect()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(mut carrier) = self.carrier.take() {
            let _ended_already = carrier.kill();
            let _reaped = carrier.wait();
        }
    }
}

fn listen(namespace: &Namespace, port: u16) -> Result<TcpListener, Trouble> {
    Ok(namespace.enter(|| TcpListener::bind((Ipv4Addr::LOCALHOST, port)))??)
}

/// Connects to a port of a namespace's loopback.
pub(crate) fn connect(namespace: &Namespace, port: u16) -> Result<TcpStream, Trouble> {
    let stream = namespace.enter(|| TcpStream::connect((Ipv4Addr::LOCALHOST, port)))??;
    stream.set_nodelay(true)?;
    Ok(stream)
}
