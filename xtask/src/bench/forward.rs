//! What `-L` costs: throughput of one connection each way, what it adds to a request, and a thousand
//! connections at once. Client and sshd in the lab's server, over its loopback: the program is measured,
//! no path.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use abide_compare::Sample;
use abide_host::clock;
use abide_lab::Profile;

use super::field::{Field, OPEN_LIMIT};
use super::page;
use super::request::{list, number, read};
use super::tool::Tool;
use super::{Trouble, field};

const USAGE: &str = "\
usage: cargo xtask bench forward [--tools A,B] [--runs N] [--megabytes N] [--connections N] [--write]

tools (default): ssh abide abide-no-udp; --runs 3 of 300 MB each way; 1,000 connections at once";

const TOOLS: [Tool; 3] = [Tool::Ssh, Tool::Abide, Tool::AbidePipe];
/// Requests whose time is taken, one after the other.
const REQUESTS: usize = 300;
/// How long a transfer, or all connections together, may take.
const LIMIT: Duration = Duration::from_secs(120);
const BLOCK: usize = 1 << 18;
/// What a connection asks of the far program with its first byte.
const GIVE: u8 = b'g';
const TAKE: u8 = b't';
const ECHO: u8 = b'e';

struct Settings {
    tools: Vec<Tool>,
    runs: usize,
    bytes: usize,
    connections: usize,
}

/// One tool's figures.
#[derive(Default)]
struct Forwarded {
    down: Sample,
    up: Sample,
    /// Milliseconds of a request over the forward.
    request: Sample,
    /// Connections that were served right, and how long all took.
    served: usize,
    seconds: f64,
}

pub(crate) fn run(words: &[&str]) -> Result<(), String> {
    let mut settings =
        Settings { tools: TOOLS.into(), runs: 3, bytes: 300_000_000, connections: 1_000 };
    let write = read(words, USAGE, |word, value| {
        match word {
            "--tools" => settings.tools = list(value, Tool::by_name, USAGE)?,
            "--runs" => settings.runs = number(value, USAGE)?,
            "--megabytes" => settings.bytes = number(value, USAGE)? * 1_000_000,
            "--connections" => settings.connections = number(value, USAGE)?,
            _ => return Err(USAGE.to_owned()),
        }
        Ok(())
    })?;
    let table = measure(&settings).map_err(|error| error.to_string())?;
    println!("{table}");
    let text = format!("### Forwards (-L)\n\n{table}\n{}\n", page::circumstances());
    if write { page::write("forward", &text).map_err(|error| error.to_string()) } else { Ok(()) }
}

fn measure(settings: &Settings) -> Result<String, Trouble> {
    let field = Field::up(Profile::Lan)?;
    let far = far_program(&field)?;
    let direct = requests(&field, far)?;
    let mut text = format!(
        "| tool | down MB/s (of ssh's) | up MB/s (of ssh's) | added to a request ms | {} connections at once: served right, s |\n\
         |---|---|---|---|---|\n",
        settings.connections
    );
    let mut rows: Vec<(Tool, Forwarded)> = Vec::new();
    for tool in &settings.tools {
        match of_tool(&field, *tool, far, settings) {
            Ok(figures) => rows.push((*tool, figures)),
            Err(error) => {
                eprintln!("  forward {}: {error}", tool.name());
                text.push_str(&format!("| {} | failed: {error} | | | |\n", tool.name()));
            }
        }
    }
    let ssh = rows.iter().find(|(tool, _)| *tool == Tool::Ssh);
    let ssh = ssh.map_or((0.0, 0.0), |(_, ssh)| (ssh.down.median(), ssh.up.median()));
    for (tool, figures) in &rows {
        let Forwarded { down, up, request, served, seconds } = figures;
        text.push_str(&format!(
            "| {} | {:.0} ({:.2}) | {:.0} ({:.2}) | {:.2} | {served}, {seconds:.1} |\n",
            tool.name(),
            down.median(),
            down.median() / ssh.0,
            up.median(),
            up.median() / ssh.1,
            request.median() - direct.median(),
        ));
    }
    Ok(text)
}

