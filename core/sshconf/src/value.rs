//! Reads a value by its keyword's form, into the form in which OpenSSH prints it.

use crate::jump;
use crate::spec::{self, Form, NoneMeans, Spec};
use crate::text;
use crate::time;

/// A value that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// Printed on one line, in parts that are set each on its own (one but for `RekeyLimit`). A part
    /// that is `None` leaves it unset.
    Parts(Vec<Option<String>>),
    /// Set whatever was set before.
    Override(String),
    /// Printed on a line each.
    Items(Vec<String>),
    /// Read and ignored.
    Nothing,
}

/// Why a value cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BadValue {
    /// Nothing stands after the keyword.
    Missing,
    /// A quote is not closed.
    OpenQuote,
    /// This word is none that the keyword takes.
    Refused(String),
    /// This word is one too many.
    Extra(String),
}

/// Reads what follows a keyword.
pub(crate) fn read(spec: &Spec, value: &[u8]) -> Result<Value, BadValue> {
    if value.is_empty() {
        return Err(BadValue::Missing);
    }
    let words = text::split_words(value).map_err(|_| BadValue::OpenQuote)?.words;
    let rest = String::from_utf8_lossy(value);
    match spec.form {
        Form::Ignored => return Ok(Value::Nothing),
        Form::Command => return Ok(one(command(spec, &rest))),
        Form::Jump => {
            return jump::read(&rest).map(one).ok_or(BadValue::Refused(rest.into_owned()));
        }
        Form::Opaque => return Ok(one(words.join(" "))),
        _ => {}
    }
    let mut words = words.into_iter();
    let value = read_words(spec, &mut words)?;
    match words.next() {
        Some(extra) => Err(BadValue::Extra(extra)),
        None => Ok(value),
    }
}

fn one(value: impl Into<String>) -> Value {
    Value::Parts(vec![Some(value.into())])
}

fn read_words(spec: &Spec, words: &mut impl Iterator<Item = String>) -> Result<Value, BadValue> {
    if matches!(spec.form, Form::List | Form::Channels | Form::Each | Form::EachOfFirst) {
        return read_list(spec, words.collect());
    }
    let word = words.next().filter(|word| !word.is_empty()).ok_or(BadValue::Missing)?;
    let refused = || BadValue::Refused(word.clone());
    let printed = match spec.form {
        Form::Words(table) => choice(table, &word, str::eq_ignore_ascii_case),
        Form::ExactWords(table) => choice(table, &word, |one, other| one == other),
        Form::Time(none) => return read_time(none, &word).ok_or_else(refused),
        Form::Count => time::count(&word).map(|number| number.to_string()),
        Form::CountOrNone if word == "none" => Some(word.clone()),
        Form::CountOrNone => time::count(&word).map(|number| number.to_string()),
        Form::Port => port(&word),
        Form::Mode => mode(&word),
        Form::Text => Some(text_or_none(spec, &word)),
        Form::Persist => persist(&word),
        Form::Startups => return startups(&word).map(Value::Parts).ok_or_else(refused),
        Form::NetBlock => net_block(&word),
        Form::Rekey => return read_rekey(&word, words),
        Form::Quality => return read_quality(&word, words),
        _ => None,
    };
    printed.map(one).ok_or_else(refused)
}

type Table = &'static [(&'static str, &'static str)];

fn choice(table: Table, word: &str, same: impl Fn(&str, &str) -> bool) -> Option<String> {
    table.iter().find(|(name, _)| same(name, word)).map(|(_, printed)| (*printed).to_owned())
}

fn read_time(none: NoneMeans, word: &str) -> Option<Value> {
    match (none, word) {
        (NoneMeans::Unset, "none") => Some(Value::Parts(vec![None])),
        (NoneMeans::Zero, _) if word.eq_ignore_ascii_case("none") => {
            Some(Value::Override("none".to_owned()))
        }
        (NoneMeans::Zero, _) => time::seconds(word).map(|seconds| match seconds {
            0 => one("none"),
            _ => one(seconds.to_string()),
        }),
        _ => time::seconds(word).map(|seconds| one(seconds.to_string())),
    }
}

