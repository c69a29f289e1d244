//! An estimate of the guesses that a secret withstands, for passwords and keys alike. Knows nothing of
//! accounts, settings or limits.
//!
//! A secret is cut into the cheapest pieces that an attacker would combine: words, rows of keys,
//! sequences, dates, repeats, single characters. The work is bounded by the length alone, whatever
//! the characters are: no piece is enumerated, only looked up.

mod fold;
mod keyboard;
mod pattern;
mod words;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use self::fold::Letter;

/// Characters that are looked at; what follows them adds nothing.
const MAX_CHARS: usize = 128;

/// Decimal logarithm of the guesses that a key withstands at least: 16 random bytes are estimated at
/// 23 or more.
const MIN_KEY: f64 = 22.0;

/// The same for each of its characters: random hexadecimal digits are estimated at 0.74 or more, text
/// at 0.6 or less.
const MIN_KEY_CHAR: f64 = 0.62;

/// Shortest personal word, in characters: less stands in any password by chance.
const MIN_PERSONAL: usize = 3;

/// Decimal logarithm of what choosing one more piece costs.
const PIECE: f64 = 0.5;

/// The same of writing a word backwards.
const BACKWARD: f64 = 0.3;

/// Decimal logarithm of the guesses that `secret` withstands. The words of `personal` are the first
/// that an attacker tries.
#[must_use]
pub fn guesses_log10(secret: &str, personal: &[&str]) -> f64 {
    estimate(secret, personal).0
}

/// Checks whether a key for signing could be guessed: digits or letters in order, words and sentences,
/// repeats, also in base64 or hexadecimal digits. 16 random bytes in any common notation pass.
#[must_use]
pub fn is_guessable_key(key: &str) -> bool {
    let is_weak = |text: &str| {
        let guesses = guesses_log10(text, &[]);
        let length = text.chars().count().min(MAX_CHARS);
        guesses < MIN_KEY
            || guesses < MIN_KEY_CHAR * f64::from(u8::try_from(length).unwrap_or(u8::MAX))
    };
    is_weak(key)
        || [from_hex(key), from_base64(key)]
            .into_iter()
            .flatten()
            .any(|text| is_weak(&text))
}

/// The text that `key` is in hexadecimal digits; random bytes are no text.
fn from_hex(key: &str) -> Option<String> {
    let pairs = key.as_bytes().chunks(2);
    let bytes = pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    readable(bytes.collect::<Option<Vec<u8>>>()?)
}

/// The text that `key` is in base64, of either alphabet, padded or not.
fn from_base64(key: &str) -> Option<String> {
    let plain: String = key
        .trim_end_matches('=')
        .replace('-', "+")
        .replace('_', "/");
    readable(STANDARD_NO_PAD.decode(plain).ok()?)
}

fn readable(bytes: Vec<u8>) -> Option<String> {
    let text = String::from_utf8(bytes).ok()?;
    (!text.chars().any(char::is_control)).then_some(text)
}

/// The estimate, and the steps taken for it.
fn estimate(secret: &str, personal: &[&str]) -> (f64, usize) {
    let words = personal.iter().map(|word| fold::letters(word, MAX_CHARS));
    let words = words.filter(|word| word.len() >= MIN_PERSONAL);
    let personal: Vec<Vec<char>> = words
        .map(|word| skeletons(&word))
        .flat_map(|word| [word.iter().rev().copied().collect(), word])
        .collect();
    let mut least = f64::INFINITY;
    let mut steps = 0;
    for (spelling, extra) in fold::spellings(fold::letters(secret, MAX_CHARS)) {
        let mut pieces = Pieces::new(&spelling);
        pieces.add_words(&personal);
        pieces.add_patterns();
        least = least.min(extra + pieces.cheapest());
        steps += pieces.steps;
    }
    (least, steps)
}

fn skeletons(text: &[Letter]) -> Vec<char> {
    text.iter().map(|letter| letter.skeleton).collect()
}

/// A part that is guessed as a whole: where it ends, and the decimal logarithm of its guesses.
type Piece = (usize, f64);

/// The pieces that one spelling of a secret can be cut into.
struct Pieces<'a> {
    text: &'a [Letter],
    /// By where they begin.
    from: Vec<Vec<Piece>>,
    steps: usize,
}

impl<'a> Pieces<'a> {
    fn new(text: &'a [Letter]) -> Self {
        Self {
            text,
            from: vec![Vec::new(); text.len()],
            steps: 0,
        }
    }

    /// Words of the list, forwards and backwards, and those of `personal`.
    fn add_words(&mut self, personal: &[Vec<char>]) {
        let text = self.text;
        let forward = skeletons(text);
        let backward: Vec<char> = forward.iter().rev().copied().collect();
        for start in 0..text.len() {
            self.steps += words::find(&forward[start..], |length, rank| {
                let end = start + length;
                let cost = rank + PIECE + spelling_cost(&text[start..end]);
                self.from[start].push((end, cost));
            });
            let end = text.len() - start;
            self.steps += words::find(&backward[start..], |length, rank| {
                let begin = end - length;
                let cost = rank + PIECE + BACKWARD + spelling_cost(&text[begin..end]);
                self.from[begin].push((end, cost));
            });
            for word in personal {
                if forward[start..].starts_with(word) {
                    let end = start + word.len();
                    let cost = PIECE + spelling_cost(&text[start..end]);
                    self.from[start].push((end, cost));
                }
            }
        }
    }

