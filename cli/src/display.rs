//! Which display a session may use, by ssh's rules.

use std::path::PathBuf;
use std::time::Duration;

use abide_client::{NearDisplay, Trust};
use abide_openssh::Effective;
use abide_x11::Display;

use crate::print;

/// Names the display of X programs.
const VARIABLE: &str = "DISPLAY";
/// XAuthLocation unless ssh says.
const XAUTH: &str = "/usr/bin/xauth";

/// The display that ForwardX11 means; none when it is off, or there is none.
pub(crate) fn to_forward(settings: &Effective, quiet: bool) -> Option<NearDisplay> {
    if !settings.forward_x11 {
        return None;
    }
    let say = |words: String| {
        if !quiet {
            print::note(words);
        }
    };
    // As ssh: without one, there is nothing to say.
    let name = std::env::var(VARIABLE).ok().filter(|name| !name.is_empty())?;
    let Ok(display) = name.parse::<Display>() else {
        say(format!("DISPLAY \"{name}\" invalid; disabling X11 forwarding"));
        return None;
    };
    let xauth = PathBuf::from(settings.xauth_location.as_deref().unwrap_or(XAUTH));
    match NearDisplay::obtain(display, trust(settings), &xauth) {
        Ok(near) => {
            if near.cookie.is_none() {
                say("Warning: No xauth data; the display decides by itself whom it lets in.".into());
            }
            Some(near)
        }
        Err(error) => {
            say(format!("Warning: {error}"));
            None
        }
    }
}

fn trust(settings: &Effective) -> Trust {
    let seconds = u64::from(settings.forward_x11_timeout);
    match settings.forward_x11_trusted {
        true => Trust::Full,
        false => Trust::Limited((seconds > 0).then(|| Duration::from_secs(seconds))),
    }
}
