//! What ssh's configuration comes to for one destination, asked of ssh itself (`ssh -G`). Only
//! what abide acts on; never a parser of configuration files.

use crate::forwards::without_echoes;
use crate::{Escape, Forward, Invocation, TtyRequest};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Stdio};

/// `AddressFamily`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum AddressFamily {
    /// Both.
    #[default]
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

/// `SessionType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum SessionType {
    /// A shell or a command.
    #[default]
    Default,
    /// A subsystem.
    Subsystem,
    /// No session.
    None,
}

/// How ssh reaches the host when not directly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proxy {
    /// `ProxyCommand`.
    Command(String),
    /// `ProxyJump`.
    Jump(String),
}

/// ssh's settings for one destination.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Effective {
    /// The name or address that ssh connects to.
    pub hostname: String,
    /// The remote user.
    pub user: String,
    /// The remote port.
    pub port: u16,
    /// Which addresses may be used.
    pub address_family: AddressFamily,
    /// `RequestTTY`.
    pub tty: TtyRequest,
    /// `RemoteCommand`.
    pub remote_command: Option<String>,
    /// `EscapeChar`, when it is not the default.
    pub escape: Option<Escape>,
    /// `SessionType`.
    pub session_type: SessionType,
    /// `StdinNull`.
    pub stdin_null: bool,
    /// `ForkAfterAuthentication`.
    pub background: bool,
    /// `ForwardAgent` in any form but `no`.
    pub forward_agent: bool,
    /// Which agent it means, when it is not the usual one: a path or `$VARIABLE`.
    pub forward_agent_at: Option<String>,
    /// `IdentityAgent`, when it is set.
    pub identity_agent: Option<String>,
    /// `ForwardX11`.
    pub forward_x11: bool,
    /// `ForwardX11Trusted`.
    pub forward_x11_trusted: bool,
    /// `ForwardX11Timeout`, seconds; 0 is for ever.
    pub forward_x11_timeout: u32,
    /// `XAuthLocation`.
    pub xauth_location: Option<String>,
    /// `LocalForward`, `RemoteForward` and `DynamicForward`, unless cleared.
    pub forwards: Vec<Forward>,
    /// `GatewayPorts`.
    pub gateway_ports: bool,
    /// `ExitOnForwardFailure`.
    pub exit_on_forward_failure: bool,
    /// `StreamLocalBindUnlink`.
    pub stream_local_unlink: bool,
    /// `StreamLocalBindMask`, when it is not the default (0177).
    pub stream_local_mask: Option<u32>,
    /// `SetEnv`, as name and value.
    pub set_env: Vec<(String, String)>,
    /// `SendEnv` patterns.
    pub send_env: Vec<String>,
    /// `ProxyCommand` or `ProxyJump`.
    pub proxy: Option<Proxy>,
    /// `ControlMaster` in any form but `no`.
    pub control_master: bool,
    /// `ControlPath`, as ssh expands it.
    pub control_path: Option<String>,
    /// `BatchMode`.
    pub batch_mode: bool,
    /// `ConnectTimeout`, seconds.
    pub connect_timeout: Option<u32>,
}

