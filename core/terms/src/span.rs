//! Spans of time as people write them: `90s`, `2h30m`, `30d`. Not OpenSSH's time formats,
//! though every span printed here is one that OpenSSH reads too.

use std::time::Duration;

/// Why a text is not a span.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpanError {
    /// Nothing was given.
    #[error("a duration is missing")]
    Empty,
    /// Something that is neither a number nor a unit.
    #[error("`{0}` is not a duration: write it like 90s, 25m, 2h30m or 30d")]
    Malformed(String),
    /// More than fits (584 years).
    #[error("`{0}` is too long a duration")]
    TooLong(String),
}

/// Seconds of each unit, longest first: the order in which they are printed.
const UNITS: [(char, u64); 5] = [('w', 604_800), ('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// Reads `2h30m`, `90s`, `1w`, or a bare number of seconds.
pub fn parse_span(text: &str) -> Result<Duration, SpanError> {
    if text.is_empty() {
        return Err(SpanError::Empty);
    }
    let malformed = || SpanError::Malformed(text.to_owned());
    let too_long = || SpanError::TooLong(text.to_owned());
    let mut total: u64 = 0;
    let mut digits = String::new();
    for letter in text.chars() {
        if letter.is_ascii_digit() {
            digits.push(letter);
            continue;
        }
        let (_, unit) = UNITS
            .iter()
            .find(|(name, _)| *name == letter.to_ascii_lowercase())
            .ok_or_else(malformed)?;
        total = add(total, &digits, *unit, malformed, too_long)?;
        digits.clear();
    }
    if !digits.is_empty() {
        total = add(total, &digits, 1, malformed, too_long)?;
    }
    Ok(Duration::from_secs(total))
}

fn add(
    total: u64,
    digits: &str,
    unit: u64,
    malformed: impl Fn() -> SpanError,
    too_long: impl Fn() -> SpanError,
) -> Result<u64, SpanError> {
    if digits.is_empty() {
        return Err(malformed());
    }
    let count: u64 = digits.parse().map_err(|_| too_long())?;
    count.checked_mul(unit).and_then(|seconds| total.checked_add(seconds)).ok_or_else(too_long)
}

/// Prints whole seconds in the two largest units that matter: `2h30m`, `45s`, `3d4h`.
pub fn print_span(span: Duration) -> String {
    let mut rest = span.as_secs();
    let mut text = String::new();
    let mut parts = 0;
    for (name, unit) in UNITS.into_iter().skip(1) {
        if rest >= unit && parts < 2 {
            text.push_str(&format!("{}{name}", rest / unit));
            rest %= unit;
            parts += 1;
        } else if parts > 0 {
            break;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_write_spans_in_many_ways() {
        for (text, seconds) in
            [("90", 90), ("90s", 90), ("2h30m", 9_000), ("1w", 604_800), ("30D", 2_592_000)]
        {
            assert_eq!(parse_span(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "h", "2x", "-5s", "5 m"] {
            assert!(parse_span(text).is_err(), "{text}");
        }
        assert_eq!(
            parse_span("99999999999999999w"),
            Err(SpanError::TooLong("99999999999999999w".into()))
        );
    }

    #[test]
    fn spans_print_in_two_units() {
        for (seconds, text) in [
            (0, "0s"),
            (59, "59s"),
            (61, "1m1s"),
            (9_000, "2h30m"),
            (90_061, "1d1h"),
            (3_601, "1h"),
        ] {
            assert_eq!(print_span(Duration::from_secs(seconds)), text);
        }
    }
}
