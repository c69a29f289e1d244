//! Every hash against the `bcrypt` crate, against published vectors, and the table against pi.

use std::ops::RangeInclusive;

use super::*;

/// Random numbers that are the same in every run (xorshift64*, Vigna 2016).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32;
        usize::try_from(high).unwrap() % end
    }

    fn bytes(&mut self, lengths: RangeInclusive<usize>) -> Vec<u8> {
        let length = lengths.start() + self.below(lengths.end() - lengths.start() + 1);
        (0..length)
            .map(|_| u8::try_from(self.below(256)).unwrap())
            .collect()
    }

    fn salt(&mut self) -> [u8; 16] {
        self.bytes(16..=16).try_into().unwrap()
    }

    /// 4 to 6, the dearer the rarer.
    fn cost(&mut self) -> u32 {
        [4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 5, 5, 6][self.below(16)]
    }
}

fn judge(password: &[u8], salt: [u8; 16], cost: u32) -> Digest {
    let text = bcrypt::hash_with_salt_bytes(password, cost, salt).unwrap();
    digest_of(std::str::from_utf8(&text).unwrap())
}

fn digest_of(text: &str) -> Digest {
    use base64::Engine;
    let bytes = bcrypt::BASE_64.decode(&text[29..]).unwrap();
    bytes.try_into().unwrap()
}

/// Lets hashes begin and end at random in lanes of random number, and compares every one.
fn compare(seed: u64, jobs: usize) {
    let mut random = Random(seed);
    let mut lanes: Lanes<(Vec<u8>, [u8; 16], u32)> = Lanes::new();
    let (mut begun, mut ended) = (0, 0);
    while ended < jobs {
        let wanted = 1 + random.below(WIDTH);
        while begun < jobs && lanes.len() < wanted {
            let (password, salt, cost) = (random.bytes(0..=72), random.salt(), random.cost());
            let job = Job::new(&password, salt, cost).lasting(random.cost());
            lanes.push(&job, (password, salt, cost)).unwrap();
            begun += 1;
        }
        let rounds = u32::try_from(1 + random.below(40)).unwrap();
        lanes.advance(rounds, |(password, salt, cost), digest| {
            assert_eq!(digest, judge(&password, salt, cost), "{password:?} {cost}");
            ended += 1;
        });
    }
    assert!(lanes.is_empty());
}

#[test]
fn ten_thousand_random_hashes_equal_those_of_the_crate() {
    std::thread::scope(|scope| {
        for seed in 1..=4 {
            scope.spawn(move || compare(seed, 2_500));
        }
    });
}

#[test]
fn every_length_up_to_eighty_bytes_equals_that_of_the_crate() {
    let mut random = Random(7);
    for length in 0..=80 {
        let (password, salt) = (random.bytes(length..=length), random.salt());
        assert_eq!(hash(&password, salt, 4), judge(&password, salt, 4));
    }
    // A zero within a password counts like any byte.
    for password in [&b"\0"[..], b"a\0b", &[0; 72]] {
        assert_eq!(hash(password, [9; 16], 4), judge(password, [9; 16], 4));
    }
}

