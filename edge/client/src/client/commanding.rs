//! `~C` and `~#`: forwards added to, taken from and listed in a session that runs, in ssh's own words.

use abide_openssh::{Forward, Side, parse_forward};
use abide_session::KeeperMessage;
use abide_terms::Moment;
use bytes::Bytes;

use super::Client;
use crate::forwards::prepare_one;

const HELP: &str = "Commands:\r\n\
     \x20     -L[bind_address:]port:host:hostport    Request local forward\r\n\
     \x20     -R[bind_address:]port:host:hostport    Request remote forward\r\n\
     \x20     -D[bind_address:]port                  Request dynamic forward\r\n\
     \x20     -KL[bind_address:]port                 Cancel local forward\r\n\
     \x20     -KR[bind_address:]port                 Cancel remote forward\r\n\
     \x20     -KD[bind_address:]port                 Cancel dynamic forward\r\n";

impl Client<'_> {
    /// Shows something of ours on the terminal, and knows that it is there.
    pub(super) fn show_words(&mut self, now: Moment, text: &str) {
        self.uncover();
        self.show(now, Bytes::from(text.to_owned()));
    }

    /// `~#`.
    pub(super) fn show_connections(&mut self, now: Moment) {
        let mut text = "The following connections are open:\r\n".to_owned();
        for listed in self.forwarding.forwards.list() {
            let origin = if listed.origin.is_empty() { "a socket" } else { &listed.origin };
            let state = if listed.open { "" } else { ", opening" };
            let (number, target, (there, back)) = (listed.number, &listed.target, listed.passed);
            text.push_str(&format!(
                "  #{number} {origin} to {target} ({there} bytes there, {back} back{state})\r\n"
            ));
        }
        for (number, rule) in &self.forwarding.rules {
            let side = if rule.forward.side == Side::Local { "here" } else { "there" };
            let (listen, target) = (&rule.forward.listen, &rule.forward.target);
            text.push_str(&format!("  forward {number}: {listen} {side} to {target}\r\n"));
        }
        self.show_words(now, &text);
    }

    /// A line after `~C`.
    pub(super) fn obey(&mut self, now: Moment, line: &str) {
        let line = line.trim();
        let Some(flags) = line.strip_prefix('-').filter(|_| !line.is_empty()) else {
            if !line.is_empty() {
                self.show_words(
                    now,
                    if matches!(line, "?" | "help") { HELP } else { "Invalid command.\r\n" },
                );
            }
            return;
        };
        let (cancels, flags) = match flags.strip_prefix(['K', 'k']) {
            Some(rest) => (true, rest),
            None => (false, flags),
        };
        let mut rest = flags.chars();
        let kind = rest.next().map(|kind| kind.to_ascii_uppercase());
        let spec = rest.as_str().trim();
        let said = match (kind, cancels) {
            (Some('L' | 'R' | 'D'), false) => self.add_by_line(kind.unwrap_or('L'), spec),
            (Some('L' | 'R' | 'D'), true) => self.cancel_by_line(kind.unwrap_or('L'), spec),
            (Some('H'), false) => HELP.to_owned(),
            _ => "Invalid command.\r\n".to_owned(),
        };
        self.show_words(now, &said);
    }

    /// ssh itself reads what was typed: it takes all that it takes on its command line.
    fn read_forward(&self, kind: char, spec: &str) -> Result<Forward, String> {
        let Some(way) = &self.plan.way else {
            return Err("A session of this machine has no forwards.\r\n".to_owned());
        };
        parse_forward(&way.ssh, kind, spec)
            .ok_or_else(|| "Bad forwarding specification.\r\n".to_owned())
    }

    fn add_by_line(&mut self, kind: char, spec: &str) -> String {
        let forward = match self.read_forward(kind, spec) {
            Ok(forward) => forward,
            Err(said) => return said,
        };
        let Some(way) = &self.plan.way else { return String::new() };
        match prepare_one(&forward, &way.effective) {
            Ok(prepared) => {
                self.add_forward(prepared);
                "Forwarding port.\r\n".to_owned()
            }
            Err(failed) => format!("Port forwarding failed: {}.\r\n", failed.why),
        }
    }

    fn cancel_by_line(&mut self, kind: char, spec: &str) -> String {
        let whole = if kind == 'D' { spec.to_owned() } else { format!("{spec}:x:1") };
        let wanted = match self.read_forward(kind, &whole) {
            Ok(forward) => forward,
            Err(said) => return said,
        };
        let is_it =
            |forward: &Forward| forward.side == wanted.side && forward.listen == wanted.listen;
        let mut rules = self.forwarding.rules.iter();
        let Some(number) = rules.find(|(_, rule)| is_it(&rule.forward)).map(|(number, _)| *number)
        else {
            return "Unknown port forwarding.\r\n".to_owned();
        };
        self.forwarding.rules.remove(&number);
        match wanted.side {
            Side::Local => drop(self.forwarding.forwards.unlisten(number)),
            Side::Remote => self.tell(KeeperMessage::Unlisten(number)),
        }
        "Canceled forwarding.\r\n".to_owned()
    }
}
