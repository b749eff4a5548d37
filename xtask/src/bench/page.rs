//! docs/benchmarks.md: sections that a benchmark replaces whole when told to `--write`, each with the
//! date, the machine and the versions that its figures are of. Does not measure.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Trouble, field};

/// The page as long as nothing was measured.
const EMPTY: &str = "\
# Benchmarks

Made by `cargo xtask bench` (`cargo xtask bench typing|flood|outage-lines|forward --write`): every tool
in the same lab of network namespaces with a real sshd and an emulated link, watched from outside
through a terminal model. Figures are of the machine and the day that stand with them; compare within a
table, not between machines.

Links, one way delay each: lan 0.1 ms; wan100 50 ms, 100 Mbit/s; sg-mit 136.5 ms, 100 Mbit/s; evdo
250 ± 50 ms, 1 Mbit/s down, 0.4 up, queues of 1.5 s; lossy 50 ms and 15 % loss each way; bloat 25 ms,
5 Mbit/s down with a queue of 5 s that somebody else's download keeps full; sat600 300 ms, 20/3 Mbit/s.
";

/// The root of the repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// Where a picture of the page goes; its folder exists then.
pub(crate) fn picture(name: &str) -> Result<PathBuf, Trouble> {
    let folder = root().join("docs/images");
    fs::create_dir_all(&folder)?;
    Ok(folder.join(name))
}

/// Replaces a section, or adds it at the end.
pub(crate) fn write(section: &str, text: &str) -> Result<(), Trouble> {
    let path = root().join("docs/benchmarks.md");
    let page = fs::read_to_string(&path).unwrap_or_else(|_| EMPTY.to_owned());
    fs::write(&path, with_section(&page, section, text))?;
    eprintln!("{}: {section}", path.display());
    Ok(())
}

fn with_section(page: &str, section: &str, text: &str) -> String {
    let (begin, end) = (format!("<!-- {section} -->\n"), format!("<!-- end {section} -->\n"));
    let text = format!("{begin}{}\n{end}", text.trim_end());
    match page.split_once(&begin) {
        Some((before, rest)) => {
            let after = rest.split_once(&end).map_or("", |(_, after)| after);
            format!("{before}{text}{after}")
        }
        None => format!("{}\n\n{text}", page.trim_end()),
    }
}

/// Day, machine and versions, as one sentence.
pub(crate) fn circumstances() -> String {
    let of = |program: &str, words: &[&str]| -> String {
        let output = Command::new(program).args(words).output();
        let output = output.map(|output| [output.stdout, output.stderr].concat());
        let text = String::from_utf8_lossy(&output.unwrap_or_default()).into_owned();
        text.lines().next().unwrap_or_default().trim().to_owned()
    };
    let abide = field::find().unwrap_or_default();
    let build = abide.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    let ssh = of("ssh", &["-V"]);
    let mosh = of("mosh", &["--version"]);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!(
        "{}: {} ({build} build, commit {}), {}, {}; {} {}, {cores} cores, client and server on \
         the same machine.",
        of("date", &["-u", "+%F"]),
        of(&abide.display().to_string(), &["--version"]),
        of("git", &["-C", &root().display().to_string(), "rev-parse", "--short", "HEAD"]),
        ssh.split(',').next().unwrap_or_default(),
        mosh.split(['(', '[']).next().unwrap_or_default().trim(),
        of("uname", &["-s"]),
        of("uname", &["-r"]),
    )
}

#[test]
fn a_section_is_replaced_where_it_stands() {
    let page = with_section(&with_section("top\n", "one", "1\n"), "two", "2");
    let again = with_section(&page, "one", "new");
    assert_eq!(
        again,
        "top\n\n<!-- one -->\nnew\n<!-- end one -->\n\n<!-- two -->\n2\n<!-- end two -->\n"
    );
}