#[test]
fn published_vectors_hold() {
    let repeated = |bytes: &[u8]| bytes.repeat(72 / bytes.len());
    let digits = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789\
                   chars after 72 are ignored";
    let vectors: &[(&[u8], &str)] = &[
        // John the Ripper and crypt_blowfish.
        (
            b"U*U",
            "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        ),
        (
            b"U*U*",
            "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK",
        ),
        (
            b"U*U*U",
            "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a",
        ),
        (
            b"",
            "$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy",
        ),
        (
            digits,
            "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui",
        ),
        (
            b"\xff\xff\xa3",
            "$2y$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e",
        ),
        (
            b"\xa3",
            "$2b$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq",
        ),
        (
            &repeated(b"\xaa"),
            "$2a$05$/OK.fbVrR/bpIqNJ5ianF.swQOIzjOiJ9GHEPuhEkvqrUyvWhEMx6",
        ),
        (
            &repeated(b"\xaa\x55"),
            "$2a$05$/OK.fbVrR/bpIqNJ5ianF.R9xrDjiycxMbQE2bp.vgqlYpW5wx2yy",
        ),
        (
            &repeated(b"\x55\xaa\xff"),
            "$2a$05$/OK.fbVrR/bpIqNJ5ianF.9tQZzcJfm3uj2NvJ/n5xkhpqLrMpWCe",
        ),
        // OpenBSD, as jBCrypt has them.
        (
            b"",
            "$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.",
        ),
        (
            b"a",
            "$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe",
        ),
        (
            b"abc",
            "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i",
        ),
        (
            b"abcdefghijklmnopqrstuvwxyz",
            "$2a$06$.rCVZVOThsIa97pEDOxvGuRRgzG64bvtJ0938xuqzv18d3ZpQhstC",
        ),
        (
            b"~!@#$%^&*()      ~!@#$%^&*()PNBFRD",
            "$2a$06$fPIsBO8qRqkjj273rfaOI.HtSV9jLDpTbZn782DC6/t7qT67P6FfO",
        ),
    ];
    for (password, text) in vectors {
        let parts: bcrypt::HashParts = text.parse().unwrap();
        let digest = hash(password, parts.get_salt_raw(), parts.get_cost());
        assert_eq!(digest, digest_of(text), "{text}");
    }
}

#[test]
fn a_cheap_hash_lasts_as_many_rounds_as_it_is_told() {
    for (cost, lasting, rounds) in [(4, 4, 16), (4, 6, 64), (5, 4, 32), (6, 6, 64)] {
        let mut lanes = Lanes::new();
        let job = Job::new(b"password", [1; 16], cost).lasting(lasting);
        lanes.push(&job, ()).unwrap();
        let (mut done, mut digest) = (0, None);
        while digest.is_none() {
            lanes.advance(1, |(), found| digest = Some(found));
            done += 1;
        }
        assert_eq!(
            (done, digest),
            (rounds, Some(hash(b"password", [1; 16], cost)))
        );
    }
}

#[test]
fn a_lane_that_is_given_up_leaves_the_others_alone() {
    let mut lanes = Lanes::new();
    for tag in 0..WIDTH {
        lanes
            .push(&Job::new(&[1], [u8::try_from(tag).unwrap(); 16], 4), tag)
            .unwrap();
    }
    assert_eq!(lanes.push(&Job::new(&[1], [0; 16], 4), 9), Err(9));
    lanes.advance(3, |_, _| unreachable!());
    lanes.retain(|tag| *tag != 1);
    assert_eq!(lanes.len(), WIDTH - 1);
    let mut ended = Vec::new();
    lanes.advance(u32::MAX, |tag, digest| {
        assert_eq!(digest, hash(&[1], [u8::try_from(tag).unwrap(); 16], 4));
        ended.push(tag);
    });
    ended.sort_unstable();
    let others: Vec<_> = (0..WIDTH).filter(|tag| *tag != 1).collect();
    assert_eq!(ended, others);
    assert!(lanes.states.iter().all(State::is_wiped));
}

/// `4 (4 arctan(1/5) - arctan(1/239))` (Machin 1706), with 64 bits more than the table has.
#[test]
fn the_table_is_the_fraction_of_pi() {
    let words = pi::PI.len() + 3;
    let divide = |number: &mut [u32], by: u64| {
        let mut rest = 0;
        for word in number {
            let part = rest << 32 | u64::from(*word);
            *word = u32::try_from(part / by).unwrap();
            rest = part % by;
        }
    };
    // Adds `sign * number / by` to `sum`, all of them fixed-point with one word before the point.
    let add = |sum: &mut [u32], number: &[u32], by: u64, negative: bool| {
        let mut term = number.to_vec();
        divide(&mut term, by);
        let mut carry = 0_i64;
        for (sum, term) in sum.iter_mut().zip(term).rev() {
            let term = if negative {
                -i64::from(term)
            } else {
                i64::from(term)
            };
            let total = i64::from(*sum) + term + carry;
            *sum = u32::try_from(total.rem_euclid(1 << 32)).unwrap();
            carry = total.div_euclid(1 << 32);
        }
    };
    let mut sum = vec![0; words];
    for (factor, of, negative) in [(16, 5, false), (4, 239, true)] {
        let mut power = vec![0; words];
        power[0] = factor;
        divide(&mut power, of);
        for term in 0.. {
            if power.iter().all(|word| *word == 0) {
                break;
            }
            add(&mut sum, &power, 2 * term + 1, negative != (term % 2 == 1));
            divide(&mut power, of * of);
        }
    }
    assert_eq!(sum[0], 3);
    assert_eq!(sum[1..=pi::PI.len()], pi::PI);
}
