//! A lab: brought up, used, taken down.

use std::fs;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Deref;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::addresses::{SERVER_V4, SERVER_V6, inner_v4};
use crate::control::Control;
use crate::link::Pump;
use crate::names::LabName;
use crate::place::Place;
use crate::sshd::{self, Sshd};
use crate::topology::Topology;
use crate::watchdog::{self, Watchdog};
use crate::{Gateway, LabError, LinkHandle, LinkSettings, Namespace, Program, nat, needs};

/// A lab that exists. Dropping it removes everything that it made and ends every process inside,
/// as does the death of the process that owns it. Any number may exist at once. The fields go in
/// the order in which they stand.
pub struct Lab {
    _control: Control,
    world: Arc<World>,
    _pump: Pump,
    _watchdog: Watchdog,
}

impl Lab {
    /// Brings up a lab with this link and without an sshd. Takes a few hundred milliseconds.
    ///
    /// # Errors
    /// [`LabError::Missing`] when this machine lacks something, with what provides it.
    pub fn up(link: impl Into<LinkSettings>) -> Result<Lab, LabError> {
        needs::check()?;
        let name = LabName::fresh();
        let watchdog = Watchdog::start(name)?;
        let directory = name.directory();
        make_directory(&directory)?;
        let ssh_config = sshd::prepare(&directory)?;
        let topology = Topology::named(name);
        let (pump, link) = topology.build(link.into())?;
        Place::START.leave(&topology.client)?;
        Place::START.arrive(&topology.client)?;
        let world = Arc::new(World {
            directory,
            ssh_config,
            topology,
            link,
            place: Mutex::new(Place::START),
            sshd: Mutex::new(None),
        });
        let socket = world.control_path();
        let control = Control::start(&socket, Arc::clone(&pump.stop), Arc::downgrade(&world))?;
        Ok(Lab { _control: control, world, _pump: pump, _watchdog: watchdog })
    }

    /// Removes what labs of dead processes left behind, and nothing of live ones. Returns names.
    ///
    /// # Errors
    /// The shell that removes it cannot be started.
    pub fn sweep() -> Result<Vec<String>, LabError> {
        watchdog::sweep()
    }
}

impl Deref for Lab {
    type Target = World;
    fn deref(&self) -> &World {
        &self.world
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.world.stop_sshd();
    }
}

/// Everything inside a lab. All methods take effect before they return.
pub struct World {
    directory: PathBuf,
    ssh_config: PathBuf,
    topology: Topology,
    link: LinkHandle,
    place: Mutex<Place>,
    /// The server's sshd and the configuration that it was given.
    sshd: Mutex<Option<(Sshd, String)>>,
}

impl World {
    /// The client's namespace.
    pub fn client(&self) -> &Namespace {
        &self.topology.client
    }

    /// The server's namespace.
    pub fn server(&self) -> &Namespace {
        &self.topology.server
    }

    /// A gateway's namespace.
    pub fn gateway(&self, gateway: Gateway) -> &Namespace {
        &self.topology.gateways[gateway.index()]
    }

    /// The emulated link.
    pub fn link(&self) -> &LinkHandle {
        &self.link
    }

    /// The server's IPv4 address.
    pub fn server_address(&self) -> Ipv4Addr {
        SERVER_V4
    }

    /// The server's IPv6 address.
    pub fn server_address_v6(&self) -> Ipv6Addr {
        SERVER_V6
    }

    /// The client's own IPv4 address, `None` while it is disconnected.
    pub fn client_address(&self) -> Option<Ipv4Addr> {
        let place = *self.place();
        place.connected.then(|| inner_v4(place.gateway.index(), place.host))
    }

    /// The gateway that the client is, or was last, behind.
    pub fn client_gateway(&self) -> Gateway {
        self.place().gateway
    }

    /// A 0700 directory of this lab's; goes with the lab.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// For `ssh -F`: hosts `lab` (IPv4) and `lab6`, with keys that the lab's sshd takes.
    pub fn ssh_config_path(&self) -> &Path {
        &self.ssh_config
    }

    /// The unix socket that takes one command a line (see `help`) and answers each with lines
    /// that end in `ok` or `error: ...`.
    pub fn control_path(&self) -> PathBuf {
        self.directory.join("control.sock")
    }

    /// What sshd has written, at level VERBOSE.
    pub fn sshd_log(&self) -> String {
        fs::read_to_string(self.directory.join("sshd.log")).unwrap_or_default()
    }

