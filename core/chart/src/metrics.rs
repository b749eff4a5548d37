//! How wide words are in DejaVu Sans, so that a picture can be laid out without the font. The
//! painter's tests compare these tables with the font that it carries.

use crate::shape::Weight;

/// Units of the font in one em.
pub const UNITS_PER_EM: u16 = 2048;

/// What a letter that is in neither table counts as: about an em, so that nothing overlaps.
const WIDE: u16 = 1_716;

/// Advance widths of U+0020 to U+007E, regular.
const REGULAR: [u16; 95] = [
    651, 821, 942, 1716, 1303, 1946, 1597, 563, 799, 799, 1024, 1716, 651, 739, 651, 690, 1303,
    1303, 1303, 1303, 1303, 1303, 1303, 1303, 1303, 1303, 690, 690, 1716, 1716, 1716, 1087, 2048,
    1401, 1405, 1430, 1577, 1294, 1178, 1587, 1540, 604, 604, 1343, 1141, 1767, 1532, 1612, 1235,
    1612, 1423, 1300, 1251, 1499, 1401, 2025, 1403, 1251, 1403, 799, 690, 799, 1716, 1024, 1024,
    1255, 1300, 1126, 1300, 1260, 721, 1300, 1298, 569, 569, 1186, 569, 1995, 1298, 1253, 1300,
    1300, 842, 1067, 803, 1298, 1212, 1675, 1212, 1212, 1075, 1303, 690, 1303, 1716,
];

/// Advance widths of U+0020 to U+007E, bold.
const BOLD: [u16; 95] = [
    713, 934, 1067, 1716, 1425, 2052, 1786, 627, 936, 936, 1071, 1716, 778, 850, 778, 748, 1425,
    1425, 1425, 1425, 1425, 1425, 1425, 1425, 1425, 1425, 819, 819, 1716, 1716, 1716, 1188, 2048,
    1585, 1561, 1503, 1700, 1399, 1399, 1681, 1714, 762, 762, 1587, 1305, 2038, 1714, 1741, 1501,
    1741, 1577, 1475, 1397, 1663, 1585, 2259, 1579, 1483, 1485, 936, 748, 936, 1716, 1024, 1024,
    1382, 1466, 1214, 1466, 1389, 891, 1466, 1458, 702, 702, 1362, 702, 2134, 1458, 1407, 1466,
    1466, 1010, 1219, 979, 1458, 1335, 1892, 1321, 1335, 1192, 1458, 748, 1458, 1716,
];

/// Advance width of a letter in units of the font.
pub fn advance(letter: char, weight: Weight) -> u16 {
    let table = match weight {
        Weight::Regular => &REGULAR,
        Weight::Bold => &BOLD,
    };
    match (letter, weight) {
        ('…', _) => return UNITS_PER_EM,
        ('·', Weight::Regular) => return 651,
        ('·', Weight::Bold) => return 778,
        _ => {}
    }
    let place = u32::from(letter).checked_sub(0x20).and_then(|at| usize::try_from(at).ok());
    place.and_then(|at| table.get(at)).copied().unwrap_or(WIDE)
}

/// Width of words in pixels at this size.
pub fn width(text: &str, size: f32, weight: Weight) -> f32 {
    let units: u32 = text.chars().map(|letter| u32::from(advance(letter, weight))).sum();
    // Words of a chart are far below the 2^24 units that an f32 holds exactly.
    units as f32 * size / f32::from(UNITS_PER_EM)
}
