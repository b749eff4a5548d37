//! How a link behaves, and the named profiles that tests and benchmarks share.

use std::time::Duration;

use abide_terms::parse_span;

use crate::LabError;

/// How one direction behaves.
#[derive(Clone, Debug, PartialEq)]
pub struct PathSettings {
    /// One way delay.
    pub delay: Duration,
    /// Each packet's delay varies evenly by up to this much, both ways.
    pub jitter: Duration,
    /// Share of packets lost at random, 0.0 to 1.0.
    pub loss: f64,
    /// Bits per second; `None` is unlimited.
    pub rate: Option<u64>,
    /// Bytes that may wait for the rate limit; what does not fit is dropped at the tail.
    pub queue: usize,
    /// Packets leave in the order they came in, whatever the jitter.
    pub keep_order: bool,
}

impl PathSettings {
    /// A path without loss, jitter or reordering. `queue` is in bytes.
    pub const fn new(delay: Duration, rate: Option<u64>, queue: usize) -> Self {
        PathSettings { delay, jitter: Duration::ZERO, loss: 0.0, rate, queue, keep_order: true }
    }

    /// Changes one property by name: `delay 50ms`, `jitter 5ms`, `loss 15%`, `rate 5mbit` or
    /// `rate none`, `queue 64k`, `order keep|free`.
    ///
    /// # Errors
    /// An unknown name, or a value that does not fit it.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), LabError> {
        let bad = |wanted| LabError::BadValue { value: value.to_owned(), wanted };
        match name {
            "delay" => self.delay = span(value)?,
            "jitter" => self.jitter = span(value)?,
            "loss" => self.loss = share(value).ok_or(bad("a share such as 15% or 0.15"))?,
            "rate" if value == "none" => self.rate = None,
            "rate" => {
                let bits = scaled(value.trim_end_matches("bit")).filter(|bits| *bits > 0);
                self.rate = Some(bits.ok_or(bad("a rate such as 5mbit or none"))?);
            }
            "queue" => {
                let bytes = scaled(value).and_then(|bytes| usize::try_from(bytes).ok());
                self.queue = bytes.ok_or(bad("a size such as 64k"))?;
            }
            "order" if value == "keep" => self.keep_order = true,
            "order" if value == "free" => self.keep_order = false,
            "order" => return Err(bad("`keep` or `free`")),
            _ => return Err(LabError::Unknown(format!("set {name}"))),
        }
        Ok(())
    }
}

/// How both directions behave.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkSettings {
    /// Client to server.
    pub up: PathSettings,
    /// Server to client.
    pub down: PathSettings,
    /// Where the dice start: the same seed gives the same losses for the same packets.
    pub seed: u64,
}

impl LinkSettings {
    /// The same behaviour in both directions.
    pub fn symmetric(path: PathSettings) -> Self {
        LinkSettings { up: path.clone(), down: path, seed: 1 }
    }
}

/// Links with names, as in the published baselines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// 0.1 ms each way, no rate limit.
    Lan,
    /// 50 ms each way, 100 Mbit/s.
    Wan100,
    /// 50 ms each way, 15 % loss each way.
    Lossy,
    /// A 3G modem: 250 ms ± 50 ms, 1 Mbit/s down, 0.4 up, queues of 1.5 s.
    Evdo,
    /// A satellite: 300 ms each way, 20 Mbit/s down, 3 up.
    Sat600,
    /// 25 ms each way, 5 Mbit/s down with a queue of 5 s.
    Bloat,
    /// From Singapore to Boston: 136.5 ms each way, 100 Mbit/s.
    SgMit,
}

impl Profile {
    /// Every profile.
    pub const ALL: [Profile; 7] = [
        Profile::Lan,
        Profile::Wan100,
        Profile::Lossy,
        Profile::Evdo,
        Profile::Sat600,
        Profile::Bloat,
        Profile::SgMit,
    ];

