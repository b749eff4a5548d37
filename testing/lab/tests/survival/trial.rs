//! One trial: a scenario over a carrier, and its row in the table.

use std::time::Duration;

use abide_host::clock;
use abide_lab::{Lab, LabError, Profile, Program};

use crate::scenario::{Carrier, Lengths, Promise, Scenario};
use crate::session::{Session, Trouble, Verdict};

/// The first echo over QUIC.
const QUIC_LIMIT: Duration = Duration::from_millis(500);
/// The first echo where ssh must run again, beside ssh's own login.
const SSH_LIMIT: Duration = Duration::from_secs(3);
/// How long the link may take to move to QUIC when it begins.
const UPGRADE_LIMIT: Duration = Duration::from_secs(20);

/// What came of a trial.
pub(crate) struct Row {
    pub(crate) scenario: &'static str,
    pub(crate) carrier: Carrier,
    echo: Option<Duration>,
    limit: Duration,
    verdict: Option<Verdict>,
    pub(crate) complaints: Vec<String>,
    /// What the logs say, of a trial that failed.
    pub(crate) logs: String,
}

/// Runs one.
pub(crate) fn run(
    scenario: &Scenario,
    carrier: Carrier,
    lengths: &Lengths,
    program: &Program,
) -> Result<Row, LabError> {
    let lab = Lab::up(Profile::Wan100)?;
    let mut row = Row {
        scenario: scenario.name,
        carrier,
        echo: None,
        limit: QUIC_LIMIT,
        verdict: None,
        complaints: Vec::new(),
        logs: String::new(),
    };
    match open(lab, carrier, program) {
        Ok((mut session, login)) => {
            if carrier == Carrier::Ssh || scenario.promise == Promise::WithLogin {
                row.limit = SSH_LIMIT + login;
            }
            if let Err(trouble) = row.fill(scenario, lengths, &mut session) {
                row.complaints.push(trouble.to_string());
            }
            if !row.complaints.is_empty() || std::env::var_os("ABIDE_LAB_LOGS").is_some() {
                row.logs = session.logs();
            }
        }
        Err(trouble) => row.complaints.push(format!("no session: {trouble}")),
    }
    Ok(row)
}

/// A session that works over the carrier, and how long ssh's own login takes here and now.
fn open(lab: Lab, carrier: Carrier, program: &Program) -> Result<(Session, Duration), Trouble> {
    lab.link().udp_blocked(carrier == Carrier::Ssh);
    let mut session = Session::open(lab, program)?;
    session.wait_for_carrier(carrier.name(), UPGRADE_LIMIT)?;
    let mut ssh = session.lab.client().command("ssh");
    ssh.arg("-F").arg(session.lab.ssh_config_path()).args(["lab", "true"]);
    let began = clock::now();
    if !ssh.status()?.success() {
        return Err("a plain ssh does not get in".into());
    }
    let login = clock::now().since(began);
    session.type_for(Duration::from_secs(2))?;
    session.echo()?;
    Ok((session, login))
}

impl Row {
    fn fill(
        &mut self,
        scenario: &Scenario,
        lengths: &Lengths,
        session: &mut Session,
    ) -> Result<(), Trouble> {
        session.mark(scenario.name);
        (scenario.cause)(session, self.carrier, lengths)?;
        session.mark("the network is back");
        let echo = session.echo()?;
        self.echo = Some(echo);
        if echo > self.limit {
            self.complaints.push(format!("first echo after {echo:?}, limit {:?}", self.limit));
        }
        (scenario.after)(session, self.carrier)?;
        session.type_for(Duration::from_secs(2))?;
        session.echo()?;
        let mut verdict = session.judge()?;
        self.complaints.append(&mut verdict.complaints);
        self.verdict = Some(verdict);
        Ok(())
    }

    /// The head of the table.
    pub(crate) fn head() -> String {
        format!(
            "{:30} {:7} {:>8} {:>8}  {:22} {:22} {}",
            "scenario", "carrier", "echo", "limit", "lines lost+doubled", "keys lost+doubled", ""
        )
    }

    /// The row as text.
    pub(crate) fn text(&self) -> String {
        let seconds = |span: Duration| format!("{:.2} s", span.as_secs_f64());
        let verdict = self.verdict.as_ref();
        let count = |count: Option<crate::shown::Count>| {
            count.map_or_else(String::new, |count| {
                format!("{}+{} of {}", count.lost, count.doubled, count.in_all)
            })
        };
        format!(
            "{:30} {:7} {:>8} {:>8}  {:22} {:22} {}",
            self.scenario,
            self.carrier.name(),
            self.echo.map_or_else(|| "-".to_owned(), seconds),
            seconds(self.limit),
            count(verdict.map(|verdict| verdict.lines)),
            count(verdict.map(|verdict| verdict.keys)),
            if self.complaints.is_empty() { "ok" } else { "FAILED" },
        )
    }
}
