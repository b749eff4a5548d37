//! DISPLAY, read as X programs read it: where a display is reached.

use std::fmt;
use std::str::FromStr;

/// The TCP port of display 0.
pub const TCP_FIRST: u16 = 6000;
/// Longest text of a display that is looked at, in bytes.
const TEXT_MAX: usize = 512;

/// Where a display is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// On this machine, by a unix socket: `:0`, `unix:0`.
    Here,
    /// By TCP: `host:0`, `[::1]:0`.
    Host(String),
    /// At a unix socket of another name: `/run/display:0`.
    Path(String),
}

/// A display.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Display {
    /// Where.
    pub place: Place,
    /// Which there.
    pub number: u16,
    /// The screen that programs begin on.
    pub screen: u32,
}

/// It names no display.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoDisplay;

impl Display {
    /// Its TCP port, if it can have one.
    pub fn port(&self) -> Option<u16> {
        TCP_FIRST.checked_add(self.number)
    }

    /// What xauth is asked about: a display that ssh forwarded is listed as one of this machine.
    pub fn in_xauth(&self) -> String {
        let local = Display { place: Place::Here, ..self.clone() };
        match &self.place {
            Place::Host(host) if host == "localhost" => format!("unix{local}"),
            _ => self.to_string(),
        }
    }
}

impl FromStr for Display {
    type Err = NoDisplay;

    fn from_str(text: &str) -> Result<Self, NoDisplay> {
        // What is passed to programs, never to a shell; still nothing but what hosts and paths hold.
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"./:-_[]%".contains(&byte);
        if text.len() > TEXT_MAX || !text.bytes().all(is_plain) || text.starts_with('-') {
            return Err(NoDisplay);
        }
        let (place, numbers) = text.rsplit_once(':').ok_or(NoDisplay)?;
        let (number, screen) = numbers.split_once('.').unwrap_or((numbers, "0"));
        let is_number = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit());
        if !is_number(number) || !is_number(screen) {
            return Err(NoDisplay);
        }
        let place = match place {
            "" | "unix" => Place::Here,
            path if path.starts_with('/') => Place::Path(text.to_owned()),
            host => {
                let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
                Place::Host(bare.unwrap_or(host).to_owned())
            }
        };
        let number = number.parse().map_err(|_| NoDisplay)?;
        let screen = screen.parse().map_err(|_| NoDisplay)?;
        Ok(Display { place, number, screen })
    }
}

impl fmt::Display for Display {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Here => {}
            Place::Path(whole) => return out.write_str(whole),
            Place::Host(host) if host.contains(':') => write!(out, "[{host}]")?,
            Place::Host(host) => out.write_str(host)?,
        }
        write!(out, ":{}.{}", self.number, self.screen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Display {
        text.parse().unwrap_or_else(|_| panic!("{text}"))
    }

    #[test]
    fn displays_are_read_as_programs_read_them() {
        let host = |name: &str| Place::Host(name.to_owned());
        for (text, place, number, screen, printed) in [
            (":0", Place::Here, 0, 0, ":0.0"),
            ("unix:7.1", Place::Here, 7, 1, ":7.1"),
            ("localhost:10.0", host("localhost"), 10, 0, "localhost:10.0"),
            ("[::1]:3", host("::1"), 3, 0, "[::1]:3.0"),
            ("::1:3", host("::1"), 3, 0, "[::1]:3.0"),
            ("/run/x:0", Place::Path("/run/x:0".into()), 0, 0, "/run/x:0"),
        ] {
            let display = read(text);
            assert_eq!(display, Display { place, number, screen }, "{text}");
            assert_eq!(display.to_string(), printed);
            assert_eq!(read(printed), display);
        }
        assert_eq!(read("localhost:10.0").in_xauth(), "unix:10.0");
        assert_eq!(read("far:10.0").in_xauth(), "far:10.0");
        assert_eq!((read(":1").port(), read(":60000").port()), (Some(6001), None));
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in
            ["", "0", ":", ":.0", ":x", ":0.x", ":70000", "a b:0", "$(id):0", "-f:0", ":0.0.0"]
        {
            assert_eq!(text.parse::<Display>(), Err(NoDisplay), "{text}");
        }
    }
}
