//! A lab's commands as lines of text, for people and scripts.

use crate::link::span;
use crate::link::{Blocking, Direction, Profile};
use crate::{LabError, World};

/// What `help` answers.
const HELP: &str = "\
profile NAME              lan, wan100, lossy, evdo, sat600, bloat or sg-mit
set [up|down] NAME VALUE  delay 50ms, jitter 5ms, loss 15%, rate 5mbit|none, queue 64k,
                          order keep|free
blackhole on|off|up|down  no packets: both ways, none, one way
udp block|reject|free     what happens to UDP
tcp block|reject|free     what happens to TCP
reset                     reset every TCP connection
flush                     both NAT gateways forget every connection
timeouts UDP STREAM TCP   how long they remember: timeouts 20s 20s 60s
readdress                 a new address behind the same gateway
roam                      a new address behind the other gateway
disconnect, connect       no network at all, and back
sshd start|restart|stop|kill   kill: its connections only
stats                     what went through
where                     the client's address and gateway, the link's behaviour
";

impl World {
    /// Does what a line says and returns what there is to say about it.
    ///
    /// # Errors
    /// The line says nothing known, or what it asks for fails.
    pub fn obey(&self, line: &str) -> Result<String, LabError> {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["help"] => return Ok(HELP.to_owned()),
            ["stats"] => return Ok(self.link().stats().to_string()),
            ["where"] => return Ok(self.describe()),
            ["reset"] => return Ok(format!("{} connections reset\n", self.reset_tcp())),
            ["profile", name] => {
                let wanted = "a profile: lan, wan100, lossy, evdo, sat600, bloat or sg-mit";
                let value = (*name).to_owned();
                let profile = Profile::by_name(name).ok_or(LabError::BadValue { value, wanted })?;
                self.link().set(profile);
            }
            ["set", "up", name, value] => self.set(&[Direction::Up], name, value)?,
            ["set", "down", name, value] => self.set(&[Direction::Down], name, value)?,
            ["set", name, value] => self.set(&[Direction::Up, Direction::Down], name, value)?,
            ["blackhole", which] => self.blackhole(which)?,
            ["udp", what] => self.link().block_udp(blocking(what)?),
            ["tcp", what] => self.link().block_tcp(blocking(what)?),
            ["flush"] => self.flush_nat()?,
            ["timeouts", udp, stream, tcp] => {
                self.nat_timeouts(span(udp)?, span(stream)?, span(tcp)?)?;
            }
            ["readdress"] => self.readdress()?,
            ["roam"] => self.roam()?,
            ["disconnect"] => self.disconnect()?,
            ["connect"] => self.connect()?,
            ["sshd", "start"] => self.start_sshd("")?,
            ["sshd", "restart"] => self.restart_sshd()?,
            ["sshd", "stop"] => drop(self.stop_sshd()),
            ["sshd", "kill"] => self.kill_sshd_sessions(),
            _ => return Err(LabError::Unknown(line.trim().to_owned())),
        }
        Ok(String::new())
    }

    fn set(&self, directions: &[Direction], name: &str, value: &str) -> Result<(), LabError> {
        let mut settings = self.link().settings();
        for direction in directions {
            match direction {
                Direction::Up => settings.up.set(name, value)?,
                Direction::Down => settings.down.set(name, value)?,
            }
        }
        self.link().set(settings);
        Ok(())
    }

    fn blackhole(&self, which: &str) -> Result<(), LabError> {
        let (up, down) = match which {
            "on" => (true, true),
            "off" => (false, false),
            "up" => (true, false),
            "down" => (false, true),
            _ => {
                return Err(LabError::BadValue {
                    value: which.to_owned(),
                    wanted: "on, off, up or down",
                });
            }
        };
        self.link().blackhole_direction(Direction::Up, up);
        self.link().blackhole_direction(Direction::Down, down);
        Ok(())
    }

    fn describe(&self) -> String {
        let address = self.client_address().map_or("nowhere".to_owned(), |at| at.to_string());
        let settings = self.link().settings();
        format!(
            "client {address}, {:?} gateway\nup {:?}\ndown {:?}\n",
            self.client_gateway(),
            settings.up,
            settings.down
        )
    }
}

fn blocking(what: &str) -> Result<Blocking, LabError> {
    match what {
        "block" => Ok(Blocking::Drop),
        "reject" => Ok(Blocking::Reject),
        "free" => Ok(Blocking::Free),
        _ => Err(LabError::BadValue { value: what.to_owned(), wanted: "block, reject or free" }),
    }
}
