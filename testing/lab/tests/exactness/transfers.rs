//! The transfers: how each is run, and what must be the same at its end.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use abide_lab::{LinkSettings, PathSettings, Profile, Program};

use crate::files::{mixed_directory, random_file, same, size};
use crate::place::{Place, Trouble, run};
use crate::trial::Trial;

/// How long something without faults may take.
const LIMIT: Duration = Duration::from_secs(60);

/// One kind of transfer.
pub(crate) struct Transfer {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&mut Trial<'_>) -> Result<(), Trouble>,
}

/// Every transfer, the longest first.
pub(crate) const ALL: [Transfer; 9] = [
    Transfer { name: "rsync", run: rsync },
    Transfer { name: "cat >f, ssh only", run: |trial| upload(trial, &["--no-udp"]) },
    Transfer { name: "cat f, ssh only", run: |trial| download(trial, &["--no-udp"]) },
    Transfer { name: "cat >f", run: |trial| upload(trial, &[]) },
    Transfer { name: "cat f", run: |trial| download(trial, &[]) },
    Transfer { name: "git clone and push", run: git },
    Transfer { name: "scp, there and back", run: scp },
    Transfer { name: "sftp, put and get", run: sftp },
    Transfer { name: "rsync, as it came", run: rsync_back },
];

/// How much is moved, through how many faults, how fast.
pub(crate) struct Amounts {
    rsync: (u64, usize),
    pipe: (u64, usize),
    /// For one direction of scp, sftp and git.
    file: (u64, usize),
    rate: u64,
    /// How long one transfer, or the way to its next fault, may take.
    pub(crate) limit: Duration,
}

impl Amounts {
    pub(crate) fn new(full: bool) -> Amounts {
        const MB: u64 = 1_000_000;
        if full {
            let (rsync, pipe, file) = ((1_000 * MB, 20), (500 * MB, 10), (200 * MB, 5));
            Amounts { rsync, pipe, file, rate: 200 * MB, limit: Duration::from_secs(900) }
        } else {
            let (rsync, pipe, file) = ((60 * MB, 5), (40 * MB, 5), (20 * MB, 5));
            Amounts { rsync, pipe, file, rate: 60 * MB, limit: Duration::from_secs(90) }
        }
    }

    /// 20 ms each way, at the rate.
    pub(crate) fn link(&self) -> LinkSettings {
        let queue = (self.rate / 8 / 5) as usize;
        LinkSettings::symmetric(PathSettings::new(
            Duration::from_millis(20),
            Some(self.rate),
            queue,
        ))
    }
}

/// Has the keeper uploaded once, where that is quick.
pub(crate) fn bring_the_keeper(program: &Program) -> Result<(), Trouble> {
    let place = Place::new(Profile::Lan, program)?;
    let output = run(place.shell(place.abide(), &["lab", "true"]), None, LIMIT)?;
    let said = || format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    if output.status.success() { Ok(()) } else { Err(said().into()) }
}

fn rsync(trial: &mut Trial<'_>) -> Result<(), Trouble> {
    let (bytes, faults) = trial.amounts.rsync;
    rsync_one_way(trial, bytes, faults, |there| format!("lab:{there}"), |here| here)
}

fn rsync_back(trial: &mut Trial<'_>) -> Result<(), Trouble> {
    let (bytes, faults) = trial.amounts.file;
    rsync_one_way(trial, bytes, faults, |here| here, |there| format!("lab:{there}"))
}

fn rsync_one_way(
    trial: &mut Trial<'_>,
    bytes: u64,
    faults: usize,
    to: fn(String) -> String,
    from: fn(String) -> String,
) -> Result<(), Trouble> {
    let (source, copy) = (trial.place.path("source"), trial.place.path("copy"));
    mixed_directory(&source, bytes)?;
    fs::create_dir(&copy)?;
    let bytes = size(&source);
    let mut command = trial.place.command("rsync");
    command.args(["--archive", "--rsh", &trial.place.abide_line()]);
    command.arg(from(format!("{}/", source.display()))).arg(to(format!("{}/", copy.display())));
    trial.transfer(command, bytes, faults, &|| size(&copy))?;
    same(&source, &copy)
}

fn upload(trial: &mut Trial<'_>, words: &[&str]) -> Result<(), Trouble> {
    let (bytes, faults) = trial.amounts.pipe;
    let (source, copy) = source_and_copy(trial, bytes)?;
    let line = format!("cat >{}", copy.display());
    let mut command = trial.place.shell(trial.place.abide(), words);
    command.args(["lab", &line]).stdin(File::open(&source)?);
    trial.transfer(command, bytes, faults, &|| size(&copy))?;
    same(&source, &copy)
}

fn download(trial: &mut Trial<'_>, words: &[&str]) -> Result<(), Trouble> {
    let (bytes, faults) = trial.amounts.pipe;
    let (source, copy) = source_and_copy(trial, bytes)?;
    let line = format!("cat {}", source.display());
    let mut command = trial.place.shell(trial.place.abide(), words);
    command.args(["lab", &line]).stdout(File::create(&copy)?);
    trial.transfer(command, bytes, faults, &|| size(&copy))?;
    same(&source, &copy)
}

