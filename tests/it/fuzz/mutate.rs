//! Seeded randomness, and what it does to an input: one seed gives one run.

/// Numbers where ranges, signs and types end.
const EDGES: &[&str] = &[
    "0",
    "-0",
    "-1",
    "1e999",
    "0.1e-400",
    "2147483648",
    "9007199254740993",
    "9223372036854775808",
    "18446744073709551616",
    "1000000000000000000",
];

/// Text that readers trip over, whatever they read.
const ODD: &[&[u8]] = &[
    b"\0",
    b"\r\n",
    b"\t",
    b"\\",
    b"\xff",
    b"\xc3\x28",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    "\u{202e}".as_bytes(),
    "\u{fe0f}".as_bytes(),
    "İ".as_bytes(),
];

/// A generator of numbers that look random (`SplitMix64`).
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

impl Dice {
    /// The same seed gives the same numbers.
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 where `end` is 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).expect("sizes have 64 bits");
        let number = self.next().checked_rem(end).unwrap_or_default();
        usize::try_from(number).expect("it is below a size")
    }

    /// True once in `times`.
    pub(super) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of `items`, which are not empty.
    pub(super) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// A range within `length`; short ones are likelier.
    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let from = self.below(length + 1);
        let most = (length - from).min(1 << self.below(12));
        from..from + self.below(most + 1)
    }
}

/// `base` after a few changes, `most` bytes at most. Parts may come from `other`, a word from
/// `words`.
pub(super) fn mutated(
    dice: &mut Dice,
    base: &[u8],
    other: &[u8],
    words: &[&str],
    most: usize,
) -> Vec<u8> {
    let mut input = base.to_vec();
    for _ in 0..=dice.below(4) {
        change(dice, &mut input, other, words);
    }
    if dice.once_in(8) {
        grow(dice, &mut input, most);
    }
    input.truncate(most);
    input
}

fn change(dice: &mut Dice, input: &mut Vec<u8>, other: &[u8], words: &[&str]) {
    let range = dice.range(input.len());
    match dice.below(10) {
        0 => {
            if let Some(byte) = input.get_mut(range.start) {
                *byte ^= 1 << dice.below(8);
            }
        }
        1 => drop(input.drain(range)),
        2 => {
            let part = input[range.clone()].to_vec();
            input.splice(range.start..range.start, part);
        }
        3 => {
            let part = other[dice.range(other.len())].to_vec();
            input.splice(range, part);
        }
        4 => drop(input.splice(range, dice.pick(ODD).iter().copied())),
        5 => replace_number(dice, input),
        6 => swap_lines(dice, input),
        7 => {
            let byte = u8::try_from(dice.below(256)).expect("a byte");
            input.insert(range.start, byte);
        }
        _ if words.is_empty() => {}
        8 => drop(input.splice(range, dice.pick(words).bytes())),
        _ => drop(input.splice(range.start..range.start, dice.pick(words).bytes())),
    }
}

/// Repeats a part of `input` many times: what is not linear in its input shows here.
fn grow(dice: &mut Dice, input: &mut Vec<u8>, most: usize) {
    let range = dice.range(input.len());
    if range.is_empty() {
        return;
    }
    // Every order of magnitude is as likely as any other.
    let most = most >> dice.below(12);
    let times = most.saturating_sub(input.len()) / range.len();
    let part = input[range.clone()].to_vec();
    if dice.once_in(2) {
        input.splice(range.end..range.end, part.repeat(times));
        return;
    }
    // The same with a number in each, so that no two are alike.
    let mut grown = Vec::new();
    let mut number = 0_usize;
    while grown.len() + part.len() < most.saturating_sub(input.len()) {
        let at = part.iter().position(u8::is_ascii_alphanumeric);
        let (before, after) = part.split_at(at.map_or(0, |at| at + 1));
        grown.extend_from_slice(before);
        grown.extend_from_slice(number.to_string().as_bytes());
        grown.extend_from_slice(after);
        number += 1;
    }
    input.splice(range.end..range.end, grown);
}

fn replace_number(dice: &mut Dice, input: &mut Vec<u8>) {
    let starts: Vec<usize> = (0..input.len())
        .filter(|at| input[*at].is_ascii_digit() && (*at == 0 || !input[at - 1].is_ascii_digit()))
        .collect();
    if starts.is_empty() {
        return;
    }
    let start = *dice.pick(&starts);
    let digits = input[start..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit());
    let end = start + digits.count();
    input.splice(start..end, dice.pick(EDGES).bytes());
}

fn swap_lines(dice: &mut Dice, input: &mut Vec<u8>) {
    let mut lines: Vec<&[u8]> = input.split(|byte| *byte == b'\n').collect();
    let (one, two) = (dice.below(lines.len()), dice.below(lines.len()));
    lines.swap(one, two);
    *input = lines.join(&b'\n');
}

#[test]
fn one_seed_gives_one_run_and_no_input_is_too_long() {
    let run = |seed| {
        let mut dice = Dice::new(seed);
        let inputs =
            (0..500).map(|_| mutated(&mut dice, b"a: [1, 2]\nb: x", b"\"q\"", &["*a"], 4096));
        inputs.collect::<Vec<_>>()
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
    assert!(run(7).iter().all(|input| input.len() <= 4096));
    assert!(
        run(7).iter().any(|input| input.len() > 2048),
        "some are grown"
    );
}
