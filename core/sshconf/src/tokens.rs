//! `%` tokens in values, for the client. Not `${VARIABLES}`: a configuration is read without an
//! environment here.

/// A token that is not known (or whose value is not).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unknown(pub(crate) char);

/// Replaces `%x` by what `look_up` says; `%%` is a percent sign.
pub(crate) fn expand(
    text: &str,
    look_up: impl Fn(char) -> Option<String>,
) -> Result<String, Unknown> {
    let mut expanded = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            expanded.push(letter);
            continue;
        }
        match letters.next() {
            Some('%') => expanded.push('%'),
            Some(token) => expanded.push_str(&look_up(token).ok_or(Unknown(token))?),
            None => return Err(Unknown('%')),
        }
    }
    Ok(expanded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_replaced_and_unknown_ones_named() {
        let host = |token| (token == 'h').then(|| "lab".to_owned());
        assert_eq!(expand("%h-100%%", host), Ok("lab-100%".to_owned()));
        assert_eq!(expand("%C", host), Err(Unknown('C')));
    }
}
