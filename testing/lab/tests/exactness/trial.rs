//! One transfer through its faults, and its row in the table.

use std::process::Command;
use std::time::Duration;

use abide_host::clock;
use abide_lab::Program;

use crate::fault::Fault;
use crate::place::{Place, Trouble, wait_exit, wait_until};
use crate::transfers::{ALL, Amounts, Transfer};

/// What came of a transfer.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    bytes: u64,
    faults: usize,
    took: Duration,
    pub(crate) trouble: Option<String>,
    /// What the logs say, where there was trouble.
    pub(crate) logs: String,
}

impl Row {
    pub(crate) const HEAD: &str = "transfer                          MB  faults      s";

    pub(crate) fn text(&self) -> String {
        let (megabytes, seconds) = (self.bytes as f64 / 1e6, self.took.as_secs_f64());
        let verdict = self.trouble.as_deref().unwrap_or("equal");
        format!("{:30} {megabytes:5.0} {:7} {seconds:6.1}  {verdict}", self.name, self.faults)
    }
}

/// A transfer under way, as its steps see it.
pub(crate) struct Trial<'a> {
    pub(crate) place: Place,
    pub(crate) amounts: &'a Amounts,
    /// Where in their order the faults begin.
    begin: usize,
    faults: usize,
    bytes: u64,
}

/// Runs one.
pub(crate) fn run(transfer: &Transfer, amounts: &Amounts, program: &Program) -> Row {
    let began = clock::now();
    let begin = ALL.iter().position(|it| it.name == transfer.name).unwrap_or(0) * 3;
    let mut row = Row {
        name: transfer.name,
        bytes: 0,
        faults: 0,
        took: Duration::ZERO,
        trouble: None,
        logs: String::new(),
    };
    let trial = Place::new(amounts.link(), program).map(|place| Trial {
        place,
        amounts,
        begin,
        faults: 0,
        bytes: 0,
    });
    match trial {
        Ok(mut trial) => {
            if let Err(trouble) = (transfer.run)(&mut trial) {
                row.trouble = Some(format!("FAILED: {trouble}"));
                row.logs = trial.place.logs();
            }
            (row.faults, row.bytes) = (trial.faults, trial.bytes);
        }
        Err(trouble) => row.trouble = Some(format!("FAILED: no lab: {trouble}")),
    }
    row.took = clock::now().since(began);
    row
}

impl Trial<'_> {
    /// Runs a command that brings `bytes` to where `arrived` counts them, through `faults` faults
    /// spread over it: each comes when something arrived since the last.
    pub(crate) fn transfer(
        &mut self,
        mut command: Command,
        bytes: u64,
        faults: usize,
        arrived: &dyn Fn() -> u64,
    ) -> Result<(), Trouble> {
        let output = self.place.path("output");
        let file = std::fs::File::options().create(true).append(true).open(&output)?;
        command.stderr(file);
        let began = arrived();
        let mut child = command.spawn()?;
        let series = Fault::series(self.begin + self.faults, faults);
        let work = || {
            for (number, fault) in (1..).zip(series) {
                let wanted = began + bytes * number / (faults as u64 + 1);
                let what = format!("{} of {bytes} bytes, before {fault:?}", wanted - began);
                wait_until(&what, self.amounts.limit, || {
                    if child.try_wait()?.is_some() && arrived() < wanted {
                        return Err(format!("ended too soon: {what}").into());
                    }
                    Ok(arrived() >= wanted)
                })?;
                fault.cause(&self.place, arrived, began + bytes)?;
                self.faults += 1;
            }
            let status = wait_exit(&mut child, self.amounts.limit)?;
            if status.success() { Ok(()) } else { Err(Trouble::from(status.to_string())) }
        };
        let result = work();
        self.bytes += bytes;
        result.map_err(|trouble| {
            let _gone_already = child.kill();
            let said = std::fs::read_to_string(&output).unwrap_or_default();
            format!("{trouble}; after {} bytes; it said: {said}", arrived() - began).into()
        })
    }
}
