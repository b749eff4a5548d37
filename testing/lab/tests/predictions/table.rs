//! Predicted, measured and what the manual pages say, as lines of a table and as a page.

use std::process::Command;
use std::time::Duration;

use abide_timeouts::{Firing, QUIRKS, Quirk, Side, Timer};

use crate::case::{Case, Kernel};
use crate::cut::{LOOK, who};

/// By how much a measurement may differ: OpenSSH counts whole seconds.
const STEP: Duration = Duration::from_secs(1);
/// What reading the kernel's account and noticing an end may add.
const MEASURING: Duration = Duration::from_millis(100);

/// One prediction and its measurement.
pub(crate) struct Row {
    pub(crate) case: Case,
    pub(crate) side: Side,
    pub(crate) predicted: Option<Firing>,
    /// From the last byte that the side received; `None`: not within [`LOOK`].
    pub(crate) measured: Option<Duration>,
}

impl Row {
    /// It is to end within the look.
    pub(crate) fn is_timed(&self) -> bool {
        self.predicted.as_ref().is_some_and(|firing| firing.after.likely < LOOK)
    }

    /// Within a second or 5 %, as far as can be measured.
    pub(crate) fn holds(&self) -> bool {
        match (&self.predicted, self.measured) {
            (Some(firing), Some(measured)) => {
                let likely = firing.after.likely;
                measured.abs_diff(likely) <= STEP.max(likely / 20) + MEASURING
            }
            (_, None) => !self.is_timed(),
            (None, Some(_)) => false,
        }
    }

    /// What stands in the page whatever was measured.
    pub(crate) fn head(&self) -> String {
        let alive = |(interval, count): (u64, u32)| match interval {
            0 => "off".to_owned(),
            interval => format!("{interval} x {count}"),
        };
        let kernel = match (self.case.kernel, self.side) {
            (Kernel::Stock, _) => String::new(),
            (Kernel::Impatient, Side::Client) => {
                format!("; tcp_retries2 {}", crate::CLIENT_RETRIES)
            }
            (Kernel::Impatient, Side::Server) => {
                format!("; tcp_retries2 {}", crate::SERVER_RETRIES)
            }
        };
        format!(
            "| {} | {} | {}{kernel} | {} | {} |",
            alive(self.case.client),
            alive(self.case.server),
            self.case.load.name(),
            who(self.side),
            self.prediction()
        )
    }

    fn prediction(&self) -> String {
        match &self.predicted {
            None => "never".to_owned(),
            Some(firing) => {
                let by = match firing.timer {
                    Timer::TcpRetransmission | Timer::TcpKeepAlive => ", the kernel",
                    _ => "",
                };
                format!("{}{by}", seconds(firing.after.likely))
            }
        }
    }

    /// The manual pages' number: interval times count ("approximately 45 seconds" for 15 x 3).
    fn manual(&self) -> String {
        let (interval, count) = match self.side {
            Side::Client => self.case.client,
            Side::Server => self.case.server,
        };
        match (interval, count, self.side) {
            (0, ..) if self.case.kernel == Kernel::Impatient => "-".to_owned(),
            (0, ..) => "never".to_owned(),
            // sshd_config(5): "Setting a zero ClientAliveCountMax disables connection termination."
            (_, 0, Side::Server) => "never".to_owned(),
            (_, 0, Side::Client) => "-".to_owned(),
            (interval, count, _) => format!("{} s", interval * u64::from(count)),
        }
    }

    /// The whole line.
    pub(crate) fn line(&self) -> String {
        let within = || format!("not within {} s", LOOK.as_secs());
        let measured = self.measured.map_or_else(within, seconds);
        format!("{} {measured} | {} |", self.head(), self.manual())
    }
}

fn seconds(span: Duration) -> String {
    format!("{:.1} s", span.as_secs_f64())
}

/// What is claimed of other releases than the one that was measured.
const CLAIMED: [Quirk; 6] = [
    Quirk::DoubledInterval,
    Quirk::SilencedByOutput,
    Quirk::SilencedByInput,
    Quirk::CountZeroNeverEnds,
    Quirk::CountZeroEndsUnasked,
    Quirk::ClientCountZeroEndsUnasked,
];

/// What must be known of measurements that people make themselves.
const VERIFY: &str = "
## Measuring your own: `abide timeouts verify`

`abide timeouts verify HOST [--cut]` does the same with your own ssh, your own settings and your own
server, through a relay on loopback. ssh comes to it as to a `ProxyCommand` that hands it a TCP socket
(`ProxyUseFdpass`): names, host keys, users and tokens stay what they are, and a `ProxyCommand` or
`ProxyJump` of yours becomes the relay's own way to the server. The relay changes this, and nothing
else:

