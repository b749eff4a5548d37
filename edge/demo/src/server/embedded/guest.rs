//! One connection to the embedded server: who may come in, and what each channel asks for before it
//! starts something. Running it is `exec`'s and `shell`'s work.

use std::collections::HashMap;
use std::sync::Arc;

use abide_host::command::ShellCommand;
use abide_host::pty::Size;
use russh::keys::PublicKey;
use russh::server::{
    Auth, ChannelOpenHandle, Handler, Msg, PublicKeyOffer, Session, VerifiedPublicKey,
};
use russh::{Channel, ChannelId, ChannelOpenFailure, Pty};

use super::{House, PATH, exec, shell};

/// Channels of one connection that have not started anything yet.
const MAX_WAITING_CHANNELS: usize = 16;
/// Environment variables that one channel may set.
const MAX_VARIABLES: usize = 32;
/// Bytes of a terminal's name or a variable; more is refused.
const MAX_VALUE: usize = 1024;

/// A channel that is open and has not started anything.
struct Waiting {
    channel: Channel<Msg>,
    variables: Vec<(String, String)>,
    size: Option<Size>,
}

/// The server's side of one connection.
pub(super) struct Guest {
    house: Arc<House>,
    waiting: HashMap<ChannelId, Waiting>,
}

impl Guest {
    pub(super) fn new(house: Arc<House>) -> Self {
        Self { house, waiting: HashMap::new() }
    }

    fn admits(&self, user: &str, key: &PublicKey) -> Auth {
        let known = user == self.house.user.name && key.key_data() == self.house.key.key_data();
        if known { Auth::Accept } else { Auth::reject() }
    }

    /// Starts `line`, or a login shell, on what the channel has asked for.
    fn start(
        &mut self,
        id: ChannelId,
        line: Option<&[u8]>,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        let Some(waiting) = self.waiting.remove(&id) else {
            return session.channel_failure(id);
        };
        let command = self.house.command(line, waiting.variables);
        session.channel_success(id)?;
        let handle = session.handle();
        match waiting.size {
            Some(size) => {
                tokio::spawn(shell::run(waiting.channel, handle, command, size));
            }
            None => {
                tokio::spawn(exec::run(waiting.channel, handle, command));
            }
        }
        Ok(())
    }
}

impl House {
    fn command(&self, line: Option<&[u8]>, variables: Vec<(String, String)>) -> ShellCommand {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;

        let user = &self.user;
        let mut command = match line {
            Some(line) => ShellCommand::shell_line(&user.shell, OsStr::from_bytes(line)),
            None => ShellCommand::login_shell(&user.shell),
        };
        command.cwd.clone_from(&user.home);
        command.env = vec![
            ("HOME".into(), user.home.clone().into()),
            ("USER".into(), user.name.clone().into()),
            ("LOGNAME".into(), user.name.clone().into()),
            ("SHELL".into(), user.shell.clone().into()),
            ("PATH".into(), PATH.into()),
        ];
        command.env.extend(variables.into_iter().map(|(name, value)| (name.into(), value.into())));
        let ours = self.environment.iter();
        command.env.extend(ours.map(|(name, value)| (name.into(), value.into())));
        command
    }
}

impl Handler for Guest {
    type Error = russh::Error;

    async fn auth_publickey_offered(
        &mut self,
        user: &str,
        offer: PublicKeyOffer<'_>,
    ) -> Result<Auth, Self::Error> {
        Ok(self.admits(user, offer.public_key))
    }

    async fn auth_publickey(
        &mut self,
        user: &str,
        key: VerifiedPublicKey<'_>,
    ) -> Result<Auth, Self::Error> {
        Ok(self.admits(user, key.public_key))
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        if self.waiting.len() >= MAX_WAITING_CHANNELS {
            reply.reject(ChannelOpenFailure::ResourceShortage).await;
            return Ok(());
        }
        let waiting = Waiting { channel, variables: Vec::new(), size: None };
        self.waiting.insert(waiting.channel.id(), waiting);
        reply.accept().await;
        Ok(())
    }

    async fn channel_close(&mut self, id: ChannelId, _: &mut Session) -> Result<(), Self::Error> {
        self.waiting.remove(&id);
        Ok(())
    }

    async fn pty_request(
        &mut self,
        id: ChannelId,
        term: &str,
        cols: u32,
        rows: u32,
        xpixel: u32,
        ypixel: u32,
        _: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        match self.waiting.get_mut(&id) {
            Some(waiting) if term.len() <= MAX_VALUE && !term.contains('\0') => {
                waiting.size = Some(shell::size(cols, rows, xpixel, ypixel));
                waiting.variables.push(("TERM".into(), term.into()));
                session.channel_success(id)
            }
            _ => session.channel_failure(id),
        }
    }

    async fn env_request(
        &mut self,
        id: ChannelId,
        name: &str,
        value: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        let welcome = (name == "LANG" || name.starts_with("LC_"))
            && name.len() + value.len() <= MAX_VALUE
            && !name.contains(['\0', '='])
            && !value.contains('\0');
        match self.waiting.get_mut(&id) {
            Some(waiting) if welcome && waiting.variables.len() < MAX_VARIABLES => {
                waiting.variables.push((name.into(), value.into()));
                session.channel_success(id)
            }
            _ => session.channel_failure(id),
        }
    }

    async fn shell_request(
        &mut self,
        id: ChannelId,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        self.start(id, None, session)
    }

    async fn exec_request(
        &mut self,
        id: ChannelId,
        line: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        if line.contains(&0) {
            return session.channel_failure(id);
        }
        self.start(id, Some(line), session)
    }

    async fn subsystem_request(
        &mut self,
        id: ChannelId,
        _: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_failure(id)
    }
}
