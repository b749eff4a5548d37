//! How fast bulk goes through a command's stdout and stdin, without an emulated link: client and
//! sshd in the lab's server, over its loopback. The time is that of the bytes, not of the login.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Stdio};

use abide_host::clock;
use abide_lab::Profile;

use super::Trouble;
use super::field::{Field, wait};
use super::report::{Report, Target};
use super::tool::Tool;
use abide_compare::Sample;

const RUNS: usize = 5;
/// Bytes of one transfer.
const SIZE: usize = 600 << 20;
/// Bytes written at once.
const BLOCK: usize = 1 << 20;
/// Shares of ssh's rate to be reached.
const PIPE_LEAST: f64 = 0.8;
const QUIC_LEAST: f64 = 0.6;

const TOOLS: [Tool; 3] = [Tool::Ssh, Tool::AbidePipe, Tool::Abide];

/// A file in memory. Removed when dropped.
struct Big(PathBuf);

impl Drop for Big {
    fn drop(&mut self) {
        let _left_in_shm_at_worst = fs::remove_file(&self.0);
    }
}

pub(crate) fn measure(report: &mut Report) -> Result<(), Trouble> {
    let field = Field::up(Profile::Lan)?;
    let block: Vec<u8> = (0..BLOCK / 8).flat_map(|_| abide_host::random::bytes::<8>()).collect();
    let big = Big(PathBuf::from(format!("/dev/shm/abide-bench-{}", std::process::id())));
    let mut file = fs::File::create(&big.0)?;
    (0..SIZE / BLOCK).try_for_each(|_| file.write_all(&block))?;
    let (mut down, mut up) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let (mut down_now, mut up_now) = ([0.0; 3], [0.0; 3]);
        for (at, tool) in TOOLS.into_iter().enumerate() {
            down_now[at] = download(&field, tool, &big)?;
            up_now[at] = upload(&field, tool, &block)?;
        }
        down.push(down_now);
        up.push(up_now);
    }
    tell(report, "throughput down", &down);
    tell(report, "throughput up", &up);
    Ok(())
}

/// Rates of one round, as [`TOOLS`] has them. Only those of one round are compared: what else the
/// machine does changes from round to round.
type Round = [f64; 3];

fn tell(report: &mut Report, stage: &'static str, rounds: &[Round]) {
    let sample = |figure: &dyn Fn(&Round) -> f64| {
        let mut sample = Sample::default();
        rounds.iter().for_each(|round| sample.add(figure(round)));
        sample
    };
    for (at, tool) in TOOLS.iter().enumerate() {
        let rates = sample(&|round| round[at]);
        let (least, most) = rates.range();
        let note = format!("median of {RUNS}, {least:.0} to {most:.0}");
        report.add(stage, tool.name(), (rates.median(), "MB/s"), note);
    }
    for (at, wanted) in [(1, PIPE_LEAST), (2, QUIC_LEAST)] {
        let ratios = sample(&|round| round[at] / round[0]);
        let (least, most) = ratios.range();
        let note = format!("median of {RUNS}, {least:.2} to {most:.2}");
        let what = format!("{} / ssh", TOOLS[at].name());
        report.judge(stage, what, (ratios.median(), ""), Target::Least(wanted), note);
    }
}

/// `cat FILE` to nowhere.
fn download(field: &Field, tool: Tool, big: &Big) -> Result<f64, Trouble> {
    let line = format!("echo ready >&2; read go; exec cat {}", big.0.display());
    let mut running = Running::start(field, tool, &line)?;
    let mut stdin = running.child.stdin.take().ok_or("no stdin")?;
    let began = clock::now();
    stdin.write_all(b"go\n")?;
    drop(stdin);
    running.end()?;
    Ok(SIZE as f64 / 1e6 / clock::now().since(began).as_secs_f64())
}

/// Bytes to a remote program that counts them.
fn upload(field: &Field, tool: Tool, block: &[u8]) -> Result<f64, Trouble> {
    let mut running = Running::start(field, tool, "echo ready >&2; exec wc -c >&2")?;
    let mut stdin = running.child.stdin.take().ok_or("no stdin")?;
    let began = clock::now();
    (0..SIZE / BLOCK).try_for_each(|_| stdin.write_all(block))?;
    drop(stdin);
    let said = running.end()?;
    let spent = clock::now().since(began).as_secs_f64();
    if said.trim() != SIZE.to_string() {
        return Err(
            format!("{}: {SIZE} bytes sent, the other end says {said:?}", tool.name()).into()
        );
    }
    Ok(SIZE as f64 / 1e6 / spent)
}

/// A command that waits at the other end. Killed when dropped.
struct Running {
    child: Child,
    stderr: BufReader<ChildStderr>,
}

impl Running {
    /// Starts it and returns when it waits there, over the carrier that it is to use.
    fn start(field: &Field, tool: Tool, line: &str) -> Result<Running, Trouble> {
        let words = tool.words(field);
        let mut command: Command = field.lab.server().command(&words[0]);
        command.args(&words[1..]).args(["lab", line]);
        field.set_environment(&mut command);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let stderr = BufReader::new(child.stderr.take().ok_or("no stderr")?);
        let mut running = Running { child, stderr };
        let mut ready = String::new();
        running.stderr.read_line(&mut ready)?;
        if ready != "ready\n" {
            return Err(format!("{} said {ready:?}", tool.name()).into());
        }
        if tool == Tool::Abide {
            wait("QUIC", || {
                Ok(field.sessions()?.iter().any(|one| one.carrier() == "quic").then_some(()))
            })?;
        }
        Ok(running)
    }

    /// Waits for its end; returns what it said.
    fn end(&mut self) -> Result<String, Trouble> {
        let mut said = String::new();
        self.stderr.read_to_string(&mut said)?;
        let status = self.child.wait()?;
        if status.success() { Ok(said) } else { Err(format!("{status}: {said:?}").into()) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _ended = self.child.wait();
    }
}
