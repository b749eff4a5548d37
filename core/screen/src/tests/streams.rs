//! Random output of applications, for property tests.

use std::fmt;
use std::ops::Deref;

use proptest::prelude::*;

/// Output that prints readably when a test fails.
#[derive(Clone)]
pub(crate) struct Output(Vec<u8>);

impl Deref for Output {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

fn joined(items: Vec<Vec<u8>>) -> Output {
    Output(items.concat())
}

/// One unit of output; never ends inside a sequence.
pub(crate) fn item() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => text(),
        4 => sgr(),
        6 => movement(),
        4 => erasing(),
        2 => switches(),
        1 => rare(),
    ]
}

/// What the reference does not know.
fn unknown() -> impl Strategy<Value = Vec<u8>> {
    let list: &[&str] = &[
        "\x1b[?69h",
        "\x1b[?69l",
        "\x1b[53m",
        "\x1b[55m",
        "\x1bD",
        "\x1b6",
        "\x1b9",
        "\x1bn",
        "\x1bo",
        "\x1b*0",
        "\x1b[2 @",
        "\x1b[3 A",
        "\x1b[2'}",
        "\x1b['~",
        "\x1b[88;2;3;5;20$x",
        "\x1b[1;1;4;9$z",
        "\x1b[3b",
        "\x1b[5e",
    ];
    prop_oneof![
        3 => (1..20u8, 1..31u8).prop_map(|(left, right)| {
            format!("\x1b[?69h\x1b[{left};{right}s\x1b[4;12H").into_bytes()
        }),
        3 => prop::sample::select(list).prop_map(|s| s.as_bytes().to_vec()),
    ]
}

/// All that is modelled, also what the reference does not know.
pub(crate) fn full_stream(items: usize) -> impl Strategy<Value = Output> {
    let item = prop_oneof![4 => item(), 1 => unknown()];
    prop::collection::vec(item, 0..items).prop_map(joined)
}

pub(crate) fn stream(items: usize) -> impl Strategy<Value = Output> {
    prop::collection::vec(item(), 0..items).prop_map(joined)
}

/// Text and looks only, as any terminal understands them.
pub(crate) fn plain_stream(items: usize) -> impl Strategy<Value = Output> {
    let item = prop_oneof![
        "[a-zA-Z0-9]{1,20}( [a-z]{1,20})?".prop_map(String::into_bytes),
        Just(b"\r\n".to_vec()),
        foreground(),
    ];
    prop::collection::vec(item, 0..items).prop_map(joined)
}

/// The above with positions and erasing. Every movement begins with a position, as terminals
/// differ in what a pending wrap means for the rest.
pub(crate) fn cursor_stream(items: usize) -> impl Strategy<Value = Output> {
    let relative: &[u8] = b"ABCDGd@PXLM";
    let position = |row: u8, col: u8| format!("\x1b[{row};{col}H");
    let item = prop_oneof![
        "[a-z]{1,30}".prop_map(String::into_bytes),
        Just(b"\r\n".to_vec()),
        foreground(),
        (1..12u8, 1..30u8).prop_map(move |(row, col)| position(row, col).into_bytes()),
        (1..12u8, 1..30u8, 1..12u8, prop::sample::select(relative)).prop_map(
            move |(row, col, n, kind)| {
                // IL and DL go to the first column, but not in the oracle.
                let after = if b"LM".contains(&kind) { "\r" } else { "" };
                format!("{}\x1b[{n}{}{after}", position(row, col), kind as char).into_bytes()
            }
        ),
        (1..12u8, 1..30u8, prop::sample::select(&["J", "1J", "K", "1K", "2K"][..])).prop_map(
            move |(row, col, erase)| { format!("{}\x1b[{erase}", position(row, col)).into_bytes() }
        ),
        margins(),
    ];
    prop::collection::vec(item, 0..items).prop_map(joined)
}

/// Scrolls within margins, from their top. Elsewhere the oracle does what no terminal does.
fn margins() -> impl Strategy<Value = Vec<u8>> {
    let scroll: &[&str] = &["\x1bM", "\x1b[2L", "\x1b[M", "\n\n\n\n\n\n\n", "\x1b[S"];
    (1..6u8, 1..6u8, prop::sample::select(scroll)).prop_map(|(top, more, scroll)| {
        let bottom = top + more;
        format!("\x1b[{top};{bottom}r\x1b[{top}H{scroll}\x1b[r\x1b[H").into_bytes()
    })
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        "[a-z ]{1,30}".prop_map(String::into_bytes),
        Just("日本語テキスト".as_bytes().to_vec()),
        Just("漢".as_bytes().to_vec()),
        Just("e\u{301}o\u{308}\u{323}".as_bytes().to_vec()),
        Just("👩\u{200d}👧 🎉é".as_bytes().to_vec()),
        Just("\u{301}".as_bytes().to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b"\n".to_vec()),
        Just(b"\t".to_vec()),
        Just(b"\x08".to_vec()),
        Just(b"\r".to_vec()),
        (1..40u8).prop_map(|n| format!("R\x1b[{n}b").into_bytes()),
    ]
}