/// `ssh -G` gave no settings.
#[derive(Debug, thiserror::Error)]
pub enum EffectiveError {
    /// ssh could not be run.
    #[error("cannot run `{ssh}`: {source}")]
    NoSsh {
        /// The program that was tried.
        ssh: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// ssh refused its command line or configuration.
    #[error("ssh refused its settings: {stderr}")]
    Refused {
        /// What ssh wrote, trimmed.
        stderr: String,
    },
    /// ssh's answer lacks a host name, user or port.
    #[error("`ssh -G` printed no {0}")]
    Incomplete(&'static str),
}

/// Runs `<ssh> -G <passed flags> -- <host>` and reads its answer. Blocks until ssh exits; it may
/// run `Match exec` commands of the user's configuration, as every ssh does.
///
/// # Errors
/// See [`EffectiveError`].
pub fn query(ssh: &OsStr, invocation: &Invocation) -> Result<Effective, EffectiveError> {
    let answer = Command::new(ssh)
        .arg("-G")
        .args(&invocation.passed)
        .args(&invocation.forwarding)
        .arg("--")
        .arg(&invocation.destination.host)
        .stdin(Stdio::null())
        .output()
        .map_err(|source| EffectiveError::NoSsh { ssh: ssh.display().to_string(), source })?;
    if !answer.status.success() {
        let stderr = String::from_utf8_lossy(&answer.stderr).trim().to_owned();
        return Err(EffectiveError::Refused { stderr });
    }
    Effective::parse(&answer.stdout)
}

/// One forward as people write it after `-L`, `-R` or `-D` (`kind`), read by `<ssh> -G` without the
/// user's configuration. `None` where ssh does not take it. Blocks until ssh exits.
pub fn parse_forward(ssh: &OsStr, kind: char, spec: &str) -> Option<Forward> {
    let mut command = Command::new(ssh);
    command.args(["-F", "none", "-G", &format!("-{kind}"), spec, "--", "host"]);
    let answer = command.stdin(Stdio::null()).output().ok()?;
    let found = answer.status.success().then(|| Effective::parse(&answer.stdout).ok())??;
    found.forwards.into_iter().next()
}

impl Effective {
    /// Reads what `ssh -G` printed; lines of no interest are passed over.
    ///
    /// # Errors
    /// [`EffectiveError::Incomplete`] without host name, user or port.
    pub fn parse(printed: &[u8]) -> Result<Self, EffectiveError> {
        let mut found = Effective::default();
        let mut cleared = false;
        for line in printed.split(|b| *b == b'\n') {
            let end = line.iter().position(|b| *b == b' ').unwrap_or(line.len());
            let (key, value) = (&line[..end], line.get(end + 1..).unwrap_or_default());
            let key = String::from_utf8_lossy(key);
            cleared |= key == "clearallforwardings" && is_on(value);
            found.take(&key, value);
        }
        found.forwards = without_echoes(found.forwards);
        if cleared {
            found.forwards.clear();
        }
        for (missing, what) in [
            (found.hostname.is_empty(), "hostname"),
            (found.user.is_empty(), "user"),
            (found.port == 0, "port"),
        ] {
            if missing {
                return Err(EffectiveError::Incomplete(what));
            }
        }
        Ok(found)
    }

    fn take(&mut self, key: &str, value: &[u8]) {
        let text = || String::from_utf8_lossy(value).into_owned();
        let set = || Some(text()).filter(|it| !it.is_empty() && it != "none");
        match key {
            "hostname" => self.hostname = text(),
            "user" => self.user = text(),
            "port" => self.port = text().parse().unwrap_or(0),
            "addressfamily" => self.address_family = address_family(value),
            "requesttty" => self.tty = tty(value),
            "remotecommand" => self.remote_command = set(),
            "escapechar" => {
                let escape = Escape::parse_printed(value);
                self.escape = escape.filter(|it| *it != Escape::DEFAULT);
            }
            "sessiontype" => self.session_type = session_type(value),
            "stdinnull" => self.stdin_null = is_on(value),
            "forkafterauthentication" => self.background = is_on(value),
            "forwardagent" => {
                self.forward_agent = is_on(value);
                self.forward_agent_at =
                    set().filter(|at| !["yes", "true", "no"].contains(&&at[..]));
            }
            "identityagent" => self.identity_agent = Some(text()),
            "gatewayports" => self.gateway_ports = is_on(value),
            "exitonforwardfailure" => self.exit_on_forward_failure = is_on(value),
            "streamlocalbindunlink" => self.stream_local_unlink = is_on(value),
            "streamlocalbindmask" => {
                self.stream_local_mask =
                    u32::from_str_radix(&text(), 8).ok().filter(|it| *it != 0o177);
            }
            "forwardx11" => self.forward_x11 = is_on(value),
            "forwardx11trusted" => self.forward_x11_trusted = is_on(value),
            "forwardx11timeout" => self.forward_x11_timeout = text().parse().unwrap_or(0),
            "xauthlocation" => self.xauth_location = set(),
            "localforward" | "remoteforward" | "dynamicforward" => {
                self.forwards.extend(Forward::parse_printed(key, &text()));
            }
            "setenv" => {
                let text = text();
                self.set_env.extend(text.split_once('=').map(|(n, v)| (n.into(), v.into())));
            }
            "sendenv" => self.send_env.push(text()),
            "proxycommand" => self.proxy = set().map(Proxy::Command),
            "proxyjump" => self.proxy = set().map(Proxy::Jump),
            "controlmaster" => self.control_master = is_on(value),
            "controlpath" => self.control_path = set(),
            "batchmode" => self.batch_mode = is_on(value),
            "connecttimeout" => self.connect_timeout = text().parse().ok(),
            _ => {}
        }
    }
}

fn is_on(value: &[u8]) -> bool {
    !matches!(value, b"no" | b"false" | b"none" | b"")
}

fn address_family(value: &[u8]) -> AddressFamily {
    match value {
        b"inet" => AddressFamily::V4,
        b"inet6" => AddressFamily::V6,
        _ => AddressFamily::Any,
    }
}

fn session_type(value: &[u8]) -> SessionType {
    match value {
        b"none" => SessionType::None,
        b"subsystem" => SessionType::Subsystem,
        _ => SessionType::Default,
    }
}

fn tty(value: &[u8]) -> TtyRequest {
    match OsStr::from_bytes(value).to_str() {
        Some("force") => TtyRequest::Forced,
        Some("yes" | "true") => TtyRequest::Wanted,
        Some("no" | "false") => TtyRequest::No,
        _ => TtyRequest::Auto,
    }
}
