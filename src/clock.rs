//! Time and randomness as values.
//!
//! These are the only ambient reads of either: everything above takes a [`Clock`], so that a test
//! can move time instead of waiting for it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use time::OffsetDateTime;

/// A moment, in milliseconds since the Unix epoch (UTC).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment `millis` milliseconds after the Unix epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down: the unit of JWT claims (RFC 7519).
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This moment, `millis` later.
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to this moment; negative when `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// As a date with time zone, for RFC 3339 output. A value outside the calendar becomes the
    /// epoch.
    #[must_use]
    pub fn to_utc(self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }
}

/// Source of the time.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    System,
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's wall clock.
    #[must_use]
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `start` until [`Clock::advance`] moves it. For tests.
    #[must_use]
    pub fn manual(start: Timestamp) -> Self {
        Self(Source::Manual(Arc::new(AtomicI64::new(start.millis()))))
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            #[expect(
                clippy::disallowed_methods,
                reason = "this is the one home of the wall clock"
            )]
            Source::System => {
                let since = std::time::SystemTime::now()
                    .duration_since(std::time::UNIX_EPOCH)
                    .unwrap_or_default();
                Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
            Source::Manual(now) => Timestamp(now.load(Ordering::SeqCst)),
        }
    }

    /// The moment of a manual clock; `None` for the machine's, which a store shared by several machines
    /// must not go by.
    #[must_use]
    pub fn manual_now(&self) -> Option<Timestamp> {
        match &self.0 {
            Source::System => None,
            Source::Manual(_) => Some(self.now()),
        }
    }

    /// Moves a manual clock forward by `millis`; the system's clock stays as it is.
    pub fn advance(&self, millis: i64) {
        if let Source::Manual(now) = &self.0 {
            now.fetch_add(millis, Ordering::SeqCst);
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::System => "Clock::system",
            Source::Manual(_) => "Clock::manual",
        })
    }
}

/// An id that no other request has. Quick rather than secret: it names, and protects nothing.
#[must_use]
pub fn unique_id() -> uuid::Uuid {
    uuid::Uuid::new_v4()
}

/// `N` unpredictable bytes from the operating system.
///
/// # Panics
/// As [`fill_random`].
#[must_use]
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    fill_random(&mut bytes);
    bytes
}

/// A number below `end`, each as likely as any other: to spread things, not to protect them. 0 where
/// `end` is 0.
#[must_use]
pub fn random_below(end: u64) -> u64 {
    // 128 random bits: that they do not divide evenly is beyond measuring.
    let wide = u128::from_le_bytes(uuid::Uuid::new_v4().into_bytes());
    let low = wide.checked_rem(u128::from(end)).unwrap_or_default();
    u64::try_from(low).unwrap_or_default()
}

/// Fills `bytes` with unpredictable ones from the operating system.
///
/// # Panics
/// When the operating system has no randomness to give: nothing that aura makes from these bytes
/// may be made without them.
#[expect(
    clippy::expect_used,
    reason = "no safe way on exists; the panic ends one request"
)]
pub fn fill_random(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system gives random bytes");
}