/// Without backgrounds: terminals differ in whether rows scrolled in take them on.
fn foreground() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::sample::select(&[0u8, 1, 3, 4, 7, 22, 23, 24, 27, 31, 39, 95][..])
            .prop_map(|n| format!("\x1b[{n}m").into_bytes()),
        any::<(u8, u8, u8)>().prop_map(|(r, g, b)| format!("\x1b[38;2;{r};{g};{b}m").into_bytes()),
    ]
}

fn plain_sgr() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::sample::select(&[0u8, 1, 3, 4, 7, 22, 23, 24, 27, 31, 42, 39, 49, 95, 103][..])
            .prop_map(|n| format!("\x1b[{n}m").into_bytes()),
        any::<(u8, u8, u8)>().prop_map(|(r, g, b)| format!("\x1b[38;2;{r};{g};{b}m").into_bytes()),
        any::<u8>().prop_map(|n| format!("\x1b[48;5;{n}m").into_bytes()),
    ]
}

fn sgr() -> impl Strategy<Value = Vec<u8>> {
    let more: &[&str] = &[
        "\x1b[2m",
        "\x1b[5m",
        "\x1b[25m",
        "\x1b[8m",
        "\x1b[9m",
        "\x1b[29m",
        "\x1b[4:3m",
        "\x1b[4:2m",
        "\x1b[21m",
        "\x1b[4:5m",
        "\x1b[58;5;9m",
        "\x1b[58:2::1:2:3m",
        "\x1b[59m",
        "\x1b]8;id=a;http://x.example/1\x1b\\",
        "\x1b]8;;http://y.example\x07",
        "\x1b]8;;\x1b\\",
    ];
    prop_oneof![plain_sgr(), prop::sample::select(more).prop_map(|s| s.as_bytes().to_vec())]
}

fn movement() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        (1..14u8, 1..40u8).prop_map(|(row, col)| format!("\x1b[{row};{col}H").into_bytes()),
        (0..50u8, prop::sample::select(&b"ABCDEFGdIZ`ast"[..])).prop_map(|(n, kind)| format!(
            "\x1b[{n}{}",
            kind as char
        )
        .into_bytes()),
        (0..14u8, 0..14u8).prop_map(|(top, end)| format!("\x1b[{top};{end}r").into_bytes()),
        prop::sample::select(&["\x1b7", "\x1b8", "\x1b[s", "\x1b[u", "\x1bM", "\x1bE"][..])
            .prop_map(|s| s.as_bytes().to_vec()),
    ]
}

fn erasing() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        (0..30u8, prop::sample::select(&b"@PXLMST"[..])).prop_map(|(n, kind)| format!(
            "\x1b[{n}{}",
            kind as char
        )
        .into_bytes()),
        (0..4u8, prop::sample::select(&b"JK"[..])).prop_map(|(n, kind)| format!(
            "\x1b[{n}{}",
            kind as char
        )
        .into_bytes()),
    ]
}

fn switches() -> impl Strategy<Value = Vec<u8>> {
    let private: &[u16] = &[
        1, 3, 5, 6, 7, 9, 12, 25, 47, 66, 1000, 1002, 1003, 1004, 1005, 1006, 1007, 1015, 1047,
        1048, 1049, 1049, 1049, 2004, 2026, 2031,
    ];
    let other: &[&str] = &[
        "\x1b(0",
        "\x1b(B",
        "\x1b)0",
        "\x1b)B",
        "\x0e",
        "\x0f",
        "\x1b=",
        "\x1b>",
        "\x1b[4h",
        "\x1b[4l",
        "\x1b[20h",
        "\x1b[20l",
        "\x1bH",
        "\x1b[g",
        "\x1b[3g",
        "\x1b[?5W",
        "\x1b[2 q",
        "\x1b[0 q",
        "\x1b[5 q",
        "\x1b[>1u",
        "\x1b[=3;2u",
        "\x1b[<u",
        "\x1b[>4;2m",
        "\x1b[>4m",
        "\x1b(0lqqk\x1b(B",
    ];
    prop_oneof![
        (prop::sample::select(private), any::<bool>()).prop_map(|(n, on)| format!(
            "\x1b[?{n}{}",
            if on { 'h' } else { 'l' }
        )
        .into_bytes()),
        prop::sample::select(other).prop_map(|s| s.as_bytes().to_vec()),
    ]
}

fn rare() -> impl Strategy<Value = Vec<u8>> {
    let list: &[&str] = &[
        "\x1b#8",
        "\x1b[!p",
        "\x1bc",
        "\x1b]0;a title\x07",
        "\x1b]2;\x1b\\",
        "\x1b[22t",
        "\x1b[23t",
        "\x1b]4;1;rgb:11/22/33\x1b\\",
        "\x1b]11;#102030\x07",
        "\x1b]104\x07",
        "\x1b]52;c;aGk=\x07",
        "\x1bPq#0;2;0;0;0~~@@\x1b\\",
        "\x1b_Gf=32;AAAA\x1b\\",
        "\x1b[6n",
        "\x1b[c",
        "\x1bPtmux;\x1b\x1b]0;x\x07\x1b\\",
    ];
    prop::sample::select(list).prop_map(|s| s.as_bytes().to_vec())
}
