//! Settings under a name, as data with their sources. A profile is where to begin, not a proof of
//! compliance: policy.md 3 says what each checker looks at and misses.

use std::fmt;
use std::str::FromStr;

use abide_sshconf::Keyword;
use abide_timeouts::Side;

use crate::keepalives::{probing, stretch};
use crate::wanted::{Present, Wanted};

/// A name for several settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// A laptop that changes networks: notice within a minute, so that one can log in again.
    Roaming,
    /// Sessions that stay for days: give an outage as long as TCP does.
    Days,
    /// CIS benchmarks.
    Cis,
    /// DISA STIG.
    Stig,
    /// PCI DSS v4, 8.2.8.
    Pci,
}

impl Profile {
    /// All of them.
    pub const ALL: [Profile; 5] =
        [Profile::Roaming, Profile::Days, Profile::Cis, Profile::Stig, Profile::Pci];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Profile::Roaming => "roaming",
            Profile::Days => "days",
            Profile::Cis => "cis",
            Profile::Stig => "stig",
            Profile::Pci => "pci",
        }
    }

    /// What it sets on that side; `None` where it says nothing about it.
    pub(crate) fn settings(self, side: Side, present: &Present) -> Option<Vec<Wanted>> {
        // Ours are about what happens, so sshd's doubled interval is halved; a checker's number is
        // what its text says.
        let ours = |interval: u64, count| {
            probing(side, interval / stretch(side, present.release), Some(count))
        };
        let set = |keyword, value: &str| Wanted { keyword, value: Some(value.to_owned()) };
        Some(match (self, side) {
            // 15 s is the shortest interval that RFC 8085 3.5 allows itself; (3 + 1) of them.
            (Profile::Roaming, Side::Client) => {
                let mut all = ours(15, 3);
                all.push(set(Keyword::CONNECT_TIMEOUT, "10"));
                all
            }
            (Profile::Roaming, Side::Server) => ours(60, 2),
            // 15 minutes: TCP gives up after 15 min 24 s at the earliest (tcp_retries2 15), so that
            // more would change nothing.
            (Profile::Days, _) => ours(60, 14),
            (Profile::Cis, Side::Server) => {
                let count = if present.is_debian_like { 3 } else { 1 };
                let mut all = probing(side, 300, Some(count));
                all.extend([
                    set(Keyword::LOGIN_GRACE_TIME, "60"),
                    set(Keyword::MAX_AUTH_TRIES, "4"),
                    set(Keyword::MAX_SESSIONS, "10"),
                ]);
                all
            }
            (Profile::Stig, Side::Server) => probing(side, 600, Some(1)),
            (Profile::Pci, Side::Server) => {
                let mut all = probing(side, 900, Some(1));
                all.push(set(Keyword::LOGIN_GRACE_TIME, "60"));
                all
            }
            (Profile::Cis | Profile::Stig | Profile::Pci, Side::Client) => return None,
        })
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Not the name of a profile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a profile: there are roaming, days, cis, stig and pci")]
pub struct UnknownProfile(String);

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(text: &str) -> Result<Self, UnknownProfile> {
        let found = Profile::ALL.into_iter().find(|profile| profile.name() == text);
        found.ok_or_else(|| UnknownProfile(text.to_owned()))
    }
}
