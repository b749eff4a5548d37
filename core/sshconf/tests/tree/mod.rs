//! Generated configurations: files with includes, blocks, quoting and odd spacing, from a seed. Not
//! an oracle: what they mean is for the real programs to say.

pub(crate) mod client;
pub(crate) mod oracle;
pub(crate) mod server;

use std::collections::BTreeMap;

/// Numbers from a seed (splitmix64): the same seed gives the same tree.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5555)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(limit).unwrap()).unwrap()
    }

    pub(crate) fn one_in(&mut self, chance: usize) -> bool {
        self.below(chance) == 0
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// What a language's lines look like.
pub(crate) trait Language {
    /// A keyword and a value that it takes; `in_block`: one that a block may set.
    fn setting(&self, dice: &mut Dice, in_block: bool) -> (&'static str, String);
    /// Whether comments may follow this keyword's value, and quotes stand around it.
    fn takes_words(&self, keyword: &str) -> bool;
    /// A header of a block.
    fn header(&self, dice: &mut Dice) -> String;
    /// A line that the program refuses.
    fn broken(&self, dice: &mut Dice) -> String;
    /// Where included files are, and how Include lines name that folder.
    fn include_folder(&self, level: usize) -> (String, Vec<String>);
}

/// Paths and bytes.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// How deep generated includes go.
const LEVELS: usize = 3;

/// A tree below the root file; about one in twenty has a broken line.
pub(crate) fn grow(language: &dyn Language, roots: &[&str], dice: &mut Dice) -> Files {
    let mut files = Files::new();
    for root in roots {
        files.insert((*root).to_owned(), text(language, dice, 0));
    }
    for level in 1..=LEVELS {
        let (folder, _) = language.include_folder(level);
        for name in ["10-a.conf", "20-b.conf", "9.conf", ".hidden.conf", "c.conf.bak"] {
            if dice.below(3) > 0 {
                files.insert(format!("{folder}/{name}"), text(language, dice, level));
            }
        }
    }
    if dice.one_in(20) {
        let paths: Vec<String> = files.keys().cloned().collect();
        let broken = language.broken(dice);
        let file = files.get_mut(dice.pick(&paths)).unwrap();
        file.extend_from_slice(format!("\n{broken}\n").as_bytes());
    }
    files
}

fn text(language: &dyn Language, dice: &mut Dice, level: usize) -> Vec<u8> {
    let ending = if dice.one_in(5) { "\r\n" } else { "\n" };
    let mut lines = Vec::new();
    let mut in_block = false;
    for _ in 0..dice.below(10) + 2 {
        lines.push(match dice.below(20) {
            0 => String::new(),
            1 => "  # ServerAliveInterval 3".to_owned(),
            2 => "\t \t".to_owned(),
            3..6 => {
                in_block = true;
                language.header(dice)
            }
            6..9 if level < LEVELS => include(language, dice, level + 1),
            _ => setting(language, dice, in_block || level > 0),
        });
    }
    let mut text = lines.join(ending);
    if !dice.one_in(4) {
        text.push_str(ending);
    }
    text.into_bytes()
}

fn setting(language: &dyn Language, dice: &mut Dice, in_block: bool) -> String {
    let (keyword, value) = language.setting(dice, in_block);
    let words = language.takes_words(keyword);
    let keyword = match dice.below(6) {
        0 => keyword.to_ascii_lowercase(),
        1 => keyword.to_ascii_uppercase(),
        2 if words => return format!("\"{keyword}\" {value}"),
        _ => keyword.to_owned(),
    };
    let value = match dice.below(6) {
        0 if words && !value.contains([' ', '"', '\'']) => format!("\"{value}\""),
        1 if words && !value.contains([' ', '"', '\'']) => format!("'{value}'"),
        _ => value,
    };
    let between = dice.pick(&[" ", " ", " ", "\t", "=", " = ", "  ", "= ", " ="]);
    let indentation = dice.pick(&["", "", "  ", "\t", "    "]);
    let comment = if words && dice.one_in(6) { "  # said so" } else { "" };
    let trail = dice.pick(&["", "", "", " ", "\t", " \x0c"]);
    format!("{indentation}{keyword}{between}{value}{comment}{trail}")
}

fn include(language: &dyn Language, dice: &mut Dice, level: usize) -> String {
    let (_, folders) = language.include_folder(level);
    let folder = dice.pick(&folders).clone();
    let pattern =
        dice.pick(&["*.conf", "10-a.conf", "[0-9]*", "nothing*", "?0-*.conf", "*", "20-b.conf"]);
    match dice.below(4) {
        0 => format!("Include \"{folder}/{pattern}\""),
        1 => format!("include {folder}/{pattern} {folder}/9.conf"),
        _ => format!("Include {folder}/{pattern}"),
    }
}

/// Times that both languages take.
pub(crate) fn time(dice: &mut Dice) -> String {
    let units = ["", "s", "m", "h", "S", "M"];
    let mut text = format!("{}{}", dice.below(90), dice.pick(&units));
    if dice.one_in(3) && !text.ends_with(|letter: char| letter.is_ascii_digit()) {
        text.push_str(&format!("{}s", dice.below(50)));
    }
    if dice.one_in(10) { format!("0{text}") } else { text }
}

/// Sizes and times of `RekeyLimit`.
pub(crate) fn rekey(dice: &mut Dice) -> String {
    let size = match dice.below(5) {
        0 => "default".to_owned(),
        1 => "1.5G".to_owned(),
        _ => format!("{}{}", dice.below(900) + 16, dice.pick(&["", "K", "M", "g"])),
    };
    match dice.below(3) {
        0 => size,
        1 => format!("{size} none"),
        _ => format!("{size} {}", time(dice)),
    }
}

/// Classes of `IPQoS`.
pub(crate) fn quality(dice: &mut Dice) -> String {
    let classes =
        ["af21", "CS1", "ef", "none", "lowdelay", "throughput", "0x10", "24", "le", "010"];
    let first = *dice.pick(&classes);
    if dice.one_in(2) { first.to_owned() } else { format!("{first} {}", dice.pick(&classes)) }
}

/// How many trees a test grows: a few by default, as many as `ABIDE_SSHCONF_TREES` says.
pub(crate) fn count() -> u64 {
    std::env::var("ABIDE_SSHCONF_TREES").ok().and_then(|text| text.parse().ok()).unwrap_or(150)
}

/// The first seed: `ABIDE_SSHCONF_SEED` replays one tree when the count is 1.
pub(crate) fn first_seed() -> u64 {
    std::env::var("ABIDE_SSHCONF_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}