fn scp(trial: &mut Trial<'_>) -> Result<(), Trouble> {
    let (bytes, faults) = trial.amounts.file;
    let (source, copy) = source_and_copy(trial, bytes)?;
    let back = trial.place.path("back");
    let far = format!("lab:{}", copy.display());
    let there = [source.as_os_str().to_owned(), far.clone().into()];
    let here = [far.into(), back.as_os_str().to_owned()];
    for (ends, arriving, faults) in [(there, &copy, faults), (here, &back, faults)] {
        let mut command = trial.place.shell("scp", &["-S", trial.place.abide()]);
        command.args(ends);
        trial.transfer(command, bytes, faults, &|| size(arriving))?;
    }
    same(&source, &copy)?;
    same(&source, &back)
}

fn sftp(trial: &mut Trial<'_>) -> Result<(), Trouble> {
    let (bytes, faults) = trial.amounts.file;
    let (source, copy) = source_and_copy(trial, bytes)?;
    let (back, batch) = (trial.place.path("back"), trial.place.path("batch"));
    let [source_name, copy_name, back_name] = [&source, &copy, &back].map(|path| path.display());
    fs::write(&batch, format!("put {source_name} {copy_name}\nget {copy_name} {back_name}\n"))?;
    let mut command = trial.place.shell("sftp", &["-S", trial.place.abide()]);
    command.arg("-b").arg(&batch).arg("lab").stdout(Stdio::null());
    trial.transfer(command, 2 * bytes, faults, &|| size(&copy) + size(&back))?;
    same(&source, &copy)?;
    same(&source, &back)
}

fn git(trial: &mut Trial<'_>) -> Result<(), Trouble> {
    let (bytes, faults) = trial.amounts.file;
    let (far, work, clone) =
        (trial.place.path("far.git"), trial.place.path("work"), trial.place.path("clone"));
    let url = format!("lab:{}", far.display());
    local_git(trial, Path::new("/"), &["init", "--quiet", "--bare", path_of(&far)])?;
    local_git(trial, Path::new("/"), &["init", "--quiet", path_of(&work)])?;
    commit(trial, &work, bytes)?;
    local_git(trial, &work, &["push", "--quiet", path_of(&far), "HEAD:main"])?;
    local_git(trial, &far, &["symbolic-ref", "HEAD", "refs/heads/main"])?;

    let mut command = git_command(trial);
    command.args(["clone", "--quiet", &url]).arg(&clone);
    trial.transfer(command, bytes, faults, &|| size(&clone.join(".git")))?;
    local_git(trial, &clone, &["fsck", "--strict"])?;
    same(&work.join("data"), &clone.join("data"))?;

    commit(trial, &clone, bytes)?;
    let mut command = git_command(trial);
    command.args(["push", "--quiet", "origin", "HEAD:main"]).current_dir(&clone);
    trial.transfer(command, bytes, faults, &|| size(&far))?;
    local_git(trial, &far, &["fsck", "--strict"])?;
    let heads =
        [&far, &clone].map(|repository| local_git(trial, repository, &["rev-parse", "HEAD"]));
    let [far, clone] = heads;
    if far? == clone? { Ok(()) } else { Err("the push did not arrive".into()) }
}

/// Commits another file of random bytes.
fn commit(trial: &Trial<'_>, repository: &Path, bytes: u64) -> Result<(), Trouble> {
    random_file(&repository.join("data"), bytes)?;
    local_git(trial, repository, &["add", "data"])?;
    local_git(trial, repository, &["commit", "--quiet", "--message", "data"])?;
    Ok(())
}

/// Git without anybody's settings, and without time spent on compressing what is random.
fn git_command(trial: &Trial<'_>) -> Command {
    let mut command = trial.place.command("git");
    for (name, value) in [
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_SSH_COMMAND", &trial.place.abide_line()),
        ("GIT_AUTHOR_NAME", "lab"),
        ("GIT_AUTHOR_EMAIL", "lab@example.org"),
        ("GIT_COMMITTER_NAME", "lab"),
        ("GIT_COMMITTER_EMAIL", "lab@example.org"),
    ] {
        command.env(name, value);
    }
    command.args(["-c", "core.compression=0", "-c", "gc.auto=0"]);
    command
}

/// Git on this machine; its output.
fn local_git(trial: &Trial<'_>, directory: &Path, words: &[&str]) -> Result<String, Trouble> {
    let mut command = git_command(trial);
    let output = run_in(command.current_dir(directory).args(words))?;
    Ok(output)
}

fn run_in(command: &mut Command) -> Result<String, Trouble> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)).into())
}

fn path_of(path: &Path) -> &str {
    path.to_str().expect("a path of the test's own")
}

fn source_and_copy(trial: &Trial<'_>, bytes: u64) -> Result<(PathBuf, PathBuf), Trouble> {
    let (source, copy) = (trial.place.path("source"), trial.place.path("copy"));
    random_file(&source, bytes)?;
    Ok((source, copy))
}
