//! The words and passwords that people choose, and how common each is.

use std::sync::LazyLock;

use super::fold::skeleton;

/// Lines of a word, a space and a digit: twice the decimal logarithm of its rank, rounded down.
/// Sorted by the skeletons of the words. Made by `scripts/common-words`.
static WORDS: &str = include_str!("words.txt");

/// The beginnings of the lines, and the end.
static STARTS: LazyLock<Vec<u32>> = LazyLock::new(|| {
    let ends = WORDS.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
    let starts = ends.map(|(at, _)| u32::try_from(at + 1).unwrap_or(u32::MAX));
    std::iter::once(0).chain(starts).collect()
});

/// Sorts before every letter and digit, as the end of a word must.
const END: char = ' ';

/// Gives `found` the length and the decimal logarithm of the rank of every word that `text`, made of
/// skeletons, begins with. Returns the characters looked at.
pub(super) fn find(text: &[char], mut found: impl FnMut(usize, f64)) -> usize {
    let mut lines = 0..STARTS.len() - 1;
    let mut at = 0;
    for (index, &next) in text.iter().enumerate() {
        lines = narrow(&lines, at, next);
        if lines.is_empty() {
            return index + 1;
        }
        at += next.len_utf8();
        let whole = narrow(&lines, at, END);
        if let Some(rank) = whole.filter_map(|line| rank(line, at)).reduce(f64::min) {
            found(index + 1, rank);
        }
    }
    text.len()
}

/// Those of `lines`, which are alike up to byte `at`, that go on with `next`.
fn narrow(lines: &std::ops::Range<usize>, at: usize, next: char) -> std::ops::Range<usize> {
    let bound = |from: usize, after: bool| {
        let (mut low, mut high) = (from, lines.end);
        while low < high {
            let middle = low + (high - low) / 2;
            let key = skeleton(letter(middle, at));
            if key < next || after && key == next {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    };
    let first = bound(lines.start, false);
    first..bound(first, true)
}

fn line(number: usize) -> &'static str {
    let place = |number: usize| STARTS.get(number).map_or(WORDS.len(), |&at| at as usize);
    WORDS
        .get(place(number)..place(number + 1))
        .unwrap_or_default()
}

fn letter(number: usize, at: usize) -> char {
    let rest = line(number).get(at..).unwrap_or_default();
    rest.chars().next().unwrap_or(END)
}

/// The decimal logarithm of a rank, which stands after the word and its space.
fn rank(number: usize, at: usize) -> Option<f64> {
    let digit = line(number).get(at + 1..)?.chars().next()?.to_digit(10)?;
    Some(f64::from(digit) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skeletons(text: &str) -> Vec<char> {
        text.chars().map(skeleton).collect()
    }

    #[test]
    fn the_list_is_in_the_order_in_which_it_is_searched() {
        let words = || WORDS.lines().map(|line| skeletons(&line[..line.len() - 2]));
        assert!(words().is_sorted());
        for word in ["password", "the", "zoology", "пароль", "наташа"] {
            let mut lengths = Vec::new();
            find(&skeletons(word), |length, _| lengths.push(length));
            let length = word.chars().count();
            assert_eq!(lengths.last(), Some(&length), "{word}");
        }
    }

    #[test]
    fn nothing_is_found_past_the_last_word() {
        for text in ["", "\u{10ffff}", "zzzzzzzzzzzzzzzzzzz\u{10ffff}"] {
            find(&skeletons(text), |length, _| assert!(length < 20));
        }
    }
}