fn of_tool(
    field: &Field,
    tool: Tool,
    far: SocketAddr,
    settings: &Settings,
) -> Result<Forwarded, Trouble> {
    let (_running, near) = forward(field, tool, far)?;
    let mut figures = Forwarded { request: requests(field, near)?, ..Forwarded::default() };
    for _ in 0..settings.runs {
        figures.down.add(download(field, near, settings.bytes)?);
        figures.up.add(upload(field, near, settings.bytes)?);
    }
    (figures.served, figures.seconds) = many(field, near, settings.connections)?;
    Ok(figures)
}

/// A client with a forward. Killed when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Asked first, so that its keeper ends too.
        let _asked = Command::new("kill").arg(self.0.id().to_string()).status();
        let until = clock::now() + field::SOON;
        while clock::now() < until && matches!(self.0.try_wait(), Ok(None)) {
            std::thread::sleep(field::LOOK_EVERY);
        }
        let _ended_already = self.0.kill();
        let _ended = self.0.wait();
    }
}

/// Starts it, and returns when a connection through it is served, on the carrier that is meant.
fn forward(field: &Field, tool: Tool, far: SocketAddr) -> Result<(Running, SocketAddr), Trouble> {
    let near = free_port(field)?;
    let words = tool.words(field);
    let mut command = field.lab.server().command(&words[0]);
    let known: Vec<u32> = field.sessions()?.iter().map(|session| session.keeper_pid).collect();
    command.args(&words[1..]).args(["-L", &format!("{near}:{far}"), "lab", "exec cat"]);
    field.set_environment(&mut command);
    // Held open: the command waits for its end.
    command.stdin(Stdio::piped()).stdout(Stdio::null());
    let mut running = Running(command.spawn()?);
    let deadline = clock::now() + OPEN_LIMIT;
    while let Err(error) = connect(field, near).and_then(|stream| request(stream).map(drop)) {
        if clock::now() >= deadline {
            return Err(format!("no forward: {error}").into());
        }
        if let Some(status) = running.0.try_wait()? {
            return Err(format!("the client ended: {status}").into());
        }
        std::thread::sleep(field::LOOK_EVERY);
    }
    if tool.has_quic() {
        field.wait_for_carrier("quic", &known)?;
    }
    Ok((running, near))
}

fn free_port(field: &Field) -> Result<SocketAddr, Trouble> {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Ok(field.lab.server().enter(|| TcpListener::bind(any)?.local_addr())??)
}

fn connect(field: &Field, to: SocketAddr) -> Result<TcpStream, Trouble> {
    let stream = field.lab.server().enter(|| TcpStream::connect(to))??;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    Ok(stream)
}

/// The program behind the forward: gives bytes, takes bytes, or echoes.
fn far_program(field: &Field) -> Result<SocketAddr, Trouble> {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listener = field.lab.server().enter(|| TcpListener::bind(any))??;
    let address = listener.local_addr()?;
    // Ends with this program.
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let small = std::thread::Builder::new().stack_size(128 << 10);
            let _refused = small.spawn(move || serve(stream));
        }
    });
    Ok(address)
}

fn serve(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut what = [0];
    stream.read_exact(&mut what)?;
    match what[0] {
        GIVE => {
            let mut count = [0; 8];
            stream.read_exact(&mut count)?;
            let (mut left, block) = (u64::from_be_bytes(count) as usize, vec![0x5a; BLOCK]);
            while left > 0 {
                let part = left.min(BLOCK);
                stream.write_all(&block[..part])?;
                left -= part;
            }
        }
        TAKE => {
            let (mut block, mut taken) = (vec![0; BLOCK], 0_u64);
            loop {
                match stream.read(&mut block)? {
                    0 => break,
                    count => taken += count as u64,
                }
            }
            stream.write_all(&taken.to_be_bytes())?;
        }
        _ => {
            let mut bytes = [0; 64];
            loop {
                match stream.read(&mut bytes)? {
                    0 => break,
                    count => stream.write_all(&bytes[..count])?,
                }
            }
        }
    }
    Ok(())
}

