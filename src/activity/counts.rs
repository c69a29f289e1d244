//! Counts of one minute, and their format between processes.

use poem_openapi::Object;

use crate::clock::Timestamp;

/// Numbers of a minute, or of several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Object)]
pub struct Counts {
    /// Requests answered, without those for health, for the live part of the dashboard and for its
    /// style sheet.
    pub requests: u64,
    /// Of them, those answered with a status of 500 or above.
    pub errors: u64,
    /// Of them, those answered with 429: too many.
    pub limited: u64,
    /// Sign-ins that succeeded.
    pub sign_ins: u64,
    /// Sign-ins with a wrong e-mail or password.
    pub sign_ins_refused: u64,
    /// Questions to the language model answered from the cache.
    pub cache_hits: u64,
    /// Questions passed on whose answer may be kept.
    pub cache_misses: u64,
    /// The most password jobs that waited at one moment in one process.
    pub deepest_hash_queue: u64,
}

/// Number of counters.
const NUMBERS: usize = 8;

impl Counts {
    const fn numbers(&self) -> [u64; NUMBERS] {
        // New ones go to the end: during an update replicas of two versions read each other.
        [
            self.requests,
            self.errors,
            self.limited,
            self.sign_ins,
            self.sign_ins_refused,
            self.cache_hits,
            self.cache_misses,
            self.deepest_hash_queue,
        ]
    }

    const fn of(numbers: [u64; NUMBERS]) -> Self {
        let [
            requests,
            errors,
            limited,
            sign_ins,
            sign_ins_refused,
            cache_hits,
            cache_misses,
            deepest_hash_queue,
        ] = numbers;
        Self {
            requests,
            errors,
            limited,
            sign_ins,
            sign_ins_refused,
            cache_hits,
            cache_misses,
            deepest_hash_queue,
        }
    }

    /// Both together: sums, and the deeper of the queues.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        let (ours, theirs) = (self.numbers(), other.numbers());
        let sum = |index: usize| ours[index].saturating_add(theirs[index]);
        Self {
            deepest_hash_queue: self.deepest_hash_queue.max(other.deepest_hash_queue),
            ..Self::of(std::array::from_fn(sum))
        }
    }

    /// The counts since `earlier`, with the queue as it is now.
    pub(super) fn since(self, earlier: Self) -> Self {
        let (now, then) = (self.numbers(), earlier.numbers());
        let risen = |index: usize| now[index].saturating_sub(then[index]);
        Self {
            deepest_hash_queue: self.deepest_hash_queue,
            ..Self::of(std::array::from_fn(risen))
        }
    }

    /// The numbers in their order, for [`Self::read`].
    pub(super) fn write(&self) -> String {
        self.numbers().map(|number| number.to_string()).join(" ")
    }

    /// The numbers of `text`. Another version of aura may have written more of them, or fewer.
    pub(super) fn read(text: &str) -> Self {
        let mut numbers = [0; NUMBERS];
        for (number, word) in numbers.iter_mut().zip(text.split(' ')) {
            *number = word.parse().unwrap_or_default();
        }
        Self::of(numbers)
    }

    /// Hits out of hits and misses, from 0 to 1; none where there were neither.
    #[must_use]
    pub fn hit_ratio(&self) -> Option<f64> {
        let counts = crate::llm::Counts {
            hits: self.cache_hits,
            misses: self.cache_misses,
            ..crate::llm::Counts::default()
        };
        (counts.hits + counts.misses > 0).then(|| counts.hit_ratio())
    }
}

/// A minute and its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Minute {
    /// When it began.
    pub at: Timestamp,
    /// Its counts.
    pub counts: Counts,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_survive_the_way() {
        let counts = Counts::of([1, 2, 3, 4, 5, 6, u64::MAX, 8]);
        assert_eq!(Counts::read(&counts.write()), counts);
        // Of an older version, of a newer one, and of nobody.
        assert_eq!(Counts::read("7 1").requests, 7);
        assert_eq!(Counts::read("1 2 3 4 5 6 7 8 9").deepest_hash_queue, 8);
        assert_eq!(Counts::read(""), Counts::default());
        assert_eq!(Counts::read("x -1 1e9"), Counts::default());
    }

    #[test]
    fn counts_add_up_and_the_deeper_queue_counts() {
        let one = Counts::of([1, 1, 1, 1, 1, 1, u64::MAX, 5]);
        let other = Counts::of([2, 0, 0, 0, 0, 0, 1, 3]);
        let both = one.with(other);
        assert_eq!(both, Counts::of([3, 1, 1, 1, 1, 1, u64::MAX, 5]));
        assert_eq!(both.since(one), Counts::of([2, 0, 0, 0, 0, 0, 0, 5]));
    }

    #[test]
    fn a_ratio_needs_something_to_divide() {
        assert_eq!(Counts::default().hit_ratio(), None);
        let counts = Counts {
            cache_hits: 3,
            cache_misses: 1,
            ..Counts::default()
        };
        assert_eq!(counts.hit_ratio(), Some(0.75));
    }
}