    /// The name used at the command line.
    pub fn name(self) -> &'static str {
        match self {
            Profile::Lan => "lan",
            Profile::Wan100 => "wan100",
            Profile::Lossy => "lossy",
            Profile::Evdo => "evdo",
            Profile::Sat600 => "sat600",
            Profile::Bloat => "bloat",
            Profile::SgMit => "sg-mit",
        }
    }

    /// The profile of that name; `evdo3g` is another one for `evdo`.
    pub fn by_name(name: &str) -> Option<Profile> {
        if name == "evdo3g" {
            return Some(Profile::Evdo);
        }
        Self::ALL.into_iter().find(|profile| profile.name() == name)
    }

    /// The behaviour that the name stands for.
    pub fn settings(self) -> LinkSettings {
        const ROOMY: usize = 4 << 20;
        const RATE: Option<u64> = Some(100_000_000);
        let path =
            |millis, rate, queue| PathSettings::new(Duration::from_millis(millis), rate, queue);
        let pair = |up, down| LinkSettings { up, down, seed: 1 };
        match self {
            Profile::Lan => {
                LinkSettings::symmetric(PathSettings::new(Duration::from_micros(100), None, ROOMY))
            }
            Profile::Wan100 => LinkSettings::symmetric(path(50, RATE, 2_500_000)),
            Profile::Lossy => {
                let lossy = PathSettings { loss: 0.15, ..path(50, None, ROOMY) };
                LinkSettings::symmetric(lossy)
            }
            Profile::Evdo => {
                let jitter = Duration::from_millis(50);
                let up = PathSettings { jitter, ..path(250, Some(400_000), 75_000) };
                let down = PathSettings { jitter, ..path(250, Some(1_000_000), 187_500) };
                pair(up, down)
            }
            Profile::Sat600 => {
                pair(path(300, Some(3_000_000), 1_000_000), path(300, Some(20_000_000), 2_500_000))
            }
            Profile::Bloat => {
                pair(path(25, Some(5_000_000), 256_000), path(25, Some(5_000_000), 3_125_000))
            }
            Profile::SgMit => {
                let half = PathSettings::new(Duration::from_micros(136_500), RATE, 2_500_000);
                LinkSettings::symmetric(half)
            }
        }
    }
}

impl From<Profile> for LinkSettings {
    fn from(profile: Profile) -> Self {
        profile.settings()
    }
}

/// `50ms`, `200us`, or a span as people write it (`2s`, `1m`).
pub(crate) fn span(text: &str) -> Result<Duration, LabError> {
    let bad = || LabError::BadValue { value: text.to_owned(), wanted: "a time such as 50ms or 2s" };
    if let Some(millis) = text.strip_suffix("ms") {
        return millis.parse().map(Duration::from_millis).map_err(|_| bad());
    }
    if let Some(micros) = text.strip_suffix("us") {
        return micros.parse().map(Duration::from_micros).map_err(|_| bad());
    }
    parse_span(text).map_err(|_| bad())
}

/// `15%` or `0.15`.
fn share(text: &str) -> Option<f64> {
    let value: f64 = match text.strip_suffix('%') {
        Some(percent) => percent.parse::<f64>().ok()? / 100.0,
        None => text.parse().ok()?,
    };
    (0.0..=1.0).contains(&value).then_some(value)
}

/// A whole number with an optional k, m or g (thousands, as links are sold).
fn scaled(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let (digits, factor) = match lower.chars().last()? {
        'k' => (&lower[..lower.len() - 1], 1_000),
        'm' => (&lower[..lower.len() - 1], 1_000_000),
        'g' => (&lower[..lower.len() - 1], 1_000_000_000),
        _ => (lower.as_str(), 1),
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_set_by_name() {
        let mut path = Profile::Lan.settings().up;
        for (name, value) in [
            ("delay", "50ms"),
            ("jitter", "200us"),
            ("loss", "15%"),
            ("rate", "5mbit"),
            ("queue", "64k"),
            ("order", "free"),
        ] {
            path.set(name, value).unwrap();
        }
        let wanted = PathSettings {
            delay: Duration::from_millis(50),
            jitter: Duration::from_micros(200),
            loss: 0.15,
            rate: Some(5_000_000),
            queue: 64_000,
            keep_order: false,
        };
        assert_eq!(path, wanted);
        for (name, value) in
            [("delay", "fast"), ("loss", "150%"), ("rate", "0"), ("order", "x"), ("colour", "red")]
        {
            assert!(path.set(name, value).is_err(), "{name} {value}");
        }
        assert_eq!(path, wanted);
    }

    #[test]
    fn profiles_are_found_by_name() {
        for profile in Profile::ALL {
            assert_eq!(Profile::by_name(profile.name()), Some(profile));
        }
        assert_eq!(Profile::by_name("evdo3g"), Some(Profile::Evdo));
        assert_eq!(Profile::by_name("moon"), None);
    }
}
