//! Reads the settings of both ends, as far as they are to be looked at, for `show` and `chart`. Says
//! nothing, and judges nothing.

use std::path::Path;

use abide_openssh::Invocation;
use abide_settings::read::{self, ClientRead, ClientReadError, Person, ServerRead};
use abide_timeouts::{ClientSettings, Fact, Kernel, Limit, Reason, ServerSettings, Setup};

use super::request::{Look, Place};
use crate::complaint::Complaint;
use crate::planning;

/// Everything that was read.
#[derive(Debug)]
pub(super) struct Gathered {
    /// The host as the person wrote it, or this machine's name.
    pub(super) name: String,
    /// ssh's end, if it was looked at.
    pub(super) client: Option<ClientRead>,
    /// The server's end, if it was looked at.
    pub(super) server: Option<ServerRead>,
    /// Both ends, and the path between them.
    pub(super) setup: Setup,
}

/// Reads. `before_login` gets the host before there is a login to it, which may take its time, or ask.
pub(super) fn gather(look: &Look, before_login: impl FnOnce(&str)) -> Result<Gathered, Complaint> {
    let (name, client, server) = match &look.place {
        Place::Local(invocation) => (given(invocation), Some(read_client(invocation)?), None),
        Place::Both(invocation) => {
            let (host, client) = (given(invocation), read_client(invocation)?);
            before_login(&host);
            (host, Some(client), Some(read_server_there(invocation)?))
        }
        Place::Server { config } => (machine(), None, Some(read_server_here(config.as_deref())?)),
    };
    let setup = setup(client.as_ref(), server.as_ref(), look.path.clone());
    Ok(Gathered { name, client, server, setup })
}

fn given(invocation: &Invocation) -> String {
    invocation.destination.given.to_string_lossy().into_owned()
}

fn machine() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

fn read_client(invocation: &Invocation) -> Result<ClientRead, Complaint> {
    let user = abide_host::users::current();
    let person =
        Person { name: user.name, uid: user.uid, home: user.home, machine: Some(machine()) };
    read::client(&planning::ssh(), invocation, &person).map_err(|error| match error {
        ClientReadError::NoSsh { .. } => Complaint::new("there is no ssh to run")
            .because(error.to_string())
            .try_this("apt install openssh-client"),
        ClientReadError::Refused { stderr } => Complaint::new("ssh does not accept these settings")
            .because(stderr)
            .try_this(format!("ssh -G {}", given(invocation))),
    })
}

fn read_server_there(invocation: &Invocation) -> Result<ServerRead, Complaint> {
    let report = read::report_there(&planning::ssh(), invocation).map_err(|error| {
        Complaint::new("the server cannot be looked at").because(error.to_string())
    })?;
    Ok(read::server(&report))
}

fn read_server_here(config: Option<&Path>) -> Result<ServerRead, Complaint> {
    let user = abide_host::users::current();
    let report = read::report_here(config, &user.name).map_err(|error| {
        Complaint::new("this machine's sshd cannot be looked at").because(error.to_string())
    })?;
    Ok(read::server(&report))
}

/// Who was not looked at is not checked: no default of any release is taken for the truth.
fn setup(client: Option<&ClientRead>, server: Option<&ServerRead>, path: Fact<Limit>) -> Setup {
    let nobody_asked = Reason::NotAsked;
    Setup {
        client: client
            .map_or_else(|| ClientSettings::not_checked(&nobody_asked), |it| it.settings.clone()),
        client_kernel: match client {
            Some(_) => read::kernel(),
            None => Kernel::not_checked(&nobody_asked),
        },
        server: server
            .map_or_else(|| ServerSettings::not_checked(&nobody_asked), |it| it.settings.clone()),
        server_kernel: server
            .map_or_else(|| Kernel::not_checked(&nobody_asked), |it| it.kernel.clone()),
        path,
    }
}
