//! What the reading script said, taken apart: lines and files. Not what they mean; that is `server`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use abide_host::random;
use abide_openssh::Invocation;
use abide_timeouts::{Fact, Origin, Reason, Version};

use super::login::{self, Output};

/// More lines of our own than these are passed over.
const MAX_LINES: usize = 65_536;
/// What ssh writes before the release of the other side, with `-v`.
const BANNER: &str = "remote software version ";

/// A server as it reported itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Key and value of each line.
    pub(super) lines: Vec<(String, String)>,
    /// sshd's files.
    pub(super) files: Vec<(PathBuf, String)>,
    /// The server's banner, if ssh told it.
    pub(super) banner: Option<String>,
    /// Why the script did not run to its end.
    pub(super) failed: Option<String>,
}

/// Not even that.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The program could not be run, or did not end.
    #[error("cannot run `{program}`: {source}")]
    Run {
        /// ssh or sh.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Reads this machine's sshd; `config` where it is not /etc/ssh/sshd_config or that of the running
/// one.
///
/// # Errors
/// See [`ReportError`].
pub fn report_here(config: Option<&Path>, user: &str) -> Result<Report, ReportError> {
    let token = token();
    let output = login::here(&token, config.map(Path::as_os_str), user);
    let run = |source| ReportError::Run { program: "sh".to_owned(), source };
    Ok(Report::read(&token, &output.map_err(run)?))
}

/// Reads a server over the user's own ssh, which may ask for a password. A login that fails is no
/// error: the report says why, and has the banner if there was one.
///
/// # Errors
/// See [`ReportError`].
pub fn report_there(ssh: &OsStr, invocation: &Invocation) -> Result<Report, ReportError> {
    let token = token();
    let output = login::there(&token, ssh, invocation);
    let run = |source| ReportError::Run { program: ssh.display().to_string(), source };
    Ok(Report::read(&token, &output.map_err(run)?))
}

fn token() -> String {
    format!("{:016x}", u64::from_ne_bytes(random::bytes()))
}

impl Report {
    fn read(token: &str, output: &Output) -> Self {
        let mark = format!("abide:{token}:");
        let mut report = Report { banner: banner(&output.stderr), ..Report::default() };
        let mut open: Option<(PathBuf, String)> = None;
        let ours = output.stdout.lines().filter_map(|line| line.strip_prefix(&mark));
        for line in ours.take(MAX_LINES) {
            if let (Some((_, text)), Some(part)) = (&mut open, line.strip_prefix('|')) {
                text.push_str(part);
                text.push('\n');
                continue;
            }
            let (key, value) = line.split_once(' ').unwrap_or((line, ""));
            match key {
                "begin" => open = Some((PathBuf::from(value), String::new())),
                "end" => report.files.extend(open.take()),
                _ => report.lines.push((key.to_owned(), value.trim_end().to_owned())),
            }
        }
        if report.get("done").is_none() {
            report.failed = Some(last_words(output));
        }
        report
    }

    /// The first value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.all(key).next()
    }

    /// All values of a key.
    pub(super) fn all(&self, key: &str) -> impl Iterator<Item = &str> {
        let mine = self.lines.iter().filter(move |(known, _)| known == key);
        mine.map(|(_, value)| value.as_str())
    }

    /// Why nothing could be read, if so.
    pub fn failed(&self) -> Option<&str> {
        self.failed.as_deref()
    }

    /// The release: the banner is what runs, `sshd -V` what is installed.
    pub(super) fn version(&self) -> Fact<Version> {
        if let Some(banner) = &self.banner {
            return match Version::parse(banner) {
                Some(version) => Fact::Known(version, Origin::Banner(banner.clone())),
                None => Fact::NotChecked(Reason::Unreadable(banner.clone())),
            };
        }
        match self.get("version").and_then(Version::parse) {
            Some(version) => Fact::Known(version, Origin::Program("sshd -V".to_owned())),
            None => Fact::NotChecked(self.missing("the server's banner")),
        }
    }

    /// Why something is not known.
    pub(super) fn missing(&self, teller: &str) -> Reason {
        match &self.failed {
            Some(said) => Reason::Failed(said.clone()),
            None => Reason::NotTold(teller.to_owned()),
        }
    }
}

#[cfg(test)]
impl Report {
    /// One with these lines, each a key and its value.
    pub(super) fn of(lines: &[&str]) -> Self {
        let split = |line: &&str| {
            let (key, value) = line.split_once(' ').unwrap_or((line, ""));
            (key.to_owned(), value.to_owned())
        };
        Report { lines: lines.iter().map(split).collect(), ..Report::default() }
    }
}

fn banner(stderr: &str) -> Option<String> {
    let line = stderr.lines().find(|line| line.starts_with("debug1:") && line.contains(BANNER))?;
    Some(line[line.find(BANNER)? + BANNER.len()..].trim().to_owned())
}

/// How lines begin that ssh writes with `-v` and that say nothing about why a login failed.
const CHATTER: [&str; 6] =
    ["debug", "OpenSSH_", "Transferred: ", "Bytes per second: ", "Authenticated to ", "Warning: "];

/// The last thing that ssh said which is not for developers; else what the account said instead of
/// running anything.
fn last_words(output: &Output) -> String {
    let tells = |line: &&str| {
        !line.trim().is_empty() && !CHATTER.iter().any(|start| line.starts_with(start))
    };
    let by_ssh = output.stderr.lines().rfind(tells);
    let by_account = output.stdout.lines().rfind(tells);
    let said = by_ssh.or(by_account).unwrap_or("the login ended without a word");
    said.trim().trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_lines_and_files_are_found_among_others() {
        let output = Output {
            stdout:
                "Welcome!\nabide:7:linux\nabide:8:linux x\nabide:7:begin /a\nabide:7:|Port 22\n\
                     abide:7:|\n\nabide:7:end /a\nabide:7:set port 22\nabide:7:done\n"
                    .into(),
            stderr: "debug1: Remote protocol version 2.0, remote software version OpenSSH_9.2p1 \
                     Debian-2\n"
                .into(),
        };
        let report = Report::read("7", &output);
        assert_eq!(report.files, [(PathBuf::from("/a"), "Port 22\n\n".to_owned())]);
        assert_eq!(report.all("set").collect::<Vec<_>>(), ["port 22"]);
        assert_eq!(report.failed(), None);
        assert_eq!(report.version().known(), Some(&Version::new(9, 2)));
    }

    #[test]
    fn a_login_that_fails_leaves_the_banner_and_says_why() {
        let stderr = "OpenSSH_9.2p1\ndebug1: Remote protocol version 2.0, remote software version \
                      dropbear_2022.83\ndebug1: No more authentication methods to try.\n\
                      u@h: Permission denied (publickey).\n";
        let report = Report::read("7", &Output { stdout: String::new(), stderr: stderr.into() });
        assert_eq!(report.failed(), Some("u@h: Permission denied (publickey)"));
        let foreign = Fact::NotChecked(Reason::Unreadable("dropbear_2022.83".into()));
        assert_eq!(report.version(), foreign);
    }

    #[test]
    fn an_account_that_runs_nothing_says_so_itself() {
        let stdout = "This account is currently not available.\n".to_owned();
        let stderr = "debug1: x\nAuthenticated to h ([192.0.2.1]:22) using \"publickey\".\n".into();
        let report = Report::read("7", &Output { stdout, stderr });
        assert_eq!(report.failed(), Some("This account is currently not available"));
    }
}
