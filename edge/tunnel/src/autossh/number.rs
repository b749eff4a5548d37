//! Numbers as autossh reads them: C's `strtol` and `strtoul` with base 0, so that `0x10` is 16,
//! `010` is 8 and spaces may lead. The whole text must be a number.

/// A sign and a magnitude, which stops at 64 bits.
struct Number {
    negative: bool,
    magnitude: u64,
}

/// As `strtoul`: a negative number wraps around, one too large is the largest.
pub(super) fn unsigned(text: &str) -> Option<u64> {
    let number = read(text)?;
    Some(if number.negative { number.magnitude.wrapping_neg() } else { number.magnitude })
}

/// As `strtol`: what does not fit is the largest or smallest that does.
pub(super) fn signed(text: &str) -> Option<i64> {
    let number = read(text)?;
    let magnitude = i64::try_from(number.magnitude).unwrap_or(i64::MAX);
    Some(if number.negative { -magnitude } else { magnitude })
}

fn read(text: &str) -> Option<Number> {
    let text = text.trim_start_matches([' ', '\t', '\n', '\x0b', '\x0c', '\r']);
    let negative = text.starts_with('-');
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let (digits, base) = match hex {
        Some(digits) => (digits, 16),
        None if text.starts_with('0') => (text, 8),
        None => (text, 10),
    };
    if digits.is_empty() {
        return None;
    }
    let magnitude = digits.chars().try_fold(0_u64, |sum, digit| {
        let digit = u64::from(digit.to_digit(base)?);
        Some(sum.saturating_mul(u64::from(base)).saturating_add(digit))
    })?;
    Some(Number { negative, magnitude })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_base_of_c_is_read() {
        for (text, value) in
            [("10", 10), ("0x10", 16), ("0XfF", 255), ("010", 8), (" \t7", 7), ("+3", 3), ("0", 0)]
        {
            assert_eq!((unsigned(text), signed(text)), (Some(value), Some(value as i64)), "{text}");
        }
        assert_eq!((unsigned("-1"), signed("-1")), (Some(u64::MAX), Some(-1)));
        assert_eq!(unsigned("99999999999999999999999"), Some(u64::MAX));
        for text in ["", " ", "x", "1x", "08", "0x", "5 ", "--1", "1.5"] {
            assert_eq!(unsigned(text), None, "{text:?}");
        }
    }
}
