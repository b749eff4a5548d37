//! What a ledger amounts to, and which of its lines were in vain. Reads no files.

use crate::Keyword;
use crate::ledger::{Ledger, Offer, Pass};
use crate::resolved::{Doubt, Origin, Setting, Shadowed, Why};
use crate::spec::Rule;

/// How many lines in vain are listed; more are left out.
const MAX_SHADOWED: usize = 1_000;

/// Settings and doubts; what was in vain is asked for once defaults are known.
pub(crate) struct Outcome {
    pub(crate) settings: Vec<Setting>,
    pub(crate) doubts: Vec<Doubt>,
    pub(crate) ledger: Ledger,
}

impl Outcome {
    /// The lines in vain, each once, with the setting that wins instead.
    pub(crate) fn shadowed(&self, settings: &[Setting]) -> Vec<Shadowed> {
        let mut settled = self.ledger.contributors();
        let mut found: Vec<Shadowed> = Vec::new();
        for offer in &self.ledger.offers {
            let keyword = Keyword::of(offer.spec);
            let new = settled.insert((keyword, offer.origin.to_string()));
            if !new || offer.only_takes_away() || found.len() == MAX_SHADOWED {
                continue;
            }
            let wins = offer.blocked_by.unwrap_or(keyword);
            let winner = settings.iter().find(|setting| setting.keyword == wins);
            let Some(winner) = winner.filter(|winner| winner.origin != offer.origin) else {
                continue;
            };
            let setting = Setting {
                keyword,
                value: offer.printed.clone(),
                raw: offer.raw.clone(),
                origin: offer.origin.clone(),
            };
            let why = self.why(offer, winner);
            found.push(Shadowed { setting, winner: winner.clone(), why });
        }
        found
    }

    fn why(&self, offer: &Offer, winner: &Setting) -> Why {
        if offer.leaves_unset {
            return Why::NoneLeavesUnset;
        }
        let from_match = self.ledger.offers.iter().any(|other| {
            other.pass == Pass::Matches
                && other.origin == winner.origin
                && Keyword::of(other.spec) == winner.keyword
        });
        match (from_match && offer.pass == Pass::Globals, offer.spec.rule_in(self.ledger.release)) {
            (true, _) => Why::MatchWins,
            (false, Rule::Last | Rule::LastOnce | Rule::LastAnywhere) => Why::LaterWins,
            (false, Rule::First | Rule::FirstAnywhere) => self.first_or_override(offer, winner),
        }
    }

    /// A later `UnusedConnectionTimeout none` wins over what came before it.
    fn first_or_override(&self, offer: &Offer, winner: &Setting) -> Why {
        let position = |origin: &Origin| {
            self.ledger.offers.iter().position(|other| {
                other.origin == *origin && Keyword::of(other.spec) == winner.keyword
            })
        };
        match (position(&offer.origin), position(&winner.origin)) {
            (Some(mine), Some(theirs)) if theirs > mine && offer.blocked_by.is_none() => {
                Why::LaterWins
            }
            _ => Why::EarlierWins,
        }
    }
}

impl Offer {
    /// `SendEnv -LC_*` does its work without leaving a value.
    fn only_takes_away(&self) -> bool {
        self.spec.name == "sendenv" && self.printed.starts_with('-')
    }
}
