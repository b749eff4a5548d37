//! Keeps `abide proxy` from running itself for ever: the ssh that it runs hands on, in its
//! environment, where the proxies above it lead.

use std::ffi::{OsStr, OsString};

use crate::complaint::Complaint;

/// Holds where the proxies above lead, `host:port`, one after the other with spaces between.
const VARIABLE: &str = "ABIDE_PROXY";
/// Proxies inside each other: more are a loop in disguise.
const DEPTH_MAX: usize = 8;

/// What ssh is to hand on from here.
///
/// # Errors
/// When a proxy to the very same place is above this one.
pub(super) fn pass(
    alias: Option<&OsStr>,
    host: &OsStr,
    port: u16,
) -> Result<(OsString, OsString), Complaint> {
    let above = std::env::var(VARIABLE).unwrap_or_default();
    let here = format!("{}:{port}", alias.unwrap_or(host).to_string_lossy());
    let marks = extend(&above, &here).ok_or_else(|| looped(&here, &above))?;
    Ok((VARIABLE.into(), marks.into()))
}

fn extend(above: &str, here: &str) -> Option<String> {
    let places: Vec<&str> = above.split_whitespace().collect();
    let is_loop = places.contains(&here) || places.len() >= DEPTH_MAX;
    (!is_loop).then(|| [&places[..], &[here]].concat().join(" "))
}

fn looped(here: &str, above: &str) -> Complaint {
    Complaint::new(format!("`abide proxy` for {here} runs inside itself"))
        .because(format!("the ssh that it runs came back to it by ssh_config: {above}"))
        .try_this(
            "abide proxy --alias NAME %h %p, with the name of the Host block that has the ProxyCommand",
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_place_is_passed_and_the_same_one_is_a_loop() {
        assert_eq!(extend("", "a:22").as_deref(), Some("a:22"));
        assert_eq!(extend("a:22", "b:22").as_deref(), Some("a:22 b:22"));
        assert_eq!(extend("a:22 b:22", "a:22"), None);
        let deep = ["x:1"; DEPTH_MAX].join(" ");
        assert_eq!(extend(&deep, "a:22"), None);
    }
}
