//! Meaning of the operating system commands that outlast their moment: title, hyperlink, colours.
//! Everything else (clipboard, notifications, working directory, images) is not state of a screen.

use std::str;

/// Longest title kept, bytes; the rest is cut off.
pub(crate) const MAX_TITLE: usize = 1024;
/// Longest address or id of a hyperlink kept, bytes; a longer one counts as no link.
pub(crate) const MAX_LINK: usize = 2048;
/// Longest colour specification kept, bytes; a longer one is ignored.
pub(crate) const MAX_COLOUR: usize = 64;
/// Colours 0..=255 are the palette; from here on foreground, background and cursor.
pub(crate) const DYNAMIC_COLOUR: u16 = 256;

/// One effect of an OSC.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Osc {
    Title(String),
    Link {
        id: Option<String>,
        uri: String,
    },
    LinkEnd,
    /// A colour was set, in the application's own words.
    Colour(u16, String),
    ColourReset(u16),
    PaletteReset,
}

/// Calls `act` for every effect of the OSC with this payload.
pub(crate) fn parse(payload: &[u8], mut act: impl FnMut(Osc)) {
    let (code, rest) = split(payload);
    match code {
        b"0" | b"2" => act(Osc::Title(clean(rest, MAX_TITLE))),
        b"8" => link(rest, act),
        b"4" => palette(rest, act),
        b"10" => dynamic(0, rest, act),
        b"11" => dynamic(1, rest, act),
        b"12" => dynamic(2, rest, act),
        b"104" if rest.is_empty() => act(Osc::PaletteReset),
        b"104" => rest
            .split(|&byte| byte == b';')
            .filter_map(index)
            .for_each(|index| act(Osc::ColourReset(index))),
        b"110" => act(Osc::ColourReset(DYNAMIC_COLOUR)),
        b"111" => act(Osc::ColourReset(DYNAMIC_COLOUR + 1)),
        b"112" => act(Osc::ColourReset(DYNAMIC_COLOUR + 2)),
        _ => {}
    }
}

fn split(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|&byte| byte == b';') {
        Some(at) => (&bytes[..at], &bytes[at + 1..]),
        None => (bytes, &[]),
    }
}

/// Text without control characters, cut to `max` bytes: it will be written to a terminal again.
fn clean(bytes: &[u8], max: usize) -> String {
    let mut text = String::new();
    for c in String::from_utf8_lossy(bytes).chars().filter(|c| !c.is_control()) {
        if text.len() + c.len_utf8() > max {
            break;
        }
        text.push(c);
    }
    text.trim().to_owned()
}

fn link(rest: &[u8], mut act: impl FnMut(Osc)) {
    let (params, uri) = split(rest);
    if uri.is_empty() || uri.len() > MAX_LINK || params.len() > MAX_LINK {
        return act(Osc::LinkEnd);
    }
    let id = params.split(|&byte| byte == b':').find_map(|pair| pair.strip_prefix(b"id="));
    act(Osc::Link { id: id.map(|id| clean(id, MAX_LINK)), uri: clean(uri, MAX_LINK) });
}

fn palette(mut rest: &[u8], mut act: impl FnMut(Osc)) {
    while !rest.is_empty() {
        let (at, after) = split(rest);
        let (spec, after) = split(after);
        if let (Some(index), Some(spec)) = (index(at), colour(spec)) {
            act(Osc::Colour(index, spec));
        }
        rest = after;
    }
}

fn dynamic(first: u16, rest: &[u8], mut act: impl FnMut(Osc)) {
    for (spec, offset) in rest.split(|&byte| byte == b';').zip(first..3) {
        if let Some(spec) = colour(spec) {
            act(Osc::Colour(DYNAMIC_COLOUR + offset, spec));
        }
    }
}

fn index(bytes: &[u8]) -> Option<u16> {
    str::from_utf8(bytes).ok()?.parse::<u8>().ok().map(u16::from)
}

/// A colour as `rgb:`, `#` or a name; `?` is a question and not a colour.
fn colour(bytes: &[u8]) -> Option<String> {
    let known = |byte: &u8| byte.is_ascii_alphanumeric() || b":/#,. ".contains(byte);
    let fits = !bytes.is_empty() && bytes.len() <= MAX_COLOUR && bytes.iter().all(known);
    fits.then(|| String::from_utf8_lossy(bytes).into_owned())
}
