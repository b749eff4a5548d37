//! `abide timeouts chart`: what the timeouts of a host do together, as a picture in the terminal, as
//! SVG or as PNG. Looks as `show` does, asks `abide-timeouts`, draws; changes nothing.

mod request;
mod target;
mod what_if;

use std::ffi::OsString;
use std::path::Path;

use abide_chart::{Question, Scope, Story, Theme, picture, story_of, svg, text};
use abide_paint::Scale;

use crate::complaint::Complaint;
use crate::exit::Exit;
use crate::print;

use super::gather::{Gathered, gather};
use super::request::LookOptions;
use super::verb::Verb;
use target::Target;

/// As its usage errors speak of it.
const VERB: Verb = Verb { name: "chart", try_this: "abide timeouts chart --help" };

/// Its options. They may stand before or after the host.
#[derive(clap::Args, Clone, Debug, Default)]
pub(crate) struct Args {
    #[command(flatten)]
    look: LookOptions,
    /// Draw it as if this were set; may be given several times
    #[arg(long, value_name = "KEYWORD=VALUE")]
    what_if: Vec<String>,
    /// Write a picture, .svg or .png; `-o KEYWORD=VALUE` is ssh's, as ever
    #[arg(short, long, value_name = "FILE")]
    output: Vec<OsString>,
    /// The ground that the picture is for
    #[arg(long, value_name = "light|dark", value_parser = theme)]
    theme: Option<Theme>,
    /// [ssh's flags] HOST
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "HOST")]
    words: Vec<OsString>,
}

/// Does it.
pub(crate) fn run(args: &Args) -> Result<Exit, Complaint> {
    let request = request::read(args)?;
    let target = Target::of(request.output.as_deref())?;
    let seen = gather(&request.look, |_| ())?;
    let what_if = what_if::apply(&seen.setup, &request.what_if)?;
    let (title, scope) = about(&seen);
    let question = Question { title: &title, scope, now: &seen.setup, what_if: what_if.as_ref() };
    draw(&story_of(&question), &target, request.theme)?;
    Ok(Exit::OK)
}

/// What the chart is called, and whose timers it is about.
fn about(seen: &Gathered) -> (String, Scope) {
    let name = &seen.name;
    match &seen.client {
        Some(client) => {
            let port = &client.port;
            let title =
                format!("What the timeouts between here and {name} do together (port {port})");
            (title, Scope::Connection)
        }
        None => (format!("What the sshd on {name} does about silence"), Scope::Server),
    }
}

fn draw(story: &Story, target: &Target, theme: Theme) -> Result<(), Complaint> {
    match target {
        Target::Terminal => print::out(text(story, target::terminal())),
        Target::Svg(path) => write(path, svg(&picture(story), theme).as_bytes())?,
        Target::Png(path) => {
            let pixels = abide_paint::png(&picture(story), theme, Scale::DOUBLE);
            let pixels = pixels.map_err(|error| Complaint::new(error.to_string()))?;
            write(path, &pixels)?;
        }
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Complaint> {
    std::fs::write(path, bytes).map_err(|error| {
        Complaint::new(format!("`{}` cannot be written", path.display()))
            .because(error.to_string())
            .try_this("-o with a file in a folder of yours")
    })?;
    print::out(format!("{}: {} KB\n", path.display(), bytes.len().div_ceil(1_000)));
    Ok(())
}

fn theme(text: &str) -> Result<Theme, String> {
    match text {
        "light" => Ok(Theme::Light),
        "dark" => Ok(Theme::Dark),
        _ => Err(format!("`{text}` is neither light nor dark")),
    }
}
