//! The command line of `abide timeouts verify`: our options before or after ssh's words, as ssh has no
//! long ones. What the words mean is `abide_openssh`'s to say.

use std::ffi::OsString;
use std::os::unix::fs::FileTypeExt;
use std::time::Duration;

use abide_openssh::Invocation;
use abide_terms::parse_span;

use super::super::verb::{Verb, Words};
use super::{Args, Wish};
use crate::complaint::Complaint;

/// Shortest watch that sees anything.
const MIN_SPAN: Duration = Duration::from_secs(1);

/// As its usage errors speak of it.
const VERB: Verb = Verb { name: "verify", try_this: "abide timeouts verify HOST --quick --cut" };

/// The wish, and ssh's words.
pub(super) fn read(args: &Args) -> Result<(Wish, Vec<OsString>), Complaint> {
    let mut args = args.clone();
    let mut words = Words::new(VERB, std::mem::take(&mut args.words));
    while let Some(name) = words.advance() {
        match &*name {
            "--quick" if words.is_bare() => args.quick = true,
            "--cut" if words.is_bare() => args.cut = true,
            "--json" if words.is_bare() => args.json = true,
            "--for" => args.span = Some(words.text()?),
            "--client-alive" => args.client_alive = Some(words.text()?),
            _ => words.leave()?,
        }
    }
    let server = args.client_alive.as_deref().map(alive).transpose()?;
    let span = args.span.as_deref().map(span).transpose()?;
    let Args { quick, cut, json, .. } = args;
    Ok((Wish { span, quick, cut, json, server }, std::mem::take(words.theirs())))
}

/// ssh's words, which must name a host and nothing to run there.
pub(super) fn invocation(words: &[OsString]) -> Result<Invocation, Complaint> {
    if words.is_empty() {
        return Err(VERB.usage("no host"));
    }
    let invocation = VERB.session(words)?;
    is_read_again(&invocation)?;
    match invocation.command.first() {
        None => Ok(*invocation),
        Some(word) => {
            let word = word.to_string_lossy();
            Err(VERB.usage(format!("`{word}` is one word too many: the session must be idle")))
        }
    }
}

/// Several runs of ssh read the configuration, of which a pipe has something for the first alone: the next
/// would wait for more, or read nothing.
fn is_read_again(invocation: &Invocation) -> Result<(), Complaint> {
    let mut pairs = invocation.passed.windows(2);
    let Some([_, file]) = pairs.rfind(|pair| pair[0] == "-F") else { return Ok(()) };
    // Looked at, not opened: that would wait for a writer.
    let is_pipe = std::fs::metadata(file).is_ok_and(|about| about.file_type().is_fifo());
    if !is_pipe {
        return Ok(());
    }
    let file = file.to_string_lossy();
    Err(VERB.usage(format!("`{file}` is a pipe, and can be read once only")).because(
        "ssh is run several times and reads its configuration each time: -F must name a regular file",
    ))
}

fn span(text: &str) -> Result<Duration, Complaint> {
    let span = parse_span(text).map_err(|error| VERB.usage(error.to_string()))?;
    if span < MIN_SPAN {
        return Err(VERB.usage(format!("`{text}` is too short a time to see anything")));
    }
    Ok(span)
}

/// `60x3`, `1m x 3`, `0`: interval in OpenSSH's seconds and units, and count.
fn alive(text: &str) -> Result<(u64, u32), Complaint> {
    let wrong = || VERB.usage(format!("`{text}` is not an interval and a count, like 60x3"));
    let (interval, count) = text.split_once('x').unwrap_or((text, "3"));
    let interval = parse_span(interval.trim()).map_err(|_| wrong())?.as_secs();
    Ok((interval, count.trim().parse().map_err(|_| wrong())?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;

    fn args(words: &[&str]) -> Args {
        Args { words: words.iter().map(OsString::from).collect(), ..Args::default() }
    }

    #[test]
    fn our_options_stand_anywhere_among_sshs() {
        let line = ["-p", "22", "web1", "--cut", "--for=5m", "--client-alive", "1mx2"];
        let (wish, words) = read(&args(&line)).expect("a wish");
        assert_eq!(words, ["-p", "22", "web1"]);
        assert_eq!(wish.span, Some(Duration::from_secs(300)));
        assert!(wish.cut && !wish.quick && !wish.json);
        assert_eq!(wish.server, Some((60, 2)));
    }

    #[test]
    fn wrong_lines_are_usage_errors() {
        for line in [
            &["h", "--for"][..],
            &["h", "--for", "soon"],
            &["h", "--for", "0"],
            &["h", "--client-alive", "60xmany"],
            &["h", "--sideways"],
            &["h", "--cut=yes"],
        ] {
            let complaint = read(&args(line)).expect_err("wrong");
            assert_eq!(complaint.clone().exit(Exit::USAGE), complaint, "{line:?}");
        }
        assert!(invocation(&["h".into(), "ls".into()]).is_err());
        assert!(invocation(&[]).is_err());
    }

    #[test]
    fn a_configuration_that_is_a_pipe_is_refused_unread() {
        let (reader, _writer) = std::io::pipe().expect("a pipe");
        let path = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&reader));
        let complaint = invocation(&["-F".into(), path.clone().into(), "h".into()]);
        let complaint = complaint.expect_err("a pipe").to_string();
        assert!(complaint.contains(&path) && complaint.contains("a regular file"), "{complaint}");
        assert!(invocation(&["-F".into(), "/dev/null".into(), "h".into()]).is_ok());
    }
}
