//! Blowfish with bcrypt's expensive key schedule, for one block in each of several lanes.

#![expect(
    clippy::inline_always,
    reason = "a call in the innermost loop would let the halves of a block leave their registers"
)]

use zeroize::Zeroize;

use crate::pi::PI;
use crate::{Digest, WIDTH};

/// `OrpheanBeholderScryDoubt`, the text that every bcrypt encrypts.
const TEXT: [[u32; 2]; 3] = [
    [0x4f72_7068, 0x6561_6e42],
    [0x6568_6f6c, 0x6465_7253],
    [0x6372_7944, 0x6f75_6274],
];

/// Times that the text is encrypted.
const ENCRYPTIONS: usize = 64;

/// One lane: the cipher's tables and subkeys, and what they are mixed with in every round.
pub(crate) struct State {
    tables: [[u32; 256]; 4],
    subkeys: [u32; 18],
    /// The password, repeated until it fills the subkeys.
    key: [u32; 18],
    /// The salt, repeated likewise.
    salt: [u32; 18],
}

impl Zeroize for State {
    fn zeroize(&mut self) {
        self.tables.zeroize();
        self.subkeys.zeroize();
        self.key.zeroize();
        self.salt.zeroize();
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.zeroize();
    }
}

impl State {
    /// A lane that is not in use.
    pub(crate) const EMPTY: Self = Self {
        tables: [[0; 256]; 4],
        subkeys: [0; 18],
        key: [0; 18],
        salt: [0; 18],
    };

    /// Sets the lane to the state after the first, salted key schedule. `key` is not empty.
    pub(crate) fn start(&mut self, key: &[u8], salt: &[u8; 16]) {
        let (subkeys, tables) = PI.split_at(self.subkeys.len());
        self.subkeys.copy_from_slice(subkeys);
        self.tables.as_flattened_mut().copy_from_slice(tables);
        repeat(key, &mut self.key);
        repeat(salt, &mut self.salt);
        mix(&mut self.subkeys, &self.key);
        let mut block = [0; 2];
        // Four words of salt go round: the pairs start anew with every second block, and go on from
        // the subkeys to the tables.
        let mut pairs = [[self.salt[0], self.salt[1]], [self.salt[2], self.salt[3]]]
            .into_iter()
            .cycle();
        let mut next = |state: &Self| {
            let [left, right] = pairs.next().unwrap_or_default();
            block = state.encrypt([block[0] ^ left, block[1] ^ right]);
            block
        };
        for at in 0..self.subkeys.len() / 2 {
            let block = next(self);
            self.subkeys[2 * at..][..2].copy_from_slice(&block);
        }
        for table in 0..self.tables.len() {
            for at in 0..self.tables[table].len() / 2 {
                let block = next(self);
                self.tables[table][2 * at..][..2].copy_from_slice(&block);
            }
        }
    }

    /// The hash, when all rounds are done.
    pub(crate) fn digest(&self) -> Digest {
        let mut bytes = [0; 24];
        for (bytes, mut block) in bytes.chunks_exact_mut(8).zip(TEXT) {
            for _ in 0..ENCRYPTIONS {
                block = self.encrypt(block);
            }
            bytes[..4].copy_from_slice(&block[0].to_be_bytes());
            bytes[4..].copy_from_slice(&block[1].to_be_bytes());
        }
        let mut digest = [0; 23];
        digest.copy_from_slice(&bytes[..23]);
        digest
    }

    /// True when nothing of a hash is left in the lane.
    #[cfg(test)]
    pub(crate) fn is_wiped(&self) -> bool {
        let tables = self.tables.as_flattened().iter();
        let words = tables
            .chain(&self.subkeys)
            .chain(&self.key)
            .chain(&self.salt);
        words.copied().all(|word| word == 0)
    }

    fn encrypt(&self, [left, right]: [u32; 2]) -> [u32; 2] {
        let (mut left, mut right) = ([left], [right]);
        encrypt(std::array::from_ref(self), &mut left, &mut right);
        [left[0], right[0]]
    }

