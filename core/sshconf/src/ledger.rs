//! Who set what, in the order of reading: keeps what wins and what was in vain. Knows rules of
//! precedence, not files.

use std::collections::{BTreeMap, BTreeSet};

use crate::outcome::Outcome;
use crate::pattern;
use crate::resolved::{Doubt, Origin, Setting};
use crate::spec::{Form, Rule, Spec};
use crate::value::Value;
use crate::{Dialect, Keyword, Release};

/// Whether lines take effect where the reader stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Activity {
    On,
    Off,
    /// It depends on this criterion, which was not decided.
    Unknown(String),
}

/// The server reads its files twice: globals, then matching blocks, which win.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pass {
    Globals,
    Matches,
}

/// A line that sets something.
pub(crate) struct Offer {
    pub(crate) spec: &'static Spec,
    pub(crate) origin: Origin,
    pub(crate) raw: String,
    pub(crate) printed: String,
    /// `none` for a time that stays unset.
    pub(crate) leaves_unset: bool,
    /// Another keyword that stands in its way.
    pub(crate) blocked_by: Option<Keyword>,
    pub(crate) pass: Pass,
}

type Held = (String, usize);

/// What holds for one keyword; each value with the offer that it came from.
#[derive(Default, Clone)]
struct Holding {
    parts: Vec<Option<Held>>,
    items: Vec<Held>,
}

/// Everything that was offered and what holds.
pub(crate) struct Ledger {
    pub(crate) release: Release,
    pub(crate) offers: Vec<Offer>,
    globals: BTreeMap<Keyword, Holding>,
    matches: BTreeMap<Keyword, Holding>,
    doubts: Vec<(Setting, String)>,
}

impl Ledger {
    /// Nothing yet, by the rules of a release.
    pub(crate) fn new(release: Release) -> Self {
        Self {
            release,
            offers: Vec::new(),
            globals: BTreeMap::new(),
            matches: BTreeMap::new(),
            doubts: Vec::new(),
        }
    }

    /// Takes note of a line. `blocked_by`: another keyword that keeps this line from taking effect.
    pub(crate) fn offer(
        &mut self,
        spec: &'static Spec,
        value: Value,
        (origin, raw): (Origin, &str),
        (activity, pass): (&Activity, Pass),
        blocked_by: Option<Keyword>,
    ) {
        let rule = spec.rule_in(self.release);
        let anywhere = matches!(rule, Rule::FirstAnywhere | Rule::LastAnywhere);
        let printed = print(spec, &value);
        if value == Value::Nothing || (*activity == Activity::Off && !anywhere) {
            return;
        }
        let raw = raw.to_owned();
        if let Activity::Unknown(criterion) = activity
            && !anywhere
        {
            let setting = Setting { keyword: Keyword::of(spec), value: printed, raw, origin };
            if rule == Rule::Last || !self.is_set(spec, pass) {
                self.doubts.push((setting, criterion.clone()));
            }
            return;
        }
        let leaves_unset = value == Value::Parts(vec![None]);
        let offer = Offer { spec, origin, raw, printed, leaves_unset, blocked_by, pass };
        self.offers.push(offer);
        if blocked_by.is_none() {
            self.hold(spec, value, pass);
        }
    }

    fn hold(&mut self, spec: &'static Spec, value: Value, pass: Pass) {
        let by = self.offers.len() - 1;
        let last_wins = matches!(spec.rule_in(self.release), Rule::Last | Rule::LastAnywhere);
        let holding = match pass {
            Pass::Globals => self.globals.entry(Keyword::of(spec)).or_default(),
            Pass::Matches => self.matches.entry(Keyword::of(spec)).or_default(),
        };
        match value {
            Value::Nothing => {}
            Value::Override(value) => holding.parts = vec![Some((value, by))],
            Value::Parts(parts) if spec.collects() => {
                holding.items.extend(parts.into_iter().flatten().map(|part| (part, by)));
            }
            Value::Parts(parts) => {
                holding.parts.resize(parts.len().max(holding.parts.len()), None);
                for (slot, part) in holding.parts.iter_mut().zip(parts) {
                    if let Some(part) = part
                        && (slot.is_none() || last_wins)
                    {
                        *slot = Some((part, by));
                    }
                }
            }
            Value::Items(items) => holding.add(spec, items, by),
        }
    }

    fn holding(&self, keyword: Keyword) -> Option<&Holding> {
        self.globals.get(&keyword)
    }