/// The server passes over white space alone, the client over a `=` too.
fn command(spec: &Spec, rest: &str) -> String {
    let command = rest.trim_start_matches([' ', '\t', '\r', '\n']);
    let command = if spec.in_match && spec.name == "forcecommand" {
        command
    } else {
        command.trim_start_matches([' ', '\t', '\r', '\n', '='])
    };
    text_or_none(spec, command)
}

/// Where the default is `none`, the word in any case means it.
fn text_or_none(spec: &Spec, text: &str) -> String {
    match spec.default {
        Some("none") if text.eq_ignore_ascii_case("none") => "none".to_owned(),
        _ => text.to_owned(),
    }
}

fn port(word: &str) -> Option<String> {
    let number = if word == "ssh" { 22 } else { time::count(word)? };
    (1..=65_535).contains(&number).then(|| number.to_string())
}

fn mode(word: &str) -> Option<String> {
    let digits = word.bytes().take_while(|byte| (b'0'..=b'7').contains(byte)).count();
    let mode = u32::from_str_radix(&word[..digits], 8).ok().filter(|mode| *mode <= 0o777)?;
    Some(format!("0{mode:o}"))
}

fn persist(word: &str) -> Option<String> {
    match word {
        "no" | "false" => Some("no".to_owned()),
        "yes" | "true" => Some("yes".to_owned()),
        _ => time::seconds(word).map(|seconds| match seconds {
            0 => "yes".to_owned(),
            _ => seconds.to_string(),
        }),
    }
}

/// `MaxStartups`: one number is start and full, with the rate that was there.
fn startups(word: &str) -> Option<Vec<Option<String>>> {
    let numbers: Vec<i64> = word.split(':').map(time::count).collect::<Option<_>>()?;
    let text = |number: i64| Some(number.to_string());
    match *numbers.as_slice() {
        [full] if full > 0 => Some(vec![text(full), None, text(full)]),
        [start, rate, full] if start > 0 && start <= full && (1..=100).contains(&rate) => {
            Some(vec![text(start), text(rate), text(full)])
        }
        _ => None,
    }
}

fn net_block(word: &str) -> Option<String> {
    let numbers: Vec<i64> = word.split(':').map(time::count).collect::<Option<_>>()?;
    match *numbers.as_slice() {
        [four, six] if four <= 32 && six <= 128 => Some(format!("{four}:{six}")),
        _ => None,
    }
}

fn read_rekey(word: &str, words: &mut impl Iterator<Item = String>) -> Result<Value, BadValue> {
    let size = match word {
        "default" => Some(0),
        _ => time::size(word).filter(|size| *size == 0 || *size >= 16),
    };
    let size = size.ok_or_else(|| BadValue::Refused(word.to_owned()))?.to_string();
    let interval = match words.next() {
        None => None,
        Some(none) if none == "none" => None,
        Some(word) => {
            let seconds = time::seconds(&word).ok_or(BadValue::Refused(word))?;
            Some(seconds.to_string())
        }
    };
    Ok(Value::Parts(vec![Some(size), interval]))
}

fn read_quality(word: &str, words: &mut impl Iterator<Item = String>) -> Result<Value, BadValue> {
    let interactive = quality(word).ok_or_else(|| BadValue::Refused(word.to_owned()))?;
    let bulk = match words.next() {
        None => interactive.clone(),
        Some(word) => quality(&word).ok_or(BadValue::Refused(word))?,
    };
    Ok(one(format!("{interactive} {bulk}")))
}

