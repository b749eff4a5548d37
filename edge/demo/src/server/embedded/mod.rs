//! An ssh server inside this program, for machines without sshd: admits one key, runs commands and
//! shells as the current user. No forwarding, no subsystems, no login records. A command that
//! neither reads its input nor ends can stall its whole connection, as flow control is per
//! connection here.

mod exec;
mod guest;
mod shell;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use abide_host::users::User;
use russh::keys::{PrivateKey, PublicKey, load_public_key, load_secret_key};
use russh::server::Config;
use russh::{MethodKind, MethodSet};

use super::door::Door;
use super::keys::Den;
use super::{ServerError, Setup};
use guest::Guest;

/// Messages of one channel that wait for the program to read; beyond it the connection waits.
const MAX_WAITING: usize = 256;
/// What `PATH` is for those who log in.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What every connection needs to know.
#[derive(Debug)]
struct House {
    user: User,
    key: PublicKey,
    environment: Vec<(&'static str, PathBuf)>,
}

/// Reads the throw-away keys back and opens the port.
pub(super) fn open(setup: &Setup, den: &Den) -> Result<Door, ServerError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |error: russh::keys::Error| ServerError::Key { path, said: error.to_string() }
    };
    let host_key = den.host_key();
    let host_key = load_secret_key(&host_key, None).map_err(unreadable(&host_key))?;
    let user_key = den.user_key().with_extension("pub");
    let key = load_public_key(&user_key).map_err(unreadable(&user_key))?;
    let house =
        Arc::new(House { user: present(&setup.user), key, environment: setup.environment.clone() });
    let config = Arc::new(config(host_key));
    Door::open(None, move |stream, mut closing| {
        let (config, guest) = (config.clone(), Guest::new(house.clone()));
        async move {
            // Without this every small message waits for the acknowledgement of the one before.
            let _ = stream.set_nodelay(true);
            // How a connection failed is for its client to say; a server for one demo keeps no log.
            let Ok(session) = russh::server::run_stream(config, stream, guest).await else {
                return;
            };
            tokio::select! {
                _ = session => {}
                _ = closing.changed() => {}
            }
        }
    })
}

/// The user with a home and a shell that exist and let in, as those of the user database need not.
fn present(user: &User) -> User {
    let mut user = user.clone();
    if !user.home.is_dir() {
        user.home = "/".into();
    }
    let shuts_out = user.shell.ends_with("nologin") || user.shell.ends_with("false");
    if shuts_out || !user.shell.is_file() {
        user.shell = "/bin/sh".into();
    }
    user
}

fn config(host_key: PrivateKey) -> Config {
    let mut methods = MethodSet::empty();
    methods.push(MethodKind::PublicKey);
    Config {
        keys: vec![host_key],
        methods,
        nodelay: true,
        inactivity_timeout: None,
        auth_rejection_time: Duration::from_millis(100),
        auth_rejection_time_initial: Some(Duration::ZERO),
        channel_buffer_size: MAX_WAITING,
        ..Config::default()
    }
}