    /// Everything that follows a rule.
    fn add_patterns(&mut self) {
        let text = self.text;
        for start in 0..text.len() {
            let pieces = &mut self.from[start];
            pieces.push((start + 1, pattern::single(text, start)));
            let rest = &text[start..];
            let found = pattern::sequences(rest).chain(pattern::dates(rest));
            pieces.extend(found.map(|(length, cost)| (start + length, PIECE + cost)));
        }
        for (start, end, cost) in keyboard::walks(text)
            .into_iter()
            .chain(pattern::copies(text))
        {
            self.from[start].push((end, PIECE + cost));
        }
    }

    /// The decimal logarithm of the guesses of the cheapest pieces that make up the whole.
    fn cheapest(&mut self) -> f64 {
        let mut best = vec![f64::INFINITY; self.text.len() + 1];
        best[0] = 0.0;
        for (start, pieces) in self.from.iter().enumerate() {
            self.steps += pieces.len();
            for &(end, cost) in pieces {
                best[end] = best[end].min(best[start] + cost);
            }
        }
        best[self.text.len()]
    }
}

/// Guesses that capitals, and signs in the place of letters, add to a word: few, where they stand as
/// most people put them.
fn spelling_cost(part: &[Letter]) -> f64 {
    let capitals = part.iter().filter(|letter| letter.upper).count();
    let usual = capitals == 1 && part[0].upper || capitals == part.len();
    let capitals = match capitals {
        0 => 0,
        _ if usual => 1,
        _ => part.len(),
    };
    let replaced = part.iter().filter(|letter| letter.replaced()).count();
    // Each is a choice of two, of which a long word has only so many that are remembered.
    f64::from(u8::try_from((capitals + replaced).min(6)).unwrap_or(6)) * 0.3
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Steps for 72 bytes that no password may exceed; a step takes some thirty nanoseconds.
    const MOST_STEPS: usize = 50_000;

    /// Numbers that look random and are the same every time (xorshift).
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, end: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 % u64::try_from(end).unwrap()).unwrap()
        }

        fn bytes(&mut self, count: usize) -> Vec<u8> {
            (0..count)
                .map(|_| u8::try_from(self.below(256)).unwrap())
                .collect()
        }
    }

    fn hex(bytes: &[u8]) -> String {
        bytes
            .iter()
            .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
    }

    /// As much of `text`, over and over, as 72 bytes hold.
    fn fill(text: &str) -> String {
        let mut filled = String::new();
        for letter in text.chars().cycle() {
            if filled.len() + letter.len_utf8() > 72 {
                return filled;
            }
            filled.push(letter);
        }
        filled
    }

    #[test]
    fn no_password_of_72_bytes_takes_more_than_a_bounded_number_of_steps() {
        let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
        let alphabets: Vec<Vec<char>> = [
            "a",
            "ab",
            "aA",
            "1l!|i",
            "s5$",
            "qwertasdfg",
            "0123456789",
            "1/2",
            "а1",
            "пароль",
            "a4@8({[<369!1|0$5+7%2zse",
            "é\u{301}",
            "\u{fdfa}",
            "İß",
            "й\u{ad}",
            "😀1",
        ]
        .iter()
        .map(|alphabet| alphabet.chars().collect())
        .collect();
        let mut worst = (0, String::new());
        let mut try_one = |password: String| {
            let (_, steps) = estimate(&password, &["johanna.meyer", "aaa", "111"]);
            worst = worst.clone().max((steps, password));
        };
        try_one(fill("a4@8({[<369!1|0$5+7%2zs0m3w0rdse1lt"));
        for alphabet in alphabets.iter().cycle().take(400) {
            let length = 1 + numbers.below(24);
            let base: String = (0..length)
                .map(|_| alphabet[numbers.below(alphabet.len())])
                .collect();
            let mut password: Vec<char> = fill(&base).chars().collect();
            for _ in 0..numbers.below(4) {
                let at = numbers.below(password.len());
                password[at] = alphabet[numbers.below(alphabet.len())];
            }
            try_one(password.into_iter().collect());
        }
        assert!(worst.0 < MOST_STEPS, "{worst:?}");
    }

    #[test]
    fn what_people_take_for_a_key_is_guessable() {
        for key in [
            "0123456789abcdef0123456789abcdef",
            "abcdefghijklmnopqrstuvwxyz0123456789",
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
            "12345678901234567890123456789012",
            "00000000000000000000000000000001",
            "qwertyuiopasdfghjklzxcvbnm1234567890",
            "Password123!Password123!Password123!",
            "correct horse battery staple and more",
            "thequickbrownfoxjumpsoverthelazydog",
            "The quick brown fox jumps over the lazy dog.",
            "this-is-my-very-secret-signing-key-for-production",
            "my-super-long-jwt-signing-key-for-production-2024",
            "we hold these truths to be self-evident that all men are created equal",
            "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod",
            "dGhpcyBpcyBteSBzZWNyZXQga2V5IGZvciBqd3Q=",
            "74686973206973206d7920736563726574206b657920666f72206a7774",
        ] {
            assert!(is_guessable_key(key), "{key}: {}", guesses_log10(key, &[]));
        }
    }

    #[test]
    fn random_keys_are_not_guessable() {
        let mut numbers = Numbers(0x2545_f491_4f6c_dd1d);
        for round in 0..2_000 {
            let bytes = numbers.bytes(32);
            // Each notation in turn: an unoptimised build takes milliseconds a key. Of ten thousand
            // of each, none came nearer to the limits than the comments on them say.
            let key = match round % 4 {
                0 => hex(&bytes),
                1 => hex(&bytes[..16]),
                2 => STANDARD_NO_PAD.encode(&bytes),
                _ => STANDARD_NO_PAD.encode(&bytes[..24]),
            };
            assert!(
                !is_guessable_key(&key),
                "{key}: {}",
                guesses_log10(&key, &[])
            );
        }
    }
}