fn quality(word: &str) -> Option<String> {
    let named = spec::QUALITIES.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
    let number = named.map(|(_, number)| *number).or_else(|| any_base(word))?;
    let name = spec::QUALITIES.iter().find(|(_, value)| *value == number);
    Some(name.map_or_else(|| format!("0x{number:02x}"), |(name, _)| (*name).to_owned()))
}

/// A byte in decimal, octal or hexadecimal, as C writes them.
fn any_base(word: &str) -> Option<i64> {
    let lower = word.to_ascii_lowercase();
    let number = match (lower.strip_prefix("0x"), lower.strip_prefix('0')) {
        (Some(hex), _) => i64::from_str_radix(hex, 16).ok()?,
        (None, Some(octal)) if !octal.is_empty() => i64::from_str_radix(octal, 8).ok()?,
        _ => lower.parse().ok()?,
    };
    (0..=255).contains(&number).then_some(number)
}

fn read_list(spec: &Spec, words: Vec<String>) -> Result<Value, BadValue> {
    for (at, word) in words.iter().enumerate() {
        let alone = word.eq_ignore_ascii_case("none") && !matches!(spec.form, Form::Each);
        let bad = match spec.form {
            _ if alone => at > 0 || words.len() > 1,
            Form::Channels => !is_channel_timeout(word),
            Form::EachOfFirst => !word.contains('='),
            Form::Each if spec.name.ends_with("env") => word.is_empty() || word.contains('='),
            _ => word.is_empty(),
        };
        if bad {
            return Err(BadValue::Refused(word.clone()));
        }
    }
    Ok(match spec.form {
        Form::Each | Form::EachOfFirst => Value::Items(words),
        _ if words.is_empty() => Value::Parts(vec![None]),
        _ => one(words.join(" ")),
    })
}

fn is_channel_timeout(word: &str) -> bool {
    word.split_once('=')
        .is_some_and(|(kind, time)| !kind.is_empty() && time::seconds(time).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dialect;

    fn printed(dialect: Dialect, keyword: &str, value: &str) -> Result<Value, BadValue> {
        read(spec::named(dialect, keyword).unwrap(), value.as_bytes())
    }

    #[test]
    fn values_are_printed_as_openssh_prints_them() {
        let client = |keyword, value| printed(Dialect::Client, keyword, value);
        assert_eq!(client("TCPKeepAlive", "TRUE"), Ok(one("yes")));
        assert_eq!(client("ServerAliveInterval", "1h30m # x"), Ok(one("5400")));
        assert_eq!(client("ServerAliveInterval", "none"), Ok(Value::Parts(vec![None])));
        assert_eq!(client("IPQoS", "0x10 24"), Ok(one("lowdelay 0x18")));
        assert_eq!(client("ControlPersist", "10m"), Ok(one("600")));
        assert_eq!(client("ProxyJump", "a,b@10.0.0.1:23 # x"), Ok(one("a,b@[10.0.0.1]:23")));
        assert_eq!(client("ProxyCommand", "nc %h # x"), Ok(one("nc %h # x")));
        let rekey = Value::Parts(vec![Some("1024".to_owned()), Some("60".to_owned())]);
        assert_eq!(client("RekeyLimit", "1k 1m"), Ok(rekey));
        let server = |keyword, value| printed(Dialect::Server, keyword, value);
        assert_eq!(server("UnusedConnectionTimeout", "0"), Ok(one("none")));
        assert_eq!(server("ClientAliveInterval", "none"), Err(BadValue::Refused("none".into())));
        let seven = Some("7".to_owned());
        assert_eq!(server("MaxStartups", "7"), Ok(Value::Parts(vec![seven.clone(), None, seven])));
        assert_eq!(server("MaxStartups", "7:0:9"), Err(BadValue::Refused("7:0:9".into())));
        assert_eq!(server("UsePAM", "true"), Err(BadValue::Refused("true".into())));
        assert_eq!(server("MaxSessions", "3 4"), Err(BadValue::Extra("4".into())));
    }
}
