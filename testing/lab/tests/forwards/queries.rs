//! A PostgreSQL session of the real psql: one transaction from the beginning to the end, whose
//! temporary table and server process would be others after a reconnection.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use abide_lab::Trouble;

use crate::carried::Progress;

/// Between two queries.
const PACE: Duration = Duration::from_millis(40);
/// Repetitions in a query's answer: some kilobytes.
const LENGTH: usize = 500;

/// psql, told to read lines and print bare values.
pub(crate) fn psql(mut command: Command, port: u16) -> Command {
    command.args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only"]);
    command.args(["--set=ON_ERROR_STOP=1", "--host=127.0.0.1", "--username=postgres"]);
    command.arg(format!("--port={port}")).arg("postgres").env_remove("PGSERVICE");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Asks until it shall finish.
pub(crate) fn ask(mut command: Command, progress: &Progress) -> Result<(), Trouble> {
    let mut child = command.spawn()?;
    let asked = converse(&mut child, progress);
    if asked.is_err() {
        let _gone_already = child.kill();
    }
    let output = child.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    asked.map_err(|trouble| format!("{trouble}; psql: {said}"))?;
    if output.status.success() { Ok(()) } else { Err(format!("{}: {said}", output.status).into()) }
}

fn converse(child: &mut Child, progress: &Progress) -> Result<(), Trouble> {
    let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err("psql has no pipes".into());
    };
    let mut answers = BufReader::new(output).lines();
    let mut ask = |input: &mut ChildStdin, query: &str| -> Result<String, Trouble> {
        writeln!(input, "{query}")?;
        let answer = answers.next().ok_or("the session ended")??;
        progress.step(1);
        Ok(answer)
    };
    writeln!(input, "BEGIN; CREATE TEMPORARY TABLE seen (n bigint);")?;
    let backend = ask(&mut input, "SELECT pg_backend_pid();")?;
    let mut number: u64 = 0;
    while !progress.shall_finish() {
        number += 1;
        let query = format!(
            "INSERT INTO seen VALUES ({number}); SELECT repeat({number} || ',', {LENGTH});"
        );
        let answer = ask(&mut input, &query)?;
        if answer != format!("{number},").repeat(LENGTH) {
            return Err(format!("answer {number} is {answer:?}").into());
        }
        std::thread::sleep(PACE);
    }
    let last = "SELECT count(*), sum(n), pg_backend_pid() FROM seen; COMMIT;";
    let answer = ask(&mut input, last)?;
    let sum = number * (number + 1) / 2;
    let wanted =
        format!("{number}|{}|{backend}", if number == 0 { String::new() } else { sum.to_string() });
    if answer == wanted { Ok(()) } else { Err(format!("{answer}, not {wanted}").into()) }
}