    /// Blowfish's function F. Shifts and masks rather than `to_be_bytes`, of which the compiler makes
    /// a swap of bytes on the critical path: it costs a tenth.
    #[inline(always)]
    fn f(&self, half: u32) -> u32 {
        let [first, second, third, fourth] = &self.tables;
        let sum = first[(half >> 24) as usize].wrapping_add(second[(half >> 16 & 0xff) as usize]);
        (sum ^ third[(half >> 8 & 0xff) as usize]).wrapping_add(fourth[(half & 0xff) as usize])
    }
}

/// Does `rounds` rounds of every lane, of which there are [`WIDTH`] at most.
///
/// Not generic, so that it is compiled in this crate and as this crate is: generic code is optimised
/// like the crate that uses it.
pub(crate) fn advance(lanes: &mut [State], rounds: u32) {
    // A number of lanes that is known to the compiler keeps their halves of a block in registers.
    match lanes.len() {
        1 => advance_all::<1>(lanes, rounds),
        2 => advance_all::<2>(lanes, rounds),
        3 => advance_all::<3>(lanes, rounds),
        _ => advance_all::<WIDTH>(lanes, rounds),
    }
}

/// A round is a key schedule with the password, and one with the salt.
#[inline(never)]
fn advance_all<const N: usize>(lanes: &mut [State], rounds: u32) {
    let Some(lanes) = lanes.first_chunk_mut::<N>() else {
        return;
    };
    for _ in 0..rounds {
        for lane in lanes.iter_mut() {
            mix(&mut lane.subkeys, &lane.key);
        }
        schedule(lanes);
        for lane in lanes.iter_mut() {
            mix(&mut lane.subkeys, &lane.salt);
        }
        schedule(lanes);
    }
}

/// Replaces subkeys and tables by what the cipher makes of a block of zeros, again and again.
#[inline(always)]
fn schedule<const N: usize>(lanes: &mut [State; N]) {
    let (mut left, mut right) = ([0; N], [0; N]);
    for at in 0..9 {
        encrypt(lanes, &mut left, &mut right);
        for n in 0..N {
            lanes[n].subkeys[2 * at] = left[n];
            lanes[n].subkeys[2 * at + 1] = right[n];
        }
    }
    for table in 0..4 {
        for at in 0..128 {
            encrypt(lanes, &mut left, &mut right);
            for n in 0..N {
                lanes[n].tables[table][2 * at] = left[n];
                lanes[n].tables[table][2 * at + 1] = right[n];
            }
        }
    }
}

/// Encrypts a block in each lane. Every step is done in all lanes before the next begins: this is
/// where the look-ups of one lane hide behind those of the others.
#[inline(always)]
fn encrypt<const N: usize>(lanes: &[State; N], left: &mut [u32; N], right: &mut [u32; N]) {
    for at in 0..8 {
        for n in 0..N {
            left[n] ^= lanes[n].subkeys[2 * at];
        }
        for n in 0..N {
            // The subkey first, while F is on its way.
            right[n] = (right[n] ^ lanes[n].subkeys[2 * at + 1]) ^ lanes[n].f(left[n]);
        }
        for n in 0..N {
            left[n] ^= lanes[n].f(right[n]);
        }
    }
    for n in 0..N {
        let last = left[n] ^ lanes[n].subkeys[16];
        left[n] = right[n] ^ lanes[n].subkeys[17];
        right[n] = last;
    }
}

fn mix(subkeys: &mut [u32; 18], words: &[u32; 18]) {
    for (subkey, word) in subkeys.iter_mut().zip(words) {
        *subkey ^= word;
    }
}

/// Fills `words` with `bytes`, repeated, most significant byte first.
fn repeat(bytes: &[u8], words: &mut [u32; 18]) {
    let mut bytes = bytes.iter().cycle();
    for word in words {
        *word = bytes
            .by_ref()
            .take(4)
            .fold(0, |word, byte| word << 8 | u32::from(*byte));
    }
}
