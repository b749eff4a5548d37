//! What is said of these settings, and what happens: words for `abide_timeouts::beliefs`.

use abide_timeouts::{Belief, Believed, Side, beliefs};

use super::page::Page;
use super::seen::Seen;
use super::words::span;

/// Writes them, if anything that is set here is believed to do something else.
pub(super) fn write(seen: &Seen, page: &mut Page) {
    let all = beliefs(&seen.setup);
    if all.is_empty() {
        return;
    }
    page.part("WHAT IS SAID, AND WHAT IS SO");
    for believed in &all {
        page.hang(2, 4, &sentence(believed));
    }
}

/// One of them.
pub(super) fn sentence(it: &Believed) -> String {
    let said = span(it.said);
    let mut real = it.real.map_or_else(|| "never".to_owned(), |it| format!("after {}", span(it)));
    if let (Some(alone), Some(dead_path)) = (it.real, it.dead_path)
        && dead_path < alone
    {
        real.push_str(&format!(
            " if it hangs, after {} by TCP if the path is dead",
            span(dead_path)
        ));
    }
    let (peer, keyword) = match it.side {
        Side::Client => ("server", "ServerAlive"),
        Side::Server => ("client", "ClientAlive"),
    };
    match it.belief {
        Belief::IntervalTimesCount => format!(
            "Said: {keyword} notices a dead {peer} after {said}, interval times count (manual \
             page). So: {real}; counted from its last byte."
        ),
        Belief::AliveEndsIdle => format!(
            "Said: {keyword} ends sessions that are idle for {said} (guides, compliance checks). \
             So: never; an idle {peer} answers each question by itself."
        ),
        Belief::SixHundredTwiceIsAnHour => format!(
            "Said: 600 x 2 is \"precisely one hour\" of inactivity (guides). So: a dead {peer} is \
             noticed {real}; inactivity is not looked at."
        ),
        Belief::TcpKeepAliveKeepsPath => format!(
            "Said: TCPKeepAlive yes keeps firewalls and NAT from forgetting. So: its first packet \
             comes {real} of silence; the shortest of them keeps {said}."
        ),
        Belief::ConnectTimeoutCoversKeys => match it.real {
            Some(real) => format!(
                "Said: ConnectTimeout {said} covers the key exchange (manual page). So: it ends \
                 with the banner; from then on a server may be silent for {}.",
                span(real)
            ),
            None => format!(
                "Said: ConnectTimeout {said} covers the key exchange (manual page). So: it ends \
                 with the banner; a server that stalls afterwards is waited for without end."
            ),
        },
        Belief::CountCarriesOver => format!(
            "Said: a large {keyword}CountMax carries a session over {said} of outage. So: TCP \
             gives up {real}, as the question itself is not acknowledged."
        ),
    }
}