    /// Starts sshd, or starts it again with another configuration; returns when it listens.
    /// `extra` lines win over the lab's own.
    ///
    /// # Errors
    /// No sshd here, or it does not start: then with what it printed.
    pub fn start_sshd(&self, extra: &str) -> Result<(), LabError> {
        let mut sshd = self.sshd();
        *sshd = None;
        let started = Sshd::start(self.server(), &self.directory, extra)?;
        *sshd = Some((started, extra.to_owned()));
        Ok(())
    }

    /// Starts the real sshd for trials of the program: its keepers keep everything of theirs below
    /// the lab's directory, but for the cache that labs share.
    ///
    /// # Errors
    /// As [`World::start_sshd`].
    pub fn start_sshd_for(&self, program: &Program) -> Result<(), LabError> {
        let setting = |name: &str, path: &Path| format!(" {name}={}", path.display());
        self.start_sshd(&format!(
            "SetEnv{}{}{}",
            setting("ABIDE_RUNTIME_DIR", &self.directory.join("run")),
            setting("XDG_CACHE_HOME", &program.cache()),
            setting("XDG_STATE_HOME", &self.directory.join("state")),
        ))
    }

    /// Ends sshd with its connections, and starts it again with the same configuration.
    ///
    /// # Errors
    /// As [`World::start_sshd`].
    pub fn restart_sshd(&self) -> Result<(), LabError> {
        let extra = self.stop_sshd();
        self.start_sshd(&extra)
    }

    /// Ends sshd with its connections; returns its extra configuration.
    pub fn stop_sshd(&self) -> String {
        let Some((mut sshd, extra)) = self.sshd().take() else { return String::new() };
        sshd.stop();
        sshd.kill_sessions(self.server());
        extra
    }

    /// Ends the sshd processes of all connections; sshd goes on listening.
    pub fn kill_sshd_sessions(&self) {
        if let Some((sshd, _)) = &*self.sshd() {
            sshd.kill_sessions(self.server());
        }
    }

    /// Sets how long both gateways keep a mapping without packets, in whole seconds: UDP answered
    /// at most once, UDP in both directions, and established TCP. Holds for a connection from its
    /// next packet on.
    ///
    /// # Errors
    /// The kernel refuses the values.
    pub fn nat_timeouts(
        &self,
        udp: Duration,
        udp_stream: Duration,
        tcp_established: Duration,
    ) -> Result<(), LabError> {
        self.topology
            .gateways
            .iter()
            .try_for_each(|gateway| nat::set_timeouts(gateway, udp, udp_stream, tcp_established))
    }

    /// Makes both gateways forget every connection: established TCP is dropped in silence from
    /// then on, and UDP gets another outer port with its next packet.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn flush_nat(&self) -> Result<(), LabError> {
        self.topology.gateways.iter().try_for_each(nat::flush)
    }

    /// Gives the client a new address behind the same gateway; the old one is gone.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn readdress(&self) -> Result<(), LabError> {
        self.move_client(Place::readdressed)
    }

    /// Moves the client behind the other gateway, with a new address; the old one is gone.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn roam(&self) -> Result<(), LabError> {
        self.move_client(Place::roamed)
    }

    /// Takes the client's interfaces down: no address, no route. [`World::connect`],
    /// [`World::readdress`] or [`World::roam`] bring it back.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn disconnect(&self) -> Result<(), LabError> {
        self.move_client(|place| Place { connected: false, ..place })
    }

    /// Connects the client where it was, at the same address.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn connect(&self) -> Result<(), LabError> {
        self.move_client(|place| Place { connected: true, ..place })
    }

    /// Sends a reset to both ends of every TCP connection; returns how many those were.
    pub fn reset_tcp(&self) -> usize {
        self.link.reset_tcp()
    }

    fn move_client(&self, change: impl FnOnce(Place) -> Place) -> Result<(), LabError> {
        let mut place = self.place();
        let next = change(*place);
        next.leave(self.client())?;
        if next.connected {
            let gateway = next.gateway;
            self.client().wait_for_cable(&format!("eth{}", gateway.index()))?;
            self.gateway(gateway).wait_for_cable("lan0")?;
            next.arrive(self.client())?;
        }
        *place = next;
        Ok(())
    }

    fn place(&self) -> MutexGuard<'_, Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sshd(&self) -> MutexGuard<'_, Option<(Sshd, String)>> {
        self.sshd.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A new directory; a left-over of the same name would be somebody else's.
fn make_directory(path: &Path) -> Result<(), LabError> {
    let doing = || format!("making {}", path.display());
    fs::DirBuilder::new().mode(0o700).create(path).map_err(LabError::system(doing()))?;
    // The process's umask may have taken more away than meant.
    fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(LabError::system(doing()))
}
