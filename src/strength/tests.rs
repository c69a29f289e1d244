//! Unit tests of `strength`.

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