- TCP retransmission and `TCPKeepAlive` act between ssh and the relay, and between the relay and the
  server. After a cut both kernels still get acknowledgements, so what ends a side is OpenSSH's own
  timer: the kernel's (`tcp_retries2`, tcp_keepalive_*) is measured in the table above and not by
  `verify`.
- A server that writes into the dark is taken up to 1 MiB; only then does its window fill.
- `BindAddress`, `BindInterface` and `IPQoS` act on ssh's own socket, which leads to the relay only.
- The session is a command without a terminal that waits for input. What a shell does when it is idle
  (`TMOUT`) and what logind does with terminals is not seen.
- Multiplexing is off: a connection of its own is what can be cut.

The server's settings are read by `sshd -T` over a login of its own, if that needs no prompt; else
`--client-alive 60x3` states them, or they are not checked.

It exits with 0 when everything that could be checked is as configured, and with 1 when something
differs. `--json` prints one object, schema 1; spans are seconds, and what is not known is null:

| field | what |
|---|---|
| `host`, `server` | the host as given; the server's banner |
| `quick` | ssh's interval was scaled down for the test |
| `watched`, `other_packets` | how long, and packets that are no keepalives |
| `differs` | the exit status is 1 |
| `keepalives` | for `side` client and server: `interval`, `count`, `period` (how often this release really asks), `not_checked` (why), `verdict`, and `seen`: each with `silence` before it, `bytes`, `answer` (after how long), `answer_bytes`, `known_by` size or rhythm |
| `ended` | null, or the end of a session that nobody cut: `after`, `by`, `said`, `timer` (what is configured to end it), `verdict` |
| `cut` | null, or for both sides: `predicted`, `timer`, `manual_page`, `not_checked`, `measured`, `waited`, `packets_sent`, `verdict` |

A verdict is `as-configured`, `differs` or `not-checked`.
";

/// `docs/predictions.md`.
pub(crate) fn page(rows: &[Row]) -> String {
    let output = Command::new("ssh").arg("-V").output().unwrap();
    let version = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    let release = version.split(',').next().unwrap_or_default();
    let mut page = format!(
        "# Predicted and measured\n\n\
         When each side of an SSH connection gives up on a peer that has vanished: what\n\
         `abide-timeouts` predicts, what the real programs do, and the number that the manual pages\n\
         give (interval times count; \"approximately 45 seconds\" for 15 x 3 in ssh_config(5) and\n\
         sshd_config(5)). Written by `ABIDE_WRITE_PREDICTIONS=1 cargo test -p abide-lab --test\n\
         predictions`, which also fails when a measurement is not within 1 s or 5 % of its\n\
         prediction (0.1 s more is granted to the measuring itself). OpenSSH counts whole seconds: up\n\
         to 1 s early is its own doing.\n\n\
         Measured with {release}, ssh and sshd, in network namespaces.\n\
         All pairs run at once; one cut drops every packet in both directions, and nobody is told.\n\
         Times count from the last byte that the side received, by its kernel's account (`ss -i`,\n\
         lastrcv); with `tcp_retries2`, over a round trip of 20 ms, from the cut. `3 x 0`\n\
         at ssh ends a connection to which nothing happened: it counts from the last output. ssh is\n\
         `ServerAliveInterval x ServerAliveCountMax`, sshd is\n\
         `ClientAliveInterval x ClientAliveCountMax`.\n\n\
         | ssh | sshd | traffic | who gives up | predicted | measured | manual page |\n\
         |---|---|---|---|---|---|---|\n"
    );
    rows.iter().for_each(|row| page.push_str(&format!("{}\n", row.line())));
    page.push_str(
        "\n## Other releases\n\nNot measured here: each claim with its source. Lines of files are \
         of OpenSSH portable 10.5p1\nunless a release stands before them.\n\n\
         | claim | side | since | until before | source |\n|---|---|---|---|---|\n",
    );
    for row in QUIRKS.iter().filter(|row| CLAIMED.contains(&row.quirk)) {
        let release = |version: Option<abide_timeouts::Version>| {
            version.map_or_else(|| "-".to_owned(), |version| version.to_string())
        };
        page.push_str(&format!(
            "| {} | {} | {} | {} | {} |\n",
            row.quirk.name(),
            who(row.side),
            release(row.since),
            release(row.before),
            row.source
        ));
    }
    page + VERIFY
}
