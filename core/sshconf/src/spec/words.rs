//! Words that flags and choices take, each with the form in which OpenSSH prints it (the first word
//! of its table that means the same).

type Words = &'static [(&'static str, &'static str)];

/// Flags of the client.
pub(super) const FLAG: Words = &[("yes", "yes"), ("no", "no"), ("true", "yes"), ("false", "no")];
/// Flags of the server.
pub(super) const YES_NO: Words = &[("yes", "yes"), ("no", "no")];
/// Flags with a question, client.
pub(super) const ASK: Words =
    &[("true", "true"), ("false", "false"), ("yes", "true"), ("no", "false"), ("ask", "ask")];
/// `StrictHostKeyChecking`.
pub(super) const STRICT: Words = &[
    ("true", "true"),
    ("false", "false"),
    ("yes", "true"),
    ("no", "false"),
    ("ask", "ask"),
    ("off", "false"),
    ("accept-new", "accept-new"),
];
/// `AddressFamily`.
pub(super) const FAMILY: Words = &[("inet", "inet"), ("inet6", "inet6"), ("any", "any")];
/// `ControlMaster`.
pub(super) const MASTER: Words = &[
    ("true", "true"),
    ("yes", "true"),
    ("false", "false"),
    ("no", "false"),
    ("auto", "auto"),
    ("ask", "ask"),
    ("autoask", "autoask"),
];
/// `Tunnel`.
pub(super) const TUNNEL: Words = &[
    ("ethernet", "ethernet"),
    ("point-to-point", "point-to-point"),
    ("true", "point-to-point"),
    ("yes", "point-to-point"),
    ("false", "false"),
    ("no", "false"),
];
/// `RequestTTY`.
pub(super) const TTY: Words = &[
    ("true", "true"),
    ("yes", "true"),
    ("false", "false"),
    ("no", "false"),
    ("force", "force"),
    ("auto", "auto"),
];
/// `SessionType`.
pub(super) const SESSION: Words =
    &[("none", "none"), ("subsystem", "subsystem"), ("default", "default")];
/// `CanonicalizeHostname`.
pub(super) const CANONICAL: Words =
    &[("true", "true"), ("false", "false"), ("yes", "true"), ("no", "false"), ("always", "always")];
/// `PubkeyAuthentication` of the client.
pub(super) const PUBKEY: Words = &[
    ("true", "true"),
    ("false", "false"),
    ("yes", "true"),
    ("no", "false"),
    ("unbound", "unbound"),
    ("host-bound", "host-bound"),
];
/// `Compression` of the server.
pub(super) const COMPRESSION: Words = &[("yes", "yes"), ("delayed", "yes"), ("no", "no")];
/// `PermitRootLogin`.
pub(super) const ROOT: Words = &[
    ("without-password", "without-password"),
    ("prohibit-password", "without-password"),
    ("forced-commands-only", "forced-commands-only"),
    ("yes", "yes"),
    ("no", "no"),
];
/// `IgnoreRhosts`.
pub(super) const RHOSTS: Words = &[("yes", "yes"), ("no", "no"), ("shosts-only", "shosts-only")];
/// `GatewayPorts` of the server.
pub(super) const GATEWAY: Words =
    &[("clientspecified", "clientspecified"), ("yes", "yes"), ("no", "no")];
/// `AllowTcpForwarding` and its kin.
pub(super) const FORWARDING: Words =
    &[("yes", "yes"), ("all", "yes"), ("no", "no"), ("remote", "remote"), ("local", "local")];
/// `PermitTunnel`.
pub(super) const PERMIT_TUNNEL: Words =
    &[("no", "no"), ("point-to-point", "point-to-point"), ("ethernet", "ethernet"), ("yes", "yes")];
/// `LogLevel`.
pub(super) const LOG_LEVEL: Words = &[
    ("SILENT", "SILENT"),
    ("QUIET", "SILENT"),
    ("FATAL", "FATAL"),
    ("ERROR", "ERROR"),
    ("INFO", "INFO"),
    ("VERBOSE", "VERBOSE"),
    ("DEBUG", "DEBUG"),
    ("DEBUG1", "DEBUG"),
    ("DEBUG2", "DEBUG2"),
    ("DEBUG3", "DEBUG3"),
];
/// `SyslogFacility`.
pub(super) const FACILITY: Words = &[
    ("DAEMON", "DAEMON"),
    ("USER", "USER"),
    ("AUTH", "AUTH"),
    ("AUTHPRIV", "AUTHPRIV"),
    ("LOCAL0", "LOCAL0"),
    ("LOCAL1", "LOCAL1"),
    ("LOCAL2", "LOCAL2"),
    ("LOCAL3", "LOCAL3"),
    ("LOCAL4", "LOCAL4"),
    ("LOCAL5", "LOCAL5"),
    ("LOCAL6", "LOCAL6"),
    ("LOCAL7", "LOCAL7"),
];

/// Classes of service with their byte in the IP header; `none` stands for "leave it alone". Values:
/// those of OpenSSH (RFC 2474, 2597, 3246; `le` is 4 there, not 1 as in RFC 8622).
pub(crate) const QUALITIES: &[(&str, i64)] = &[
    ("none", i32::MAX as i64),
    ("af11", 0x28),
    ("af12", 0x30),
    ("af13", 0x38),
    ("af21", 0x48),
    ("af22", 0x50),
    ("af23", 0x58),
    ("af31", 0x68),
    ("af32", 0x70),
    ("af33", 0x78),
    ("af41", 0x88),
    ("af42", 0x90),
    ("af43", 0x98),
    ("cs0", 0x00),
    ("cs1", 0x20),
    ("cs2", 0x40),
    ("cs3", 0x60),
    ("cs4", 0x80),
    ("cs5", 0xa0),
    ("cs6", 0xc0),
    ("cs7", 0xe0),
    ("ef", 0xb8),
    ("le", 0x04),
    ("lowdelay", 0x10),
    ("throughput", 0x08),
    ("reliability", 0x04),
];
