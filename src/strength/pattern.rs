//! Single characters, sequences, dates and repeats.

use super::fold::Letter;

/// Years that people write.
const YEARS: std::ops::RangeInclusive<u32> = 1900..=2049;

/// The decimal logarithm of a small number.
pub(super) fn log10(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX)).log10()
}

/// The cost of the character at `at`, chosen among those of its kind; of a sign that stood before,
/// next to nothing.
pub(super) fn single(text: &[Letter], at: usize) -> f64 {
    let letter = text[at];
    let cost = match letter.plain {
        '0'..='9' | ' ' | '-' | '_' | '.' => 1.0,
        'a'..='z' => 1.415,
        c if c.is_ascii() => 1.5,
        // Alphabets of about thirty letters; the blocks beyond are syllabaries and ideographs, with far
        // more characters to guess from.
        c if c < '\u{700}' => 1.5,
        _ => 2.5,
    };
    let seen = !letter.plain.is_alphanumeric()
        && text[..at].iter().any(|before| before.plain == letter.plain);
    if seen {
        return 0.5;
    }
    cost + if letter.upper { 0.3 } else { 0.0 }
}

/// The length and the cost of sequences such as `abcd`, `9876` and `2468` that `text` begins with.
pub(super) fn sequences(text: &[Letter]) -> impl Iterator<Item = (usize, f64)> + use<> {
    let number = |letter: &Letter| i64::from(u32::from(letter.plain));
    let step = |a: &Letter, b: &Letter| {
        let step = number(b) - number(a);
        // Keyboards and counters go from 9 to 0.
        match (a.plain, b.plain) {
            ('9', '0') => 1,
            ('0', '9') => -1,
            _ => step,
        }
    };
    let first = text.first().map_or('\0', |letter| letter.plain);
    let delta = text.get(1).map_or(0, |second| step(&text[0], second));
    let pairs = text.windows(2);
    let steps = pairs
        .take_while(|pair| step(&pair[0], &pair[1]) == delta)
        .count();
    let regular = (1..=3).contains(&delta.abs()) && first.is_alphanumeric();
    let obvious = matches!(first, 'a' | 'z' | '0' | '1' | '9' | 'а' | 'я');
    let start = if obvious { 0.5 } else { 1.3 } + if delta.abs() == 1 { 0.0 } else { 0.7 };
    let longest = if regular { steps + 1 } else { 0 };
    (3..=longest).map(move |length| (length, start + log10(length)))
}

/// The length and the cost of years and dates that `text` begins with.
pub(super) fn dates(text: &[Letter]) -> impl Iterator<Item = (usize, f64)> + use<> {
    let digits = text.iter().map_while(|letter| letter.plain.to_digit(10));
    let digits: Vec<u32> = digits.take(8).collect();
    let number = |from: usize, to: usize| {
        let part = digits.get(from..to)?;
        Some(part.iter().fold(0, |number, digit| number * 10 + digit))
    };
    let year = |from| number(from, from + 4).is_some_and(|year| YEARS.contains(&year));
    let day_and_month = |from| {
        let pair = number(from, from + 2).zip(number(from + 2, from + 4));
        pair.is_some_and(|(a, b)| a.min(b) >= 1 && a.min(b) <= 12 && a.max(b) <= 31)
    };
    let short = digits.len() >= 6 && (day_and_month(0) || day_and_month(2));
    let long = day_and_month(0) && year(4) || year(0) && day_and_month(4);
    let found = [
        year(0).then_some((4, 1.9)),
        short.then_some((6, 4.3)),
        long.then_some((8, 4.3)),
        separated(text).map(|length| (length, 4.8)),
    ];
    found.into_iter().flatten()
}

/// The length of a date with separators, such as `1.2.1999` or `1999-02-01`.
fn separated(text: &[Letter]) -> Option<usize> {
    let digits = |from: usize| {
        let rest = text.get(from..).unwrap_or_default();
        let digits = rest
            .iter()
            .take_while(|letter| letter.plain.is_ascii_digit());
        digits.take(5).count()
    };
    let first = digits(0);
    let sign = text.get(first)?.plain;
    let second = digits(first + 1);
    let at = first + 1 + second;
    let third = digits(at + 1);
    let same = text.get(at)?.plain == sign && !sign.is_alphanumeric();
    let short = |length| length == 1 || length == 2;
    let day_first = short(first) && (third == 2 || third == 4);
    let year_first = first == 4 && short(third);
    (same && short(second) && (day_first || year_first)).then_some(at + 1 + third)
}

/// Begin, end and cost of the parts of `text` that stood before in it.
pub(super) fn copies(text: &[Letter]) -> Vec<(usize, usize, f64)> {
    let mut found = Vec::new();
    for distance in 1..text.len() {
        let mut length = 0;
        for start in (distance..text.len()).rev() {
            let same = |at: usize| text[at].base == text[at - distance].base;
            length = if same(start) { length + 1 } else { 0 };
            // Of a long copy every end, of its later beginnings the last end alone: otherwise one
            // letter over and over would be as many pieces as the cube of its length.
            let first = start == distance || !same(start - 1);
            let shortest = if first { 2 } else { length.max(2) };
            let ends = shortest..=length;
            found.extend(ends.map(|length| (start, start + length, log10(distance * length))));
        }
    }
    found
}
