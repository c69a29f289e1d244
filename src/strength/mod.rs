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
        // Pieces lead only forward, so one pass in order finds the cheapest path.
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
    // Each is a choice of two, but people remember only a few such choices in a long word.
    f64::from(u8::try_from((capitals + replaced).min(6)).unwrap_or(6)) * 0.3
}

#[cfg(test)]
mod tests;
