//! How OpenSSH cuts a line into a keyword and words. Not what the words mean.

/// What separates a keyword from its value.
const WHITE: &[u8] = b" \t\r\n";

/// Takes the next token of `rest`, which ends at white space, a quote or a single `=`. `None` at the
/// end, and at a quote that is not closed (which OpenSSH takes for the end too).
pub(crate) fn next_delimited(rest: &mut Option<&[u8]>) -> Option<Vec<u8>> {
    let text = (*rest)?;
    let Some(at) = text.iter().position(|byte| WHITE.contains(byte) || b"\"=".contains(byte))
    else {
        *rest = None;
        return Some(text.to_vec());
    };
    if text[at] == b'"' {
        let quoted = &text[at + 1..];
        let close = quoted.iter().position(|byte| *byte == b'"');
        *rest = close.map(|close| skip_white(&quoted[close + 1..]));
        return close.map(|close| [&text[..at], &quoted[..close]].concat());
    }
    let mut after = skip_white(&text[at + 1..]);
    if text[at] != b'=' && after.first() == Some(&b'=') {
        after = skip_white(&after[1..]);
    }
    *rest = Some(after);
    Some(text[..at].to_vec())
}

/// Like [`next_delimited`], for text.
pub(crate) fn next_token(rest: &mut Option<&[u8]>) -> Option<String> {
    next_delimited(rest).map(|token| String::from_utf8_lossy(&token).into_owned())
}

pub(crate) fn skip_white(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|byte| !WHITE.contains(byte)).unwrap_or(text.len());
    &text[start..]
}

/// A quote is not closed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct OpenQuote;

/// The words of a value: quotes of both kinds, backslashes, and a comment at the start of a word.
pub(crate) struct Words {
    /// The words, unquoted.
    pub(crate) words: Vec<String>,
    /// Where the last word ends in the text: a comment may follow.
    pub(crate) end: usize,
}

/// Cuts a value into words, as OpenSSH has done since 8.7.
pub(crate) fn split_words(text: &[u8]) -> Result<Words, OpenQuote> {
    let mut found = Words { words: Vec::new(), end: 0 };
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            b' ' | b'\t' => at += 1,
            b'#' => break,
            _ => {
                let (word, end) = one_word(text, at)?;
                found.words.push(String::from_utf8_lossy(&word).into_owned());
                found.end = end;
                at = end;
            }
        }
    }
    Ok(found)
}

fn one_word(text: &[u8], start: usize) -> Result<(Vec<u8>, usize), OpenQuote> {
    let mut word = Vec::new();
    let mut quote = None;
    let mut at = start;
    while at < text.len() {
        let byte = text[at];
        let next = text.get(at + 1).copied();
        match (byte, quote) {
            (b'\\', _) if is_escaped(next, quote) => {
                word.extend(next);
                at += 1;
            }
            (b' ' | b'\t', None) => break,
            (b'"' | b'\'', None) => quote = Some(byte),
            (_, Some(open)) if byte == open => quote = None,
            _ => word.push(byte),
        }
        at += 1;
    }
    if quote.is_some() { Err(OpenQuote) } else { Ok((word, at)) }
}

fn is_escaped(next: Option<u8>, quote: Option<u8>) -> bool {
    match next {
        Some(b'\'' | b'"' | b'\\') => true,
        Some(b' ') => quote.is_none(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(line: &str) -> Vec<String> {
        let mut rest = Some(line.as_bytes());
        let mut tokens = Vec::new();
        while let Some(token) = next_token(&mut rest) {
            tokens.push(token);
        }
        tokens
    }

    #[test]
    fn keywords_end_at_white_space_quotes_and_one_equals_sign() {
        assert_eq!(tokens("Port=22"), ["Port", "22"]);
        assert_eq!(tokens("Port = 22"), ["Port", "22"]);
        assert_eq!(tokens("Port  22"), ["Port", "22"]);
        assert_eq!(tokens("Port == 22"), ["Port", "", "22"]);
        assert_eq!(tokens("\"Port\" = 22"), ["Port", "", "22"]);
        assert_eq!(tokens("\"Port 22"), Vec::<String>::new());
    }

    #[test]
    fn words_know_quotes_backslashes_and_comments() {
        let words = |text: &str| split_words(text.as_bytes()).map(|found| found.words);
        assert_eq!(words("a  b\tc # d"), Ok(vec!["a".into(), "b".into(), "c".into()]));
        assert_eq!(words("a#b"), Ok(vec!["a#b".into()]));
        assert_eq!(words(r#""a b"c 'd "e'"#), Ok(vec!["a bc".into(), "d \"e".into()]));
        assert_eq!(words(r"a\ b \n"), Ok(vec!["a b".into(), r"\n".into()]));
        assert_eq!(words("'a"), Err(OpenQuote));
        assert_eq!(split_words(b"a b  # c").map(|found| found.end), Ok(3));
    }
}
