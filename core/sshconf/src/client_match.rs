//! Judges a Match line of `ssh_config`.

use crate::ledger::Ledger;
use crate::pattern::{self, Listed};
use crate::text;
use crate::tokens;
use crate::{Answer, ClientContext, Files, Keyword, Release};

/// Whether a Match line applies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Yes,
    No,
    /// This criterion was not decided, and no other one fails.
    NotChecked(String),
}

/// The word that OpenSSH does not understand.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadMatch(pub(crate) String);

/// What a Match line is compared with.
pub(crate) struct Facts<'a> {
    pub(crate) context: &'a ClientContext,
    pub(crate) ledger: &'a Ledger,
    pub(crate) files: &'a dyn Files,
    pub(crate) host: String,
    pub(crate) final_pass: bool,
}

/// `Match tagged` and `localnetwork`.
const TAGGED: Release = Release { major: 9, minor: 4 };
/// `Match version`, `sessiontype` and `command`.
const SESSION_TYPE: Release = Release { major: 10, minor: 0 };

/// Judges a line; also says whether it asks for the final pass.
pub(crate) fn judge(condition: &[u8], facts: &Facts<'_>) -> Result<(Verdict, bool), BadMatch> {
    let mut rest = Some(condition);
    let mut verdict = Verdict::Yes;
    let mut asks_final = false;
    let mut criteria = 0;
    while let Some(word) = text::next_token(&mut rest).filter(|word| !word.is_empty()) {
        if word.starts_with('#') {
            rest = None;
            break;
        }
        let (name, negated) = match word.strip_prefix('!') {
            Some(name) => (name.to_ascii_lowercase(), true),
            None => (word.to_ascii_lowercase(), false),
        };
        if name == "all" {
            end_of_all(&mut rest, criteria, &word)?;
            let holds = if negated { Verdict::No } else { Verdict::Yes };
            return Ok((and(verdict, holds), asks_final));
        }
        criteria += 1;
        let holds = match name.as_str() {
            "canonical" | "final" => {
                asks_final |= name == "final";
                yes_or_no(facts.final_pass)
            }
            _ => {
                let argument = text::next_token(&mut rest)
                    .filter(|word| !word.is_empty() && !word.starts_with('#'))
                    .ok_or_else(|| BadMatch(word.clone()))?;
                facts.criterion(&name, &argument, &verdict)?
            }
        };
        verdict = and(verdict, if negated { negate(holds) } else { holds });
    }
    match rest {
        _ if criteria == 0 => Err(BadMatch(String::from_utf8_lossy(condition).into_owned())),
        Some(rest) if !rest.is_empty() => Err(BadMatch(String::from_utf8_lossy(rest).into_owned())),
        _ => Ok((verdict, asks_final)),
    }
}

/// `all` stands alone, or at the end after at most one other criterion.
fn end_of_all(rest: &mut Option<&[u8]>, criteria: usize, word: &str) -> Result<(), BadMatch> {
    let next = text::next_token(rest);
    let ends = next.as_deref().is_none_or(|next| next.is_empty() || next.starts_with('#'));
    let comment = next.is_some_and(|next| next.starts_with('#'));
    let left = rest.is_some_and(|rest| !rest.is_empty()) && !comment;
    if criteria > 1 || !ends || left { Err(BadMatch(word.to_owned())) } else { Ok(()) }
}

impl Facts<'_> {
    fn criterion(&self, name: &str, wanted: &str, so_far: &Verdict) -> Result<Verdict, BadMatch> {
        let context = self.context;
        let release = context.release;
        let listed = |name: &str| yes_or_no(pattern::in_list(name, wanted) == Listed::Yes);
        let host = |name: &str| yes_or_no(pattern::host_in_list(name, wanted) == Listed::Yes);
        Ok(match name {
            "host" => host(&self.host),
            "originalhost" => host(&context.host),
            "user" => listed(self.user()),
            "localuser" => listed(&context.local_user),
            "exec" if *so_far == Verdict::Yes => self.exec(wanted)?,
            "exec" => not_checked(name, wanted),
            "tagged" if release >= TAGGED => {
                listed(self.ledger.text(Keyword::TAG).unwrap_or_default())
            }
            "localnetwork" if release >= TAGGED => not_checked(name, wanted),
            "version" | "sessiontype" | "command" if release >= SESSION_TYPE => {
                not_checked(name, wanted)
            }
            _ => return Err(BadMatch(name.to_owned())),
        })
    }

    fn user(&self) -> &str {
        self.ledger.text(Keyword::USER).unwrap_or(&self.context.local_user)
    }

    fn exec(&self, command: &str) -> Result<Verdict, BadMatch> {
        let expanded = tokens::expand(command, |token| self.token(token));
        Ok(match expanded {
            Ok(command) => match self.files.exec(&command) {
                Answer::Yes => Verdict::Yes,
                Answer::No => Verdict::No,
                Answer::NotChecked => not_checked("exec", &command),
            },
            Err(tokens::Unknown('C' | 'L' | 'l' | 'i' | 'j')) => not_checked("exec", command),
            Err(tokens::Unknown(token)) => return Err(BadMatch(format!("%{token}"))),
        })
    }

    /// The value of a token, if it is known.
    pub(crate) fn token(&self, token: char) -> Option<String> {
        let context = self.context;
        let ledger = self.ledger;
        match token {
            'd' => Some(context.home.to_string_lossy().into_owned()),
            'h' => Some(self.host.clone()),
            'k' => Some(ledger.text(Keyword::HOST_KEY_ALIAS).unwrap_or(&self.host).to_owned()),
            'n' => Some(context.host.clone()),
            'p' => Some(ledger.text(Keyword::PORT).unwrap_or("22").to_owned()),
            'r' => Some(self.user().to_owned()),
            'u' => Some(context.local_user.clone()),
            'i' => context.uid.map(|uid| uid.to_string()),
            'l' => context.local_host.clone(),
            'L' => context.local_host.as_ref().map(|host| short(host).to_owned()),
            _ => None,
        }
    }
}

/// A machine's name up to its first dot.
pub(crate) fn short(host: &str) -> &str {
    host.split('.').next().unwrap_or(host)
}

fn yes_or_no(holds: bool) -> Verdict {
    if holds { Verdict::Yes } else { Verdict::No }
}

fn not_checked(name: &str, wanted: &str) -> Verdict {
    Verdict::NotChecked(format!("{name} {wanted}"))
}

fn negate(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Yes => Verdict::No,
        Verdict::No => Verdict::Yes,
        Verdict::NotChecked(criterion) => Verdict::NotChecked(format!("!{criterion}")),
    }
}

/// Both hold; one that fails decides.
pub(crate) fn and(one: Verdict, other: Verdict) -> Verdict {
    match (one, other) {
        (Verdict::No, _) | (_, Verdict::No) => Verdict::No,
        (Verdict::NotChecked(why), _) | (_, Verdict::NotChecked(why)) => Verdict::NotChecked(why),
        (Verdict::Yes, Verdict::Yes) => Verdict::Yes,
    }
}
