//! Characters as an attacker sees them: invisible ones gone, wide and accented ones as plain
//! letters, `1` and `!` as the letter they stand for.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::decompose_canonical;

use crate::schema;

/// One visible character.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Letter {
    /// In lower case and its compatible form (NFKC); marks still on it.
    pub(super) plain: char,
    /// Without marks.
    pub(super) base: char,
    /// One character for all that stand for each other.
    pub(super) skeleton: char,
    /// It was a capital.
    pub(super) upper: bool,
}

impl Letter {
    fn new(plain: char, upper: bool) -> Self {
        let base = base(plain);
        Self {
            plain,
            base,
            skeleton: skeleton(base),
            upper,
        }
    }

    /// Checks whether it is a sign or digit that may stand for a letter.
    pub(super) fn replaced(&self) -> bool {
        self.skeleton != self.base && !self.base.is_alphabetic()
    }
}

/// The visible characters of `text`, at most `most`.
pub(super) fn letters(text: &str, most: usize) -> Vec<Letter> {
    let visible = text.chars().filter(|&c| !is_invisible(c)).nfkc();
    let visible = visible.filter(|&c| !is_invisible(c)).take(most);
    let lower = visible.flat_map(|c| {
        let upper = c.is_uppercase();
        c.to_lowercase().map(move |lower| Letter::new(lower, upper))
    });
    lower.take(most).collect()
}

/// Characters that no one sees, and marks without a letter of their own.
fn is_invisible(c: char) -> bool {
    schema::is_invisible(c) || unicode_normalization::char::is_combining_mark(c)
}

/// The letter under marks and strokes: `é` is `e`, `ł` is `l`.
fn base(c: char) -> char {
    let mut first = None;
    decompose_canonical(c, |part| {
        first.get_or_insert(part);
    });
    match first.unwrap_or(c) {
        'ł' => 'l',
        'ø' | 'œ' => 'o',
        'đ' | 'ð' => 'd',
        'ħ' => 'h',
        'ı' => 'i',
        'ß' => 's',
        'æ' => 'a',
        base => base,
    }
}

/// One character for those that stand for each other in disguised words. `scripts/common-words` has
/// the same table.
pub(super) const fn skeleton(base: char) -> char {
    match base {
        '4' | '@' => 'a',
        '8' => 'b',
        '(' | '{' | '[' | '<' => 'c',
        '3' => 'e',
        '6' | '9' => 'g',
        '!' | '1' | '|' | 'l' => 'i',
        '0' => 'o',
        '$' | '5' => 's',
        '+' | '7' => 't',
        '%' => 'x',
        '2' => 'z',
        other => other,
    }
}

/// Keys of the Russian layout, and what the American one has in their place.
const SWITCHED: [(&str, &str); 3] = [
    ("йцукенгшщзхъ", "qwertyuiop[]"),
    ("фывапролджэ", "asdfghjkl;'"),
    ("ячсмитьбюё", "zxcvbnm,.`"),
];

/// Cyrillic letters, and the Latin ones that look or sound alike.
const LOOKS: (&str, &str) = ("авеёкмнорстухіѕјԁԛԝһ", "abeekmhopctyxisjdqwh");
const SOUNDS: (&str, &str) = ("абвгдеёзийклмнопрстуфыэі", "abvgdeeziiklmnoprstufyei");

/// `letters` as they are and as they may be meant, with what each adds to the guesses.
pub(super) fn spellings(letters: Vec<Letter>) -> Vec<(Vec<Letter>, f64)> {
    let replace = |map: &dyn Fn(char) -> Option<char>| -> Vec<Letter> {
        let replaced = letters
            .iter()
            .map(|letter| Letter::new(map(letter.plain).unwrap_or(letter.plain), letter.upper));
        replaced.collect()
    };
    let pairs = || SWITCHED.iter().flat_map(|(a, b)| a.chars().zip(b.chars()));
    let other_layout = replace(&|c| {
        let pair = pairs().find(|&(a, b)| a == c || b == c)?;
        Some(if pair.0 == c { pair.1 } else { pair.0 })
    });
    let look = |table: (&'static str, &'static str)| {
        move |c| {
            table
                .0
                .chars()
                .position(|a| a == c)
                .and_then(|at| table.1.chars().nth(at))
        }
    };
    let looks = replace(&look(LOOKS));
    let sounds = replace(&look(SOUNDS));
    let mut squeezed = letters.clone();
    squeezed.dedup_by_key(|letter| letter.base);
    let runs = squeezed.len().abs_diff(letters.len());
    let runs = 0.3 * f64::from(u8::try_from(runs.min(8) + 1).unwrap_or(9));
    let together = without_separator(&letters);

    let mut all = vec![
        (other_layout, 0.5),
        (looks, 0.5),
        (sounds, 0.5),
        (squeezed, runs),
    ];
    all.extend(together.map(|together| (together, 1.0)));
    all.retain(|(spelling, _)| *spelling != letters);
    all.push((letters, 0.0));
    all
}

/// The letters and digits, where a single kind of sign stands between them.
fn without_separator(letters: &[Letter]) -> Option<Vec<Letter>> {
    let mut signs = letters
        .iter()
        .filter(|letter| !letter.plain.is_alphanumeric());
    let first = signs.next()?.plain;
    if !signs.all(|letter| letter.plain == first) {
        return None;
    }
    let rest = letters.iter().filter(|letter| letter.plain != first);
    Some(rest.copied().collect())
}
