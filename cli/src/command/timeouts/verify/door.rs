//! What ssh runs as its ProxyCommand to come to the relay: `--door RELAY KEEPALIVE direct HOST PORT` or
//! `--door RELAY KEEPALIVE through COMMAND`, with ssh's tokens filled in. The pass comes in the
//! environment, as every user of the machine can read command lines.

use std::ffi::OsString;
use std::net::SocketAddr;

use abide_relay::{KeepAlive, Pass, Way, door};

use crate::complaint::Complaint;
use crate::exit::Exit;

/// The environment variable with the pass.
pub(super) const PASS_VARIABLE: &str = "ABIDE_RELAY_PASS";

/// Hands ssh a socket that leads to the relay.
pub(super) fn run(words: &[OsString]) -> Result<Exit, Complaint> {
    let odd = || Complaint::new("`--door` is what abide's own ssh runs").exit(Exit::USAGE);
    let text: Option<Vec<&str>> = words.iter().map(|word| word.to_str()).collect();
    let (relay, keepalive, way) = match text.as_deref().ok_or_else(odd)? {
        [relay, keepalive, "direct", host, port] => {
            let port = port.parse().map_err(|_| odd())?;
            (relay, keepalive, Way::Direct { host: (*host).to_owned(), port })
        }
        [relay, keepalive, "through", command] => {
            (relay, keepalive, Way::Through(OsString::from(command)))
        }
        _ => return Err(odd()),
    };
    let relay: SocketAddr = relay.parse().map_err(|_| odd())?;
    let keepalive = if *keepalive == "on" { KeepAlive::On } else { KeepAlive::Off };
    let pass = std::env::var(PASS_VARIABLE).ok().and_then(|text| text.parse::<Pass>().ok());
    let pass = pass.ok_or_else(odd)?;
    door::hand_over(relay, &pass, &way, keepalive, std::io::stdout()).map_err(|error| {
        Complaint::new("ssh cannot be led to the relay").because(error.to_string())
    })?;
    Ok(Exit::OK)
}
