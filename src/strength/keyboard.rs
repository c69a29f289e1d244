//! Rows and zigzags of keys, on the layouts that people have.

use std::sync::LazyLock;

use super::fold::Letter;
use super::pattern::log10;

/// The rows of a layout from above; the second has its first key below the second of the first.
const LAYOUTS: [[&str; 4]; 6] = [
    [
        "`1234567890-=",
        "qwertyuiop[]\\",
        "asdfghjkl;'",
        "zxcvbnm,./",
    ],
    [
        "^1234567890ß´",
        "qwertzuiopü+",
        "asdfghjklöä#",
        "yxcvbnm,.-",
    ],
    [
        "²&é\"'(-è_çà)=",
        "azertyuiop^$",
        "qsdfghjklmù*",
        "wxcvbn,;:!",
    ],
    ["`1234567890[]", "',.pyfgcrl/=", "aoeuidhtns-", ";qjkxbmw"],
    ["ё1234567890-=", "йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю."],
    ["'1234567890-=", "йцукенгшщзхї", "фівапролджє", "ячсмитьбю."],
];

/// Digits with Shift held, on the American layout.
const SHIFTED: (&str, &str) = ("!@#$%^&*()", "1234567890");

/// Decimal logarithm of the keys that a walk begins at, of its first direction and of its layout.
const START: f64 = 1.5;

/// The same of each turn.
const TURN: f64 = 0.7;

/// The shortest walk that says anything.
const SHORTEST: usize = 4;

/// Keys with their rows and twice their columns, sorted by key; one list a layout.
static KEYS: LazyLock<Vec<Vec<(char, i32, i32)>>> = LazyLock::new(|| {
    let layouts = LAYOUTS.iter().map(|rows| {
        let mut keys = Vec::new();
        for (row, (text, first)) in (0..).zip(rows.iter().zip([0, 3, 4, 5])) {
            keys.extend(
                (0..)
                    .zip(text.chars())
                    .map(|(at, key)| (key, row, first + 2 * at)),
            );
        }
        keys.sort_unstable();
        keys
    });
    layouts.collect()
});

/// Begin, end and cost of the walks over neighbouring keys in `text`.
pub(super) fn walks(text: &[Letter]) -> Vec<(usize, usize, f64)> {
    let mut found = Vec::new();
    for keys in KEYS.iter() {
        let places: Vec<_> = text
            .iter()
            .map(|letter| place(keys, letter.plain))
            .collect();
        for start in 0..places.len() {
            let mut turns = 0.0;
            let mut direction = None;
            for (index, pair) in places[start..].windows(2).enumerate() {
                let Some(step) = step(pair[0], pair[1]) else {
                    break;
                };
                if direction.is_some_and(|before| before != step) {
                    turns += TURN;
                }
                direction = Some(step);
                let length = index + 2;
                if length >= SHORTEST {
                    found.push((start, start + length, START + turns + log10(length)));
                }
            }
        }
    }
    found
}

/// The row and twice the column of `key`, or of the digit below it.
fn place(keys: &[(char, i32, i32)], key: char) -> Option<(i32, i32)> {
    let find = |key: char| {
        let at = keys.binary_search_by_key(&key, |&(key, ..)| key).ok()?;
        Some((keys[at].1, keys[at].2))
    };
    let digit = || {
        let at = SHIFTED.0.chars().position(|sign| sign == key)?;
        SHIFTED.1.chars().nth(at)
    };
    find(key).or_else(|| find(digit()?))
}

/// The way from one key to a neighbour.
fn step(from: Option<(i32, i32)>, to: Option<(i32, i32)>) -> Option<(i32, i32)> {
    let (from, to) = from.zip(to)?;
    let (down, across) = (to.0 - from.0, to.1 - from.1);
    let near = down == 0 && across.abs() == 2 || down.abs() == 1 && across.abs() == 1;
    near.then_some((down, across))
}
