//! Numbers as OpenSSH writes them: times (`1h30m`), scaled sizes (`1G`), counts.

/// Times and counts fit a C `int`.
const MAX: i64 = i32::MAX as i64;

/// Reads a time in seconds: numbers with `s m h d w` in either case, summed.
pub(crate) fn seconds(text: &str) -> Option<i64> {
    let mut rest = text;
    let mut total = 0;
    if text.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (number, after) = whole_number(rest)?;
        let mut letters = after.chars();
        let unit = match letters.next().map(|letter| letter.to_ascii_lowercase()) {
            None | Some('s') => 1,
            Some('m') => 60,
            Some('h') => 3_600,
            Some('d') => 86_400,
            Some('w') => 604_800,
            Some(_) => return None,
        };
        rest = letters.as_str();
        total = number.checked_mul(unit)?.checked_add(total)?;
        if total > MAX {
            return None;
        }
    }
    Some(total)
}

/// The digits at the start (white space and a sign may come before, as strtol(3) has it).
fn whole_number(text: &str) -> Option<(i64, &str)> {
    let text = text.trim_start_matches(|letter: char| letter.is_ascii_whitespace());
    let text = text.strip_prefix('+').unwrap_or(text);
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    Some((text[..digits].parse().ok()?, &text[digits..]))
}

/// Reads a count: digits alone.
pub(crate) fn count(text: &str) -> Option<i64> {
    let (number, rest) = whole_number(text)?;
    (rest.is_empty() && number <= MAX).then_some(number)
}

/// Reads a size in bytes with `B K M G T P E` in either case; a fraction is allowed.
pub(crate) fn size(text: &str) -> Option<i64> {
    let text = text.strip_prefix('+').unwrap_or(text);
    let letters = text.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
    let number = &text[..text.len() - letters.len()];
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    if fraction.contains('.') {
        return None;
    }
    let Some(letter) = letters.chars().next() else { return Some(whole) };
    if letters.chars().nth(1).is_some_and(|letter| letter.is_ascii_alphanumeric()) {
        return None;
    }
    let power = "BKMGTPE".find(letter.to_ascii_uppercase())?;
    let scale = 1_i64.checked_shl(u32::try_from(power).ok()? * 10)?;
    whole.checked_mul(scale)?.checked_add(part_of(fraction, scale)?)
}

/// A decimal fraction of `scale`, rounded down.
fn part_of(fraction: &str, scale: i64) -> Option<i64> {
    let digits = &fraction[..fraction.len().min(9)];
    if digits.is_empty() {
        return Some(0);
    }
    let number: i128 = digits.parse().ok()?;
    let unit = 10_i128.pow(u32::try_from(digits.len()).ok()?);
    i64::try_from(number * i128::from(scale) / unit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(seconds("1h30m"), Some(5400));
        assert_eq!(seconds("1d12"), Some(86_412));
        assert_eq!(seconds("5m5M"), Some(600));
        assert_eq!(seconds("08"), Some(8));
        assert_eq!(seconds("1.5m"), None);
        assert_eq!(seconds("-1"), None);
        assert_eq!(seconds("m"), None);
        assert_eq!(seconds("2147483648"), None);
    }

    #[test]
    fn sizes() {
        assert_eq!(size("1G"), Some(1 << 30));
        assert_eq!(size("1.5k"), Some(1536));
        assert_eq!(size("16"), Some(16));
        assert_eq!(size("1KB"), None);
        assert_eq!(size("99999P"), None);
    }
}