    fn is_set(&self, spec: &Spec, pass: Pass) -> bool {
        let keyword = Keyword::of(spec);
        let holding = match pass {
            Pass::Globals => self.globals.get(&keyword),
            Pass::Matches => self.matches.get(&keyword),
        };
        holding.is_some_and(|holding| holding.first().is_some())
    }

    /// The value that holds so far outside of the server's second pass.
    pub(crate) fn text(&self, keyword: Keyword) -> Option<&str> {
        self.holding(keyword)?.first().map(|(value, _)| value.as_str())
    }

    /// Where that value comes from.
    pub(crate) fn origin(&self, keyword: Keyword) -> Option<&Origin> {
        self.holding(keyword)?.first().map(|(_, by)| &self.offers[*by].origin)
    }

    /// What it all amounts to, without defaults: settings in the order in which they took effect.
    pub(crate) fn finish(mut self, dialect: Dialect) -> Outcome {
        for (keyword, holding) in std::mem::take(&mut self.matches) {
            if keyword.is_allowed_in_match(dialect) {
                self.globals.entry(keyword).or_default().overlay(holding);
            }
        }
        let mut settings: Vec<(usize, Setting)> = Vec::new();
        for (keyword, holding) in &self.globals {
            settings.extend(self.settings_of(*keyword, holding));
        }
        settings.sort_by_key(|(by, _)| *by);
        let settings = settings.into_iter().map(|(_, setting)| setting).collect();
        let doubts = self.doubts.iter().map(|(setting, criterion)| Doubt {
            setting: setting.clone(),
            criterion: criterion.clone(),
        });
        Outcome { settings, doubts: doubts.collect(), ledger: self }
    }

    fn settings_of(&self, keyword: Keyword, holding: &Holding) -> Vec<(usize, Setting)> {
        let setting = |value: String, by: usize| {
            let offer = &self.offers[by];
            let (raw, origin) = (offer.raw.clone(), offer.origin.clone());
            (by, Setting { keyword, value, raw, origin })
        };
        let Some((_, by)) = holding.parts.iter().flatten().next() else {
            let items = holding.items.iter();
            return items.map(|(item, by)| setting(item.clone(), *by)).collect();
        };
        let parts = holding.parts.iter();
        let parts = parts.map(|part| part.as_ref().map(|(value, _)| value.as_str()));
        vec![setting(self.offers[*by].spec.join(parts), *by)]
    }

    /// The lines that have a part in what holds.
    pub(crate) fn contributors(&self) -> BTreeSet<(Keyword, String)> {
        let held = self.globals.iter().flat_map(|(keyword, holding)| {
            let all = holding.parts.iter().flatten().chain(&holding.items);
            all.map(|(_, by)| (*keyword, self.offers[*by].origin.to_string()))
        });
        held.collect()
    }
}

impl Holding {
    fn first(&self) -> Option<&Held> {
        self.parts.iter().flatten().chain(&self.items).next()
    }

    fn add(&mut self, spec: &Spec, items: Vec<String>, by: usize) {
        if matches!(spec.form, Form::EachOfFirst) && !self.items.is_empty() {
            return;
        }
        for item in items {
            match item.strip_prefix('-') {
                Some(removed) if spec.name == "sendenv" => {
                    self.items.retain(|(item, _)| !pattern::matches(item, removed));
                }
                _ if matches!(spec.form, Form::EachOfFirst) && self.has_variable(&item) => {}
                _ => self.items.push((item, by)),
            }
        }
    }

    fn has_variable(&self, assignment: &str) -> bool {
        let name = |text: &str| text.split('=').next().map(str::to_owned);
        self.items.iter().any(|(item, _)| name(item) == name(assignment))
    }

    /// What a Match block of the server set wins.
    fn overlay(&mut self, other: Holding) {
        self.parts.resize(self.parts.len().max(other.parts.len()), None);
        for (slot, part) in self.parts.iter_mut().zip(other.parts) {
            if part.is_some() {
                *slot = part;
            }
        }
        if !other.items.is_empty() {
            self.items = other.items;
        }
    }
}

fn print(spec: &Spec, value: &Value) -> String {
    match value {
        Value::Parts(parts) if parts.iter().all(Option::is_none) => "none".to_owned(),
        Value::Parts(parts) => spec.join(parts.iter().map(Option::as_deref)),
        Value::Override(value) => value.clone(),
        Value::Items(items) => items.join(" "),
        Value::Nothing => String::new(),
    }
}
