//! What a chart is drawn for: this terminal, or a file whose name tells its kind.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use abide_chart::{Colour, Letters, MIN_WIDTH, Terminal};

use crate::complaint::Complaint;
use crate::exit::Exit;

/// Where the chart goes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// To stdout, as text.
    Terminal,
    /// Into a file, as SVG.
    Svg(PathBuf),
    /// Into a file, as PNG.
    Png(PathBuf),
}

impl Target {
    /// Reads the file's name.
    pub(super) fn of(output: Option<&Path>) -> Result<Self, Complaint> {
        let Some(path) = output else { return Ok(Target::Terminal) };
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        match ending.to_ascii_lowercase().as_str() {
            "svg" => Ok(Target::Svg(path.to_owned())),
            "png" => Ok(Target::Png(path.to_owned())),
            _ => Err(Complaint::new(format!("`{}` is neither .svg nor .png", path.display()))
                .because("the name's ending says which kind of picture to write")
                .try_this("abide timeouts chart HOST -o chart.svg")
                .exit(Exit::USAGE)),
        }
    }
}

/// What the terminal on stdout can show.
pub(super) fn terminal() -> Terminal {
    let stdout = std::io::stdout();
    let is_terminal = stdout.is_terminal();
    let columns = abide_host::tty::size(&stdout).map(|size| usize::from(size.cols));
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    Terminal {
        width: columns.ok().filter(|_| is_terminal).unwrap_or(MIN_WIDTH),
        colour: colour(is_terminal, variable("NO_COLOR"), variable("TERM")),
        letters: letters(
            variable("LC_ALL").or_else(|| variable("LC_CTYPE")).or_else(|| variable("LANG")),
        ),
    }
}

fn colour(is_terminal: bool, no_color: Option<OsString>, term: Option<OsString>) -> Colour {
    let is_dumb = term.is_none_or(|term| term == "dumb");
    if is_terminal && no_color.is_none() && !is_dumb { Colour::On } else { Colour::Off }
}

/// Unicode, but where the locale names another character set. No locale at all is what containers
/// and cron have, whose output ends in terminals that show Unicode.
fn letters(locale: Option<OsString>) -> Letters {
    let Some(locale) = locale else { return Letters::Unicode };
    let locale = locale.to_string_lossy().to_ascii_lowercase();
    if locale.contains("utf-8") || locale.contains("utf8") {
        Letters::Unicode
    } else {
        Letters::Ascii
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_ending_is_its_kind() {
        let of = |name| Target::of(Some(Path::new(name)));
        assert_eq!(of("a/b.SVG"), Ok(Target::Svg("a/b.SVG".into())));
        assert_eq!(of("b.png"), Ok(Target::Png("b.png".into())));
        assert!(of("b.pdf").is_err() && of("svg").is_err());
        assert_eq!(Target::of(None), Ok(Target::Terminal));
    }

    #[test]
    fn colours_need_a_terminal_that_wants_them() {
        let set = |value: &str| Some(OsString::from(value));
        assert_eq!(colour(true, None, set("xterm")), Colour::On);
        assert_eq!(colour(false, None, set("xterm")), Colour::Off);
        assert_eq!(colour(true, set("1"), set("xterm")), Colour::Off);
        assert_eq!(colour(true, None, set("dumb")), Colour::Off);
        assert_eq!(colour(true, None, None), Colour::Off);
    }

    #[test]
    fn the_locale_decides_about_letters() {
        let of = |value: &str| letters(Some(OsString::from(value)));
        assert_eq!(of("de_DE.UTF-8"), Letters::Unicode);
        assert_eq!(of("C.utf8"), Letters::Unicode);
        assert_eq!(of("C"), Letters::Ascii);
        assert_eq!(of("de_DE@euro"), Letters::Ascii);
        assert_eq!(letters(None), Letters::Unicode);
    }
}
