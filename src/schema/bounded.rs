//! `Bounded`: a whole number that carries its range in its type.
//!
//! The range reaches the JSON Schema, the loader's messages and the reference docs from here; a
//! default outside it does not compile.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A whole number between `MIN` and `MAX`, both included.
///
/// ```
/// use aura::schema::Bounded;
///
/// type Minutes = Bounded<1, 1440>;
/// assert_eq!(Minutes::of::<30>().get(), 30);
/// assert!(Minutes::try_from(0).is_err());
/// ```
///
/// A constant outside the range is refused by the compiler:
///
/// ```compile_fail
/// let never = aura::schema::Bounded::<1, 1440>::of::<0>();
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bounded<const MIN: i64, const MAX: i64>(i64);

/// A number outside its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{value} is out of range; allowed: {minimum} to {maximum}")]
pub struct OutOfRange {
    /// The number that was given.
    pub value: i64,
    /// The smallest number allowed.
    pub minimum: i64,
    /// The largest number allowed.
    pub maximum: i64,
}

impl<const MIN: i64, const MAX: i64> Bounded<MIN, MAX> {
    /// The smallest value.
    pub const MIN: Self = Self(MIN);
    /// The largest value.
    pub const MAX: Self = Self(MAX);

    /// The constant `V`; does not compile when `V` is out of range.
    #[must_use]
    pub const fn of<const V: i64>() -> Self {
        const { assert!(MIN <= V && V <= MAX, "constant out of range") }
        Self(V)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The number as a `u16`; does not compile when the range does not fit.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the assertion holds the range"
    )]
    pub const fn as_u16(self) -> u16 {
        const { assert!(0 <= MIN && MAX <= u16::MAX as i64, "range does not fit") }
        self.0 as u16
    }

    /// The number as a `u32`; does not compile when the range does not fit.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the assertion holds the range"
    )]
    pub const fn as_u32(self) -> u32 {
        const { assert!(0 <= MIN && MAX <= u32::MAX as i64, "range does not fit") }
        self.0 as u32
    }

    /// The number as a `u64`; does not compile when the range holds negative numbers.
    #[must_use]
    #[expect(clippy::cast_sign_loss, reason = "the assertion holds the range")]
    pub const fn as_u64(self) -> u64 {
        const { assert!(0 <= MIN, "range does not fit") }
        self.0 as u64
    }

    /// The number as a `usize`; does not compile when the range is not within 0 to 2^31 - 1.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the assertion holds the range, on 32-bit machines too"
    )]
    pub const fn as_usize(self) -> usize {
        const { assert!(0 <= MIN && MAX <= i32::MAX as i64, "range does not fit") }
        self.0 as usize
    }
}

impl<const MIN: i64, const MAX: i64> TryFrom<i64> for Bounded<MIN, MAX> {
    type Error = OutOfRange;

    fn try_from(value: i64) -> Result<Self, OutOfRange> {
        if (MIN..=MAX).contains(&value) {
            Ok(Self(value))
        } else {
            Err(OutOfRange {
                value,
                minimum: MIN,
                maximum: MAX,
            })
        }
    }
}

impl<const MIN: i64, const MAX: i64> fmt::Display for Bounded<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<const MIN: i64, const MAX: i64> fmt::Debug for Bounded<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<const MIN: i64, const MAX: i64> Serialize for Bounded<MIN, MAX> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

impl<'de, const MIN: i64, const MAX: i64> Deserialize<'de> for Bounded<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(i64::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl<const MIN: i64, const MAX: i64> JsonSchema for Bounded<MIN, MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Bounded_{MIN}_{MAX}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": MIN, "maximum": MAX })
    }
}

#[cfg(test)]
mod tests;
