//! What programs write to terminals, to be passed on byte for byte: recordings of real ones, and
//! sequences by hand that few programs write and that anything re-rendering would change. No tests.

/// One thing that is written, and its name.
pub(crate) type Writing = (&'static str, Vec<u8>);

const RECORDINGS: [(&str, &[u8]); 5] = [
    ("vim", include_bytes!("../../../core/screen/src/tests/recordings/vim.rec")),
    ("less", include_bytes!("../../../core/screen/src/tests/recordings/less.rec")),
    ("tmux", include_bytes!("../../../core/screen/src/tests/recordings/tmux.rec")),
    ("htop", include_bytes!("recordings/htop.rec")),
    ("ls --color", include_bytes!("recordings/ls.rec")),
];

const SEQUENCES: [(&str, &str); 22] = [
    ("emoji", "👩‍👩‍👧‍👦 👍🏽 🇩🇪🇯🇵 ❤️ ☎︎ 🏴󠁧󠁢󠁳󠁣󠁴󠁿 1️⃣\r\n"),
    ("wide", "漢字かな交じり文 한국어 ﷽ ｆｕｌｌ 全角\r\n"),
    ("combining", "e\u{301} n\u{303}\u{330} Z\u{351}\u{36b}\u{343}\u{36a} ก็ नि \u{302}alone\r\n"),
    ("right to left", "שלום \u{200f}مرحبا\u{200e} \u{202e}x\u{202c}\r\n"),
    (
        "24-bit colour",
        "\x1b[38;2;255;100;0mA\x1b[48:2::1:2:3mB\x1b[58:2::9:8:7m\x1b[4:3mC\x1b[m\r\n",
    ),
    ("attributes", "\x1b[1;2;3;4;5;7;8;9;21;53mX\x1b[22;23;24;25;27;28;29;55m\x1b[10;73m\x1b[0m"),
    (
        "OSC 8",
        "\x1b]8;id=1;https://example.org/a?b=c\x1b\\link\x1b]8;;\x1b\\ \x1b]8;;x:\x07y\x1b]8;;\x07",
    ),
    ("OSC 52", "\x1b]52;c;aGVsbG8gd29ybGQ=\x07\x1b]52;p;?\x1b\\"),
    (
        "OSC of titles, colours, places",
        "\x1b]0;t\x07\x1b]2;ü\x1b\\\x1b]4;1;rgb:a/b/c\x07\x1b]7;file://h/d\x07",
    ),
    (
        "OSC of shells and images",
        "\x1b]133;A\x07\x1b]133;D;0\x1b\\\x1b]1337;File=inline=1:QUJD\x07\x1b]9;4;1;50\x07",
    ),
    ("OSC of colours asked", "\x1b]10;?\x1b\\\x1b]11;?\x07\x1b]104\x07\x1b]112\x07"),
    ("kitty keyboard", "\x1b[>1u\x1b[=5;1u\x1b[?u\x1b[<1u\x1b[>4;2m\x1b[?4m"),
    ("kitty graphics", "\x1b_Gf=24,s=1,v=1,m=0;AAAA\x1b\\\x1b_Ga=d\x1b\\"),
    ("sixel", "\x1bP0;1;0q\"1;1;6;6#0;2;0;0;0#1;2;100;0;0#1~~@@vv@@~~$#0??}}GG}}??-#1!14@\x1b\\"),
    ("tmux -CC", "\x1bP1000p%begin 1 2 0\r\n%end 1 2 0\r\n%output %0 a\\033[mb\r\n%exit\r\n\x1b\\"),
    (
        "asked of the terminal",
        "\x1b[c\x1b[>c\x1b[=c\x1b[6n\x1b[?6n\x1b[5n\x1bP+q544e\x1b\\\x1bP$qm\x1b\\\x1b[>q\x1b[18t\x1b[?2026$p",
    ),
    (
        "modes",
        "\x1b[?1049h\x1b[?1000;1002;1003;1006;1015h\x1b[?2004h\x1b[?1004h\x1b[?2026h\x1b[?2026l\x1b[?1004;2004;1006;1003;1002;1000l\x1b[?1049l",
    ),
    (
        "cursor shapes and margins",
        "\x1b[5 q\x1b[0 q\x1b[?69h\x1b[5;70s\x1b[3;20r\x1b[?6h\x1b[?6l\x1b[r\x1b[?69l\x1b7\x1b8\x1b[s\x1b[u",
    ),
    ("character sets", "\x1b(0lqqk\x1b(B\x1b)0\x0eaaa\x0f\x1b*A\x1bn\x1bo\x1b%G\x1b#8\x1b#6"),
    (
        "tabs, repeats, rectangles",
        "a\x1b[79b\x1b[3g\x1b[10G\x1bH\t\x1b[Z\x1b[2;2;4;4$z\x1b[1;1;2;2;1;5;5;1$v",
    ),
    ("cut short", "\x1b]0;never ended\x18\x1b[12;\x1b[1;31\x1a\x1bP1q\x1b\x1b[\u{9c}\x1b"),
    ("resets", "\x1b[!p\x1bc\x1b[3J\x1b[2J\x1b[H"),
];

/// Everything.
pub(crate) fn all() -> Vec<Writing> {
    let recorded = RECORDINGS.iter().map(|(name, bytes)| (*name, bytes.to_vec()));
    let by_hand = SEQUENCES.iter().map(|(name, text)| (*name, text.as_bytes().to_vec()));
    recorded.chain(by_hand).chain([every_byte(), broken_text()]).collect()
}

/// Every byte, C0 and the eight-bit C1 among them.
fn every_byte() -> Writing {
    ("every byte, up and down", (0..=255).chain((0..=255).rev()).collect())
}

/// What is no UTF-8: overlong, surrogates, cut short, beyond the last character.
fn broken_text() -> Writing {
    let bytes = b"\xc0\x80 \xe0\x80\xaf \xed\xa0\x80 \xf4\x90\x80\x80 \xe2\x82 \xf0\x9f\x92 \xff\xfe \xe4\xb8";
    ("broken text", bytes.to_vec())
}

/// What terminals send of keys, mouse, paste and answers.
pub(crate) const TYPED: &[u8] = b"plain \x1b[A\x1bOP\x1b[15;2~ \x1b[97;5u\x1b[13;2:3u\x1b[57358u \x1b[<0;10;20M\x1b[<0;10;20m\
\x1b[M !!\x1b[I\x1b[O \x1b[200~pasted\r\n~.\r~d \x03\x04\x1a\x1c\x11\x13\x1b[201~ \x1b[?62;4c\x1b[24;80R\x1b]11;rgb:0/0/0\x1b\\\
\x1bP1+r544e=78\x1b\\ \x00\x7f\x08\xc3\xbc\xf0\x9f\x98\x80\xff\xfe\r\n~\r~~\r~?\r~";
