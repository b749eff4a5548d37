//! What the client has to say, in words.

use abide_client::{Doing, Notice, Outage, Voice};
use abide_terms::print_span;

use crate::explain::place_failed;
use crate::print;

/// Speaks on stderr; `quiet` as ssh's -q.
pub(crate) struct Stderr {
    quiet: bool,
    shows_progress: bool,
    in_progress: bool,
    percent: u64,
}

impl Stderr {
    pub(crate) fn new(quiet: bool) -> Self {
        Stderr {
            quiet,
            shows_progress: print::stderr_is_terminal(),
            in_progress: false,
            percent: 0,
        }
    }

    fn upload(&mut self, sent: u64, total: u64, place: &str) {
        let percent = sent * 100 / total.max(1);
        if self.quiet || (self.in_progress && percent == self.percent) {
            return;
        }
        let first = !std::mem::replace(&mut self.in_progress, sent < total);
        self.percent = percent;
        let megabytes = total as f64 / 1e6;
        if self.shows_progress {
            let filled = (percent / 5) as usize;
            let bar = format!("{}{}", "#".repeat(filled), ".".repeat(20 - filled));
            let end = if sent == total { "\r\x1b[K" } else { "" };
            let line =
                format!("[{bar}] {percent}% of {megabytes:.1} MB: sending the keeper to {place}");
            // A line that wraps would leave one behind at each redraw.
            let width =
                abide_host::tty::size(std::io::stderr()).map_or(80, |size| size.cols.max(2));
            let line: String = line.chars().take(usize::from(width) - 1).collect();
            eprint_raw(&format!("\r\x1b[K{line}{end}"));
        } else if first {
            print::note(format_args!("abide: sending the keeper ({megabytes:.1} MB) to {place}"));
        }
    }
}

fn eprint_raw(text: &str) {
    use std::io::Write;
    // Progress that cannot be shown is not worth an error.
    let _ = std::io::stderr().write_all(text.as_bytes());
}

impl Voice for Stderr {
    fn tell(&mut self, notice: Notice<'_>) {
        match notice {
            Notice::Ssh(line) => print::note(line),
            Notice::Upload { sent, total, place } => self.upload(sent, total, place),
            Notice::PlaceFailed { place, reason } if !self.quiet => {
                print::note(format_args!(
                    "abide: {place}: {}; trying the next place",
                    place_failed(reason)
                ));
            }
            Notice::Remark(line) if !self.quiet => print::note(line),
            Notice::Keeper(words) if !self.quiet => print::note(format_args!("abide: {words}")),
            Notice::PlaceFailed { .. }
            | Notice::Keeper(_)
            | Notice::Remark(_)
            | Notice::News(_) => {}
        }
    }

    fn outage(&self, outage: &Outage) -> String {
        let silent = print_span(outage.silent);
        let escape = outage.escape;
        match outage.doing {
            Doing::NeedsUser => format!(
                " abide: no answer for {silent}; press Enter to sign in again, or {escape}. to leave "
            ),
            Doing::RunningSsh => format!(
                " abide: no answer for {silent}; signing in again ({escape}. to leave, {escape}d to detach) "
            ),
            Doing::Knocking => format!(
                " abide: no answer for {silent}; looking for a way ({escape}. to leave, {escape}d to detach) "
            ),
            Doing::Waiting => format!(
                " abide: no answer for {silent}; waiting for the network ({escape}. to leave, {escape}d to detach) "
            ),
        }
    }

    fn skipped(&self, lines: Option<u64>, escape: char) -> String {
        let what = match lines {
            Some(1) => "1 line was skipped".to_owned(),
            Some(lines) => format!("{} lines were skipped", print::grouped(lines)),
            None => "output was skipped".to_owned(),
        };
        format!("-- abide: {what}: {escape}s at the start of a line shows what is kept --")
    }

    fn help(&self, escape: char) -> String {
        let e = escape;
        format!(
            "\nabide, at the start of a line:\n  {e}.   leave, and end the session\n  {e}d   detach; the session goes on\n  \
             {e}s   what the session printed, in a pager\n  {e}^Z  suspend\n  \
             {e}C   add or cancel forwards (-L -R -D, -KL -KR -KD)\n  {e}#   list forwarded connections\n  \
             {e}?   this help\n  {e}{e}   the character itself\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_gap_says_how_much_and_where_it_is() {
        assert_eq!(
            Stderr::new(false).skipped(Some(31_402), '~'),
            "-- abide: 31,402 lines were skipped: ~s at the start of a line shows what is kept --"
        );
    }

    #[test]
    fn an_outage_says_how_long_what_and_how_to_leave() {
        let outage =
            Outage { silent: Duration::from_secs(75), doing: Doing::Knocking, escape: '~' };
        assert_eq!(
            Stderr::new(false).outage(&outage),
            " abide: no answer for 1m15s; looking for a way (~. to leave, ~d to detach) "
        );
    }
}