/// Megabytes a second from the far program.
fn download(field: &Field, near: SocketAddr, bytes: usize) -> Result<f64, Trouble> {
    let mut stream = connect(field, near)?;
    let began = clock::now();
    stream.write_all(&[GIVE])?;
    stream.write_all(&(bytes as u64).to_be_bytes())?;
    let (mut block, mut got) = (vec![0; BLOCK], 0);
    while got < bytes {
        match stream.read(&mut block)? {
            0 => return Err(format!("ended after {got} bytes of {bytes}").into()),
            count => got += count,
        }
    }
    Ok(bytes as f64 / 1e6 / clock::now().since(began).as_secs_f64())
}

/// Megabytes a second to the far program, which says how many it got.
fn upload(field: &Field, near: SocketAddr, bytes: usize) -> Result<f64, Trouble> {
    let mut stream = connect(field, near)?;
    let (block, began) = (vec![0x5a; BLOCK], clock::now());
    stream.write_all(&[TAKE])?;
    let mut left = bytes;
    while left > 0 {
        let part = left.min(BLOCK);
        stream.write_all(&block[..part])?;
        left -= part;
    }
    stream.shutdown(std::net::Shutdown::Write)?;
    let mut taken = [0; 8];
    stream.read_exact(&mut taken)?;
    let taken = u64::from_be_bytes(taken);
    if taken != bytes as u64 {
        return Err(format!("{bytes} bytes sent, the other end says {taken}").into());
    }
    Ok(bytes as f64 / 1e6 / clock::now().since(began).as_secs_f64())
}

/// Milliseconds of requests on one open connection.
fn requests(field: &Field, to: SocketAddr) -> Result<Sample, Trouble> {
    let mut stream = request(connect(field, to)?)?;
    let mut times = Sample::default();
    for _ in 0..REQUESTS {
        let began = clock::now();
        exchange(&mut stream, *b"ask!")?;
        times.add(clock::now().since(began).as_secs_f64() * 1e3);
    }
    Ok(times)
}

/// Asks for echoes, and for one of them.
fn request(mut stream: TcpStream) -> Result<TcpStream, Trouble> {
    stream.write_all(&[ECHO])?;
    exchange(&mut stream, *b"here")?;
    Ok(stream)
}

fn exchange(stream: &mut TcpStream, words: [u8; 4]) -> Result<(), Trouble> {
    stream.write_all(&words)?;
    let mut answer = [0; 4];
    stream.read_exact(&mut answer)?;
    if answer == words { Ok(()) } else { Err(format!("{words:?} came back as {answer:?}").into()) }
}

/// Opens so many connections, then asks on all of them: how many answered with their own words, and
/// seconds for all.
fn many(field: &Field, near: SocketAddr, count: usize) -> Result<(usize, f64), Trouble> {
    let began = clock::now();
    let connect_all = || (0..count).map(|_| TcpStream::connect(near)).collect::<Vec<_>>();
    let streams = field.lab.server().enter(connect_all)?;
    let mut asked = Vec::new();
    for (at, stream) in streams.into_iter().enumerate() {
        let Ok(mut stream) = stream else { continue };
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        let words = (at as u32).to_be_bytes();
        if stream.write_all(&[ECHO]).and_then(|()| stream.write_all(&words)).is_ok() {
            asked.push((stream, words));
        }
    }
    let mut served = 0;
    for (stream, words) in &mut asked {
        let mut answer = [0; 4];
        served += usize::from(stream.read_exact(&mut answer).is_ok() && answer == *words);
    }
    Ok((served, clock::now().since(began).as_secs_f64()))
}
